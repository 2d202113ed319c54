//! The jobs table: claiming with a lease and a fence, ending in batches, taking back from the dead.

use chrono::{DateTime, Utc};
use entities::{JobId, JobStatus, TeamId, WorkerId};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};

use super::{ClaimedJob, JobKind, LEASE, LONELY_CRASHES, NewJob, Queue, RESTS_SECONDS, SUSPECT_FROM};
use crate::{
    actor::Origin,
    database::{Database, Sql, places},
    error::{Error, Outcome},
    values,
};

const LEASE_SECONDS: i64 = LEASE.as_secs().cast_signed();

/// Writes jobs in the transaction of the change that wants them.
pub async fn insert(
    connection: &impl ConnectionTrait,
    team: Option<TeamId>,
    origin: &Origin,
    now: DateTime<Utc>,
    jobs: &[(JobId, NewJob)],
) -> Outcome<()> {
    for chunk in jobs.chunks(500) {
        let mut rows = Vec::with_capacity(chunk.len());
        let mut values: Vec<Value> = values![team, now];
        for (id, job) in chunk {
            let run_at = job.run_at.unwrap_or(now);
            let status = if run_at > now {
                JobStatus::Scheduled
            } else {
                JobStatus::Pending
            };
            let payload = job.payload(origin);
            let n = values.len();
            rows.push(format!(
                "(${}, $1, ${}, ${}, ${}, ${}, ${}, ${}, ${}, ${}, 0, ${}, 0, 0, $2)",
                n + 1,
                n + 2,
                n + 3,
                n + 4,
                n + 5,
                n + 6,
                n + 7,
                n + 8,
                n + 9,
                n + 10
            ));
            let (subject_kind, subject) = job.subject.unzip();
            values.extend(values![
                *id,
                job.queue.as_str(),
                job.kind,
                serde_json::to_value(&payload)?,
                subject_kind,
                subject,
                job.unique_key.clone(),
                status,
                run_at,
                job.max_attempts,
            ]);
        }
        let sql = format!(
            "INSERT INTO jobs (id, team_id, queue, kind, payload, subject_kind, subject, unique_key, status, run_at, \
             attempts, max_attempts, crash_count, fence, created_at) VALUES {} \
             ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING') \
             DO NOTHING",
            rows.join(", ")
        );
        connection.run(&sql, values).await?;
    }
    Ok(())
}

/// Takes up to `limit` due jobs of a queue, oldest first. Whoever else asks at the same moment gets others. Suspects are
/// left: see [`claim_suspect`].
pub async fn claim(
    db: &Database,
    queue: Queue,
    worker: WorkerId,
    limit: usize,
    now: DateTime<Utc>,
) -> Outcome<Vec<ClaimedJob>> {
    let condition = format!("crash_count < {SUSPECT_FROM}");
    take(db, queue, worker, &condition, limit, now).await
}

/// Takes the oldest suspect of a queue that has rested. A process runs no other one beside it.
pub async fn claim_suspect(
    db: &Database,
    queue: Queue,
    worker: WorkerId,
    now: DateTime<Utc>,
) -> Outcome<Option<ClaimedJob>> {
    let condition = suspect(db);
    Ok(take(db, queue, worker, &condition, 1, now).await?.pop())
}

/// A suspect that has rested.
fn suspect(db: &Database) -> String {
    format!(
        "crash_count >= {SUSPECT_FROM} AND (rests_until IS NULL OR rests_until <= {})",
        db.dialect().now_plus(0)
    )
}

async fn take(
    db: &Database,
    queue: Queue,
    worker: WorkerId,
    condition: &str,
    limit: usize,
    now: DateTime<Utc>,
) -> Outcome<Vec<ClaimedJob>> {
    let dialect = db.dialect();
    // Materialised, or PostgreSQL may run the inner query more than once and take more than the limit.
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM jobs WHERE queue = $2 AND run_at <= $3 \
         AND status IN ('PENDING', 'SCHEDULED', 'RETRYING') AND {condition} ORDER BY run_at, id LIMIT {limit}{}) \
         UPDATE jobs SET status = 'RUNNING', attempts = attempts + 1, fence = fence + 1, leased_by = $1, \
         lease_expires_at = {} WHERE id IN (SELECT id FROM due) \
         RETURNING id, team_id, payload, attempts, max_attempts, fence",
        dialect.skip_locked(),
        dialect.now_plus(LEASE_SECONDS),
    );
    let rows = db
        .execute_returning(&sql, values![worker, queue.as_str(), now])
        .await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        match read_claimed(row, queue) {
            Ok(job) => jobs.push(job),
            // One job that this version cannot read must not hold up the others.
            Err(error) => bury_unreadable(db, row, &error, now).await?,
        }
    }
    jobs.sort_by_key(|job| job.id);
    Ok(jobs)
}

