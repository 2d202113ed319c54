//! Redis is absent at the start, comes, dies, forgets and stalls while refunds are worked: nothing is lost,
//! work goes on, and whoever follows the events sees each of them once and in order.

use std::time::Duration;

use domain::values;
use entities::EventId;
use tests::{
    database::TestDatabase,
    drill::{
        clients::Requests,
        detectors::{self, Finding, count},
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

/// When nothing was worked.
fn standstills<'a>(worked: &[(&'a str, i64)]) -> Vec<&'a str> {
    let still = worked.iter().filter(|(_, count)| *count == 0);
    still.map(|(when, _)| *when).collect()
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
    let worked = [
        ("absent", absent),
        ("dead", dead),
        ("flushed", flushed),
        ("stalled", stalled),
    ];
    assert_eq!(
        standstills(&worked),
        [""; 0],
        "nothing was worked while Redis was so"
    );
}

/// Workers that do nothing for a while, as if they waited for Redis: they are stopped, and the refunds wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_standstill_is_found() {
    let redis = Redis::start().unwrap();
    let mut scene = scene(&redis, 20).await;
    for worker in scene.workers.clone() {
        scene.fleet.program(worker).signal("STOP");
    }
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(20));
    let stopped = worked(&scene, Duration::from_secs(1)).await;
    for worker in scene.workers.clone() {
        scene.fleet.program(worker).signal("CONT");
    }
    let accepted = requests.all().await;
    assert_eq!(scene.findings(&accepted, PATIENCE).await, []);
    assert_eq!(standstills(&[("stopped", stopped), ("there", 1)]), ["stopped"]);
}

/// What the sequencer prevents: a later commit gets the smaller position, behind those who have read on. The table
/// is without gaps, so nobody but a follower can tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_event_behind_a_reader_is_found() {
    let redis = Redis::start().unwrap();
    let scene = scene(&redis, 10).await;
    let (db, team) = (&scene.app.db, scene.shop.team);
    let first = next_position(&scene.app, team).await;
    let skip = "UPDATE event_heads SET last_position = last_position + 1 WHERE team_id = $1";
    db.execute(skip, values![team]).await.unwrap();
    let follower = Follower::begin(&scene.shop.clients[0]).await;
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::ZERO);
    let accepted = requests.all().await;
    detectors::all_settled(&scene.app, PATIENCE).await;
    assert_eq!(follower.compare(&scene.app, team, first).await, None);
    assert!(!follower.seen().is_empty());

    let late = EventId(scene.app.ids.uuid(scene.app.clock.now()));
    let plant = "INSERT INTO events (id, team_id, position, topic, subject_id, data, at) \
                 SELECT $1, team_id, $2, topic, subject_id, data, at FROM events WHERE team_id = $3 AND position = $2 + 1";
    db.execute(plant, values![late, first, team]).await.unwrap();
    assert_eq!(scene.findings(&accepted, PATIENCE).await, []);
    let differs = follower.compare(&scene.app, team, first).await;
    let differs = differs.expect("a difference");
    assert_eq!((differs.at, differs.table), (0, Some(late.to_string())));
}

/// An event that is gone from the table leaves a gap that `verify` sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_gap_is_found() {
    let redis = Redis::start().unwrap();
    let scene = scene(&redis, 2).await;
    let accepted = Requests::begin(&scene.shop, &scene.shop.sales, Duration::ZERO)
        .all()
        .await;
    assert_eq!(scene.findings(&accepted, PATIENCE).await, []);
    let forget = "DELETE FROM events WHERE position = (SELECT max(position) FROM events)";
    scene.app.db.execute(forget, vec![]).await.unwrap();
    let findings = scene.findings(&accepted, PATIENCE).await;
    assert!(
        matches!(&findings[..], [Finding::Violation(line), Finding::Violation(_)] if line.contains("event-order")),
        "{findings:?}"
    );
}
