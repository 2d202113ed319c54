//! What background work costs: how fast jobs drain, and how soon an idle worker takes one up.
//!
//! `cargo bench -p tests --bench jobs`; `POSTVENTA_TEST_BACKEND` says on which database.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    App,
    actor::Origin,
    adapters::{
        bus::LocalBus,
        redis::{RedisSettings, RedisWakeUps},
        wake_ups::LocalWakeUps,
    },
    database::Sql,
    jobs::{Ending, NewJob, Probe, Queue, store},
    values,
};
use entities::JobId;
use tests::{
    processes::{World, enqueue, handlers, start},
    servers::redis::Redis,
};
use tokio::sync::mpsc;
use worker::{Handlers, WorkerSettings};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const JOBS: usize = 20_000;
const SAMPLES: usize = 300;
const BARE: usize = 200;

#[tokio::main]
async fn main() {
    println!("backend: {:?}", World::new().await.app.db.dialect());
    bare_commits().await;
    for concurrency in [2, 16, 64, 256] {
        drain(concurrency).await;
    }
    pick_up_in_process().await;
    pick_up_over_redis().await;
}

/// The limit beside which the others stand: one small commit after the other, without us.
async fn bare_commits() {
    let world = World::new().await;
    let began = Instant::now();
    for number in 0..BARE {
        let sql = "INSERT INTO rate_limits (key, window_ends_at, used) VALUES ($1, $2, 1)";
        let time = world.app.clock.now();
        if let Err(error) = world.app.db.execute(sql, values![number.to_string(), time]).await {
            println!("bare commits: {error}");
            return;
        }
    }
    println!(
        "one bare commit: {:?}",
        began.elapsed() / u32::try_from(BARE).unwrap()
    );
}

async fn drain(concurrency: usize) {
    let world = World::new().await;
    let now = world.app.clock.now();
    let jobs: Vec<(JobId, NewJob)> = (0..JOBS)
        .map(|_| (JobId(world.app.ids.uuid(now)), NewJob::now::<Probe>(())))
        .collect();
    let transaction = world.app.db.begin().await.unwrap();
    store::insert(
        transaction.connection(),
        Some(world.team),
        &Origin::default(),
        now,
        &jobs,
    )
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    world.app.db.execute("ANALYZE", vec![]).await.unwrap();
    let settings = WorkerSettings {
        concurrency: HashMap::from([(Queue::Maintenance, concurrency)]),
        ..WorkerSettings::default()
    };
    let began = Instant::now();
    let process = start(&world.app, &world.wake_ups, Handlers::default(), settings);
    let mut completed = process.health.completed();
    let all = u64::try_from(JOBS).unwrap();
    while *completed.borrow_and_update() < all {
        completed.changed().await.unwrap();
    }
    let took = began.elapsed();
    process.stopped().await;
    let sql = "SELECT count(*) FROM jobs WHERE status = 'DONE' AND team_id = $1";
    let row = world
        .app
        .db
        .connection()
        .row(sql, values![world.team])
        .await
        .unwrap()
        .unwrap();
    let done: i64 = row.try_get_by_index(0).unwrap();
    let rate = f64::from(u32::try_from(JOBS).unwrap()) / took.as_secs_f64();
    println!("drain, {concurrency} at once: {done} of {JOBS} in {took:?}, {rate:.0} jobs/s");
}

async fn pick_up_in_process() {
    let world = World::new().await;
    let app = world
        .process(Arc::new(world.wake_ups.clone()), Arc::new(LocalBus::default()))
        .await;
    pick_up("in process", &world, &app, &app, &world.wake_ups, None).await;
}

async fn pick_up_over_redis() {
    let redis = Redis::start().unwrap();
    let settings = RedisSettings::new(&redis.url()).unwrap();
    let world = World::new().await;
    let wake_ups = Arc::new(RedisWakeUps::start(settings.clone(), None));
    let serving = world.process(wake_ups, Arc::new(LocalBus::default())).await;
    let local = LocalWakeUps::default();
    let working = world
        .process(Arc::new(local.clone()), Arc::new(LocalBus::default()))
        .await;
    pick_up("over Redis", &world, &serving, &working, &local, Some(settings)).await;
}

async fn pick_up(
    how: &str,
    world: &World,
    serving: &App,
    working: &App,
    wake_ups: &LocalWakeUps,
    redis: Option<RedisSettings>,
) {
    let (tell, mut told) = mpsc::unbounded_channel();
    let handlers = handlers(move |job| {
        if job.team.is_some() {
            let _ = tell.send(Instant::now());
        }
        async { Ok(Ending::Done) }
    });
    let settings = WorkerSettings {
        redis,
        ..WorkerSettings::default()
    };
    let process = start(working, wake_ups, handlers, settings);
    let mut waits: Vec<Duration> = Vec::new();
    let mut whole: Vec<Duration> = Vec::new();
    for _ in 0..SAMPLES {
        // Idle: everything of the last job is written.
        tokio::time::sleep(Duration::from_millis(15)).await;
        let ordered = Instant::now();
        enqueue(serving, world.team, NewJob::now::<Probe>(())).await;
        let committed = Instant::now();
        let begun = told.recv().await.unwrap();
        waits.push(begun.saturating_duration_since(committed));
        whole.push(begun.duration_since(ordered));
    }
    waits.sort_unstable();
    whole.sort_unstable();
    let at = |times: &[Duration], percent: usize| times[(times.len() - 1) * percent / 100];
    let (median, p90, p99) = (at(&waits, 50), at(&waits, 90), at(&waits, 99));
    println!("pick-up {how}: median {median:?}, p90 {p90:?}, p99 {p99:?} after the commit");
    println!(
        "pick-up {how}: median {:?} from before the order's transaction",
        at(&whole, 50)
    );
    process.stopped().await;
}
