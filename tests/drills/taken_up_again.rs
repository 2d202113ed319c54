//! Work of a killed worker is taken up again within five seconds, and two more for a busy machine, measured where
//! it arrives: at the gateways.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{database::Sql, values};
use entities::RefundId;
use sea_orm::QueryResult;
use tests::{
    database::TestDatabase,
    drill::{
        clients::{Accepted, Requests},
        gateways::Journals,
        killing::held,
        now,
        program::environment,
        scene::{Plan, Scene},
        until,
    },
    servers::redis::Redis,
};

const PATIENCE: Duration = Duration::from_mins(1);
/// The promise.
const PROMISED: TimeDelta = TimeDelta::seconds(5);
/// What a machine whose two cores are busy with other things may take longer.
const MARGIN: TimeDelta = TimeDelta::seconds(2);

async fn scene(redis: &Redis, sales: usize) -> Scene {
    let settings = environment([("REDIS_URL", &redis.url()), ("GATEWAY_TIMEOUT_SECONDS", "20")]);
    let plan = Plan {
        sales,
        workers: 2,
        settings,
        silent_gateways: true,
    };
    Scene::scaled(TestDatabase::on_postgres().await, plan).await
}

/// What was torn away by a kill: when, and which refunds.
struct Torn {
    at: DateTime<Utc>,
    refunds: Vec<Accepted>,
}

/// Requests refunds and kills one worker while it holds some of them at a slow gateway.
async fn tear(scene: &mut Scene, victim: usize, from: usize, count: usize) -> (Vec<Accepted>, Torn) {
    scene.gateways.slow(1500).await;
    let sales = &scene.shop.sales[from..from + count];
    let accepted = Requests::begin(&scene.shop, sales, Duration::ZERO).all().await;
    let pid = scene.fleet.program(victim).pid();
    until("the worker has sent some", PATIENCE, async || {
        let journals = scene.gateways.journals().await;
        let sent = accepted
            .iter()
            .filter(|it| !journals.requests_about(&it.sale.payment).is_empty());
        sent.count() == count && held(&scene.app, pid).await > 0
    })
    .await;
    let at = now();
    scene.fleet.program(victim).kill().await;
    let held = "SELECT j.subject FROM jobs j JOIN worker_processes w ON w.id = j.leased_by \
                WHERE j.status = 'RUNNING' AND j.kind = 'process_refund' AND w.host LIKE $1";
    let host = format!("%:{pid}");
    let rows = scene
        .app
        .db
        .connection()
        .rows(held, values![host])
        .await
        .expect("a query");
    let subject = |row: &QueryResult| {
        let id: RefundId = row.try_get_by_index(0).expect("a refund's id");
        id.to_string()
    };
    let torn: Vec<String> = rows.iter().map(subject).collect();
    let is_torn = |it: &&Accepted| torn.contains(&it.refund);
    let refunds = accepted.iter().filter(is_torn).cloned().collect();
    scene.gateways.heal().await;
    (accepted, Torn { at, refunds })
}

/// When each torn refund was heard of again at its gateway, after the kill. None: not yet.
fn heard_again(torn: &Torn, journals: &Journals) -> Vec<Option<TimeDelta>> {
    let again = |it: &Accepted| {
        let requests = journals.requests_about(&it.sale.payment);
        let later = requests
            .iter()
            .filter_map(|it| DateTime::from_timestamp_millis(it.at_ms));
        later.filter(|at| *at > torn.at).min().map(|at| at - torn.at)
    };
    torn.refunds.iter().map(again).collect()
}

async fn all_heard_again(scene: &Scene, torn: &Torn) -> Vec<TimeDelta> {
    let mut heard = Vec::new();
    until("the torn refunds are heard of again", PATIENCE, async || {
        heard = heard_again(torn, &scene.gateways.journals().await);
        heard.iter().all(Option::is_some)
    })
    .await;
    heard.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_five_seconds_and_a_margin() {
    const EACH: usize = 10;
    let redis = Redis::start().unwrap();
    let mut scene = scene(&redis, 3 * EACH).await;
    let mut accepted = Vec::new();
    let mut worst = TimeDelta::zero();
    let mut count = 0;
    for round in 0..3 {
        let victim = scene.workers[round % 2];
        let (more, torn) = tear(&mut scene, victim, round * EACH, EACH).await;
        accepted.extend(more);
        let times = all_heard_again(&scene, &torn).await;
        count += times.len();
        worst = worst.max(times.into_iter().max().unwrap_or_default());
        scene.fleet.restart(victim);
        scene.fleet.ready(victim).await;
    }
    println!(
        "{count} refunds of killed workers, the last one heard of after {} ms",
        worst.num_milliseconds()
    );
    assert!(count >= 3, "the kills hit {count} refunds");
    assert!(worst <= PROMISED + MARGIN, "{worst}");
    assert_eq!(scene.findings(&accepted, PATIENCE).await, []);
}

/// Nobody is there to take it up in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_late_work_is_found() {
    let redis = Redis::start().unwrap();
    let mut scene = scene(&redis, 8).await;
    let (victim, other) = (scene.workers[0], scene.workers[1]);
    let (_, torn) = tear(&mut scene, victim, 0, 8).await;
    scene.fleet.program(other).kill().await;
    until("it is late", PATIENCE, async || {
        now() - torn.at > PROMISED + MARGIN
    })
    .await;
    scene.fleet.restart(other);
    let worst = all_heard_again(&scene, &torn).await.into_iter().max();
    assert!(worst.is_some_and(|worst| worst > PROMISED + MARGIN), "{worst:?}");
}
