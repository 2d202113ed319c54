//! Maintenance, every 30 seconds: what nobody needs any more goes.

use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use entities::TeamId;
use tokio::time::timeout;

use crate::{
    app::App,
    database::{Dialect, Sql},
    error::Outcome,
    exports::{self, Tended},
    values,
};

/// Rows that are deleted in one transaction: others get their turn in between.
const BATCH: u64 = 2000;
const DONE_JOBS_KEPT: TimeDelta = TimeDelta::days(7);
const EVENTS_KEPT: TimeDelta = TimeDelta::days(30);
const SESSIONS_KEPT: TimeDelta = TimeDelta::days(30);

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    pub exports: Tended,
    pub jobs_deleted: u64,
    pub events_pruned: u64,
    pub sessions_deleted: u64,
    pub limits_deleted: u64,
    /// They are made again in the next run.
    pub steps_failed: usize,
}

/// A step. Each is made by itself: what fails or hangs in one holds up no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Exports,
    Files,
    Jobs,
    Events,
    Sessions,
    RateLimits,
    Statistics,
}

/// How long one may take; what is left is done the next time.
const STEP_TIME: Duration = Duration::from_secs(25);
/// So long a step is nobody else's when its process dies with it.
const TURN_SECONDS: i64 = 30;

impl Step {
    pub const ALL: [Self; 7] = [
        Self::Exports,
        Self::Files,
        Self::Jobs,
        Self::Events,
        Self::Sessions,
        Self::RateLimits,
        Self::Statistics,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Exports => "exports",
            Self::Files => "files",
            Self::Jobs => "jobs",
            Self::Events => "events",
            Self::Sessions => "sessions",
            Self::RateLimits => "rate limits",
            Self::Statistics => "statistics",
        }
    }

    async fn make(self, app: &App, run: &mut Maintained) -> Outcome<()> {
        let now = app.clock.now();
        match self {
            Self::Exports => {
                let deleted = run.exports.deleted;
                run.exports = exports::tend(app).await?;
                run.exports.deleted = deleted;
            }
            Self::Files => run.exports.deleted = exports::clear_files(app).await?,
            Self::Jobs => {
                let done = "status = 'DONE' AND finished_at < $1";
                run.jobs_deleted = delete(app, "jobs", "id", done, now - DONE_JOBS_KEPT).await?;
            }
            Self::Events => run.events_pruned = prune_events(app, now - EVENTS_KEPT).await?,
            Self::Sessions => {
                let over = now - SESSIONS_KEPT;
                run.sessions_deleted = delete(app, "sessions", "id", "expires_at < $1", over).await?;
            }
            Self::RateLimits => {
                run.limits_deleted = delete(app, "rate_limits", "key", "window_ends_at < $1", now).await?;
            }
            Self::Statistics => look_at_statistics(app, now).await?,
        }
        Ok(())
    }
}

/// Makes a whole run, one step after the other. None if other processes are making all of it. What fails is logged
/// and counted. A run that is cut off does no harm.
pub async fn maintain(app: &App) -> Outcome<Option<Maintained>> {
    let mut run = Maintained::default();
    let mut is_ours = false;
    for step in Step::ALL {
        is_ours |= make(app, step, &mut run).await.unwrap_or(true);
    }
    Ok(is_ours.then_some(run))
}

/// Makes one step within its time. False if another process is making it. What fails is logged and counted here.
pub async fn make(app: &App, step: Step, run: &mut Maintained) -> Outcome<bool> {
    let made = match timeout(STEP_TIME, in_turn(app, step, run)).await {
        Ok(made) => made,
        Err(_) => Err(anyhow!("it was cut off after {STEP_TIME:?}").into()),
    };
    if let Err(error) = &made {
        run.steps_failed += 1;
        metrics::counter!("maintenance_failures_total", "step" => step.name()).increment(1);
        tracing::warn!(
            step = step.name(),
            error = ?error,
            "a step of maintenance has failed; it is made again in the next one"
        );
    }
    made
}

/// One process at a time makes a step. No connection is held for it: the turn ends by itself if its process dies.
async fn in_turn(app: &App, step: Step, run: &mut Maintained) -> Outcome<bool> {
    let (now, until) = (
        app.db.dialect().now_plus(0),
        app.db.dialect().now_plus(TURN_SECONDS),
    );
    let take = format!(
        "INSERT INTO maintenance_turns (step, held_until) VALUES ($1, {until}) ON CONFLICT (step) DO UPDATE \
         SET held_until = excluded.held_until WHERE maintenance_turns.held_until <= {now}"
    );
    let taken = app.db.execute(&take, values![step.name()]).await?;
    if taken.rows_affected() == 0 {
        return Ok(false);
    }
    let made = step.make(app, run).await;
    let give_back = format!("UPDATE maintenance_turns SET held_until = {now} WHERE step = $1");
    app.db.execute(&give_back, values![step.name()]).await?;
    made.map(|()| true)
}

/// Once an hour is enough for SQLite's planner to know how much there is; PostgreSQL sees to it by itself.
async fn look_at_statistics(app: &App, now: DateTime<Utc>) -> Outcome<()> {
    if app.db.dialect() == Dialect::Sqlite && now.minute() == 0 {
        app.db.execute("ANALYZE jobs", vec![]).await?;
        app.db.execute("PRAGMA optimize", vec![]).await?;
    }
    Ok(())
}

async fn delete(app: &App, table: &str, key: &str, condition: &str, before: DateTime<Utc>) -> Outcome<u64> {
    let sql = format!(
        "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {condition} LIMIT {BATCH})"
    );
    let mut deleted = 0;
    loop {
        let batch = app.db.execute(&sql, values![before]).await?.rows_affected();
        deleted += batch;
        if batch < BATCH {
            return Ok(deleted);
        }
    }
}

async fn prune_events(app: &App, before: DateTime<Utc>) -> Outcome<u64> {
    let heads = app
        .db
        .connection()
        .rows("SELECT team_id FROM event_heads", vec![]);
    let mut pruned = 0;
    for row in heads.await? {
        let team = row.try_get_by_index(0)?;
        loop {
            let batch = prune_batch(app, team, before).await?;
            pruned += batch;
            if batch < BATCH {
                break;
            }
        }
    }
    Ok(pruned)
}

/// Deletes a team's oldest events up to the first that is still wanted. Together with them goes the mark
/// that tells a reader with an older cursor that it has missed something.
async fn prune_batch(app: &App, team: TeamId, before: DateTime<Utc>) -> Outcome<u64> {
    let oldest = format!(
        "SELECT position, at FROM events WHERE team_id = $1 AND position IS NOT NULL ORDER BY position LIMIT {BATCH}"
    );
    let mut through: Option<i64> = None;
    for row in app.db.connection().rows(&oldest, values![team]).await? {
        if row.try_get_by_index::<DateTime<Utc>>(1)? >= before {
            break;
        }
        through = Some(row.try_get_by_index(0)?);
    }
    let Some(through) = through else { return Ok(0) };
    let transaction = app.db.begin().await?;
    let connection = transaction.connection();
    connection
        .run(
            "UPDATE event_heads SET pruned_through = $2 WHERE team_id = $1 AND pruned_through < $2",
            values![team, through],
        )
        .await?;
    let deleted = connection
        .run(
            "DELETE FROM events WHERE team_id = $1 AND position <= $2",
            values![team, through],
        )
        .await?;
    transaction.commit().await?;
    Ok(deleted)
}
