//! Gives committed events their positions.

use std::collections::BTreeMap;

use entities::{EventId, TeamId};

use crate::{
    app::App,
    database::{Database, Dialect, Sql},
    error::Outcome,
    values,
};

/// One batch; the rest comes in the next run.
const BATCH: i64 = 1000;
/// The lock that lets one process place events at a time ("post" in ASCII).
const LOCK: i64 = 0x706f_7374;

impl App {
    /// Gives new events their positions and tells whoever waits for them.
    pub async fn place_events(&self) -> Outcome<()> {
        for (team, position) in place(&self.db).await? {
            self.bus.announce(team, position);
        }
        Ok(())
    }
}

/// Places what has been committed and has no position yet. Returns how far each team has come.
///
/// Run after each commit with events and, for what a dead process left behind, every second.
pub async fn place(db: &Database) -> Outcome<Vec<(TeamId, i64)>> {
    let mut heads: BTreeMap<TeamId, i64> = BTreeMap::new();
    loop {
        let placed = place_batch(db, &mut heads).await?;
        if placed < BATCH {
            return Ok(heads.into_iter().collect());
        }
    }
}

async fn place_batch(db: &Database, heads: &mut BTreeMap<TeamId, i64>) -> Outcome<i64> {
    let waiting = format!("SELECT id, team_id FROM events WHERE position IS NULL ORDER BY id LIMIT {BATCH}");
    // Mostly somebody else was faster: that is seen without a transaction.
    if db.connection().rows(&waiting, vec![]).await?.is_empty() {
        return Ok(0);
    }
    let transaction = db.begin().await?;
    let connection = transaction.connection();
    if db.dialect() == Dialect::Postgres {
        connection
            .rows("SELECT pg_advisory_xact_lock($1)", values![LOCK])
            .await?;
    }
    let rows = connection.rows(&waiting, vec![]).await?;
    let mut by_team: BTreeMap<TeamId, Vec<EventId>> = BTreeMap::new();
    for row in &rows {
        by_team
            .entry(row.try_get_by_index(1)?)
            .or_default()
            .push(row.try_get_by_index(0)?);
    }
    for (team, ids) in by_team {
        let count = i64::try_from(ids.len()).unwrap_or(BATCH);
        let head = connection
            .row(
                "INSERT INTO event_heads (team_id, last_position, pruned_through) VALUES ($1, $2, 0) \
                 ON CONFLICT (team_id) DO UPDATE SET last_position = event_heads.last_position + $2 \
                 RETURNING last_position",
                values![team, count],
            )
            .await?;
        let last: i64 = head
            .map(|row| row.try_get_by_index(0))
            .transpose()?
            .unwrap_or(count);
        let mut places = Vec::with_capacity(ids.len());
        let mut values = Vec::with_capacity(ids.len() * 2);
        for (id, position) in ids.into_iter().zip(last - count + 1..) {
            places.push(format!("(${}, ${})", values.len() + 1, values.len() + 2));
            values.extend(values![id, position]);
        }
        let sql = format!(
            "UPDATE events SET position = placed.column2 FROM (VALUES {}) AS placed WHERE events.id = placed.column1",
            places.join(", ")
        );
        connection.run(&sql, values).await?;
        heads.insert(team, last);
    }
    transaction.commit().await?;
    Ok(i64::try_from(rows.len()).unwrap_or(BATCH))
}
