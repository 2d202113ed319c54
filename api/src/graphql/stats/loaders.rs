//! What many people have read.

use std::collections::HashMap;

use async_graphql::dataloader::Loader;
use domain::{
    page::Page,
    stats::{self, ReadingOf, TitleReadingView},
};
use entities::reading_session;

use crate::graphql::loaders::{Loaders, Shared, grouped, shared};

/// The first titles that somebody has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstTitles {
    pub of: ReadingOf,
    pub first: Option<i32>,
}

/// Somebody's latest sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirstSessions {
    pub of: ReadingOf,
    pub first: Option<i32>,
}

impl Loader<ReadingOf> for Loaders {
    type Value = stats::ReadingStats;
    type Error = Shared;

    /// S0.15, S0.23: in one statement, and the looks are noted in one transaction.
    async fn load(&self, keys: &[ReadingOf]) -> Result<HashMap<ReadingOf, Self::Value>, Shared> {
        shared(stats::overviews(&self.app, &self.actor, keys).await)
    }
}

impl Loader<FirstTitles> for Loaders {
    type Value = Page<TitleReadingView>;
    type Error = Shared;

    /// S0.15.
    async fn load(&self, keys: &[FirstTitles]) -> Result<HashMap<FirstTitles, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for (first, wanted) in grouped(keys.to_vec(), |key| key.first) {
            let of: Vec<ReadingOf> = wanted.iter().map(|key| key.of).collect();
            let found = shared(stats::first_titles(&self.app, &self.actor, &of, first).await)?;
            pages.extend(
                found
                    .into_iter()
                    .map(|(of, page)| (FirstTitles { of, first }, page)),
            );
        }
        Ok(pages)
    }
}

impl Loader<FirstSessions> for Loaders {
    type Value = Page<reading_session::Model>;
    type Error = Shared;

    /// S0.15.
    async fn load(&self, keys: &[FirstSessions]) -> Result<HashMap<FirstSessions, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for (first, wanted) in grouped(keys.to_vec(), |key| key.first) {
            let of: Vec<ReadingOf> = wanted.iter().map(|key| key.of).collect();
            let found = shared(stats::first_activity(&self.app, &self.actor, &of, first).await)?;
            pages.extend(
                found
                    .into_iter()
                    .map(|(of, page)| (FirstSessions { of, first }, page)),
            );
        }
        Ok(pages)
    }
}
