//! PgBouncer in front of PostgreSQL, as Debian has it, in transaction mode: two transactions of one connection meet two
//! sessions of the server, and many connections share a few of them.

use domain::{
    database::{Database, DatabaseSettings, Pooling, Sql},
    jobs::{NewJob, Probe},
    operations,
};
use futures::future::join_all;
use migration::{Migrator, MigratorTrait};
use serde_json::json;
use tests::{
    database::TestDatabase,
    processes::{World, within},
    servers::{pgbouncer::PgBouncer, postgres},
    stage::{Sale, Stage},
};
use worker::Handlers;

use super::{name, operator, report, tell};
use crate::refunds::{accepted, status};

/// Fewer than any process has connections.
const SESSIONS: u32 = 3;

async fn pooled() -> (PgBouncer, TestDatabase) {
    let bouncer = PgBouncer::start(&postgres::url(), SESSIONS).expect("PgBouncer starts");
    let mut database = TestDatabase::on_postgres().await;
    database.settings.url = format!("{}/{}", bouncer.url(), name(&database));
    (bouncer, database)
}

/// Two processes sell and refund at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_jobs_share_a_few_sessions() {
    let (_bouncer, database) = pooled().await;
    let stage = Stage::on(database).await;
    let (user, product) = (
        stage.customer("ana@example.com").await,
        stage.product("book").await,
    );
    let office = stage.office().await;
    let elsewhere = stage.elsewhere(office).await;
    let sales: Vec<Sale> = (1..=40).map(|number| Sale::of(&user, &product, number)).collect();
    let reports = sales.iter().zip([office, &elsewhere].into_iter().cycle());
    let answers = join_all(reports.map(|(sale, client)| report(client, sale)));
    for answer in answers.await {
        answer.accepted();
    }
    let refund = accepted(
        &stage,
        &stage.sell(&Sale::of(&user, &product, 41)).await,
        json!({}),
    )
    .await;
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    stage.end().await;
}

/// Claims, leases and the sequencer's turn need no session of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_share_a_few_sessions() {
    let (_bouncer, database) = pooled().await;
    let world = World::on(database).await;
    let (one, other) = (world.start(Handlers::default()), world.start(Handlers::default()));
    let jobs: Vec<_> = join_all((0..60).map(|_| world.enqueue(NewJob::now::<Probe>(())))).await;
    for job in jobs {
        within(async { while world.row(job).await.status != "DONE" {} }).await;
    }
    one.stopped().await;
    other.stopped().await;
    assert_eq!(operations::verify(&world.app).await.expect("an answer"), []);
}

/// Whoever had a session before has left the names of their statements there.
#[tokio::test]
async fn tables_are_made_through_a_pooler() {
    let bouncer = PgBouncer::start(&postgres::url(), 1).expect("PgBouncer starts");
    let server = operator(&format!("{}/postgres", postgres::url())).await;
    let new = format!("{}_new", name(&TestDatabase::on_postgres().await));
    tell(&server, &format!("CREATE DATABASE {new}")).await;
    let settings = DatabaseSettings::new(format!("{}/{new}", bouncer.url()), 4);
    for _ in 0..2 {
        let db = Database::connect(&settings).await.expect("the database opens");
        let tables = db.tables().await.expect("a transaction").expect("one of its own");
        Migrator::up(&tables, None).await.expect("the tables are made");
        Database::end_of_tables(tables).await.expect("they are kept");
        let teams = db.connection().count("SELECT count(*) FROM teams", vec![]).await;
        assert_eq!(teams.expect("a count"), 0);
    }
    server.close().await.expect("a session that ends");
}

/// What an operator says is believed, in the setting and in the address.
#[tokio::test]
async fn statements_are_prepared_under_names_only_where_they_are_kept() {
    let mut database = TestDatabase::on_postgres().await;
    let prepared = async |database: &TestDatabase| {
        let db = database.connect().await;
        let one = db.begin().await.expect("a transaction");
        let sql = "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''";
        one.connection()
            .rows("SELECT 1", vec![])
            .await
            .expect("an answer");
        one.connection().count(sql, vec![]).await.expect("a count")
    };
    assert!(prepared(&database).await > 0);
    database.settings.pooling = Pooling::Transaction;
    assert_eq!(prepared(&database).await, 0);
    database.settings.pooling = Pooling::Session;
    assert!(prepared(&database).await > 0);
    database.settings.pooling = Pooling::Auto;
    database.settings.url += "?statement-cache-capacity=0";
    assert_eq!(prepared(&database).await, 0);
}
