//! The round that is made every 30 seconds: lost work is taken up again, and what nobody needs any more goes.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use entities::{MailId, TeamId};

use crate::{
    app::App,
    database::{Dialect, Sql, WriteTransaction},
    entitlements::batches,
    error::Outcome,
    exports::{self, Tended},
    jobs::{NewJob, Work},
    payments, refunds, values,
};

/// The lock that lets one process make the round at a time ("main" in ASCII).
const LOCK: i64 = 0x6d61_696e;
/// Rows that are deleted in one transaction: others get their turn in between.
const BATCH: u64 = 2000;
const MAIL_PATIENCE: TimeDelta = TimeDelta::minutes(1);
const DONE_JOBS_KEPT: TimeDelta = TimeDelta::days(7);
const EVENTS_KEPT: TimeDelta = TimeDelta::days(30);
const SESSIONS_KEPT: TimeDelta = TimeDelta::days(30);

/// What a round has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Refunds under way that had been quiet; those without a job have one now.
    pub refunds: usize,
    /// Notices of gateways that had not been worked off.
    pub gateway_events: usize,
    /// Changes of access for many that had been quiet.
    pub batches: usize,
    /// Mails that had lost their job.
    pub mails: usize,
    pub exports: Tended,
    pub jobs_deleted: u64,
    pub events_pruned: u64,
    pub sessions_deleted: u64,
    pub limits_deleted: u64,
}

/// Makes a round. None if another process is making one. A round that is cut off does no harm.
pub async fn maintain(app: &App) -> Outcome<Option<Maintained>> {
    let turn = match app.db.dialect() {
        // Held by its transaction, which writes nothing: a process that dies gives it back.
        Dialect::Postgres => match take_turn(app).await? {
            Some(turn) => Some(turn),
            None => return Ok(None),
        },
        Dialect::Sqlite => None,
    };
    let now = app.clock.now();
    let round = Maintained {
        refunds: refunds::reconcile(app).await?,
        gateway_events: payments::reconcile(app).await?,
        batches: batches::reconcile(app).await?,
        mails: requeue_mails(app, now).await?,
        exports: exports::tend(app).await?,
        jobs_deleted: delete(
            app,
            "jobs",
            "id",
            "status = 'DONE' AND finished_at < $1",
            now - DONE_JOBS_KEPT,
        )
        .await?,
        events_pruned: prune_events(app, now - EVENTS_KEPT).await?,
        sessions_deleted: delete(app, "sessions", "id", "expires_at < $1", now - SESSIONS_KEPT).await?,
        limits_deleted: delete(app, "rate_limits", "key", "window_ends_at < $1", now).await?,
    };
    // Once an hour is enough for the planner to know how much there is.
    if app.db.dialect() == Dialect::Sqlite && now.minute() == 0 {
        app.db.execute("ANALYZE jobs", vec![]).await?;
        app.db.execute("PRAGMA optimize", vec![]).await?;
    }
    if let Some(turn) = turn {
        turn.commit().await?;
    }
    Ok(Some(round))
}

async fn take_turn(app: &App) -> Outcome<Option<WriteTransaction>> {
    let turn = app.db.begin().await?;
    let row = turn
        .connection()
        .row("SELECT pg_try_advisory_xact_lock($1)", values![LOCK])
        .await?;
    let ours = row
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .unwrap_or(false);
    Ok(ours.then_some(turn))
}

/// Gives mails that wait without a job another one. Those whose job was parked wait for a person.
async fn requeue_mails(app: &App, now: DateTime<Utc>) -> Outcome<usize> {
    let connection = app.db.connection();
    // The jobs first: a mail that is sent in between is still answered by the job that has sent it.
    // A job that was parked because its workers died may have been an innocent neighbour: its mail gets
    // another one after a while, but not for ever.
    let jobs = connection.rows(
        "SELECT subject_id FROM jobs WHERE kind = 'send_mail' AND status NOT IN ('DONE', 'DEAD') \
         AND subject_id IS NOT NULL \
         UNION SELECT subject_id FROM jobs WHERE kind = 'send_mail' AND status = 'DEAD' AND subject_id IS NOT NULL \
         GROUP BY subject_id HAVING count(*) >= 5 OR max(crash_count) < 3 OR max(finished_at) > $1",
        values![now - MAIL_PATIENCE],
    );
    let jobs = jobs.await?;
    let answered = jobs
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<HashSet<String>, _>>()?;
    let waiting = connection.rows(
        "SELECT id, team_id FROM mails WHERE status = 'QUEUED' AND created_at < $1",
        values![now - MAIL_PATIENCE],
    );
    let mut requeued = 0;
    for row in waiting.await? {
        let mail: MailId = row.try_get_by_index(0)?;
        let team: TeamId = row.try_get_by_index(1)?;
        if answered.contains(&mail.to_string()) {
            continue;
        }
        let mut tx = app.begin_as_system(team).await?;
        tx.enqueue(NewJob::now(Work::SendMail { mail }).once(format!("mail:{mail}")));
        tx.commit().await?;
        requeued += 1;
    }
    Ok(requeued)
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
