//! What many API keys are asked for.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use domain::identity::api_keys::{self, ParentOf, StandingOf};
use entities::api_key;

use crate::graphql::loaders::{Loaders, Shared, shared};

impl Loader<ParentOf> for Loaders {
    type Value = api_key::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ParentOf]) -> Result<HashMap<ParentOf, api_key::Model>, Shared> {
        shared(api_keys::parents(&self.app, &self.actor, keys).await)
    }
}

impl Loader<StandingOf> for Loaders {
    /// There if the key counts now.
    type Value = ();
    type Error = Shared;

    async fn load(&self, keys: &[StandingOf]) -> Result<HashMap<StandingOf, ()>, Shared> {
        let live = shared(api_keys::live(&self.app, &self.actor, keys).await)?;
        Ok(live.into_iter().map(|key| (key, ())).collect())
    }
}
