//! Servers, databases and roles with defaults of their own: the program relies on none of them.

use std::time::Duration;

use domain::database::{Database, Sql};
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    database::TestDatabase,
    processes::within,
    stage::{Sale, Stage},
};

use super::{name, operator, report, tell};
use crate::refunds::{accepted, status};

/// What operators and hosts set for a database.
const DEFAULTS: &[&str] = &[
    "default_transaction_isolation = 'serializable'",
    "default_transaction_deferrable = on",
    "standard_conforming_strings = off",
    "transform_null_equals = on",
    "timezone = 'America/Sao_Paulo'",
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'sql_standard'",
    "bytea_output = 'escape'",
    "search_path = 'nowhere'",
    "statement_timeout = '9s'",
    "lock_timeout = '9s'",
    "idle_in_transaction_session_timeout = '9s'",
];

async fn unusual() -> TestDatabase {
    let database = TestDatabase::on_postgres().await;
    let operator = operator(&database.settings.url).await;
    for setting in DEFAULTS {
        tell(
            &operator,
            &format!("ALTER DATABASE {} SET {setting}", name(&database)),
        )
        .await;
    }
    operator.close().await.expect("a session that ends");
    database
}

async fn setting(db: &Database, name: &str) -> String {
    let sql = format!("SELECT current_setting('{name}')");
    let row = db.connection().row(&sql, vec![]).await.expect("an answer");
    row.expect("a row").try_get_by_index(0).expect("a text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn defaults_of_the_database_change_nothing() {
    let stage = Stage::on(unusual().await).await;
    let (user, product) = (
        stage.customer("ana@example.com").await,
        stage.product("book").await,
    );
    let office = stage.office().await;
    let sales: Vec<Sale> = (1..=40).map(|number| Sale::of(&user, &product, number)).collect();
    // They all lock the same user.
    for answer in join_all(sales.iter().map(|sale| report(office, sale))).await {
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
    let search = "query($s: String!) { users(first: 5, filter: { search: $s }) { nodes { companyEmail } } }";
    let found = |text: &'static str| stage.admin.ask(search, json!({ "s": text }));
    let ana = json!([{ "companyEmail": "ana@example.com" }]);
    assert_eq!(found("ana@exam").await.data()["users"]["nodes"], ana);
    for text in ["a\\_", "50%'", r"back\slash"] {
        assert_eq!(found(text).await.data()["users"]["nodes"], json!([]), "{text}");
    }
    stage.end().await;
}

/// What the address of the database says is meant, and wins.
#[tokio::test]
async fn what_serves_has_limits_of_its_own() {
    let mut database = unusual().await;
    let shown = async |database: &TestDatabase| {
        let db = database.connect().await;
        let names = [
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "TimeZone",
        ];
        join_all(names.map(|name| setting(&db, name))).await
    };
    assert_eq!(shown(&database).await, ["0", "0", "0", "UTC"]);
    database.settings.statement_time = Some(Duration::from_mins(1));
    assert_eq!(shown(&database).await, ["1min", "20s", "1min", "UTC"]);
    database.settings.url += "?options=-cstatement_timeout%3D7s&options[lock_timeout]=3s";
    assert_eq!(shown(&database).await, ["7s", "3s", "1min", "UTC"]);
}

/// An address that names a schema finds its tables there and nowhere else.
#[tokio::test]
async fn an_installation_may_have_a_schema_of_its_own() {
    let mut database = TestDatabase::on_postgres().await;
    let operator = operator(&database.settings.url).await;
    tell(&operator, "CREATE SCHEMA shop").await;
    let teams = async |database: &TestDatabase| {
        let db = database.connect().await;
        db.connection().rows("SELECT 1 FROM teams", vec![]).await
    };
    assert!(teams(&database).await.is_ok());
    database.settings.url += "?options=-csearch_path%3Dshop";
    assert!(teams(&database).await.is_err(), "the tables of another schema");
    tell(
        &operator,
        "CREATE TABLE shop.teams (id integer); INSERT INTO shop.teams VALUES (1), (2)",
    )
    .await;
    assert_eq!(teams(&database).await.expect("rows").len(), 2);
    operator.close().await.expect("a session that ends");
}

/// PostgreSQL ends one of two who wait for each other. If it is a request of ours that has changed nothing yet, it is
/// made again, and its caller learns nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_loses_a_deadlock_is_made_again() {
    let stage = Stage::on(TestDatabase::on_postgres().await).await;
    let (user, product) = (
        stage.customer("ana@example.com").await,
        stage.product("book").await,
    );
    let sale = Sale::of(&user, &product, 1);
    stage.sell(&sale).await;
    let (operator, watching) = (
        operator(&stage.database.settings.url).await,
        stage.database.connect().await,
    );
    // The other way round than we lock, and in no hurry to find out.
    tell(
        &operator,
        "SET deadlock_timeout = '10min'; BEGIN; SELECT 1 FROM users FOR UPDATE",
    )
    .await;
    let canceled = Sale {
        status: "CANCELED",
        ..sale
    };
    let office = stage.office().await;
    let (answer, ()) = within(async {
        tokio::join!(report(office, &canceled), async {
            let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
            while watching.connection().count(waits, vec![]).await.expect("a count") == 0 {}
            tell(&operator, "SELECT 1 FROM purchases FOR UPDATE").await;
            tell(&operator, "ROLLBACK").await;
        })
    })
    .await;
    let purchase = answer.accepted()["purchase"].clone();
    assert_eq!(purchase["status"], Value::from("CANCELED"));
    operator.close().await.expect("a session that ends");
    stage.end().await;
}
