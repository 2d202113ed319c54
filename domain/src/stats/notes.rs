//! Who looked at whose reading (S0.23): noted, but not at every click.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{ApiKeyId, TeamId, UserId};
use moka::sync::Cache;
use tokio::sync::Mutex;

use crate::{
    actor::{Actor, Principal},
    app::App,
    error::Outcome,
};

/// How long one note stands for further looks at the same person.
const STANDS_FOR: TimeDelta = TimeDelta::minutes(10);

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Viewer {
    User(UserId, Option<UserId>),
    ApiKey(ApiKeyId),
}

/// The team, who looks, at whom.
type Look = (TeamId, Viewer, UserId);

/// What one process knows of the looks that are on record.
struct NotedLooks {
    /// When each was noted. It spares asking the database: what is forgotten here is only noted once more.
    noted: Cache<Look, DateTime<Utc>>,
    /// Looks of the same reader are noted one after the other, so that those of one moment are one look.
    turns: Cache<(TeamId, Viewer), Arc<Mutex<()>>>,
}

impl Default for NotedLooks {
    fn default() -> Self {
        Self {
            noted: Cache::new(100_000),
            turns: Cache::new(10_000),
        }
    }
}

impl NotedLooks {
    fn stands(&self, look: &Look, now: DateTime<Utc>) -> bool {
        self.noted.get(look).is_some_and(|at| now - at < STANDS_FOR)
    }
}

/// Notes that somebody looks at another person's reading, at most once in ten minutes. One's own is nobody
/// else's business, unless an administrator looks through one's eyes.
pub async fn note_reading(app: &App, actor: &Actor, user: UserId) -> Outcome<()> {
    note_readings(app, actor, &[user]).await
}

/// The same for several people, in one transaction.
pub async fn note_readings(app: &App, actor: &Actor, users: &[UserId]) -> Outcome<()> {
    let reader = match actor.principal {
        Principal::User { id, .. } => Viewer::User(id, actor.impersonator),
        Principal::ApiKey { id, .. } => Viewer::ApiKey(id),
        Principal::System => return Ok(()),
    };
    let now = app.clock.now();
    let notes = app.memory::<NotedLooks>();
    let fresh = || {
        let others = users.iter().filter(|user| reader != Viewer::User(**user, None));
        let looks = others.map(|user| (actor.team, reader, *user));
        looks
            .filter(|look| !notes.stands(look, now))
            .collect::<BTreeSet<_>>()
    };
    if fresh().is_empty() {
        return Ok(());
    }
    let turn = notes.turns.get_with((actor.team, reader), Arc::default);
    let _turn = turn.lock().await;
    let fresh = fresh();
    if fresh.is_empty() {
        return Ok(());
    }
    let mut tx = app.begin(actor).await?;
    for (.., user) in &fresh {
        tx.audit("stats.read", user);
    }
    tx.commit().await?;
    // Not before: whoever hangs up in the middle has not been noted.
    for look in fresh {
        notes.noted.insert(look, now);
    }
    Ok(())
}
