//! Redis is absent at the start, comes, dies, forgets and stalls while refunds are worked: nothing is lost,
//! work goes on, and whoever follows the events sees each of them once and in order.

use std::time::Duration;

use tests::{
    database::TestDatabase,
    drill::{
        clients::Requests,
        detectors::count,
        follower::{Follower, next_position},
        program::environment,
        scene::{Plan, Scene},
    },
    servers::redis::Redis,
};

const PATIENCE: Duration = Duration::from_mins(1);
/// How long Redis is away each time.
const AWAY: Duration = Duration::from_secs(3);
const WORKED: &str = "SELECT count(*) FROM jobs WHERE kind = 'process_refund' AND status = 'DONE'";

async fn scene(redis: &Redis, sales: usize) -> Scene {
    let plan = Plan {
        sales,
        workers: 2,
        settings: environment([("REDIS_URL", &redis.url())]),
        ..Plan::default()
    };
    Scene::scaled(TestDatabase::on_postgres().await, plan).await
}

/// How many refunds are worked in the time that Redis is away.
async fn worked(scene: &Scene, time: Duration) -> i64 {
    let before = count(&scene.app, WORKED).await.expect("a count");
    tokio::time::sleep(time).await;
    count(&scene.app, WORKED).await.expect("a count") - before
}

async fn flush(redis: &Redis) {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_and_events_go_on_whatever_redis_does() {
    const REFUNDS: usize = 160;
    let mut redis = Redis::absent().unwrap();
    let scene = scene(&redis, REFUNDS).await;
    scene.gateways.slow(100).await;
    let first = next_position(&scene.app, scene.shop.team).await;
    let followers = [
        Follower::begin(&scene.shop.clients[0]).await,
        Follower::begin(&scene.shop.clients[0]).await,
    ];
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(110));
    let absent = worked(&scene, AWAY).await;
    redis.start_again().unwrap();
    let there = worked(&scene, Duration::from_secs(2)).await;
    redis.kill();
    let dead = worked(&scene, AWAY).await;
    redis.start_again().unwrap();
    let mut flushed = 0;
    for _ in 0..5 {
        flushed += worked(&scene, Duration::from_millis(400)).await;
        flush(&redis).await;
    }
    redis.stall().unwrap();
    let stalled = worked(&scene, AWAY).await;
    redis.resume().unwrap();
    let retries = requests.retries();
    let accepted = requests.all().await;
    let findings = scene.findings(&accepted, PATIENCE).await;
    let followed = next_position(&scene.app, scene.shop.team).await - first;
    println!(
        "worked while absent {absent}, there {there}, dead {dead}, flushed {flushed}, stalled {stalled}; {followed} events, {retries} retries"
    );
    assert_eq!(findings, []);
    assert_eq!(accepted.len(), REFUNDS);
    for follower in &followers {
        assert_eq!(follower.compare(&scene.app, scene.shop.team, first).await, None);
    }
    assert!(followed >= i64::try_from(REFUNDS * 3).unwrap(), "{followed}");
    for (when, worked) in [
        ("absent", absent),
        ("dead", dead),
        ("flushed", flushed),
        ("stalled", stalled),
    ] {
        assert!(worked > 0, "nothing was worked while Redis was {when}");
    }
}

/// Workers that wait for Redis, and an event that a reader never sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_standstill_and_lost_event_are_found() {
    const REFUNDS: usize = 20;
    let redis = Redis::start().unwrap();
    let mut scene = scene(&redis, REFUNDS).await;
    let first = next_position(&scene.app, scene.shop.team).await;
    let follower = Follower::begin(&scene.shop.clients[0]).await;
    redis.stall().unwrap();
    for worker in scene.workers.clone() {
        scene.fleet.program(worker).signal("STOP");
    }
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(20));
    assert_eq!(worked(&scene, Duration::from_secs(1)).await, 0);
    redis.resume().unwrap();
    for worker in scene.workers.clone() {
        scene.fleet.program(worker).signal("CONT");
    }
    let accepted = requests.all().await;
    assert_eq!(scene.findings(&accepted, PATIENCE).await, []);
    assert_eq!(follower.compare(&scene.app, scene.shop.team, first).await, None);

    // It is there when the reader reads on, and gone behind its back before anybody compares.
    let forget = "DELETE FROM events WHERE position = (SELECT max(position) FROM events)";
    scene.app.db.execute(forget, vec![]).await.unwrap();
    let differs = follower
        .compare(&scene.app, scene.shop.team, first)
        .await
        .expect("a difference");
    assert_eq!(differs.table, None);
    let seen = scene.fleet.run(&["verify"]).await;
    let said = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(
        seen.status.code() == Some(1) && said.contains("event-order"),
        "{said}"
    );
}
