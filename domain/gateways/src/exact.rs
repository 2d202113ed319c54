//! Exact amounts from JSON numbers, which may be written with an exponent or as a text.

use entities::{Currency, Money, MoneyError};
use serde_json::value::RawValue;

/// Reads major units as they were written: `12.3`, `"12.30"`, `1.2E+3`. No float is involved.
pub(crate) fn major_units(raw: &RawValue, currency: Currency) -> Result<Money, MoneyError> {
    let text = unquoted(raw);
    match text.split_once(['e', 'E']) {
        None => Money::from_major(text, currency),
        Some((digits, exponent)) => Money::from_major(&without_exponent(digits, exponent)?, currency),
    }
}

/// The text of a JSON number or string; ids come as either.
pub(crate) fn unquoted(raw: &RawValue) -> &str {
    let text = raw.get();
    text.strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'))
        .unwrap_or(text)
}

fn without_exponent(digits: &str, exponent: &str) -> Result<String, MoneyError> {
    if !digits
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
    {
        return Err(MoneyError::NotANumber);
    }
    let shift: i32 = exponent.parse().map_err(|_| MoneyError::NotANumber)?;
    // Beyond this no amount can be counted, and a hostile exponent must not become a long text.
    if shift.unsigned_abs() > 30 {
        return Err(MoneyError::TooLarge);
    }
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let places = shift.unsigned_abs() as usize;
    let (whole, fraction) = if shift >= 0 {
        let padded = format!("{fraction:0<places$}");
        let (moved, rest) = padded.split_at(places);
        (format!("{whole}{moved}"), rest.to_owned())
    } else {
        let padded = format!("{whole:0>width$}", width = places + 1);
        let (rest, moved) = padded.split_at(padded.len() - places);
        (rest.to_owned(), format!("{moved}{fraction}"))
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Ok(format!("{sign}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_numbers_are_read_exactly() {
        for (json, currency, read) in [
            ("12.30", "BRL", Ok(1230)),
            ("12.3", "BRL", Ok(1230)),
            ("10", "BRL", Ok(1000)),
            ("\"10.5\"", "BRL", Ok(1050)),
            ("0.1", "BRL", Ok(10)),
            ("1990", "CLP", Ok(1990)),
            ("1990.0", "CLP", Ok(1990)),
            ("1.234", "KWD", Ok(1234)),
            ("1.2E7", "COP", Ok(1_200_000_000)),
            ("1.25e+1", "BRL", Ok(1250)),
            ("1234.5e-2", "KWD", Ok(12_345)),
            ("5E-2", "BRL", Ok(5)),
            ("-5e0", "BRL", Ok(-500)),
            ("12.345", "BRL", Err(MoneyError::TooPrecise)),
            ("0.5", "CLP", Err(MoneyError::TooPrecise)),
            ("1e999", "BRL", Err(MoneyError::TooLarge)),
            ("null", "BRL", Err(MoneyError::NotANumber)),
            ("true", "BRL", Err(MoneyError::NotANumber)),
            ("\"é\"", "BRL", Err(MoneyError::NotANumber)),
            ("\"1é2\"", "BRL", Err(MoneyError::NotANumber)),
            ("\"1ée-1\"", "BRL", Err(MoneyError::NotANumber)),
        ] {
            let raw = RawValue::from_string(json.to_owned()).expect(json);
            let currency: Currency = currency.parse().expect(currency);
            assert_eq!(major_units(&raw, currency).map(|it| it.minor), read, "{json}");
        }
    }
}
