//! Money, as the contract writes it.

use async_graphql::{InputObject, SimpleObject};

use super::scalars::Decimal;

/// An amount of money in one currency.
#[derive(SimpleObject, Clone, Debug)]
pub struct Money {
    /// Exact amount in major units: `"12.50"`.
    pub amount: Decimal,
    /// ISO 4217 code of the currency.
    pub currency: String,
}

impl From<entities::Money> for Money {
    fn from(money: entities::Money) -> Self {
        Self {
            amount: Decimal(money.to_major()),
            currency: money.currency.as_str().to_owned(),
        }
    }
}

/// An amount of money in one currency.
#[derive(InputObject, Clone, Debug)]
pub struct MoneyInput {
    /// Exact amount in major units, with no more decimals than the currency has: `"12.50"`.
    pub amount: Decimal,
    /// ISO 4217 code of the currency.
    pub currency: String,
}
