//! The primary is replaced by another server at the same address: writes work again within five seconds, and two more
//! for a busy machine, and `/readyz` says when.

use std::time::Duration;

use tests::{
    database::TestDatabase,
    drill::{
        clients::Requests,
        gateways::bad_weather,
        program::environment,
        scene::{Plan, Scene},
        until,
    },
    servers::{
        postgres::{DURABLE, Postgres},
        redis::Redis,
    },
};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_mins(1);
/// The promise, and what a busy machine may take longer.
const PROMISED: Duration = Duration::from_secs(5);
const MARGIN: Duration = Duration::from_secs(2);

/// What `/readyz` of the process that answers clients says.
async fn readiness(scene: &Scene) -> Option<u16> {
    let url = format!("{}/readyz", scene.fleet.url(scene.front));
    let answer = reqwest::Client::new()
        .get(url)
        .timeout(Duration::from_secs(5))
        .send()
        .await;
    answer.ok().map(|answer| answer.status().as_u16())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_at_the_same_address_is_written_to_at_once() {
    const REFUNDS: usize = 80;
    let postgres = Postgres::start(DURABLE).unwrap();
    let redis = Redis::start().unwrap();
    let plan = Plan {
        sales: REFUNDS,
        workers: 2,
        settings: environment([("REDIS_URL", &redis.url())]),
        ..Plan::default()
    };
    let scene = Scene::scaled(TestDatabase::on(&postgres.url()).await, plan).await;
    scene.gateways.fault(&bad_weather(8)).await;
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(150));
    until("requests go on", PATIENCE, async || {
        requests.accepted() >= REFUNDS / 4
    })
    .await;
    let replacing = tokio::task::spawn_blocking(move || {
        let mut postgres = postgres;
        postgres.replace().map(|()| postgres)
    });
    let mut said_away = false;
    while !replacing.is_finished() {
        said_away |= readiness(&scene).await != Some(200);
    }
    let there = Instant::now();
    let _other = replacing.await.unwrap().unwrap();
    let before = requests.accepted();
    let late = PROMISED + MARGIN;
    until("it can write", late, async || requests.accepted() > before).await;
    until("it says that it is ready", late, async || {
        readiness(&scene).await == Some(200)
    })
    .await;
    let back = there.elapsed();
    let retries = requests.retries();
    let accepted = requests.all().await;
    let findings = scene.findings(&accepted, PATIENCE).await;
    println!("away: {said_away}, {retries} retries, ready after {back:?}");
    assert_eq!(findings, []);
    assert_eq!(accepted.len(), REFUNDS);
    // Whoever asks may also wait until the other server is there.
    assert!(said_away || retries > 0);
    assert!(back <= late, "{back:?}");
}

/// A planted bug: whoever holds on to sessions of the server that is gone. A process that stands still is as good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_late_readiness_is_found() {
    let mut postgres = Postgres::start(DURABLE).unwrap();
    let redis = Redis::start().unwrap();
    let plan = Plan {
        settings: environment([("REDIS_URL", &redis.url())]),
        ..Plan::default()
    };
    let mut scene = Scene::scaled(TestDatabase::on(&postgres.url()).await, plan).await;
    let front = scene.front;
    scene.fleet.program(front).signal("STOP");
    let replaced = tokio::task::spawn_blocking(move || postgres.replace().map(|()| postgres));
    let _other = replaced.await.unwrap().unwrap();
    let there = Instant::now();
    while there.elapsed() <= PROMISED + MARGIN {
        assert_ne!(readiness(&scene).await, Some(200));
    }
    scene.fleet.program(front).signal("CONT");
    scene.fleet.ready(front).await;
    assert!(there.elapsed() > PROMISED + MARGIN);
}
