//! A worker is told to stop in the middle of calls to slow gateways: it finishes them, gives the rest back and
//! is gone within ten seconds.

use std::time::Duration;

use sandbox::Request;
use tests::{
    database::TestDatabase,
    drill::{
        clients::{Accepted, Requests},
        detectors::count,
        gateways::Journals,
        killing::held,
        program::environment,
        scene::{Plan, Scene},
        until,
    },
    servers::redis::Redis,
};

const REFUNDS: usize = 24;
const PATIENCE: Duration = Duration::from_mins(1);
/// What `worker` promises.
const GRACE: Duration = Duration::from_secs(10);

/// Two workers with slow gateways, of which the first has its hands full.
async fn begin(redis: &Redis) -> (Scene, Vec<Accepted>) {
    let settings = environment([
        ("REDIS_URL", &redis.url()),
        ("POSTVENTA_WORKER_CONCURRENCY", "refunds=4"),
        ("GATEWAY_TIMEOUT_SECONDS", "20"),
    ]);
    let plan = Plan {
        sales: REFUNDS,
        workers: 2,
        settings,
        silent_gateways: true,
    };
    let mut scene = Scene::scaled(TestDatabase::on_postgres().await, plan).await;
    scene.gateways.slow(2000).await;
    let accepted = Requests::begin(&scene.shop, &scene.shop.sales, Duration::ZERO)
        .all()
        .await;
    let pid = scene.fleet.program(scene.workers[0]).pid();
    until("the worker's calls are under way", PATIENCE, async || {
        let calling = in_the_middle(&scene.gateways.journals().await).len();
        held(&scene.app, pid).await == 4 && calling >= 6
    })
    .await;
    (scene, accepted)
}

/// The calls that have no answer yet, or were given up by who made them.
fn in_the_middle(journals: &Journals) -> Vec<&Request> {
    let all = journals.0.iter().flat_map(|(_, journal)| &journal.requests);
    all.filter(|it| it.answered.is_none()).collect()
}

/// The refunds that took more than one call about refunds, or one that was cut: their outcome had to be asked
/// for.
fn asked_for(journals: &Journals, accepted: &[Accepted]) -> usize {
    let settled_at_once = |it: &&Accepted| {
        let requests = journals.requests_about(&it.sale.payment).into_iter();
        let requests: Vec<&Request> = requests.filter(|it| it.path.contains("refunds")).collect();
        matches!(requests[..], [one] if one.method == "POST" && one.answered.is_some_and(|status| status < 300))
    };
    accepted.len() - accepted.iter().filter(settled_at_once).count()
}

async fn all_succeeded(scene: &Scene) {
    let open = "SELECT count(*) FROM refunds WHERE status <> 'SUCCEEDED'";
    until("every refund succeeds", PATIENCE, async || {
        count(&scene.app, open).await == Some(0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_worker_finishes_its_calls_and_gives_the_rest_back() {
    let redis = Redis::start().unwrap();
    let (mut scene, accepted) = begin(&redis).await;
    let began = std::time::Instant::now();
    let stopped = scene.workers[0];
    scene.fleet.program(stopped).signal("TERM");
    let code = scene.fleet.program(stopped).ended_within(GRACE).await;
    println!("ended after {:?}", began.elapsed());
    assert_eq!(code, Some(0));
    all_succeeded(&scene).await;
    let journals = scene.gateways.journals().await;
    assert_eq!(asked_for(&journals, &accepted), 0, "a call was cut");
    let torn = "SELECT count(*) FROM jobs WHERE crash_count > 0 OR attempts > 1";
    assert_eq!(
        count(&scene.app, torn).await,
        Some(0),
        "a job had to be taken from it"
    );
    assert_eq!(scene.findings(&accepted, PATIENCE).await, []);
}

/// A worker that does not wait for its calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_cut_calls_are_found() {
    let redis = Redis::start().unwrap();
    let (mut scene, accepted) = begin(&redis).await;
    scene.fleet.program(scene.workers[0]).kill().await;
    all_succeeded(&scene).await;
    let journals = scene.gateways.journals().await;
    assert!(asked_for(&journals, &accepted) > 0);
}
