//! The processes that do background work: how they show themselves, and how operators steer their pools.

use chrono::{DateTime, TimeDelta, Utc};
use entities::WorkerId;
use serde_json::Value as Json;

use super::{NewJob, Probe, Queue, store};
use crate::{
    actor::Origin,
    app::App,
    database::{Database, Sql},
    error::Outcome,
    values,
};

/// After so long without a sign of life a process is forgotten.
const FORGOTTEN_AFTER_SECONDS: i64 = 60;
/// Probes that were done are of no interest for longer.
const PROBES_KEPT_SECONDS: i64 = 3600;

/// What an operator has decided for a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSetting {
    pub queue: Queue,
    /// Nothing more is started; what runs goes on.
    pub paused: bool,
    /// Jobs at once in each worker process.
    pub concurrency: usize,
}

/// The queues for which an operator has decided something.
pub async fn queue_settings(db: &Database) -> Outcome<Vec<QueueSetting>> {
    let sql = "SELECT queue, paused, concurrency FROM queue_settings";
    let mut settings = Vec::new();
    for row in db.connection().rows(sql, vec![]).await? {
        let name: String = row.try_get_by_index(0)?;
        let concurrency: i64 = row.try_get_by_index(2)?;
        // A newer version may know more queues.
        if let Some(queue) = Queue::named(&name) {
            settings.push(QueueSetting {
                queue,
                paused: row.try_get_by_index(1)?,
                concurrency: usize::try_from(concurrency).unwrap_or(0),
            });
        }
    }
    Ok(settings)
}

/// Shows that a process lives, and what its pools do. By the database's clock: machines differ.
pub async fn show(db: &Database, worker: WorkerId, host: &str, pools: Json) -> Outcome<()> {
    let now = db.dialect().now_plus(0);
    let sql = format!(
        "INSERT INTO worker_processes (id, host, started_at, last_seen_at, pools) VALUES ($1, $2, {now}, {now}, $3) \
         ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at, pools = excluded.pools"
    );
    db.execute(&sql, values![worker, host, pools]).await?;
    Ok(())
}

/// Takes a process off the list when it stops.
pub async fn leave(db: &Database, worker: WorkerId) -> Outcome<()> {
    db.execute("DELETE FROM worker_processes WHERE id = $1", values![worker])
        .await?;
    Ok(())
}

/// Forgets processes that have ended without a word, and probes of long ago.
pub async fn tidy(db: &Database, now: DateTime<Utc>) -> Outcome<()> {
    let gone = db.dialect().now_plus(-FORGOTTEN_AFTER_SECONDS);
    db.execute(
        &format!("DELETE FROM worker_processes WHERE last_seen_at < {gone}"),
        vec![],
    )
    .await?;
    let old = now - TimeDelta::seconds(PROBES_KEPT_SECONDS);
    db.execute(
        "DELETE FROM jobs WHERE status = 'DONE' AND kind = 'probe' AND team_id IS NULL AND finished_at < $1",
        values![old],
    )
    .await?;
    Ok(())
}

/// Wants a job that does nothing, by which a process proves to itself that the whole path works.
pub async fn probe(app: &App, worker: WorkerId) -> Outcome<()> {
    let now = app.clock.now();
    let job = NewJob::now::<Probe>(()).once(format!("probe:{worker}"));
    let queue = job.queue;
    let id = entities::JobId(app.ids.uuid(now));
    let transaction = app.db.begin().await?;
    store::insert(
        transaction.connection(),
        None,
        &Origin::default(),
        now,
        &[(id, job)],
    )
    .await?;
    transaction.commit().await?;
    app.wake_ups.send(queue, &[id]);
    Ok(())
}