async fn bury_unreadable(db: &Database, row: &QueryResult, error: &Error, now: DateTime<Utc>) -> Outcome<()> {
    let held: (JobId, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(5)?);
    tracing::error!(job = %held.0, error = ?error, "a job cannot be read");
    dead_letter(db, held, "this version cannot read the job", now).await
}

fn read_claimed(row: &QueryResult, queue: Queue) -> Outcome<ClaimedJob> {
    let payload: serde_json::Value = row.try_get_by_index(2)?;
    Ok(ClaimedJob {
        id: row.try_get_by_index(0)?,
        team: row.try_get_by_index(1)?,
        queue,
        payload: serde_json::from_value(payload)?,
        attempts: row.try_get_by_index(3)?,
        max_attempts: row.try_get_by_index(4)?,
        fence: row.try_get_by_index(5)?,
    })
}

/// Renews the leases of jobs that are still being worked. Returns those that were really still ours.
pub async fn renew(db: &Database, held: &[(JobId, i64)]) -> Outcome<Vec<JobId>> {
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let (ours, values) = ours(1, held);
    let sql = format!(
        "UPDATE jobs SET lease_expires_at = {}{ours} RETURNING jobs.id",
        db.dialect().now_plus(LEASE_SECONDS)
    );
    let rows = db.execute_returning(&sql, values).await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}

/// Whether a claim still counts: for work that others must not begin beside it.
pub async fn is_held(connection: &impl ConnectionTrait, held: (JobId, i64)) -> Outcome<bool> {
    let sql = "SELECT 1 FROM jobs WHERE id = $1 AND fence = $2 AND status = 'RUNNING'";
    Ok(connection.row(sql, values![held.0, held.1]).await?.is_some())
}

/// Marks jobs as done, all in one statement. A job that was taken away meanwhile is left as it is.
pub async fn finish(db: &Database, held: &[(JobId, i64)], now: DateTime<Utc>) -> Outcome<u64> {
    if held.is_empty() {
        return Ok(0);
    }
    let (ours, mut values) = ours(2, held);
    values.insert(0, now.into());
    let sql = format!(
        "UPDATE jobs SET status = 'DONE', finished_at = $1, leased_by = NULL, lease_expires_at = NULL, \
         last_error = NULL{ours}"
    );
    Ok(db.execute(&sql, values).await?.rows_affected())
}

/// Puts a job back for later. `counts` says whether the attempt is held against it.
pub async fn retry(
    db: &Database,
    job: (JobId, i64),
    at: DateTime<Utc>,
    note: &str,
    counts: bool,
) -> Outcome<()> {
    let status = if counts {
        JobStatus::Retrying
    } else {
        JobStatus::Scheduled
    };
    db.execute(
        "UPDATE jobs SET status = $1, run_at = $2, last_error = $3, crash_count = 0, lonely_crashes = 0, attempts = attempts - $4, \
         leased_by = NULL, lease_expires_at = NULL WHERE id = $5 AND fence = $6 AND status = 'RUNNING'",
        values![status, at, note, i64::from(!counts), job.0, job.1],
    )
    .await?;
    Ok(())
}

/// Lets a running job rest from the end of a transaction on: whoever writes after it finds a job that waits. What the
/// worker writes when it has come back from the job changes nothing any more.
pub async fn rest(
    connection: &impl ConnectionTrait,
    held: (JobId, i64),
    at: DateTime<Utc>,
    note: &str,
) -> Outcome<()> {
    let sql = "UPDATE jobs SET status = 'SCHEDULED', run_at = $1, last_error = $2, crash_count = 0, lonely_crashes = 0, \
               attempts = attempts - 1, leased_by = NULL, lease_expires_at = NULL \
               WHERE id = $3 AND fence = $4 AND status = 'RUNNING'";
    connection.run(sql, values![at, note, held.0, held.1]).await?;
    Ok(())
}

