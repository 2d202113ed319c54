//! Reading the figures: kept totals, so that no question adds up sessions.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{ProductId, ReadingSessionId, UserId, reading_session};
use sea_orm::{QueryResult, Value};

use super::{notes, rules};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql, places},
    error::{Error, Outcome},
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    values,
};

/// All that somebody has read, in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingStats {
    /// When the last report came in; now, if none ever did.
    pub as_of: DateTime<Utc>,
    pub total_sessions: i64,
    /// Wall-clock time: sessions that overlap count once.
    pub total_seconds: i64,
    /// Reading now, or within the last two hours (S0.16).
    pub active_session: bool,
    pub last_read_at: Option<DateTime<Utc>>,
}

/// What somebody has read of a title.
#[derive(Clone, Debug, PartialEq)]
pub struct TitleReadingView {
    pub user: UserId,
    pub product: ProductId,
    pub sessions: i64,
    /// The sum of its sessions, on however many devices.
    pub seconds: i64,
    /// The furthest point, 0 to 100 (S0.18).
    pub percent_read: f64,
    pub first_read_at: DateTime<Utc>,
    pub last_read_at: DateTime<Utc>,
}

pub(super) const TITLES: Order = Order {
    name: "titles read",
    key: "t.last_read_at",
    id: "t.product_id",
    direction: Direction::Descending,
};

pub(super) const ACTIVITY: Order = Order {
    name: "reading sessions",
    key: "started_at",
    id: "id",
    direction: Direction::Descending,
};

pub(super) const TITLE_COLUMNS: &str =
    "t.user_id, t.product_id, t.sessions, t.seconds, t.percent_read, t.first_read_at, t.last_read_at";

/// What somebody has read, for a caller who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReadingOf(pub(super) UserId);

impl ReadingOf {
    /// Refuses whoever is neither the reader nor allowed `stats.read`.
    pub fn new(actor: &Actor, user: UserId) -> Outcome<Self> {
        if actor.user() != Some(user) {
            actor.require(Scope::StatsRead)?;
        }
        Ok(Self(user))
    }
}

/// Somebody's figures, for themselves or for staff, whose look is noted. Of people of other teams nothing has
/// been read, as of people who do not exist.
pub async fn overview(app: &App, actor: &Actor, user: UserId) -> Outcome<ReadingStats> {
    let of = ReadingOf::new(actor, user)?;
    let mut found = overviews(app, actor, &[of]).await?;
    found
        .remove(&of)
        .ok_or_else(|| Error::Fault(anyhow::anyhow!("figures that were asked for are missing")))
}

/// The figures of many people in one query (S0.15), one for each who is asked for. Looks at others are noted in one
/// transaction (S0.23).
pub async fn overviews(
    app: &App,
    actor: &Actor,
    of: &[ReadingOf],
) -> Outcome<HashMap<ReadingOf, ReadingStats>> {
    let users: Vec<UserId> = of.iter().map(|of| of.0).collect();
    notes::note_readings(app, actor, &users).await?;
    let now = app.clock.now();
    let nothing = ReadingStats {
        as_of: now,
        total_sessions: 0,
        total_seconds: 0,
        active_session: false,
        last_read_at: None,
    };
    let mut all: HashMap<ReadingOf, ReadingStats> = of.iter().map(|of| (*of, nothing.clone())).collect();
    if all.is_empty() {
        return Ok(all);
    }
    let sql = format!(
        "SELECT user_id, as_of, sessions, seconds, last_read_at FROM user_readings \
         WHERE team_id = $1 AND user_id IN ({})",
        places(2, all.len())
    );
    let mut values = values![actor.team];
    values.extend(all.keys().map(|of| Value::from(of.0)));
    for row in app.db.connection().rows(&sql, values).await? {
        let last_read_at = row.try_get_by_index(4)?;
        let stats = ReadingStats {
            as_of: row.try_get_by_index(1)?,
            total_sessions: row.try_get_by_index(2)?,
            total_seconds: row.try_get_by_index(3)?,
            active_session: rules::is_active(last_read_at, now),
            last_read_at,
        };
        all.insert(ReadingOf(row.try_get_by_index(0)?), stats);
    }
    Ok(all)
}

