//! Jobs whose workers die, and workers that come back too late.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use domain::{
    clock::Clock,
    jobs::{Ending, NewJob, Probe, Queue, store},
};
use entities::{JobId, WorkerId};
use tokio::sync::mpsc;
use uuid::Uuid;
use worker::Handlers;

use tests::processes::{World, handlers, hanging, within};

async fn claim(world: &World, worker: u128) -> (JobId, i64) {
    let worker = WorkerId(Uuid::from_u128(worker));
    let now = world.clock.now();
    let jobs = store::claim(&world.app.db, Queue::Maintenance, worker, 10, now)
        .await
        .unwrap();
    let [job] = &jobs[..] else {
        panic!("one job, not {}", jobs.len())
    };
    job.held()
}

async fn sweep(world: &World) -> usize {
    store::sweep(&world.app.db, world.clock.now())
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_in_vain() {
    let world = World::new().await;
    let (app, now) = (&world.app, world.clock.now());
    let id = world.enqueue(NewJob::now::<Probe>(())).await;
    let late = claim(&world, 1).await;
    assert_eq!(sweep(&world).await, 0, "a lease that lasts is left alone");
    world.expire_leases().await;
    assert_eq!(sweep(&world).await, 1);
    let current = claim(&world, 2).await;
    assert_eq!(late.0, current.0);
    assert!(store::renew(&app.db, &[late]).await.unwrap().is_empty());
    assert_eq!(store::finish(&app.db, &[late], now).await.unwrap(), 0);
    store::retry(&app.db, late, now, "late", true).await.unwrap();
    store::dead_letter(&app.db, late, "late", now).await.unwrap();
    store::release(&app.db, &[late]).await.unwrap();
    let row = world.row(id).await;
    assert_eq!(
        (row.status.as_str(), row.attempts, row.crashes),
        ("RUNNING", 2, 1)
    );
    assert_eq!(store::renew(&app.db, &[late, current]).await.unwrap(), [id]);
    assert_eq!(store::finish(&app.db, &[late, current], now).await.unwrap(), 1);
    assert_eq!(world.row(id).await.status, "DONE");
}

#[tokio::test]
async fn one_job_is_claimed_by_one_worker() {
    let world = World::new().await;
    for _ in 0..60 {
        world.enqueue(NewJob::now::<Probe>(())).await;
    }
    let now = world.clock.now();
    let claims = (1..=6).map(|worker| {
        let db = world.app.db.clone();
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let worker = WorkerId(Uuid::from_u128(worker));
                let jobs = store::claim(&db, Queue::Maintenance, worker, 7, now)
                    .await
                    .unwrap();
                assert!(jobs.len() <= 7);
                if jobs.is_empty() {
                    return claimed;
                }
                claimed.extend(jobs.into_iter().map(|job| job.id));
            }
        })
    });
    let mut all: Vec<JobId> = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        all.extend(within(claim).await.unwrap());
    }
    assert_eq!(all.len(), 60, "each once");
    assert_eq!(BTreeSet::from_iter(all).len(), 60, "and all of them");
}

/// Says when it is dropped.
struct Dropped(mpsc::UnboundedSender<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send("interrupted");
    }
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_is_interrupted() {
    let world = World::new().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let first = Arc::new(Mutex::new(true));
    let process = world.start(handlers(move |job| {
        let tell = tell.clone();
        // The process's own probes have no team.
        let ours = job.team.is_some();
        let hangs = ours && std::mem::take(&mut *first.lock().unwrap());
        async move {
            if ours {
                tell.send("begun").unwrap();
            }
            if hangs {
                let _dropped = Dropped(tell);
                std::future::pending::<()>().await;
            }
            Ok(Ending::Done)
        }
    }));
    let id = world.enqueue(NewJob::now::<Probe>(()).once("only")).await;
    assert_eq!(within(told.recv()).await, Some("begun"));
    // The process's own sweeper finds the lease expired and its other hand takes the job up again.
    world.expire_leases().await;
    let mut heard = Vec::new();
    while !(heard.contains(&"interrupted") && heard.contains(&"begun")) {
        heard.extend(within(told.recv()).await);
    }
    process.until(&world, id, "DONE").await;
    process.stopped().await;
}

#[tokio::test]
async fn work_of_a_killed_worker_is_taken_up_again() {
    let world = World::new().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let hanging = world.start(hanging(tell));
    let id = world.enqueue(NewJob::now::<Probe>(())).await;
    within(told.recv()).await.unwrap();
    hanging.kill();
    let other = world.start(Handlers::default());
    other.until(&world, id, "DONE").await;
    other.stopped().await;
}