/// Lets the job of a subject that waits be due at once. False if none waits.
pub async fn wake<K: JobKind>(
    connection: &impl ConnectionTrait,
    subject: K::Subject,
    now: DateTime<Utc>,
) -> Outcome<bool> {
    const { assert!(K::ONCE.is_some(), "found by its key") };
    let unique_key = K::unique_key(subject);
    let sql = "UPDATE jobs SET run_at = $1 WHERE unique_key = $2 AND status IN ('SCHEDULED', 'RETRYING') \
               AND run_at > $1";
    Ok(connection.run(sql, values![now, unique_key]).await? > 0)
}

/// The same for many.
pub async fn wake_all<K: JobKind>(
    connection: &impl ConnectionTrait,
    subjects: &[K::Subject],
    now: DateTime<Utc>,
) -> Outcome<()> {
    const { assert!(K::ONCE.is_some(), "found by its key") };
    let unique_keys: Vec<String> = subjects
        .iter()
        .filter_map(|subject| K::unique_key(*subject))
        .collect();
    for keys in unique_keys.chunks(500) {
        let sql = format!(
            "UPDATE jobs SET run_at = $1 WHERE status IN ('SCHEDULED', 'RETRYING') AND run_at > $1 \
             AND unique_key IN ({})",
            places(2, keys.len())
        );
        let mut values = values![now];
        values.extend(keys.iter().map(Value::from));
        connection.run(&sql, values).await?;
    }
    Ok(())
}

/// The same for a team's jobs of two kinds.
pub async fn wake_kinds(
    connection: &impl ConnectionTrait,
    team: TeamId,
    kinds: [&str; 2],
    now: DateTime<Utc>,
) -> Outcome<()> {
    let sql = "UPDATE jobs SET run_at = $1 WHERE status IN ('SCHEDULED', 'RETRYING') AND run_at > $1 \
               AND team_id = $2 AND kind IN ($3, $4)";
    connection
        .run(sql, values![now, team, kinds[0], kinds[1]])
        .await?;
    Ok(())
}

/// Whether a worker is at the job of a subject.
pub async fn is_running<K: JobKind>(connection: &impl ConnectionTrait, subject: K::Subject) -> Outcome<bool> {
    const { assert!(K::ONCE.is_some(), "found by its key") };
    let unique_key = K::unique_key(subject);
    let sql = "SELECT 1 FROM jobs WHERE unique_key = $1 AND status = 'RUNNING'";
    Ok(connection.row(sql, values![unique_key]).await?.is_some())
}

/// Makes a job a dead letter: it runs again only if somebody asks for it. What it is about learns of it later: [`untold`].
pub async fn dead_letter(db: &Database, job: (JobId, i64), reason: &str, now: DateTime<Utc>) -> Outcome<()> {
    db.execute(
        &format!("{DEAD_LETTER} WHERE id = $3 AND fence = $4 AND status = 'RUNNING'"),
        values![reason, now, job.0, job.1],
    )
    .await?;
    Ok(())
}

pub(super) const DEAD_LETTER: &str = "UPDATE jobs SET status = 'DEAD', last_error = $1, finished_at = $2, leased_by = NULL, \
                    lease_expires_at = NULL";

/// Gives back what a stopping worker has claimed and not begun.
pub async fn release(db: &Database, held: &[(JobId, i64)]) -> Outcome<()> {
    if held.is_empty() {
        return Ok(());
    }
    let (ours, values) = ours(1, held);
    let sql = format!(
        "UPDATE jobs SET status = 'PENDING', attempts = attempts - 1, leased_by = NULL, lease_expires_at = NULL{ours}"
    );
    db.execute(&sql, values).await?;
    Ok(())
}

