//! Money, as the contract writes it.

use async_graphql::{InputObject, SimpleObject};

use super::scalars::Decimal;

/// An amount of one currency.
#[derive(SimpleObject, Clone, Debug)]
pub struct Money {
    /// In major units, exact: `"12.50"`.
    pub amount: Decimal,
    /// ISO 4217 code.
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

/// An amount of one currency.
#[derive(InputObject, Clone, Debug)]
pub struct MoneyInput {
    /// In major units, exact: `"12.50"`.
    pub amount: Decimal,
    /// ISO 4217 code.
    pub currency: String,
}
