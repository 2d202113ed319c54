//! Writing what was read: few statements, however many reports.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::{ProductId, ReadingSessionId, UserId};
use sea_orm::{QueryResult, Value};

use super::{
    batch::{Known, SessionChange, Stored, TitleGain, UserGain},
    report::Entry,
    rules::{ReadingSession, TimeSpan},
};
use crate::{
    database::{Dialect, Sql, places},
    error::Outcome,
    tx::Tx,
    values,
};

/// Locks the batch's readers and finds what is known. Everybody locks in the order of ids, so nobody waits
/// for somebody who waits for them.
pub(super) async fn lock_known(tx: &Tx, entries: &[Entry]) -> Outcome<Known> {
    let users = lock_users(tx, &distinct(entries.iter().map(|entry| entry.session.user))).await?;
    let products = distinct(entries.iter().map(|entry| entry.session.product));
    let sql = format!(
        "SELECT id FROM products WHERE team_id = $1 AND id IN ({})",
        places(2, products.len())
    );
    let products = tx.db().rows(&sql, with_team(tx, products)).await?;
    let external_ids = distinct(entries.iter().map(|entry| entry.external_id.clone()));
    let sql = format!(
        "SELECT id, external_id, user_id, product_id, started_at, ended_at, seconds, percent_read, device, \
         reported_at FROM reading_sessions WHERE team_id = $1 AND external_id IN ({})",
        places(2, external_ids.len())
    );
    let sessions = tx.db().rows(&sql, with_team(tx, external_ids)).await?;
    Ok(Known {
        users,
        products: first_column(&products)?,
        sessions: sessions.iter().map(read_session).collect::<Outcome<_>>()?,
    })
}

async fn lock_users(tx: &Tx, users: &[UserId]) -> Outcome<HashSet<UserId>> {
    // Their ids are all that is wanted: a report names many.
    let sql = format!(
        "SELECT id FROM users WHERE team_id = $1 AND id IN ({}) ORDER BY id{}",
        places(2, users.len()),
        tx.db().dialect().for_update()
    );
    first_column(&tx.db().rows(&sql, with_team(tx, users.iter().copied())).await?)
}

fn read_session(row: &QueryResult) -> Outcome<(String, Stored)> {
    let session = ReadingSession {
        user: row.try_get_by_index(2)?,
        product: row.try_get_by_index(3)?,
        started_at: row.try_get_by_index(4)?,
        ended_at: row.try_get_by_index(5)?,
        seconds: row.try_get_by_index(6)?,
        percent_read: row.try_get_by_index(7)?,
        device: row.try_get_by_index(8)?,
    };
    let stored = Stored {
        id: row.try_get_by_index(0)?,
        session,
        reported_at: row.try_get_by_index(9)?,
    };
    Ok((row.try_get_by_index(1)?, stored))
}

