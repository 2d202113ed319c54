//! Access that many fields ask for.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use domain::entitlements::{
    Access,
    reading::{self, AccessOf},
};
use entities::{EntitlementId, entitlement};

use crate::graphql::loaders::{Loaders, Shared, by, shared};

impl Loader<AccessOf> for Loaders {
    type Value = Access;
    type Error = Shared;

    /// Asked many times in one document, they are one look-up each in one statement.
    async fn load(&self, keys: &[AccessOf]) -> Result<HashMap<AccessOf, Access>, Shared> {
        shared(reading::access(&self.app, &self.actor, keys).await)
    }
}

impl Loader<EntitlementId> for Loaders {
    type Value = entitlement::Model;
    type Error = Shared;

    async fn load(&self, keys: &[EntitlementId]) -> Result<HashMap<EntitlementId, Self::Value>, Shared> {
        let rows = shared(reading::by_ids(&self.app, &self.actor, keys).await)?;
        Ok(by(rows, |row| row.id))
    }
}
