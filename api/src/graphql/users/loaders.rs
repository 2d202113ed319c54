//! People whom many rows name.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use domain::users::{self, UserParts, UserView};
use entities::UserId;

use crate::graphql::loaders::{Loaders, Shared, by, shared};

/// A user with everything to one that hangs on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WholeUser(pub UserId);

impl Loader<WholeUser> for Loaders {
    type Value = UserView;
    type Error = Shared;

    async fn load(&self, keys: &[WholeUser]) -> Result<HashMap<WholeUser, UserView>, Shared> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let users = shared(users::by_ids(&self.app, &self.actor, &ids, UserParts::ALL).await)?;
        Ok(by(users, |user| WholeUser(user.id)))
    }
}
