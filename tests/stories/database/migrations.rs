//! Tables are made migration by migration, and each as a whole.

use domain::database::Sql;
use migration::Migrator;
use sea_orm_migration::MigratorTrait;
use tests::database::TestDatabase;

/// A start that is cut off in the middle of a migration leaves nothing of it, and the next start makes it. Here its last
/// statement fails.
#[tokio::test]
async fn a_migration_that_is_cut_off_has_not_happened() {
    let database = TestDatabase::before("m0025_subjects").await;
    let db = database.connect().await;
    let run = async |sql: &str| db.execute(sql, vec![]).await.expect("a statement");
    run("CREATE INDEX jobs_of_subject ON jobs (kind)").await;
    let cut_off = Migrator::up(db.connection().whole(), None).await;
    cut_off.expect_err("the index is there already");
    let column = db
        .connection()
        .rows("SELECT subject_kind FROM jobs", vec![])
        .await;
    assert!(column.is_err(), "nothing of it is left");
    run("DROP INDEX jobs_of_subject").await;
    Migrator::up(db.connection().whole(), None)
        .await
        .expect("the rest");
    let column = db
        .connection()
        .rows("SELECT subject_kind FROM jobs", vec![])
        .await;
    column.expect("made");
}
