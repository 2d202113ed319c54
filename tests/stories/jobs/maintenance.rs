//! Maintenance: each step by itself.

use chrono::TimeDelta;
use domain::{
    clock::Clock,
    database::Sql,
    jobs::{NewJob, Probe},
    values,
};
use sea_orm::ConnectionTrait;
use tests::{
    database::is_postgres,
    processes::{World, within},
};
use worker::Handlers;

/// One step fails, since its table is gone; another hangs, since somebody holds its table. The others are made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_fails_or_hangs_holds_up_no_other() {
    let world = World::new().await;
    let old = world.enqueue(NewJob::now::<Probe>(())).await;
    let at = world.clock.now() - TimeDelta::days(30);
    let age = "UPDATE jobs SET status = 'DONE', finished_at = $1 WHERE id = $2";
    world
        .app
        .db
        .execute(age, values![at, old])
        .await
        .expect("an update");
    let away = "ALTER TABLE gateway_events RENAME TO gateway_events_away";
    world
        .app
        .db
        .execute(away, vec![])
        .await
        .expect("a table that is gone");
    let other = world.database.connect().await;
    let holding = other.begin().await.expect("a transaction");
    if is_postgres(&other) {
        let lock = "LOCK TABLE refunds, entitlement_batches, mails, sessions";
        holding
            .connection()
            .execute_unprepared(lock)
            .await
            .expect("a lock");
    } else {
        drop(holding);
    }
    let process = world.start(Handlers::default());
    let sql = "SELECT count(*) FROM jobs WHERE id = $1";
    within(async { while other_count(&world, sql, old).await > 0 {} }).await;
    process.kill();
}

async fn other_count(world: &World, sql: &str, job: entities::JobId) -> i64 {
    world
        .app
        .db
        .connection()
        .count(sql, values![job])
        .await
        .expect("a count")
}
