//! Refunds on PostgreSQL while the workers are killed about every second and the gateways misbehave.

use std::time::Duration;

use tests::{
    database::TestDatabase,
    drill::{
        clients::Requests,
        detectors::{Finding, count},
        gateways::bad_weather,
        killing::{Toll, kill_in_turn},
        program::environment,
        scene::{Plan, Scene},
    },
    servers::redis::Redis,
};

use crate::forgetful;

/// One whose workers were killed again and again rests for up to two minutes.
const PATIENCE: Duration = Duration::from_secs(150);
const DEAD_LETTERS: &str = "SELECT count(*) FROM jobs WHERE status = 'DEAD'";

async fn scene(redis: &Redis, sales: usize) -> Scene {
    let settings = environment([
        ("REDIS_URL", &redis.url()),
        ("POSTVENTA_WORKER_CONCURRENCY", "refunds=4"),
    ]);
    let plan = Plan {
        sales,
        workers: 3,
        settings,
        ..Plan::default()
    };
    Scene::scaled(TestDatabase::on_postgres().await, plan).await
}

async fn kill_while(scene: &mut Scene, requests: &Requests, sales: usize) -> Toll {
    let workers = scene.workers.clone();
    let goes_on = || !requests.are_over(sales);
    kill_in_turn(
        &mut scene.fleet,
        &scene.app,
        &workers,
        Duration::from_secs(1),
        goes_on,
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_refunds_while_workers_are_killed() {
    const REFUNDS: usize = 300;
    let redis = Redis::start().unwrap();
    let mut scene = scene(&redis, REFUNDS).await;
    scene.gateways.fault(&bad_weather(1)).await;
    let began = std::time::Instant::now();
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(65));
    let toll = kill_while(&mut scene, &requests, REFUNDS).await;
    let accepted = requests.all().await;
    let requested = began.elapsed();
    let findings = scene.findings(&accepted, PATIENCE).await;
    let landed = scene.gateways.journals().await.faults_landed();
    println!(
        "{toll:?}, {landed:?}, requested in {requested:?}, settled in {:?}",
        began.elapsed()
    );
    let dead = count(&scene.app, DEAD_LETTERS).await;
    println!("{dead:?} jobs were dead-lettered");
    assert_eq!(findings, []);
    assert_eq!(dead, Some(0), "nothing is held against what was torn away");
    assert_eq!(accepted.len(), REFUNDS);
    assert!(toll.kills >= 10 && toll.at_work >= 5, "{toll:?}");
    let faults: u64 = landed.values().sum();
    assert!(faults >= 30 && landed.len() >= 4, "{landed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_forgotten_keys_are_found() {
    const REFUNDS: usize = 40;
    let redis = Redis::start().unwrap();
    let mut scene = scene(&redis, REFUNDS).await;
    for (name, gateway) in [
        ("STRIPE_API_BASE", scene.gateways.stripe.clone()),
        ("MERCADO_PAGO_API_BASE", scene.gateways.mercado_pago.clone()),
    ] {
        let address = forgetful::before(&gateway).await;
        scene.fleet.settings.insert(name.into(), address);
    }
    for worker in scene.workers.clone() {
        scene.fleet.program(worker).kill().await;
        scene.fleet.restart(worker);
    }
    scene.gateways.fault(&bad_weather(1)).await;
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(50));
    let toll = kill_while(&mut scene, &requests, REFUNDS).await;
    let accepted = requests.all().await;
    let findings = scene.findings(&accepted, Duration::from_secs(10)).await;
    // Whoever asks before sending again makes few doubles or none; a strange key is found in any case.
    let found = findings
        .iter()
        .any(|it| matches!(it, Finding::Double { .. } | Finding::NotOurs { .. }));
    assert!(found, "{toll:?}, {findings:#?}");
}
