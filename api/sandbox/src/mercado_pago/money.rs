//! Amounts as MercadoPago writes them, decimals of the major unit, to and from minor units without
//! passing through a float.

use serde_json::{Number, Value};

/// How many decimals an ISO 4217 currency has.
fn decimals(currency: &str) -> usize {
    match currency {
        "CLP" | "JPY" | "KRW" | "PYG" | "VND" | "ISK" | "UGX" | "XAF" | "XOF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// `None`: not a decimal number with at most the currency's decimals.
pub(super) fn to_minor(amount: &Number, currency: &str) -> Option<i64> {
    let text = amount.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let decimals = decimals(currency);
    if fraction.len() > decimals {
        return None;
    }
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

pub(super) fn to_major(minor: i64, currency: &str) -> Value {
    let decimals = decimals(currency);
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let sign = if minor < 0 { "-" } else { "" };
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    serde_json::from_str(&format!("{sign}{whole}{point}{fraction}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Number, json};

    use super::{to_major, to_minor};

    #[test]
    fn converts_without_rounding() {
        let cases = [
            (1234, "BRL", json!(12.34)),
            (1230, "BRL", json!(12.3)),
            (5, "BRL", json!(0.05)),
            (4990, "CLP", json!(4990)),
            (1_001, "KWD", json!(1.001)),
            (999_999_999_999, "ARS", json!(9_999_999_999.99)),
        ];
        for (minor, currency, major) in cases {
            assert_eq!(to_major(minor, currency), major);
            let number: Number = serde_json::from_value(major).expect("a number");
            assert_eq!(to_minor(&number, currency), Some(minor));
        }
    }

    #[test]
    fn refuses_parts_of_a_minor_unit() {
        let number: Number = serde_json::from_str("10.005").expect("a number");
        assert_eq!(to_minor(&number, "BRL"), None);
        let number: Number = serde_json::from_str("10.5").expect("a number");
        assert_eq!(to_minor(&number, "CLP"), None);
    }
}
