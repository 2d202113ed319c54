//! Purchases that many rows name, and those of many people.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use domain::{
    page::Page,
    purchases::{self, PurchasesOf},
};
use entities::{PurchaseId, purchase};

use crate::graphql::loaders::{Loaders, Shared, by, grouped, shared};

/// The first purchases of somebody, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstPurchases {
    pub of: PurchasesOf,
    pub first: Option<i32>,
}

impl Loader<PurchaseId> for Loaders {
    type Value = purchase::Model;
    type Error = Shared;

    async fn load(&self, keys: &[PurchaseId]) -> Result<HashMap<PurchaseId, purchase::Model>, Shared> {
        let purchases = shared(purchases::by_ids(&self.app, &self.actor, keys).await)?;
        Ok(by(purchases, |purchase| purchase.id))
    }
}

impl Loader<FirstPurchases> for Loaders {
    type Value = Page<purchase::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[FirstPurchases]) -> Result<HashMap<FirstPurchases, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for (first, wanted) in grouped(keys.to_vec(), |key| key.first) {
            let of: Vec<PurchasesOf> = wanted.iter().map(|key| key.of).collect();
            let found = shared(purchases::first_pages(&self.app, &self.actor, &of, first).await)?;
            pages.extend(
                found
                    .into_iter()
                    .map(|(of, page)| (FirstPurchases { of, first }, page)),
            );
        }
        Ok(pages)
    }
}
