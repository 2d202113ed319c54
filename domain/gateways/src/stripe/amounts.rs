//! Stripe's minor units, which are those of ISO 4217 with a few exceptions.

use entities::{Currency, Money};

/// How many decimals Stripe counts: <https://docs.stripe.com/currencies#minor-units>.
///
/// MGA has two in ISO 4217 and none at Stripe; ISK and UGX have none in ISO 4217 and two at Stripe.
fn decimals(currency: Currency) -> u32 {
    match currency.as_str() {
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// The smallest amount in our minor units that Stripe moves; every other one is a multiple of it.
///
/// The last digit of a currency with three decimals must be 0, and MGA has no decimals. HUF and TWD are whole in
/// payouts only. Source: <https://docs.stripe.com/currencies#special-cases>.
pub fn smallest_step(currency: Currency) -> i64 {
    let (ours, theirs) = (currency.decimals(), decimals(currency));
    match theirs {
        3 => 10,
        _ => 10_i64.pow(ours.saturating_sub(theirs)),
    }
}

/// The `amount` to send; none if it cannot be said exactly.
pub(super) fn to_stripe(money: Money) -> Option<i64> {
    let (ours, theirs) = (money.currency.decimals(), decimals(money.currency));
    let whole = money.minor % smallest_step(money.currency) == 0;
    whole.then(|| rescaled(money.minor, ours, theirs)).flatten()
}

/// The amount that was meant; none if we cannot count it.
pub(super) fn from_stripe(amount: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_ascii_uppercase().parse().ok()?;
    let minor = rescaled(amount, decimals(currency), currency.decimals())?;
    Some(Money::new(minor, currency))
}

fn rescaled(amount: i64, from: u32, to: u32) -> Option<i64> {
    if to >= from {
        amount.checked_mul(10_i64.checked_pow(to - from)?)
    } else {
        let factor = 10_i64.checked_pow(from - to)?;
        (amount % factor == 0).then_some(amount / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_worth() {
        for (major, currency, at_stripe) in [
            ("12.30", "EUR", Some(1230)),
            ("500", "JPY", Some(500)),
            ("1990", "CLP", Some(1990)),
            ("1.230", "KWD", Some(1230)),
            ("1.234", "KWD", None),
            ("0.005", "TND", None),
            ("3.99", "HUF", Some(399)),
            ("5", "UGX", Some(500)),
            ("5", "ISK", Some(500)),
            ("5.00", "MGA", Some(5)),
            ("5.20", "MGA", None),
            ("92233720368547758", "ISK", Some(9_223_372_036_854_775_800)),
            ("92233720368547759", "ISK", None),
        ] {
            let money = Money::from_major(major, currency.parse().expect(currency)).expect(major);
            assert_eq!(to_stripe(money), at_stripe, "{major} {currency}");
            if let Some(amount) = at_stripe {
                assert_eq!(from_stripe(amount, &currency.to_lowercase()), Some(money));
            }
        }
        assert_eq!(from_stripe(501, "ugx"), None);
        assert_eq!(from_stripe(1, "xxx"), None);
    }
}
