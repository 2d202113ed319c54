//! The program behind PgBouncer in transaction mode, which dies in the middle: refunds are made once, and whoever
//! follows the events sees each of them once and in order.

use std::time::Duration;

use domain::{App, database::Sql};
use tests::{
    database::TestDatabase,
    drill::{
        clients::Requests,
        follower::{Follower, next_position},
        gateways::bad_weather,
        program::environment,
        scene::{Plan, Scene},
        until,
    },
    servers::{pgbouncer::PgBouncer, postgres, redis::Redis},
};

/// The pauses of what meets bad weather again and again grow to more than a minute.
const PATIENCE: Duration = Duration::from_mins(3);
/// Fewer than one process has connections, of which there are three.
const SESSIONS: u32 = 4;

async fn scene(bouncer: &PgBouncer, redis: &Redis, sales: usize) -> Scene {
    let settings = environment([("REDIS_URL", &redis.url())]);
    let plan = Plan {
        sales,
        workers: 2,
        settings,
        ..Plan::default()
    };
    let mut database = TestDatabase::on_postgres().await;
    let (_, name) = database.settings.url.rsplit_once('/').expect("a database's name");
    database.settings.url = format!("{}/{name}", bouncer.url());
    Scene::scaled(database, plan).await
}

/// How many sessions the server has seen of this database at once, at most.
async fn sessions(app: &App) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
    let row = app.db.connection().row(sql, vec![]).await.expect("an answer");
    row.expect("a count").try_get_by_index(0).expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_and_followers_outlive_a_pooler_in_transaction_mode() {
    const REFUNDS: usize = 60;
    const CRASHES: usize = 2;
    let mut bouncer = PgBouncer::start(&postgres::url(), SESSIONS).unwrap();
    let redis = Redis::start().unwrap();
    let scene = scene(&bouncer, &redis, REFUNDS).await;
    let first = next_position(&scene.app, scene.shop.team).await;
    let followers = [
        Follower::begin(&scene.shop.clients[0]).await,
        Follower::begin(&scene.shop.clients[0]).await,
    ];
    scene.gateways.fault(&bad_weather(7)).await;
    let requests = Requests::begin(&scene.shop, &scene.shop.sales, Duration::from_millis(100));
    for crash_number in 1..=CRASHES {
        let enough = crash_number * REFUNDS / (CRASHES + 1);
        until("requests go on", PATIENCE, async || requests.accepted() >= enough).await;
        let crash = tokio::task::spawn_blocking(move || bouncer.crash_and_start_again().map(|()| bouncer));
        bouncer = crash.await.unwrap().unwrap();
    }
    let retries = requests.retries();
    let accepted = requests.all().await;
    let findings = scene.findings(&accepted, PATIENCE).await;
    let landed = scene.gateways.journals().await.faults_landed();
    let shared = sessions(&scene.app).await;
    println!("{CRASHES} crashes, {retries} retries, {shared} sessions, {landed:?}");
    assert_eq!(findings, []);
    assert_eq!(accepted.len(), REFUNDS);
    for follower in &followers {
        assert_eq!(follower.compare(&scene.app, scene.shop.team, first).await, None);
        assert!(follower.seen().len() >= REFUNDS * 3);
    }
    assert!(!landed.is_empty(), "the weather was fine");
    assert!(shared <= i64::from(SESSIONS), "{shared} sessions");
}

/// A planted bug: a program that takes the pooler's sessions for its own. It is told so by the setting, and what it has
/// prepared in one of them is not in the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_trust_in_sessions_is_found() {
    let bouncer = PgBouncer::start(&postgres::url(), SESSIONS).unwrap();
    let redis = Redis::start().unwrap();
    let mut scene = scene(&bouncer, &redis, 20).await;
    let setting = ("POSTVENTA_DB_POOLING".to_owned(), "session".to_owned());
    scene.fleet.settings.extend([setting]);
    for worker in scene.workers.clone() {
        scene.fleet.program(worker).kill().await;
        scene.fleet.restart(worker);
    }
    Requests::begin(&scene.shop, &scene.shop.sales, Duration::ZERO)
        .all()
        .await;
    let workers = scene.workers.clone();
    until("a worker meets another's statement", PATIENCE, async || {
        let mut logs = workers.iter().map(|worker| scene.fleet.program(*worker).log());
        logs.any(|log| log.contains("prepared statement"))
    })
    .await;
}
