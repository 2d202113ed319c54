//! The pool under everything.

use domain::database::Sql;
use tests::database::TestDatabase;
use tokio::runtime::Runtime;

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
