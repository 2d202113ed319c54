//! Gathers what is done, so that many jobs are completed by one statement, without making any of them wait for company;
//! and goes on writing through the database's troubles.

use std::{sync::Arc, time::Duration};

use domain::{
    Outcome,
    adapters::outage::Backoff,
    jobs::{Queue, store},
};
use entities::JobId;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use crate::{
    completion::{self, Ended},
    engine::Engine,
    leases::Hold,
};

/// Jobs marked by one statement.
const BATCH: usize = 500;
/// After so long the jobs are left to be done again: repeating is safe, holding them for ever is not.
const GIVE_UP_AFTER: Duration = Duration::from_mins(1);
/// How long one statement may take.
const STATEMENT: Duration = Duration::from_secs(5);

/// While one batch is written the next gathers. Ends when `closing` and everything gathered is written.
pub(crate) async fn run(engine: Arc<Engine>, mut done: mpsc::Receiver<(Ended, Hold)>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            count = done.recv_many(&mut batch, BATCH) => if count == 0 { return },
            () = engine.closing.cancelled() => {
                done.close();
                continue;
            }
        }
        let (ended, holds): (Vec<Ended>, Vec<Hold>) = batch.drain(..).unzip();
        complete(&engine, &ended, &holds).await;
    }
}

/// Completes jobs that are held.
pub(crate) async fn complete(engine: &Engine, ended: &[Ended], holds: &[Hold]) {
    let complete = || async {
        if completion::complete(&engine.app, ended).await? > 0 {
            engine.health.note_done();
        }
        Ok(())
    };
    write(engine, holds, complete).await;
}

/// Writes the end of held jobs, through the database's troubles, for as long as it may matter.
async fn write<F>(engine: &Engine, holds: &[Hold], statement: impl Fn() -> F)
where
    F: Future<Output = Outcome<()>>,
{
    for hold in holds {
        hold.ending();
    }
    let began = Instant::now();
    let mut backoff = Backoff::up_to(Duration::from_secs(1));
    while began.elapsed() < GIVE_UP_AFTER && !holds.iter().all(Hold::is_lost) {
        match timeout(STATEMENT, statement()).await {
            Ok(Ok(())) => {
                engine.database.answered();
                engine
                    .health
                    .note_completed(u64::try_from(holds.len()).unwrap_or(0));
                return;
            }
            Ok(Err(error)) => engine.database.failed(&error),
            Err(_) => engine.database.failed(&"no answer in time"),
        }
        tokio::time::sleep(backoff.step()).await;
    }
    tracing::warn!(
        jobs = holds.len(),
        "the end of jobs could not be written; they are done again"
    );
}

/// Gives jobs back that were claimed and shall not be begun, and tells other workers.
pub(crate) async fn give_back(engine: &Engine, queue: Queue, holds: &[Hold]) {
    let jobs: Vec<(JobId, i64)> = holds.iter().map(Hold::job).collect();
    write(engine, holds, || store::release(&engine.app.db, &jobs)).await;
    let ids: Vec<JobId> = jobs.into_iter().map(|(id, _)| id).collect();
    engine.app.wake_ups.send(queue, &ids);
}
