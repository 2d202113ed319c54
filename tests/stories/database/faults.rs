//! A database that goes away, or only reads, for a moment.

use futures::future::join_all;
use tests::{
    database::TestDatabase,
    processes::within,
    servers::postgres,
    stage::{Sale, Stage},
};

use super::{name, operator, report, tell};

async fn ready(stage: &Stage) -> u16 {
    let answer = reqwest::get(format!("{}/readyz", stage.url)).await;
    answer.expect("an answer").status().as_u16()
}

async fn until_ready(stage: &Stage, status: u16) {
    within(async { while ready(stage).await != status {} }).await;
}

async fn sell_many(stage: &Stage, from: u32, user: &str, product: &str) {
    let office = stage.office().await;
    let sales: Vec<Sale> = (from..from + 16)
        .map(|number| Sale::of(user, product, number))
        .collect();
    for answer in join_all(sales.iter().map(|sale| report(office, sale))).await {
        answer.accepted();
    }
}

/// Hosts tell a database only to read while they move it or its disk is full, and end all sessions for it. Those that
/// are made meanwhile read for as long as they live.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_can_only_read_are_let_go() {
    let stage = Stage::on(TestDatabase::on_postgres().await).await;
    let (user, product) = (
        stage.customer("ana@example.com").await,
        stage.product("book").await,
    );
    sell_many(&stage, 1, &user, &product).await;
    until_ready(&stage, 200).await;
    let operator = operator(&format!("{}/postgres", postgres::url())).await;
    let database = name(&stage.database);
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
    tell(
        &operator,
        &format!("ALTER DATABASE {database} SET default_transaction_read_only = on"),
    )
    .await;
    tell(&operator, &end).await;
    until_ready(&stage, 503).await;
    // Reading goes on, over new sessions, as many as there can be.
    let reading = || {
        stage
            .admin
            .ask("{ users(first: 1) { nodes { id } } }", serde_json::json!({}))
    };
    for answer in join_all((0..16).map(|_| reading())).await {
        answer.data();
    }
    tell(
        &operator,
        &format!("ALTER DATABASE {database} RESET default_transaction_read_only"),
    )
    .await;
    until_ready(&stage, 200).await;
    sell_many(&stage, 101, &user, &product).await;
    operator.close().await.expect("a session that ends");
    stage.end().await;
}

/// Whoever has not begun yet learns nothing of sessions that have died while nobody used them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_begins_on_another_session_if_the_first_is_dead() {
    let stage = Stage::on(TestDatabase::on_postgres().await).await;
    let db = &stage.app.db;
    let several = join_all((0..4).map(|_| db.begin())).await;
    drop(
        several
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .expect("transactions"),
    );
    let operator = operator(&format!("{}/postgres", postgres::url())).await;
    let database = name(&stage.database);
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
    tell(&operator, &end).await;
    db.begin()
        .await
        .expect("a transaction")
        .commit()
        .await
        .expect("a commit");
    operator.close().await.expect("a session that ends");
    stage.end().await;
}
