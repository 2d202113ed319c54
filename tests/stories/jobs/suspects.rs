//! Jobs that have seen their workers die: who is the cause, and who was only near.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use domain::{
    clock::Clock,
    database::Sql,
    jobs::{ClaimedJob, Ending, NewJob, Probe, Queue, store},
    mails::SendMail,
    values,
};
use entities::{JobId, MailId, WorkerId};
use uuid::Uuid;
use worker::{Handlers, run_due};

use tests::processes::{World, handlers};

/// A process takes up what it may have at once: what nobody suspects, and one suspect that has rested.
async fn claim(world: &World, worker: u128) -> Vec<ClaimedJob> {
    let (db, now) = (&world.app.db, world.clock.now());
    let worker = WorkerId(Uuid::from_u128(worker));
    let suspect = store::claim_suspect(db, Queue::Maintenance, worker, now);
    let mut jobs: Vec<ClaimedJob> = suspect.await.unwrap().into_iter().collect();
    jobs.extend(
        store::claim(db, Queue::Maintenance, worker, 100, now)
            .await
            .unwrap(),
    );
    jobs
}

/// A process takes up what it may, and dies. Says which jobs it held.
async fn torn(world: &World, worker: u128) -> Vec<JobId> {
    let jobs = claim(world, worker).await;
    world.expire_leases().await;
    store::sweep(&world.app.db, world.clock.now()).await.unwrap();
    jobs.into_iter().map(|job| job.id).collect()
}

async fn lonely(world: &World, job: JobId) -> i64 {
    let sql = "SELECT lonely_crashes FROM jobs WHERE id = $1";
    let row = world.app.db.connection().row(sql, values![job]).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn it_comes_back_at_once_the_first_time_and_rests_from_then_on() {
    let world = World::new().await;
    let id = world.enqueue(NewJob::now::<Probe>(())).await;
    assert_eq!(torn(&world, 1).await, [id]);
    assert_eq!(torn(&world, 2).await, [id], "at once");
    assert_eq!(torn(&world, 3).await, [], "it rests");
    world.end_rests().await;
    assert_eq!(torn(&world, 4).await, [id]);
    assert_eq!(lonely(&world, id).await, 1);
    world.end_rests().await;
    run_due(&world.app, &Handlers::default()).await.unwrap();
    assert_eq!(world.row(id).await.status, "DONE");
}

#[tokio::test]
async fn one_that_lives_to_report_an_error_is_no_suspect_any_more() {
    let world = World::new().await;
    let id = world.enqueue(NewJob::now::<Probe>(())).await;
    for worker in 1..=5 {
        assert_eq!(torn(&world, worker).await, [id]);
        world.end_rests().await;
    }
    let failing = handlers(|_| async { Err(anyhow::anyhow!("no luck").into()) });
    run_due(&world.app, &failing).await.unwrap();
    let row = world.row(id).await;
    assert_eq!((row.status.as_str(), row.crashes), ("DEAD", 5), "out of attempts");
    let id = world.enqueue(NewJob::now::<Probe>(())).await;
    for worker in 1..=3 {
        torn(&world, worker).await;
        world.end_rests().await;
    }
    run_due(&world.app, &failing).await.unwrap();
    assert_eq!((world.row(id).await.crashes, lonely(&world, id).await), (0, 0));
}

/// The one that kills its worker each time, and one that was taken up with it.
#[tokio::test]
async fn the_cause_is_parked_and_an_innocent_beside_it_never() {
    let world = World::new().await;
    let culprit = world.enqueue(NewJob::now::<Probe>(())).await;
    let innocent = world.enqueue(NewJob::now::<Probe>(())).await;
    for worker in 1..=2 {
        let mut both = torn(&world, worker).await;
        both.sort();
        assert_eq!(both, [culprit, innocent]);
    }
    for worker in 3..=40 {
        world.end_rests().await;
        let jobs = claim(&world, worker).await;
        let [job] = &jobs[..] else {
            assert!(jobs.is_empty(), "one suspect at a time");
            break;
        };
        if job.id == innocent {
            let held = [job.held()];
            let now = world.clock.now();
            store::finish(&world.app.db, &held, now).await.unwrap();
        } else {
            world.expire_leases().await;
            store::sweep(&world.app.db, world.clock.now()).await.unwrap();
        }
    }
    let row = world.row(culprit).await;
    assert_eq!((row.status.as_str(), row.crashes), ("DEAD", 8));
    assert_eq!(world.row(innocent).await.status, "DONE");
    assert_eq!(domain::work::tell_of_dead_letters(&world.app).await.unwrap(), 1);
    assert_eq!(
        domain::work::tell_of_dead_letters(&world.app).await.unwrap(),
        0,
        "once"
    );
}

/// One that has lived long gives its place up; if its worker dies then, nobody can say who it was.
#[tokio::test]
async fn nothing_is_held_against_two_suspects_of_one_process() {
    let world = World::new().await;
    for _ in 0..2 {
        world.enqueue(NewJob::now::<Probe>(())).await;
    }
    for worker in 1..=2 {
        torn(&world, worker).await;
    }
    world.end_rests().await;
    let (one, other) = (claim(&world, 3).await, claim(&world, 3).await);
    world.expire_leases().await;
    store::sweep(&world.app.db, world.clock.now()).await.unwrap();
    for job in one.iter().chain(&other) {
        assert_eq!(world.row(job.id).await.crashes, 3);
        assert_eq!(lonely(&world, job.id).await, 0);
    }
    assert_eq!((one.len(), other.len()), (1, 1));
}

#[tokio::test]
async fn ten_kills_from_outside_park_nothing() {
    let world = World::new().await;
    let mut jobs = Vec::new();
    for worker in 1..=10 {
        jobs.push(world.enqueue(NewJob::now::<Probe>(())).await);
        torn(&world, worker).await;
    }
    for id in &jobs {
        assert_eq!(world.row(*id).await.status, "RETRYING");
    }
    world.end_rests().await;
    run_due(&world.app, &Handlers::default()).await.unwrap();
    for id in jobs {
        assert_eq!(world.row(id).await.status, "DONE");
    }
}

/// Over all queues, whatever else the process does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_runs_one_suspect_at_a_time() {
    let world = World::new().await;
    let mut jobs = Vec::new();
    for number in 0..5 {
        let mail = MailId(Uuid::from_u128(number));
        jobs.push(world.enqueue(NewJob::now::<SendMail>(mail)).await);
        jobs.push(world.enqueue(NewJob::now::<Probe>(())).await);
    }
    let sql = "UPDATE jobs SET crash_count = 2, status = 'RETRYING'";
    world.app.db.execute(sql, vec![]).await.unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let process = world.start(handlers(move |job| {
        let (running, most) = (running.clone(), most.clone());
        async move {
            if job.team.is_some() {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
            }
            Ok(Ending::Done)
        }
    }));
    for id in jobs {
        process.until(&world, id, "DONE").await;
    }
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    process.stopped().await;
}
