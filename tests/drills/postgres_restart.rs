//! PostgreSQL crashes and comes back while refunds are requested and worked.

use std::time::Duration;

use tests::{
    database::TestDatabase,
    drill::{
        clients::Requests,
        detectors::{Finding, count},
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

const PATIENCE: Duration = Duration::from_mins(1);
async fn scene(postgres: &Postgres, redis: &Redis, sales: usize) -> Scene {
    let plan = Plan {
        sales,
        workers: 2,
        settings: environment([("REDIS_URL", &redis.url())]),
        ..Plan::default()
    };
    Scene::scaled(TestDatabase::on(&postgres.url()).await, plan).await
}

/// Does something to the server that takes its time.
async fn with(
    mut postgres: Postgres,
    act: impl FnOnce(&mut Postgres) -> anyhow::Result<()> + Send + 'static,
) -> Postgres {
    let done = tokio::task::spawn_blocking(move || act(&mut postgres).map(|()| postgres));
    done.await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_after_a_crash() {
    const REFUNDS: usize = 120;
    const CRASHES: usize = 3;
    let mut postgres = Postgres::start(DURABLE).unwrap();
    let redis = Redis::start().unwrap();
    let scene = scene(&postgres, &redis, REFUNDS).await;
    scene.gateways.fault(&bad_weather(4)).await;
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(70));
    let mut in_the_middle = 0;
    for crash_number in 1..=CRASHES {
        let enough = crash_number * REFUNDS / (CRASHES + 1);
        until("requests go on", PATIENCE, async || requests.accepted() >= enough).await;
        let running = "SELECT count(*) FROM jobs WHERE status = 'RUNNING' AND kind = 'process_refund'";
        in_the_middle += count(&scene.app, running).await.unwrap_or(0);
        postgres = with(postgres, Postgres::crash_and_start_again).await;
    }
    let retries = requests.retries();
    let accepted = requests.all().await;
    let findings = scene.findings(&accepted, PATIENCE).await;
    let landed = scene.gateways.journals().await.faults_landed();
    println!("{CRASHES} crashes with {in_the_middle} refunds under way, {retries} retries, {landed:?}");
    assert_eq!(findings, []);
    assert_eq!(accepted.len(), REFUNDS);
    assert!(in_the_middle > 0 && retries > 0 && !landed.is_empty());
}

/// A database that does not keep what it has acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_unkept_commits_are_found() {
    const REFUNDS: usize = 20;
    let postgres = Postgres::start(DURABLE).unwrap();
    let redis = Redis::start().unwrap();
    let mut scene = scene(&postgres, &redis, REFUNDS).await;
    let begin = |scene: &Scene, sales| Requests::begin(&scene.shop, sales, Duration::ZERO);
    let mut accepted = begin(&scene, &scene.shop.sales[..REFUNDS / 2]).all().await;
    let postgres = with(postgres, Postgres::crash_and_keep).await;
    accepted.extend(begin(&scene, &scene.shop.sales[REFUNDS / 2..]).all().await);
    let _postgres = with(postgres, Postgres::crash_and_forget).await;
    scene.app = scene.fleet.app().await;
    let findings = scene.findings(&accepted, PATIENCE).await;
    let lost = findings
        .iter()
        .filter(|it| matches!(it, Finding::Unsettled { status: None, .. }));
    assert_eq!(lost.count(), REFUNDS / 2, "{findings:#?}");
}
