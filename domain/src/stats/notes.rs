//! Who looked at whose reading (S0.23): noted, but not at every click.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Weak},
};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{ApiKeyId, TeamId, UserId};
use moka::sync::Cache;
use tokio::sync::Mutex;

use crate::{
    actor::{Actor, Principal},
    app::App,
    clock::Clock,
    error::Outcome,
};

/// How long one note stands for further looks at the same person.
const STANDS_FOR: TimeDelta = TimeDelta::minutes(10);

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Reader {
    User(UserId, Option<UserId>),
    ApiKey(ApiKeyId),
}

/// The installation (its clock's address), the team, who looks, at whom.
type Look = (usize, TeamId, Reader, UserId);

/// When it was noted. The weak reference keeps the clock's address from being given to another installation,
/// of which one process may have several.
type Noted = (DateTime<Utc>, Weak<dyn Clock>);

/// What the database has on record. It spares asking it: what is forgotten here is only noted once more.
static NOTED: LazyLock<Cache<Look, Noted>> = LazyLock::new(|| Cache::new(100_000));

/// Who waits for whom: an installation's team's reader.
type Turns = Cache<(usize, TeamId, Reader), Arc<Mutex<()>>>;

/// Looks of the same reader are noted one after the other, so that those of one moment are one look.
static TURNS: LazyLock<Turns> = LazyLock::new(|| Cache::new(10_000));

/// Notes that somebody looks at another person's reading, at most once in ten minutes. One's own is nobody
/// else's business, unless an administrator looks through one's eyes.
pub async fn note_reading(app: &App, actor: &Actor, user: UserId) -> Outcome<()> {
    note_readings(app, actor, &[user]).await
}

/// The same for several people, in one transaction.
pub async fn note_readings(app: &App, actor: &Actor, users: &[UserId]) -> Outcome<()> {
    let reader = match actor.principal {
        Principal::User { id, .. } => Reader::User(id, actor.impersonator),
        Principal::ApiKey { id, .. } => Reader::ApiKey(id),
        Principal::System => return Ok(()),
    };
    let now = app.clock.now();
    let installation = Arc::as_ptr(&app.clock).cast::<()>().addr();
    let fresh = || {
        let others = users.iter().filter(|user| reader != Reader::User(**user, None));
        let looks = others.map(|user| (installation, actor.team, reader, *user));
        looks.filter(|look| !stands(look, now)).collect::<BTreeSet<_>>()
    };
    if fresh().is_empty() {
        return Ok(());
    }
    let turn = TURNS.get_with((installation, actor.team, reader), Arc::default);
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
        NOTED.insert(look, (now, Arc::downgrade(&app.clock)));
    }
    Ok(())
}

fn stands(look: &Look, now: DateTime<Utc>) -> bool {
    NOTED.get(look).is_some_and(|(at, _)| now - at < STANDS_FOR)
}
