//! Periodic tasks: what a worker process does over and over beside its jobs.

use std::{sync::Arc, time::Duration};

use domain::{
    Outcome,
    adapters::{
        outage::Backoff,
        wake_ups::{LocalWakeUps, WakeUps},
    },
    jobs::{JobKind, Probe, Queue, processes, store},
    operations::{self, Maintained, Step},
    work,
};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::engine::Engine;

pub(crate) const SETTINGS: Duration = Duration::from_millis(500);
pub(crate) const SWEEP: Duration = Duration::from_millis(500);
pub(crate) const DEAD_LETTERS: Duration = Duration::from_secs(1);
pub(crate) const SEQUENCER: Duration = Duration::from_secs(1);
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(1);
pub(crate) const TIDY: Duration = Duration::from_mins(1);
pub(crate) const PROBE: Duration = Duration::from_secs(1);
pub(crate) const TRANSITIONS: Duration = Duration::from_millis(500);
pub(crate) const MAINTENANCE: Duration = Duration::from_secs(30);

/// How long one run may take, if its period is not longer, before the database is held to be away.
const RUN: Duration = Duration::from_secs(5);
/// Without a job done for so long the process asks itself for one.
const PROBE_AFTER: Duration = Duration::from_secs(10);

/// Runs a task each `period`, through the database's troubles. Ends only with its task.
pub(crate) async fn every<F>(engine: Arc<Engine>, period: Duration, task: impl Fn(Arc<Engine>) -> F)
where
    F: Future<Output = Outcome<()>> + Send,
{
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Never much slower than its period: work of the dead is due within seconds of the database's return.
    let mut backoff = Backoff::up_to(period.max(Duration::from_secs(1)));
    loop {
        ticks.tick().await;
        match timeout(RUN.max(period), task(engine.clone())).await {
            Ok(Ok(())) => {
                engine.database.answered();
                backoff.reset();
                continue;
            }
            Ok(Err(error)) => engine.database.failed(&format!("{error:#}")),
            Err(_) => engine.database.failed(&"no answer in time"),
        }
        sleep(backoff.step()).await;
    }
}

/// Follows what operators decide about the pools.
pub(crate) async fn follow_settings(engine: Arc<Engine>) -> Outcome<()> {
    let settings = processes::queue_settings(&engine.app.db).await?;
    engine.pools.apply(&settings);
    Ok(())
}

/// Takes back what dead workers held.
pub(crate) async fn sweep(engine: Arc<Engine>, wake_ups: LocalWakeUps) -> Outcome<()> {
    let back = store::sweep(&engine.app.db, engine.app.clock.now()).await?;
    for queue in Queue::ALL {
        let of_queue = back.iter().filter(|(_, theirs)| *theirs == queue);
        let ids: Vec<_> = of_queue.map(|(id, _)| *id).collect();
        if !ids.is_empty() {
            tracing::warn!(
                queue = queue.as_str(),
                jobs = ids.len(),
                "a worker has died; its jobs are taken up again"
            );
            metrics::counter!("jobs_swept_total", "queue" => queue.as_str())
                .increment(u64::try_from(ids.len()).unwrap_or(0));
            wake_ups.send(queue, &ids);
            engine.app.wake_ups.send(queue, &ids);
        }
    }
    Ok(())
}

/// Tells what jobs were about that a sweep has dead-lettered.
pub(crate) async fn tell_of_dead_letters(engine: Arc<Engine>) -> Outcome<()> {
    work::tell_of_dead_letters(&engine.app).await?;
    Ok(())
}

/// Looks into the table: what is due by its time, and what no wake-up came for.
pub(crate) async fn relay(engine: Arc<Engine>, wake_ups: LocalWakeUps) -> Outcome<()> {
    let due = store::due(&engine.app.db, engine.app.clock.now()).await?;
    engine.suspects.note_due(&due.with_suspects);
    for queue in due.queues.into_iter().chain(due.with_suspects) {
        wake_ups.send(queue, &[]);
    }
    engine.health.note_look();
    Ok(())
}

/// Places events that a process committed and did not live to place.
pub(crate) async fn place_events(engine: Arc<Engine>) -> Outcome<()> {
    engine.app.place_events().await
}

pub(crate) async fn show(engine: Arc<Engine>) -> Outcome<()> {
    let pools = engine.pools.describe();
    processes::show(&engine.app.db, engine.worker, &engine.host, pools).await?;
    engine.health.note_written();
    Ok(())
}

pub(crate) async fn tidy(engine: Arc<Engine>) -> Outcome<()> {
    processes::tidy(&engine.app.db, engine.app.clock.now()).await
}

/// Announces access that began, ran into its grace period, or ended by itself (S4.22).
pub(crate) async fn announce(engine: Arc<Engine>) -> Outcome<()> {
    domain::entitlements::transitions::announce(&engine.app).await?;
    Ok(())
}

/// Clears away what nobody needs any more, one kind of it. What fails there says it by
/// itself, and need not be the database.
pub(crate) async fn maintain(engine: Arc<Engine>, step: Step) -> Outcome<()> {
    let mut done = Maintained::default();
    if let Ok(true) = operations::make(&engine.app, step, &mut done).await
        && done != Maintained::default()
    {
        tracing::debug!(step = step.name(), ?done, "maintenance");
    }
    Ok(())
}

/// Asks for a job that does nothing when there was none for long: readiness is proved by work.
pub(crate) async fn probe(engine: Arc<Engine>) -> Outcome<()> {
    engine.pools.known().await;
    let last = engine.health.last_done_at();
    if last.is_some_and(|at| Instant::now().duration_since(at.into()) < PROBE_AFTER) {
        return Ok(());
    }
    if engine.pools.of(Probe::QUEUE).free() == 0 {
        engine.health.note_excuse();
        return Ok(());
    }
    processes::probe(&engine.app, engine.worker).await
}
