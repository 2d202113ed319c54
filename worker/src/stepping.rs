//! Background work by hand: everything that is due, one after the other, for tests and the command line.

use anyhow::anyhow;
use domain::{
    App, Outcome,
    jobs::{Queue, store},
    work,
};
use entities::{JobId, WorkerId};

use crate::{
    completion::{Ended, complete},
    execution::{Verdict, attempt},
    handlers::Handlers,
};

/// More than this many jobs in one go means that they follow each other without end.
const MOST: usize = 10_000;

/// A job that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub id: JobId,
    pub queue: Queue,
    pub kind: &'static str,
    pub verdict: Verdict,
}

/// Runs what is due by the app's clock until nothing is, and places the events.
pub async fn run_due(app: &App, handlers: &Handlers) -> Outcome<Vec<Finished>> {
    let mut finished = Vec::new();
    while let Some(next) = run_next(app, handlers).await? {
        finished.push(next);
        if finished.len() > MOST {
            return Err(anyhow!("jobs follow each other without end").into());
        }
    }
    app.place_events().await?;
    Ok(finished)
}

/// Runs one job that is due, if there is one: the oldest of the first queue that has any.
pub async fn run_next(app: &App, handlers: &Handlers) -> Outcome<Option<Finished>> {
    let now = app.clock.now();
    let worker = WorkerId(app.ids.uuid(now));
    for queue in Queue::ALL {
        let job = match store::claim(&app.db, queue, worker, 1, now).await?.pop() {
            Some(job) => Some(job),
            None => store::claim_suspect(&app.db, queue, worker, now).await?,
        };
        let Some(job) = job else { continue };
        let verdict = attempt(app, handlers, &job).await;
        let ended = [Ended { job, verdict }];
        complete(app, &ended).await?;
        let [Ended { job, verdict }] = ended;
        return Ok(Some(Finished {
            id: job.id,
            queue,
            kind: work::name_of(&job),
            verdict,
        }));
    }
    Ok(None)
}
