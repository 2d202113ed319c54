//! Who looked at whose reading (S0.23): noted, but not at every click.

use std::sync::{Arc, LazyLock, Weak};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{ApiKeyId, TeamId, UserId};
use moka::sync::Cache;

use crate::{
    actor::{Actor, Principal},
    app::App,
    clock::Clock,
    error::Outcome,
};

/// How long one note stands for further looks at the same person.
const STANDS_FOR: TimeDelta = TimeDelta::minutes(10);

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reader {
    User(UserId, Option<UserId>),
    ApiKey(ApiKeyId),
}

/// The installation (its clock's address), the team, who looks, at whom.
type Look = (usize, TeamId, Reader, UserId);

/// When it was noted. The weak reference keeps the clock's address from being given to another installation,
/// of which one process may have several.
type Noted = (DateTime<Utc>, Weak<dyn Clock>);

/// Spares the database: what is forgotten here is only noted once more.
static NOTED: LazyLock<Cache<Look, Noted>> = LazyLock::new(|| Cache::new(100_000));

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
    let mut fresh = Vec::new();
    for &user in users {
        if reader == Reader::User(user, None) {
            continue;
        }
        let look = (installation, actor.team, reader, user);
        let noted = NOTED.entry(look).or_insert_with_if(
            || (now, Arc::downgrade(&app.clock)),
            |(at, _)| now - *at >= STANDS_FOR,
        );
        if noted.is_fresh() {
            fresh.push(look);
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let written = write(app, actor, &fresh).await;
    if written.is_err() {
        for look in &fresh {
            NOTED.invalidate(look);
        }
    }
    written
}

async fn write(app: &App, actor: &Actor, looks: &[Look]) -> Outcome<()> {
    let mut tx = app.begin(actor).await?;
    for (.., user) in looks {
        tx.audit("stats.read", user);
    }
    tx.commit().await
}