/// Takes jobs back whose worker gives no sign of life. Returns each with its queue, also those that it dead-letters
/// because they are the cause.
pub async fn sweep(db: &Database, now: DateTime<Utc>) -> Outcome<Vec<(JobId, Queue)>> {
    // Mostly nobody has died: that is seen without writing.
    let expired = format!(
        "status = 'RUNNING' AND lease_expires_at < {}",
        db.dialect().now_plus(0)
    );
    let any = format!("SELECT 1 FROM jobs WHERE {expired} LIMIT 1");
    if db.connection().row(&any, vec![]).await?.is_none() {
        return Ok(Vec::new());
    }
    // A suspect gives its place up after a while, so there may have been another one in the same process.
    let sql = format!(
        "WITH torn AS MATERIALIZED (SELECT id, CASE WHEN crash_count >= {SUSPECT_FROM} AND NOT EXISTS \
         (SELECT 1 FROM jobs o WHERE o.status = 'RUNNING' AND o.leased_by = jobs.leased_by AND o.id <> jobs.id \
         AND o.crash_count >= {SUSPECT_FROM}) THEN 1 ELSE 0 END AS lonely FROM jobs WHERE {expired}) \
         UPDATE jobs SET crash_count = crash_count + 1, lonely_crashes = lonely_crashes + torn.lonely, \
         fence = fence + 1, leased_by = NULL, lease_expires_at = NULL, run_at = $1, rests_until = {}, \
         last_error = 'its worker gave no sign of life', \
         status = CASE WHEN lonely_crashes + torn.lonely >= {LONELY_CRASHES} THEN 'DEAD' ELSE 'RETRYING' END, \
         finished_at = CASE WHEN lonely_crashes + torn.lonely >= {LONELY_CRASHES} THEN $1 END \
         FROM torn WHERE jobs.id = torn.id AND {expired} RETURNING jobs.id, jobs.queue",
        rest_of(db)
    );
    let rows = db.execute_returning(&sql, values![now]).await?;
    let read = |row: &QueryResult| -> Result<_, DbErr> {
        let queue: String = row.try_get_by_index(1)?;
        Ok((
            row.try_get_by_index(0)?,
            Queue::named(&queue).unwrap_or(Queue::Maintenance),
        ))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Until when a job rests that has seen one more worker die.
fn rest_of(db: &Database) -> String {
    let last = RESTS_SECONDS[RESTS_SECONDS.len() - 1];
    let whens: Vec<String> = (1..)
        .zip(RESTS_SECONDS)
        .map(|(crashes, seconds)| format!("WHEN {crashes} THEN {}", db.dialect().now_plus(seconds)))
        .collect();
    format!(
        "CASE crash_count + 1 {} ELSE {} END",
        whens.join(" "),
        db.dialect().now_plus(last)
    )
}

/// The queues that have something due.
#[derive(Debug, Default)]
pub struct Due {
    pub queues: Vec<Queue>,
    /// Those with a suspect that has rested.
    pub with_suspects: Vec<Queue>,
}

pub async fn due(db: &Database, now: DateTime<Utc>) -> Outcome<Due> {
    const WAITING: &str = "run_at <= $1 AND status IN ('PENDING', 'SCHEDULED', 'RETRYING')";
    let mut parts: Vec<String> = Queue::ALL
        .iter()
        .map(|queue| {
            format!(
                "SELECT '{0}', 0 WHERE EXISTS (SELECT 1 FROM jobs WHERE queue = '{0}' AND {WAITING} \
                 AND crash_count < {SUSPECT_FROM})",
                queue.as_str()
            )
        })
        .collect();
    parts.push(format!(
        "SELECT DISTINCT queue, 1 FROM jobs WHERE {WAITING} AND {}",
        suspect(db)
    ));
    let mut due = Due::default();
    for row in db
        .connection()
        .rows(&parts.join(" UNION ALL "), values![now])
        .await?
    {
        let name: String = row.try_get_by_index(0)?;
        let suspects: i32 = row.try_get_by_index(1)?;
        let of = if suspects == 0 {
            &mut due.queues
        } else {
            &mut due.with_suspects
        };
        of.extend(Queue::named(&name));
    }
    Ok(due)
}

/// How many jobs are neither done nor dead.
pub async fn unfinished(db: &Database) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM jobs WHERE status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING')";
    Ok(db.connection().count(sql, vec![]).await?)
}

/// The part of an update that finds the jobs which are held by these fences and still running.
///
/// The operator on the status keeps the index of running jobs out of it: its size is never guessed right,
/// and a plan that goes through it once for each held job takes seconds under load. The length is filled up
/// to a power of two by repetition, or each batch would be another statement to prepare.
fn ours(from: usize, held: &[(JobId, i64)]) -> (String, Vec<Value>) {
    let length = held.len().next_power_of_two();
    let filled = held.iter().cycle();
    let places = (0..length).map(|i| format!("(${}, ${})", from + 2 * i, from + 2 * i + 1));
    let sql = format!(
        " FROM (VALUES {}) AS held WHERE jobs.id = held.column1 AND jobs.fence = held.column2 \
         AND jobs.status || '' = 'RUNNING'",
        places.collect::<Vec<_>>().join(", ")
    );
    (
        sql,
        filled
            .take(length)
            .flat_map(|(id, fence)| values![*id, *fence])
            .collect(),
    )
}
