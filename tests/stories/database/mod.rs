//! The pool under everything, and the servers that it meets.

mod at_once;
mod defaults;
mod faults;
mod migrations;
mod poolers;

use domain::database::Sql;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    database::TestDatabase,
    stage::Sale,
};
use tokio::runtime::Runtime;

/// A session of an operator's own.
pub async fn operator(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("a session")
}

pub async fn tell(operator: &DatabaseConnection, sql: &str) {
    let told = operator.execute_unprepared(sql).await;
    told.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The database's name in its address.
pub fn name(database: &TestDatabase) -> String {
    let (_, name) = database.settings.url.rsplit_once('/').expect("an address");
    name.to_owned()
}

/// Reports a sale that is known to the gateway already.
pub async fn report(client: &Client, sale: &Sale) -> Payload {
    let input = json!({
        "externalId": sale.external_id, "userId": sale.user, "productId": sale.product, "kind": sale.kind,
        "gateway": sale.gateway, "gatewayPaymentId": sale.payment, "status": sale.status,
        "amount": { "amount": "30.00", "currency": sale.currency }, "purchasedAt": "2026-02-20T10:00:00.000Z",
    });
    let selected = "purchase { id status }";
    client
        .mutate("purchaseRecord", "PurchaseRecordInput", input, selected)
        .await
}

/// All the same and with an id.
pub fn one_id(answers: Vec<Payload>) -> String {
    let mut ids: Vec<Value> = answers
        .into_iter()
        .map(|answer| answer.accepted()["purchase"]["id"].clone())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    tests::stage::text(&ids[0])
}

/// At the end of a process whatever holds the pool may go after the runtime.
#[test]
fn a_pool_may_outlive_its_runtime() {
    let runtime = Runtime::new().expect("a runtime");
    let (database, db) = runtime.block_on(async {
        let database = TestDatabase::fresh().await;
        let db = database.connect().await;
        db.connection().rows("SELECT 1", vec![]).await.expect("a row");
        (database, db)
    });
    drop(runtime);
    drop(db);
    drop(database);
}
