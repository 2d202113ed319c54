//! Many at once with few connections.

use futures::future::join_all;
use tests::{
    database::TestDatabase,
    stage::{Sale, Stage},
};

use super::{one_id, report};

/// Whoever holds a transaction asks for no second connection: else as many of them as there are connections would
/// wait for each other until their time is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_report_many_times_at_once_is_one_purchase() {
    let mut database = TestDatabase::fresh().await;
    database.settings.max_connections = 2;
    let stage = Stage::on(database).await;
    let (user, product) = (
        stage.customer("ana@example.com").await,
        stage.product("book").await,
    );
    let sale = Sale::of(&user, &product, 1);
    let office = stage.office().await;
    let answers = join_all((0..24).map(|_| report(office, &sale))).await;
    one_id(answers);
    stage.end().await;
}