/// The sessions that started in these windows, without those that change.
pub(super) async fn neighbours(
    tx: &Tx,
    windows: &[(UserId, TimeSpan)],
    changes: &[SessionChange<'_>],
) -> Outcome<HashMap<UserId, Vec<TimeSpan>>> {
    let mut spans = HashMap::<UserId, Vec<TimeSpan>>::new();
    if windows.is_empty() {
        return Ok(spans);
    }
    let mut values = values![tx.actor().team];
    let places = rows(
        &mut values,
        windows
            .iter()
            .map(|(user, window)| values![*user, time(window.from), time(window.until)]),
    );
    // Both must go from the windows to the index of a reader's sessions and never through the table: SQLite
    // keeps to the order of a CROSS JOIN, PostgreSQL to a subquery with an OFFSET.
    let sessions = match tx.db().dialect() {
        Dialect::Postgres => {
            "LATERAL (SELECT * FROM reading_sessions r WHERE r.user_id = near.user_id \
             AND r.started_at >= near.since AND r.started_at < near.till OFFSET 0) s WHERE"
        }
        Dialect::Sqlite => {
            "reading_sessions s WHERE s.user_id = near.user_id AND s.started_at >= near.since \
             AND s.started_at < near.till AND"
        }
    };
    let sql = format!(
        "WITH near (user_id, since, till) AS (VALUES {places}) \
         SELECT s.user_id, s.id, s.started_at, s.seconds FROM near CROSS JOIN {sessions} s.team_id = $1"
    );
    let themselves: HashSet<ReadingSessionId> = changes.iter().filter_map(|change| change.id).collect();
    for row in tx.db().rows(&sql, values).await? {
        if !themselves.contains(&row.try_get_by_index(1)?) {
            let span = TimeSpan::new(row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            spans.entry(row.try_get_by_index(0)?).or_default().push(span);
        }
    }
    Ok(spans)
}

/// Says whether all were written. If not, somebody has just used one of these external ids for another reader
/// or title, and nothing here may stay.
pub(super) async fn save_sessions(tx: &Tx, changes: &[SessionChange<'_>]) -> Outcome<bool> {
    if changes.is_empty() {
        return Ok(true);
    }
    let mut values = Vec::new();
    let places = rows(
        &mut values,
        changes.iter().map(|change| {
            let session = change.after;
            values![
                change.id.unwrap_or_else(|| tx.id()),
                tx.actor().team,
                change.external_id,
                session.user,
                session.product,
                session.started_at,
                session.ended_at,
                session.seconds,
                session.percent_read,
                session.device.clone(),
                tx.now(),
            ]
        }),
    );
    let sql = format!(
        "INSERT INTO reading_sessions (id, team_id, external_id, user_id, product_id, started_at, ended_at, \
         seconds, percent_read, device, reported_at) VALUES {places} \
         ON CONFLICT (team_id, external_id) DO UPDATE SET started_at = excluded.started_at, \
         ended_at = excluded.ended_at, seconds = excluded.seconds, percent_read = excluded.percent_read, \
         device = excluded.device, reported_at = excluded.reported_at \
         WHERE reading_sessions.user_id = excluded.user_id AND reading_sessions.product_id = excluded.product_id"
    );
    let written = tx.db().run(&sql, values).await?;
    Ok(usize::try_from(written).is_ok_and(|written| written == changes.len()))
}

pub(super) async fn add_to_titles(tx: &Tx, gains: &BTreeMap<(UserId, ProductId), TitleGain>) -> Outcome<()> {
    if gains.is_empty() {
        return Ok(());
    }
    let mut values = Vec::new();
    let places = rows(
        &mut values,
        gains.iter().map(|((user, product), gain)| {
            values![
                *user,
                *product,
                tx.actor().team,
                gain.sessions,
                gain.seconds,
                gain.percent_read,
                gain.first_read_at,
                gain.last_read_at,
            ]
        }),
    );
    // CASE, because the two databases call the greater of two values by different names.
    let sql = format!(
        "INSERT INTO title_readings AS t (user_id, product_id, team_id, sessions, seconds, percent_read, \
         first_read_at, last_read_at) VALUES {places} ON CONFLICT (user_id, product_id) DO UPDATE SET \
         sessions = t.sessions + excluded.sessions, seconds = t.seconds + excluded.seconds, \
         percent_read = CASE WHEN excluded.percent_read > t.percent_read THEN excluded.percent_read \
         ELSE t.percent_read END, \
         first_read_at = CASE WHEN excluded.first_read_at < t.first_read_at THEN excluded.first_read_at \
         ELSE t.first_read_at END, \
         last_read_at = CASE WHEN excluded.last_read_at > t.last_read_at THEN excluded.last_read_at \
         ELSE t.last_read_at END"
    );
    tx.db().run(&sql, values).await?;
    Ok(())
}

pub(super) async fn add_to_users(tx: &Tx, gains: &BTreeMap<UserId, UserGain>) -> Outcome<()> {
    let mut values = Vec::new();
    let places = rows(
        &mut values,
        gains.iter().map(|(user, gain)| {
            values![
                *user,
                tx.actor().team,
                gain.sessions,
                gain.seconds,
                gain.last_read_at,
                tx.now(),
            ]
        }),
    );
    let sql = format!(
        "INSERT INTO user_readings AS u (user_id, team_id, sessions, seconds, last_read_at, as_of) \
         VALUES {places} ON CONFLICT (user_id) DO UPDATE SET \
         sessions = u.sessions + excluded.sessions, seconds = u.seconds + excluded.seconds, \
         last_read_at = CASE WHEN u.last_read_at IS NULL OR excluded.last_read_at > u.last_read_at \
         THEN excluded.last_read_at ELSE u.last_read_at END, as_of = excluded.as_of"
    );
    tx.db().run(&sql, values).await?;
    Ok(())
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn with_team<T: Into<Value>>(tx: &Tx, more: impl IntoIterator<Item = T>) -> Vec<Value> {
    let team = Value::from(tx.actor().team);
    std::iter::once(team)
        .chain(more.into_iter().map(Into::into))
        .collect()
}

fn first_column<T>(rows: &[QueryResult]) -> Outcome<HashSet<T>>
where
    T: sea_orm::TryGetable + Eq + std::hash::Hash,
{
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}

/// `($1, $2), ($3, $4)`; the rows' values are added to `values`.
fn rows(values: &mut Vec<Value>, rows: impl Iterator<Item = Vec<Value>>) -> String {
    let mut tuples = Vec::new();
    for row in rows {
        tuples.push(format!("({})", places(values.len() + 1, row.len())));
        values.extend(row);
    }
    tuples.join(", ")
}