/// A page of the titles that somebody has read, the one they read last first.
pub async fn titles(
    app: &App,
    actor: &Actor,
    of: ReadingOf,
    args: &PageArgs,
) -> Outcome<Page<TitleReadingView>> {
    let request = PageRequest::new(args, TITLES)?;
    let mut values = values![actor.team, of.0];
    let sql = format!(
        "SELECT {TITLE_COLUMNS} FROM title_readings t WHERE t.team_id = $1 AND t.user_id = $2{}",
        request.sql(&mut values)
    );
    let rows = app.db.connection().read(Planned::Once, &sql, values).await?;
    let titles = rows.iter().map(read_title).collect::<Outcome<Vec<_>>>()?;
    Ok(request.page(titles, |title| (Key::Time(title.last_read_at), title.product.0)))
}

pub async fn titles_count(app: &App, actor: &Actor, of: ReadingOf) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM title_readings WHERE team_id = $1 AND user_id = $2";
    number(app, sql, actor, of).await
}

/// What somebody has read of one title; None if nothing was ever reported.
pub async fn title(
    app: &App,
    actor: &Actor,
    of: ReadingOf,
    product: ProductId,
) -> Outcome<Option<TitleReadingView>> {
    let sql = format!(
        "SELECT {TITLE_COLUMNS} FROM title_readings t \
         WHERE t.team_id = $1 AND t.user_id = $2 AND t.product_id = $3"
    );
    let row = app
        .db
        .connection()
        .row(&sql, values![actor.team, of.0, product])
        .await?;
    row.as_ref().map(read_title).transpose()
}

pub(super) fn read_title(row: &QueryResult) -> Outcome<TitleReadingView> {
    Ok(TitleReadingView {
        user: row.try_get_by_index(0)?,
        product: row.try_get_by_index(1)?,
        sessions: row.try_get_by_index(2)?,
        seconds: row.try_get_by_index(3)?,
        percent_read: row.try_get_by_index(4)?,
        first_read_at: row.try_get_by_index(5)?,
        last_read_at: row.try_get_by_index(6)?,
    })
}

/// A page of somebody's sessions, newest first (S0.14).
pub async fn activity(
    app: &App,
    actor: &Actor,
    of: ReadingOf,
    args: &PageArgs,
) -> Outcome<Page<reading_session::Model>> {
    let request = PageRequest::new(args, ACTIVITY)?;
    let mut values = values![actor.team, of.0];
    let sql = format!(
        "SELECT * FROM reading_sessions WHERE team_id = $1 AND user_id = $2{}",
        request.sql(&mut values)
    );
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &reading_session::Model| {
        (Key::Time(row.started_at), row.id.0)
    });
    page.await
}

/// The kept total, not a count: some have a million.
pub async fn activity_count(app: &App, actor: &Actor, of: ReadingOf) -> Outcome<i64> {
    let sql = "SELECT sessions FROM user_readings WHERE team_id = $1 AND user_id = $2";
    number(app, sql, actor, of).await
}

/// One session, if the caller may see its reader's; staff's look is noted.
pub async fn session(
    app: &App,
    actor: &Actor,
    id: ReadingSessionId,
) -> Outcome<Option<reading_session::Model>> {
    let found = reading_session::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?;
    let Some(found) = found.filter(|session| actor.sees(session.user_id, Scope::StatsRead)) else {
        return Ok(None);
    };
    notes::note_reading(app, actor, found.user_id).await?;
    Ok(Some(found))
}

async fn number(app: &App, sql: &str, actor: &Actor, of: ReadingOf) -> Outcome<i64> {
    let row = app.db.connection().row(sql, values![actor.team, of.0]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}
