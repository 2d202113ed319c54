//! Worker processes as operators see them: paused, scaled, stopped.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use domain::{
    clock::Clock,
    database::Sql,
    jobs::{Ending, JobKind, NewJob, Probe},
    mails::SendMail,
};
use entities::MailId;
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;
use worker::{Handlers, WorkerSettings};

use tests::processes::{World, handlers, hanging, start, within};

/// A job of the queue `emails`; its handler here does not look for the mail.
fn mail(number: u128) -> NewJob {
    NewJob::now::<SendMail>(MailId(Uuid::from_u128(number)))
}

#[tokio::test]
async fn an_idle_process_becomes_ready_by_itself() {
    let world = World::new().await;
    let process = world.start(Handlers::default());
    assert!(!process.health.is_ready(), "nothing was done yet");
    // Its first look at the table and its first probe end in either order.
    within(async {
        while !process.health.is_ready() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(process.health.last_done_at().is_some(), "proved by work");
    process.stopped().await;
    let sql = "SELECT 1 FROM worker_processes";
    let left = world.app.db.connection().rows(sql, vec![]).await.unwrap();
    assert!(left.is_empty(), "a process that stops leaves the list");
}

#[tokio::test]
async fn a_paused_queue_waits_and_a_resumed_one_runs() {
    let world = World::new().await;
    world.decide("emails", true, 16).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = begun.clone();
    let process = world.start(handlers(move |job| {
        if job.payload.kind == SendMail::NAME {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        async { Ok(Ending::Done) }
    }));
    let waiting = world.enqueue(mail(1)).await;
    let other = world.enqueue(NewJob::now::<Probe>(())).await;
    process.until(&world, other, "DONE").await;
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    assert_eq!(world.row(waiting).await.status, "PENDING");
    world.decide("emails", false, 16).await;
    process.until(&world, waiting, "DONE").await;
    process.stopped().await;
}

#[tokio::test]
async fn concurrency_acts_on_a_running_worker() {
    let world = World::new().await;
    world.decide("emails", false, 1).await;
    let gate = Arc::new(Semaphore::new(0));
    let (tell, mut told) = mpsc::unbounded_channel();
    let at_gate = gate.clone();
    let process = world.start(handlers(move |job| {
        let (tell, gate) = (tell.clone(), at_gate.clone());
        async move {
            if job.payload.kind == SendMail::NAME {
                tell.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
            }
            Ok(Ending::Done)
        }
    }));
    let mut jobs = Vec::new();
    for number in 0..3 {
        jobs.push(world.enqueue(mail(number)).await);
    }
    within(told.recv()).await.unwrap();
    let probe = world.enqueue(NewJob::now::<Probe>(())).await;
    process.until(&world, probe, "DONE").await;
    assert!(told.try_recv().is_err(), "one at a time");
    world.decide("emails", false, 3).await;
    within(told.recv()).await.unwrap();
    within(told.recv()).await.unwrap();
    gate.add_permits(3);
    for job in jobs {
        process.until(&world, job, "DONE").await;
    }
    process.stopped().await;
}

#[tokio::test]
async fn what_runs_may_finish_and_nothing_more_begins() {
    let world = World::new().await;
    let gate = Arc::new(Semaphore::new(0));
    let (tell, mut told) = mpsc::unbounded_channel();
    let at_gate = gate.clone();
    let process = world.start(handlers(move |job| {
        let (tell, gate) = (tell.clone(), at_gate.clone());
        async move {
            if job.payload.kind == SendMail::NAME {
                tell.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
            }
            Ok(Ending::Done)
        }
    }));
    let running = world.enqueue(mail(1)).await;
    within(told.recv()).await.unwrap();
    process.begin_stop();
    let late = world.enqueue(mail(2)).await;
    gate.add_permits(2);
    process.stopped().await;
    assert_eq!(world.row(running).await.status, "DONE");
    let row = world.row(late).await;
    assert_eq!((row.status.as_str(), row.attempts), ("PENDING", 0));
}

#[tokio::test]
async fn what_does_not_end_in_time_is_given_back() {
    let world = World::new().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let settings = WorkerSettings {
        shutdown_grace: std::time::Duration::from_secs(1),
        ..WorkerSettings::default()
    };
    let process = start(&world.app, &world.wake_ups, hanging(tell), settings);
    let job = world.enqueue(NewJob::now::<Probe>(())).await;
    within(told.recv()).await.unwrap();
    process.begin_stop();
    process.stopped().await;
    let row = world.row(job).await;
    assert_eq!(
        (row.status.as_str(), row.attempts, row.crashes),
        ("PENDING", 0, 0)
    );
}

#[tokio::test]
async fn scheduled_work_wakes_up_by_itself() {
    let world = World::new().await;
    let process = world.start(Handlers::default());
    let later = world.clock.now() + TimeDelta::hours(1);
    let job = world.enqueue(NewJob::now::<Probe>(()).at(later)).await;
    let probe = world.enqueue(NewJob::now::<Probe>(())).await;
    process.until(&world, probe, "DONE").await;
    assert_eq!(world.row(job).await.status, "SCHEDULED");
    world.clock.advance(TimeDelta::hours(2));
    process.until(&world, job, "DONE").await;
    process.stopped().await;
}

#[tokio::test]
async fn many_jobs_are_each_done_once() {
    let world = World::new().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let work = handlers(move |job| {
        if job.payload.by.trace.is_none() && job.team.is_some() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        async { Ok(Ending::Done) }
    });
    let two = [world.start(work.clone()), world.start(work)];
    let mut jobs = Vec::new();
    for _ in 0..20 {
        let mut tx = world.app.begin_as_system(world.team).await.unwrap();
        jobs.extend((0..25).map(|number| tx.enqueue(mail(number))));
        tx.commit().await.unwrap();
    }
    let mut completed = two[0].health.completed();
    let mut other = two[1].health.completed();
    within(async {
        while runs.load(Ordering::Relaxed) < jobs.len() {
            tokio::select! {
                change = completed.changed() => change.unwrap(),
                change = other.changed() => change.unwrap(),
            }
        }
    })
    .await;
    for process in two {
        process.stopped().await;
    }
    assert_eq!(runs.load(Ordering::Relaxed), jobs.len());
    for job in jobs {
        let row = world.row(job).await;
        assert_eq!((row.status.as_str(), row.attempts), ("DONE", 1));
    }
}
