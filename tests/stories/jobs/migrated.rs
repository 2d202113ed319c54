//! Jobs of before their subjects could be joined.

use domain::{
    database::{Database, Sql},
    values,
};
use entities::{JobId, RefundId};
use migration::Migrator;
use sea_orm_migration::MigratorTrait;
use tests::{database::TestDatabase, processes::noon};
use uuid::Uuid;

async fn job(db: &Database, n: u128, status: &str, subject: Option<&str>) -> JobId {
    let id = JobId(Uuid::from_u128(n));
    let sql = format!(
        "INSERT INTO jobs (id, queue, kind, payload, subject_id, status, run_at, attempts, max_attempts, crash_count, fence, \
         created_at) VALUES ($1, 'refunds', 'process_refund', '{{}}', $2, '{status}', $3, 0, 5, 0, 0, $3)"
    );
    let values = values![id, subject.map(str::to_owned), noon()];
    db.execute(&sql, values).await.expect("a job");
    id
}

#[tokio::test]
async fn what_is_not_done_keeps_its_subject() {
    let database = TestDatabase::before("m0025_subjects").await;
    let db = database.connect().await;
    let refund = RefundId(Uuid::from_u128(77));
    let public = refund.to_string();
    let waiting = job(&db, 1, "PENDING", Some(&public)).await;
    let dead = job(&db, 2, "DEAD", Some(&public)).await;
    let done = job(&db, 3, "DONE", Some(&public)).await;
    let none = job(&db, 4, "RETRYING", None).await;
    Migrator::up(db.connection().whole(), None)
        .await
        .expect("the rest");
    for (job, known) in [(waiting, true), (dead, true), (done, false), (none, false)] {
        let sql = "SELECT subject_kind, subject FROM jobs WHERE id = $1";
        let row = db.connection().row(sql, values![job]).await.expect("a query");
        let row = row.expect("the job");
        let kind: Option<String> = row.try_get_by_index(0).expect("a kind");
        let subject: Option<RefundId> = row.try_get_by_index(1).expect("a subject");
        let expected = known.then(|| (RefundId::PREFIX.to_owned(), refund));
        assert_eq!(kind.zip(subject), expected, "{job}");
    }
    // A program of before, which has not been replaced yet, still has its jobs written.
    job(&db, 5, "PENDING", Some(&public)).await;
}
