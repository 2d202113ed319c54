//! Keeps the parts of a worker process alive, and ends them in the right order.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use apalis_core::worker::builder::WorkerBuilder;
use domain::{
    adapters::{outage::Backoff, redis::RedisSettings, wake_ups::LocalWakeUps},
    jobs::{self, Queue, processes},
    operations::Step,
};
use futures::FutureExt;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    backend::JobBackend, completion::Ended, engine::Engine, execution, finisher, leases, leases::Hold,
    periodic, wake_ups,
};

/// What ran this long was in order: the next start is soon again.
const SOUND: Duration = Duration::from_secs(10);
/// The part of the grace that is kept for giving back and writing down.
const RESERVE: Duration = Duration::from_secs(1);

/// Starts something again, with growing pauses, whenever it ends before it should.
async fn keep<F>(name: &'static str, stop: CancellationToken, start: impl Fn() -> F)
where
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let mut backoff = Backoff::up_to(Duration::from_secs(5));
    loop {
        let began = Instant::now();
        let ended = AssertUnwindSafe(async { start().await }).catch_unwind().await;
        if stop.is_cancelled() {
            return;
        }
        let how = match ended {
            Ok(Ok(())) => "it ended".to_owned(),
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => "it panicked".to_owned(),
        };
        tracing::error!(
            part = name,
            how,
            "a part of the worker stopped; starting it again"
        );
        if began.elapsed() > SOUND {
            backoff.reset();
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.step()) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One apalis worker for one queue, until it stops.
async fn work_queue(engine: Arc<Engine>, wake_ups: LocalWakeUps, queue: Queue) -> anyhow::Result<()> {
    let backend = JobBackend::new(engine.clone(), wake_ups, queue);
    let name = format!("{}-{}", queue.as_str(), engine.worker);
    // A task of its own for each job: they run on all cores, and outlive a worker that fails.
    let worker = WorkerBuilder::new(name)
        .backend(backend)
        .build(move |claimed| tokio::spawn(execution::run(engine.clone(), claimed)));
    Ok(worker.run().await?)
}

/// Runs everything until `engine.stop`, then ends it within the grace.
pub(crate) async fn run(
    engine: Arc<Engine>,
    done: mpsc::Receiver<(Ended, Hold)>,
    wake_ups: LocalWakeUps,
    redis: Option<RedisSettings>,
    grace: Duration,
) {
    let mut beside = JoinSet::new();
    start_periodic_tasks(&mut beside, &engine, &wake_ups);
    if let Some(settings) = redis {
        let (engine, wake_ups) = (engine.clone(), wake_ups.clone());
        beside.spawn(keep("redis listener", engine.stop.clone(), move || {
            let listening = wake_ups::listen(engine.clone(), settings.clone(), wake_ups.clone());
            listening.map(Ok)
        }));
    }
    let mut lasting = JoinSet::new();
    let renewing = engine.clone();
    lasting.spawn(keep("renewer", engine.closing.clone(), move || {
        periodic::every(renewing.clone(), jobs::RENEWAL, leases::renew).map(Ok)
    }));
    let finisher = tokio::spawn(finisher::run(engine.clone(), done));
    let mut workers = JoinSet::new();
    for queue in Queue::ALL {
        let (engine, wake_ups) = (engine.clone(), wake_ups.clone());
        workers.spawn(keep(queue.as_str(), engine.stop.clone(), move || {
            work_queue(engine.clone(), wake_ups.clone(), queue)
        }));
    }
    tracing::info!(worker = %engine.worker, "background work begins");
    engine.stop.cancelled().await;
    let deadline = Instant::now() + grace;
    let reserve = RESERVE.min(grace / 4);
    beside.shutdown().await;
    if timeout_at(deadline - reserve, finish(&mut workers))
        .await
        .is_err()
    {
        engine.cut.cancel();
        let _ = timeout_at(deadline - reserve / 2, finish(&mut workers)).await;
    }
    engine.closing.cancel();
    let _ = timeout_at(deadline, finisher).await;
    let left = timeout(reserve / 2, processes::leave(&engine.app.db, engine.worker)).await;
    if !matches!(left, Ok(Ok(()))) {
        tracing::warn!("this process could not take itself off the list of workers");
    }
    tracing::info!(worker = %engine.worker, "background work has ended");
}

async fn finish(set: &mut JoinSet<()>) {
    while set.join_next().await.is_some() {}
}

fn start_periodic_tasks(set: &mut JoinSet<()>, engine: &Arc<Engine>, wake_ups: &LocalWakeUps) {
    let (sweeping, relaying) = (wake_ups.clone(), wake_ups.clone());
    every(
        set,
        engine,
        "queue settings",
        periodic::SETTINGS,
        periodic::follow_settings,
    );
    every(set, engine, "sweeper", periodic::SWEEP, move |engine| {
        periodic::sweep(engine, sweeping.clone())
    });
    every(
        set,
        engine,
        "dead letters",
        periodic::DEAD_LETTERS,
        periodic::tell_of_dead_letters,
    );
    every(set, engine, "relay", engine.relay, move |engine| {
        periodic::relay(engine, relaying.clone())
    });
    every(
        set,
        engine,
        "sequencer",
        periodic::SEQUENCER,
        periodic::place_events,
    );
    every(set, engine, "heartbeat", periodic::HEARTBEAT, periodic::show);
    every(set, engine, "tidying", periodic::TIDY, periodic::tidy);
    every(set, engine, "probe", periodic::PROBE, periodic::probe);
    every(
        set,
        engine,
        "transitions",
        periodic::TRANSITIONS,
        periodic::announce,
    );
    for step in Step::ALL {
        every(set, engine, step.name(), periodic::MAINTENANCE, move |engine| {
            periodic::maintain(engine, step)
        });
    }
}

fn every<F>(
    set: &mut JoinSet<()>,
    engine: &Arc<Engine>,
    name: &'static str,
    period: Duration,
    task: impl Fn(Arc<Engine>) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = domain::Outcome<()>> + Send + 'static,
{
    let engine = engine.clone();
    set.spawn(keep(name, engine.stop.clone(), move || {
        periodic::every(engine.clone(), period, task.clone()).map(Ok)
    }));
}
