//! Refunds on SQLite while the one process that is everything is killed about every two seconds.

use std::time::Duration;

use tests::drill::{
    clients::Requests,
    detectors::{Finding, all_settled, count},
    gateways::bad_weather,
    killing::kill_in_turn,
    program::environment,
    scene::{Plan, Scene},
};

const PATIENCE: Duration = Duration::from_mins(2);

async fn scene(sales: usize) -> Scene {
    let plan = Plan {
        sales,
        settings: environment([("POSTVENTA_WORKER_CONCURRENCY", "refunds=8")]),
        ..Plan::default()
    };
    Scene::embedded(plan).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_refunds_while_the_process_is_killed() {
    const REFUNDS: usize = 300;
    let mut scene = scene(REFUNDS).await;
    scene.gateways.fault(&bad_weather(2)).await;
    let began = std::time::Instant::now();
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(60));
    let victims = [scene.front];
    let goes_on = || !requests.are_over(REFUNDS);
    let toll = kill_in_turn(
        &mut scene.fleet,
        &scene.app,
        &victims,
        Duration::from_secs(2),
        goes_on,
    )
    .await;
    let retries = requests.retries();
    let accepted = requests.all().await;
    let requested = began.elapsed();
    let findings = scene.findings(&accepted, PATIENCE).await;
    let landed = scene.gateways.journals().await.faults_landed();
    let dead = count(&scene.app, "SELECT count(*) FROM jobs WHERE status = 'DEAD'").await;
    println!("{dead:?} jobs were dead-lettered");
    assert_eq!(dead, Some(0), "nothing is held against what was torn away");
    println!(
        "{toll:?}, {landed:?}, {retries} retries, requested in {requested:?}, settled in {:?}",
        began.elapsed()
    );
    assert_eq!(findings, []);
    assert_eq!(accepted.len(), REFUNDS);
    assert!(
        toll.kills >= 5 && toll.at_work >= 3 && retries > 0,
        "{toll:?}, {retries} retries"
    );
    assert!(landed.values().sum::<u64>() >= 30, "{landed:?}");
}

/// A disk that loses what it was told to keep: the database's files are put back to what they were before
/// the last refunds were accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_lost_writes_are_found() {
    const REFUNDS: usize = 20;
    let mut scene = scene(REFUNDS).await;
    let (front, data) = (scene.front, scene.fleet.folder().join("data"));
    let begin = |scene: &Scene, sales| Requests::begin(&scene.shop, sales, Duration::ZERO);
    let mut accepted = begin(&scene, &scene.shop.sales[..REFUNDS / 2]).all().await;
    assert!(all_settled(&scene.app, PATIENCE).await);
    let url = scene.fleet.settings["DATABASE_URL"].clone();
    let kept = data.join("kept.sqlite");
    let copy = format!("VACUUM INTO '{}'", kept.display());
    scene.app.db.execute(&copy, vec![]).await.expect("a copy");
    scene.gateways.slow(2000).await;
    accepted.extend(begin(&scene, &scene.shop.sales[REFUNDS / 2..]).all().await);
    scene.fleet.program(front).kill().await;
    let file = std::path::Path::new(url.trim_start_matches("sqlite://"));
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    std::fs::rename(kept, file).expect("the older file");
    scene.app = scene.fleet.app().await;
    scene.fleet.restart(front);
    scene.fleet.ready(front).await;
    let findings = scene.findings(&accepted, PATIENCE).await;
    let lost = findings
        .iter()
        .filter(|it| matches!(it, Finding::Unsettled { status: None, .. }));
    assert_eq!(lost.count(), REFUNDS / 2, "{findings:#?}");
}

/// What no crash makes, the detectors must see as well: money sent by somebody else, and a refund that is
/// only believed to have succeeded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_double_and_believed_refunds_are_found() {
    use domain::database::Sql;
    const REFUNDS: usize = 6;
    let mut scene = scene(REFUNDS).await;
    let requests = Requests::begin(&scene.shop, &scene.shop.sales[..REFUNDS - 1], Duration::ZERO);
    let mut accepted = requests.all().await;
    assert_eq!(
        scene.findings(&accepted, PATIENCE).await,
        [],
        "nothing is wrong yet"
    );
    let twice = accepted
        .iter()
        .find(|it| it.sale.in_part())
        .expect("one in part")
        .clone();
    let (gateways, sale) = (&scene.gateways, &twice.sale);
    gateways
        .refund_behind_our_back(sale.gateway, &sale.payment, sale.refund)
        .await;

    // The last one never gets to its gateway.
    scene.gateways.slow(5000).await;
    let last = Requests::begin(&scene.shop, &scene.shop.sales[REFUNDS - 1..], Duration::ZERO)
        .all()
        .await;
    scene.fleet.program(scene.front).kill().await;
    scene.gateways.heal().await;
    let db = &scene.app.db;
    db.execute("DELETE FROM jobs WHERE status <> 'DONE'", vec![])
        .await
        .expect("jobs go");
    let believed = "UPDATE refunds SET status = 'SUCCEEDED', gateway_refund_id = 're_believed' WHERE status <> 'SUCCEEDED'";
    assert_eq!(db.connection().run(believed, vec![]).await.expect("an update"), 1);
    accepted.extend(last.clone());

    let findings = scene.findings(&accepted, PATIENCE).await;
    let double = |it: &Finding| matches!(it, Finding::Double { refund, .. } if *refund == twice.refund);
    assert!(findings.iter().any(double), "{findings:#?}");
    let refund = last[0].refund.clone();
    assert!(findings.contains(&Finding::Lost { refund }), "{findings:#?}");
    let named = |rule: &str| {
        findings
            .iter()
            .any(|it| matches!(it, Finding::Violation(line) if line.starts_with(rule)))
    };
    assert!(
        named("at-gateway-once") && named("refund-last-step"),
        "{findings:#?}"
    );
}
