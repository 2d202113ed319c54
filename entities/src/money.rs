//! Money: whole minor units of one currency, never a float; arithmetic that cannot overflow unnoticed.

use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;

/// An ISO 4217 code that this product can count in: 0, 2 or 3 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub struct Currency([u8; 3]);

/// Why an amount cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("not an ISO 4217 currency code")]
    UnknownCurrency,
    #[error("not a decimal number")]
    NotANumber,
    #[error("more decimals than the currency has")]
    TooPrecise,
    #[error("too large to count")]
    TooLarge,
    #[error("another currency")]
    CurrencyMismatch,
}

impl Currency {
    pub const EUR: Self = Self(*b"EUR");
    pub const USD: Self = Self(*b"USD");
    pub const BRL: Self = Self(*b"BRL");

    /// How many decimals a major unit has (ISO 4217 exponent).
    pub fn decimals(self) -> u32 {
        iso_currency::Currency::from_code(self.as_str())
            .and_then(iso_currency::Currency::exponent)
            .unwrap_or(2)
            .into()
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let known = iso_currency::Currency::from_code(code).ok_or(MoneyError::UnknownCurrency)?;
        // Codes without a minor unit are metals, funds and tests; those with four decimals are units of account.
        match known.exponent() {
            Some(0 | 2 | 3) => code
                .as_bytes()
                .try_into()
                .map(Self)
                .map_err(|_| MoneyError::UnknownCurrency),
            _ => Err(MoneyError::UnknownCurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in minor units (cents, for most currencies).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads an exact decimal of major units, e.g. `12.5` or `-3`. Nothing is rounded.
    pub fn from_major(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits
            .split_once('.')
            .map_or((digits, None), |(w, f)| (w, Some(f)));
        let fraction = match fraction {
            Some("") => return Err(MoneyError::NotANumber),
            Some(digits) => digits,
            None => "",
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(MoneyError::NotANumber);
        }
        let decimals = currency.decimals() as usize;
        let significant = fraction.trim_end_matches('0');
        if significant.len() > decimals {
            return Err(MoneyError::TooPrecise);
        }
        let scaled = format!("{whole}{significant:0<decimals$}");
        let minor: i64 = scaled.parse().map_err(|_| MoneyError::TooLarge)?;
        Ok(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// The exact decimal of major units, with all of the currency's decimals: `12.50`.
    pub fn to_major(self) -> String {
        let decimals = self.currency.decimals() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if decimals == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }

    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, operation: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor = operation(self.minor, other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self::new(minor, self.currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_major(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().expect("a currency")
    }

    #[test]
    fn amounts_read_and_print_exactly() {
        for (text, code, minor, printed) in [
            ("12.5", "EUR", 1250, "12.50"),
            ("0.01", "USD", 1, "0.01"),
            ("-0.05", "USD", -5, "-0.05"),
            ("1200", "JPY", 1200, "1200"),
            ("1.234", "KWD", 1234, "1.234"),
            ("7.000", "EUR", 700, "7.00"),
            ("92233720368547758.07", "EUR", i64::MAX, "92233720368547758.07"),
        ] {
            let money = Money::from_major(text, currency(code)).expect(text);
            assert_eq!(
                (money.minor, money.to_major().as_str()),
                (minor, printed),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_exact_amount_is_refused() {
        for (text, error) in [
            ("", MoneyError::NotANumber),
            (".5", MoneyError::NotANumber),
            ("5.", MoneyError::NotANumber),
            ("1e3", MoneyError::NotANumber),
            ("+1", MoneyError::NotANumber),
            ("--1", MoneyError::NotANumber),
            ("1,50", MoneyError::NotANumber),
            ("٣", MoneyError::NotANumber),
            ("0.001", MoneyError::TooPrecise),
            ("92233720368547758.08", MoneyError::TooLarge),
        ] {
            assert_eq!(Money::from_major(text, Currency::EUR), Err(error), "{text}");
        }
        assert_eq!(
            Money::from_major("1.5", currency("JPY")),
            Err(MoneyError::TooPrecise)
        );
        for code in ["", "eur", "EURO", "XXX", "ZZZ", "CLF"] {
            assert_eq!(
                code.parse::<Currency>(),
                Err(MoneyError::UnknownCurrency),
                "{code}"
            );
        }
    }

    #[test]
    fn arithmetic_never_wraps_or_mixes() {
        let most = Money::new(i64::MAX, Currency::EUR);
        assert_eq!(
            most.checked_add(Money::new(1, Currency::EUR)),
            Err(MoneyError::TooLarge)
        );
        assert_eq!(
            most.checked_sub(Money::new(1, Currency::USD)),
            Err(MoneyError::CurrencyMismatch)
        );
    }
}
