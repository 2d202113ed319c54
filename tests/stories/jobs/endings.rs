//! How jobs end: well, not yet, badly.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use domain::jobs::{Ending, NewJob, Probe};
use worker::{Handlers, Verdict, run_due};

use tests::processes::{World, handlers, noon};

#[tokio::test]
async fn a_probe_is_done_by_the_real_table() {
    let world = World::new().await;
    let job = world.enqueue(NewJob::now::<Probe>(())).await;
    let finished = run_due(&world.app, &Handlers::default()).await.unwrap();
    assert_eq!(finished.len(), 1);
    assert_eq!(finished[0].verdict, Verdict::Done);
    assert_eq!(world.row(job).await.status, "DONE");
}

#[tokio::test]
async fn errors_back_off_and_end_dead() {
    let world = World::new().await;
    let job = world.enqueue(NewJob::now::<Probe>(())).await;
    let failing = handlers(|_| async { Err(anyhow::anyhow!("no luck with sk_live_123").into()) });
    for attempt in 1..=5 {
        let finished = run_due(&world.app, &failing).await.unwrap();
        assert_eq!(
            finished.len(),
            1,
            "attempt {attempt} does not come back by itself"
        );
        if attempt < 5 {
            assert!(matches!(finished[0].verdict, Verdict::Retry { at, .. } if at > noon()));
            assert!(
                run_due(&world.app, &failing).await.unwrap().is_empty(),
                "it waits"
            );
        }
        world.clock.advance(TimeDelta::hours(1));
    }
    let row = world.row(job).await;
    assert_eq!((row.status.as_str(), row.attempts), ("DEAD", 5));
    assert_eq!(row.error.as_deref(), Some("no luck with […]"));
    assert!(run_due(&world.app, &failing).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_helped_is_parked_at_once() {
    let world = World::new().await;
    let job = world.enqueue(NewJob::now::<Probe>(())).await;
    let hopeless = handlers(|_| async {
        Ok(Ending::Dead {
            reason: "the payment does not exist".into(),
        })
    });
    run_due(&world.app, &hopeless).await.unwrap();
    let row = world.row(job).await;
    assert_eq!((row.status.as_str(), row.attempts), ("DEAD", 1));
}

#[tokio::test]
async fn a_panic_is_an_error() {
    let world = World::new().await;
    let job = world.enqueue(NewJob::now::<Probe>(())).await;
    // Before its first await, and after.
    for late in [false, true] {
        let panicking = Handlers::new(move |_, _| {
            assert!(late, "thrown early");
            async { panic!("thrown late") }
        });
        let finished = run_due(&world.app, &panicking).await.unwrap();
        let Verdict::Retry { error, .. } = &finished[0].verdict else {
            panic!("a panic is tried again");
        };
        assert_eq!(
            error,
            if late {
                "panic: thrown late"
            } else {
                "panic: thrown early"
            }
        );
        world.clock.advance(TimeDelta::hours(1));
    }
    assert_eq!(world.row(job).await.status, "RETRYING");
}

#[tokio::test]
async fn too_early_is_no_failure() {
    let world = World::new().await;
    let job = world.enqueue(NewJob::now::<Probe>(())).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let patient = handlers(move |job| {
        counted.fetch_add(1, Ordering::Relaxed);
        assert_eq!(job.attempts, 1, "waiting does not count");
        async {
            Ok(Ending::Snooze {
                at: noon() + TimeDelta::days(40),
                note: "the gateway has not decided".into(),
            })
        }
    });
    for _ in 0..7 {
        run_due(&world.app, &patient).await.unwrap();
        world.clock.advance(TimeDelta::days(5));
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    world.clock.advance(TimeDelta::days(5));
    run_due(&world.app, &Handlers::default()).await.unwrap();
    let row = world.row(job).await;
    assert_eq!((row.status.as_str(), row.attempts), ("DONE", 1));
}

#[tokio::test]
async fn a_job_is_wanted_once() {
    let world = World::new().await;
    for _ in 0..3 {
        world.enqueue(NewJob::now::<Probe>(()).once("the same")).await;
    }
    world.enqueue(NewJob::now::<Probe>(()).once("another")).await;
    assert_eq!(run_due(&world.app, &Handlers::default()).await.unwrap().len(), 2);
    world.enqueue(NewJob::now::<Probe>(()).once("the same")).await;
    assert_eq!(run_due(&world.app, &Handlers::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_of_a_newer_version_does_not_hold_up_the_others() {
    let world = World::new().await;
    let strange = world.enqueue(NewJob::now::<Probe>(())).await;
    let known = world.enqueue(NewJob::now::<Probe>(())).await;
    let sql = "UPDATE jobs SET payload = $1 WHERE id = $2";
    let payload = serde_json::json!({"kind": "brew_coffee"});
    world
        .app
        .db
        .execute(sql, domain::values![payload, strange])
        .await
        .unwrap();
    // Stepping claims one at a time: the first claim finds only the strange one.
    run_due(&world.app, &Handlers::default()).await.unwrap();
    run_due(&world.app, &Handlers::default()).await.unwrap();
    assert_eq!(world.row(strange).await.status, "DEAD");
    assert_eq!(world.row(known).await.status, "DONE");
}
