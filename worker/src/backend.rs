//! Where the apalis workers get their jobs: a wake-up says when, the table gives.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    layers::Identity,
    task::{Task, builder::TaskBuilder},
    worker::context::WorkerContext,
};
use domain::{
    Outcome,
    adapters::{outage::Backoff, wake_ups::LocalWakeUps},
    jobs::{ClaimedJob, Queue, store},
};
use entities::JobId;
use futures::{StreamExt, ready, stream::BoxStream};
use tokio::time::{sleep, timeout};

use crate::{engine::Engine, finisher, leases::Hold, pools::Permit, suspects::Place};

/// The relay looks into the table for all queues; this is for the day it does not: so many of its periods.
const SAFETY_TICK: u32 = 20;
/// How long a claim may take before the database is held to be away.
const STATEMENT: Duration = Duration::from_secs(5);
/// Jobs claimed by one statement.
const MOST_AT_ONCE: usize = 500;

/// A job with everything that it occupies in this process.
pub(crate) struct Claimed {
    pub job: ClaimedJob,
    pub permit: Permit,
    pub hold: Hold,
    /// Of a suspect.
    pub place: Option<Place>,
}

/// One queue's jobs, as apalis wants them.
pub(crate) struct JobBackend {
    queue: Queue,
    jobs: BoxStream<'static, Claimed>,
}

impl JobBackend {
    pub fn new(engine: Arc<Engine>, wake_ups: LocalWakeUps, queue: Queue) -> Self {
        let claimer = Claimer {
            engine,
            wake_ups,
            queue,
            claimed: VecDeque::new(),
            // Whatever waits from before is found without a wake-up.
            due: true,
            backoff: Backoff::up_to(Duration::from_secs(2)),
        };
        let jobs = futures::stream::unfold(claimer, |mut claimer| async move {
            claimer.next().await.map(|claimed| (claimed, claimer))
        });
        Self {
            queue,
            jobs: jobs.fuse().boxed(),
        }
    }
}

impl Backend for JobBackend {
    type Task = Task<Claimed>;
    /// The claimer lives through the database's troubles by itself.
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<Claimed>, Infallible>>> {
        let Some(claimed) = ready!(self.jobs.poll_next_unpin(cx)) else {
            // apalis waits for a stop as well as for the end of its jobs.
            let _ = worker.stop();
            return Poll::Ready(None);
        };
        Poll::Ready(Some(Ok(TaskBuilder::new(claimed).build())))
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for JobBackend {
    type Args = Claimed;
    type Id = JobId;
    type Kind = Ephemeral;
    type Config = Queue;
    type Layer = Identity;

    fn config(&self) -> &Queue {
        &self.queue
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

struct Claimer {
    engine: Arc<Engine>,
    wake_ups: LocalWakeUps,
    queue: Queue,
    claimed: VecDeque<Claimed>,
    /// There may be more to claim without another wake-up.
    due: bool,
    backoff: Backoff,
}

impl Claimer {
    /// The next job; none when the process stops. Then what was claimed and not begun is given back.
    async fn next(&mut self) -> Option<Claimed> {
        let engine = self.engine.clone();
        loop {
            if engine.stop.is_cancelled() {
                self.give_back().await;
                return None;
            }
            if let Some(claimed) = self.claimed.pop_front() {
                return Some(claimed);
            }
            // A claim under way is never dropped at a stop: what it took could not be given back.
            tokio::select! {
                biased;
                () = engine.stop.cancelled() => {}
                free = self.wanted() => self.claim(free).await,
            }
        }
    }

    /// Waits until there may be work and room for it. Returns the room.
    async fn wanted(&mut self) -> usize {
        if self.due {
            // Lets jobs that are as good as done leave their permits, so that one claim fills them all.
            tokio::task::yield_now().await;
        } else {
            tokio::select! {
                () = self.wake_ups.wait(self.queue) => {}
                () = sleep(self.engine.relay * SAFETY_TICK) => {}
            }
            self.due = true;
        }
        self.engine.pools.of(self.queue).until_free().await
    }

    async fn claim(&mut self, free: usize) {
        let engine = &self.engine;
        let limit = free.min(MOST_AT_ONCE);
        let error = match timeout(STATEMENT, claim(engine, self.queue, limit)).await {
            Ok(Ok((suspect, jobs))) => {
                engine.database.answered();
                self.backoff.reset();
                self.due = jobs.len() + usize::from(suspect.is_some()) >= limit;
                return self.keep(suspect, jobs);
            }
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => "no answer in time".into(),
        };
        engine.database.failed(&error);
        tokio::select! {
            () = sleep(self.backoff.step()) => {}
            () = engine.stop.cancelled() => {}
        }
    }

    fn keep(&mut self, suspect: Option<(ClaimedJob, Place)>, jobs: Vec<ClaimedJob>) {
        let suspect = suspect.map(|(job, place)| (job, Some(place)));
        let jobs: Vec<_> = suspect
            .into_iter()
            .chain(jobs.into_iter().map(|job| (job, None)))
            .collect();
        if jobs.is_empty() {
            return;
        }
        let count = u64::try_from(jobs.len()).unwrap_or(0);
        metrics::counter!("jobs_claimed_total", "queue" => self.queue.as_str()).increment(count);
        let pool = self.engine.pools.of(self.queue);
        self.claimed = jobs
            .into_iter()
            .map(|(job, place)| Claimed {
                permit: pool.acquire(),
                hold: self.engine.leases.hold(job.held()),
                job,
                place,
            })
            .collect();
    }

    async fn give_back(&mut self) {
        let holds: Vec<Hold> = self.claimed.drain(..).map(|claimed| claimed.hold).collect();
        if !holds.is_empty() {
            finisher::give_back(&self.engine, self.queue, &holds).await;
        }
    }
}

/// A suspect, if one waits and this process has room for it, and up to `limit` jobs with it.
async fn claim(
    engine: &Engine,
    queue: Queue,
    limit: usize,
) -> Outcome<(Option<(ClaimedJob, Place)>, Vec<ClaimedJob>)> {
    let (db, now) = (&engine.app.db, engine.app.clock.now());
    let mut suspect = None;
    if let Some(place) = engine.suspects.take(queue) {
        suspect = store::claim_suspect(db, queue, engine.worker, now)
            .await?
            .map(|job| (job, place));
        if suspect.is_none() {
            engine.suspects.note_none(queue);
        }
    }
    let left = limit - usize::from(suspect.is_some());
    if left == 0 {
        return Ok((suspect, Vec::new()));
    }
    // A suspect that is claimed already must not be lost by what fails after it.
    match store::claim(db, queue, engine.worker, left, now).await {
        Ok(jobs) => Ok((suspect, jobs)),
        Err(error) if suspect.is_none() => Err(error),
        Err(_) => Ok((suspect, Vec::new())),
    }
}
