//! Batches under way: their workers die, they meet each other, they are stopped, they fail for one user alone.

use domain::{
    database::{Dialect, Sql},
    entitlements::batches::ChangeAccess,
    handler::Handler,
    jobs::{ClaimedJob, Ending, Handled, Queue, store},
};
use entities::{EntitlementBatchId, JobId, WorkerId};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::stage::{Sale, Stage, text};
use uuid::Uuid;

use super::{cancel, crowd, grant, grant_many, id, look, outcomes, revoke_many};
use crate::refunds::request;

/// Takes up the jobs that are due, as a worker does that then may die.
async fn claim(stage: &Stage) -> Vec<ClaimedJob> {
    let (worker, now) = (WorkerId(Uuid::from_u128(7)), stage.app.clock.now());
    let jobs = store::claim(&stage.app.db, Queue::Maintenance, worker, 10, now).await;
    jobs.expect("jobs")
}

/// Runs a claimed job to its end and writes that down.
async fn work(stage: &Stage, job: &ClaimedJob) {
    let batch = job.payload.subject::<ChangeAccess>().expect("a batch's job");
    assert!(matches!(handled(stage, job, batch).await, Ok(Ending::Done)));
    let held = [job.held()];
    let finished = store::finish(&stage.app.db, &held, stage.app.clock.now()).await;
    finished.expect("an end");
}

async fn handled(stage: &Stage, job: &ClaimedJob, batch: EntitlementBatchId) -> Handled {
    ChangeAccess::run(&stage.app, job, batch).await
}

/// Waits until so many are done.
async fn until_done(stage: &Stage, batch: &str, count: i64) {
    let id: EntitlementBatchId = batch.parse().expect("an id");
    loop {
        let sql = "SELECT done FROM entitlement_batches WHERE id = $1";
        let row = stage
            .app
            .db
            .connection()
            .row(sql, vec![id.into()])
            .await
            .expect("a row");
        let done: i64 = row.expect("a batch").try_get_by_index(0).expect("a number");
        if done >= count {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Lets the leases of dead workers run out, and hands their jobs back.
async fn worker_dies(stage: &Stage, job: JobId) {
    let sql = "UPDATE jobs SET lease_expires_at = created_at WHERE id = $1";
    let sql = sql.replace("created_at", "'2020-01-01T00:00:00+00:00'");
    stage
        .app
        .db
        .execute(&sql, vec![job.into()])
        .await
        .expect("a lease");
    assert_eq!(
        store::sweep(&stage.app.db, stage.app.clock.now())
            .await
            .expect("a sweep")
            .len(),
        1
    );
}

/// Work of a killed worker is taken up again, and nobody is done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_in_the_middle_loses_nothing_and_does_nothing_twice() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 400).await;
    let filter = json!({ "filter": { "segment": "CUSTOMER" } });
    let batch = id(&grant_many(&stage.admin, &book, filter).await);
    let job = claim(&stage).await.remove(0);
    let id: EntitlementBatchId = batch.parse().expect("an id");
    tokio::select! {
        _ = handled(&stage, &job, id) => panic!("it was not killed"),
        () = until_done(&stage, &batch, 50) => {}
    }
    let (status, [total, done, ..]) = look(&stage, &batch).await;
    assert!(
        status == "RUNNING" && (50..400).contains(&done),
        "{status} {done} of {total}"
    );
    worker_dies(&stage, job.id).await;
    let again = claim(&stage).await.remove(0);
    // The first worker was only slow, and comes back: it may not go on with what another one has.
    assert!(matches!(handled(&stage, &job, id).await, Ok(Ending::Done)));
    assert_eq!(
        look(&stage, &batch).await.1[1],
        done,
        "by the one who has lost the job, nobody is done"
    );
    work(&stage, &again).await;
    assert_eq!(
        look(&stage, &batch).await,
        ("SUCCEEDED".into(), [400, 400, 400, 0, 0])
    );
    let events = "SELECT count(*) FROM entitlement_events WHERE action = 'GRANTED'";
    let row = stage
        .app
        .db
        .connection()
        .row(events, vec![])
        .await
        .expect("a row")
        .expect("a count");
    assert_eq!(
        row.try_get_by_index::<i64>(0).expect("a number"),
        400,
        "each of them once"
    );
    stage.run_jobs().await;
    stage.end().await;
}

/// S4.23: two batches, single changes and a refund of the same people, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_at_once_ends_and_nobody_is_granted_twice() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let people = crowd(&stage, 120).await;
    let bought = stage.sell(&Sale::of(&people[60], &book, 1)).await;
    let filter = json!({ "filter": { "segment": "CUSTOMER" } });
    let reversed: Vec<&String> = people.iter().rev().collect();
    let first = id(&grant_many(&stage.admin, &book, filter.clone()).await);
    let second = id(&grant_many(&stage.admin, &book, json!({ "userIds": reversed })).await);
    let jobs = claim(&stage).await;
    let singles = people
        .iter()
        .step_by(10)
        .map(|user| grant(&stage.admin, user, &book, json!({})));
    let (_, singles, refunded) = futures::join!(
        futures::future::join_all(jobs.iter().map(|job| work(&stage, job))),
        futures::future::join_all(singles),
        request(&stage, &bought, json!({})),
    );
    refunded.accepted();
    let by_hand = singles.iter().filter(|it| it.refusals().is_empty()).count();
    let (one, two) = (look(&stage, &first).await, look(&stage, &second).await);
    assert_eq!((one.0.as_str(), one.1[1], one.1[4]), ("SUCCEEDED", 120, 0));
    assert_eq!((two.0.as_str(), two.1[1], two.1[4]), ("SUCCEEDED", 120, 0));
    let granted = one.1[2] + two.1[2] + i64::try_from(by_hand).expect("a number");
    // The one who had bought it may have been met before the refund or after it.
    assert!((119..=120).contains(&granted), "{granted}");
    let opposite = (
        revoke_many(&stage.admin, &book, filter.clone()).await,
        grant_many(&stage.admin, &book, filter).await,
    );
    let jobs = claim(&stage).await;
    futures::future::join_all(jobs.iter().map(|job| work(&stage, job))).await;
    for batch in [id(&opposite.0), id(&opposite.1)] {
        assert_eq!(look(&stage, &batch).await.0, "SUCCEEDED");
    }
    stage.until_quiet().await;
    stage.end().await;
}

/// What was done stays done, the rest is left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_canceled_stops_between_two_stretches() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 400).await;
    let filter = json!({ "filter": { "segment": "CUSTOMER" } });
    let batch = id(&grant_many(&stage.admin, &book, filter.clone()).await);
    let job = claim(&stage).await.remove(0);
    let stop = async {
        until_done(&stage, &batch, 50).await;
        cancel(&stage.admin, &batch).await
    };
    let ((), canceled) = futures::join!(work(&stage, &job), stop);
    let told = canceled.accepted()["batch"].clone();
    let (status, [_, done, succeeded, ..]) = look(&stage, &batch).await;
    assert_eq!(
        (status.as_str(), json!(done)),
        ("CANCELED", told["done"].clone()),
        "after the answer nothing more is done"
    );
    assert!((50..400).contains(&done) && done == succeeded, "{done}");
    assert_eq!(
        cancel(&stage.admin, &batch).await.refusals(),
        ["CONFLICT batchId"]
    );

    let unborn = id(&revoke_many(&stage.admin, &book, filter).await);
    cancel(&stage.agent().await, &unborn).await.accepted();
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &unborn).await,
        ("CANCELED".into(), [400, 0, 0, 0, 0])
    );
    let other = stage.other_team().await;
    assert_eq!(cancel(&other, &unborn).await.refusals(), ["NOT_FOUND batchId"]);
    let query = "query($id: ID!) { node(id: $id) { id } entitlementBatches { totalCount } }";
    let seen = other.ask(query, json!({ "id": unborn })).await.data();
    assert_eq!(
        seen,
        json!({ "node": null, "entitlementBatches": { "totalCount": 0 } })
    );
    stage.end().await;
}

/// A fault that this user brings about.
async fn plant(stage: &Stage, user: &str) {
    let unlucky: entities::UserId = user.parse().expect("an id");
    let hex = unlucky.0.simple().to_string();
    let plant = match stage.app.db.dialect() {
        Dialect::Sqlite => vec![format!(
            "CREATE TRIGGER planted BEFORE INSERT ON entitlements WHEN NEW.user_id = x'{hex}' BEGIN SELECT RAISE(ABORT, 'planted'); END"
        )],
        Dialect::Postgres => vec![
            "CREATE FUNCTION planted() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'planted'; END $$ LANGUAGE plpgsql".into(),
            format!(
                "CREATE TRIGGER planted BEFORE INSERT ON entitlements FOR EACH ROW WHEN (NEW.user_id = '{}') EXECUTE FUNCTION planted()",
                unlucky.0
            ),
        ],
    };
    for sql in plant {
        stage
            .app
            .db
            .connection()
            .execute_unprepared(&sql)
            .await
            .expect("a trigger");
    }
}

/// A fault that one user brings about stops nobody else, and is said.
#[tokio::test]
async fn one_user_who_cannot_be_done_fails_alone() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let people = crowd(&stage, 60).await;
    plant(&stage, &people[20]).await;
    let batch = id(&grant_many(
        &stage.admin,
        &book,
        json!({ "filter": { "search": "crowd.test" } }),
    )
    .await);
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &batch).await,
        ("SUCCEEDED".into(), [60, 60, 59, 0, 1])
    );
    let failed = outcomes(&stage, &batch)
        .await
        .into_iter()
        .filter(|it| it["outcome"] == "FAILED");
    let failed: Vec<Value> = failed.collect();
    assert_eq!(
        (failed.len(), &failed[0]["user"]["companyEmail"]),
        (1, &json!("20@crowd.test"))
    );
    assert!(!text(&failed[0]["message"]).is_empty());
    stage.end().await;
}

/// A fault that passes costs nobody their access: between two attempts there is time for it to pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_brief_fault_is_waited_out() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let people = crowd(&stage, 30).await;
    plant(&stage, &people[20]).await;
    let filter = json!({ "filter": { "segment": "CUSTOMER" } });
    let batch = id(&grant_many(&stage.admin, &book, filter).await);
    let job = claim(&stage).await.remove(0);
    let passes = async {
        until_done(&stage, &batch, 20).await;
        // Attempts that follow each other at once are over before all of these have had their turn.
        for _ in 0..6 {
            let tx = stage.app.begin_as_system(stage.team).await;
            let tx = tx.expect("a transaction");
            let lock = tx.db().dialect().for_update();
            let sql = format!("SELECT 1 FROM entitlement_batches WHERE status = 'RUNNING'{lock}");
            tx.db().rows(&sql, vec![]).await.expect("a turn");
        }
        let remove = match stage.app.db.dialect() {
            Dialect::Sqlite => "DROP TRIGGER planted",
            Dialect::Postgres => "DROP TRIGGER planted ON entitlements",
        };
        let connection = stage.app.db.connection();
        connection.execute_unprepared(remove).await.expect("no trigger");
    };
    futures::join!(work(&stage, &job), passes);
    assert_eq!(
        look(&stage, &batch).await,
        ("SUCCEEDED".into(), [30, 30, 30, 0, 0])
    );
    stage.end().await;
}

/// Progress is told while it goes on, not for each of them; what came of it is told at once.
#[tokio::test]
async fn progress_can_be_followed() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 120).await;
    let batch = id(&grant_many(
        &stage.admin,
        &book,
        json!({ "filter": { "segment": "CUSTOMER" } }),
    )
    .await);
    let document =
        format!("subscription {{ entitlementBatchUpdated(batchId: \"{batch}\") {{ status total done }} }}");
    let mut live = tests::live::Live::stream(&stage.admin, &document, json!({})).await;
    stage.pass(chrono::TimeDelta::seconds(2));
    stage.run_jobs().await;
    let mut last = Value::Null;
    while last["status"] != "SUCCEEDED" {
        let said = live.next().await;
        last = said["data"]["entitlementBatchUpdated"].clone();
        assert!(!last.is_null(), "{said}");
    }
    assert_eq!(last, json!({ "status": "SUCCEEDED", "total": 120, "done": 120 }));
    let events =
        "{ events(first: 100, topics: [ENTITLEMENT_BATCH_UPDATED]) { nodes { subject { id } data } } }";
    let events = stage.admin.ask(events, json!({})).await.data()["events"]["nodes"].clone();
    let told: Vec<&Value> = events
        .as_array()
        .expect("events")
        .iter()
        .map(|it| &it["data"]["done"])
        .collect();
    assert_eq!(
        told,
        [&json!(0), &json!(50), &json!(120)],
        "the clock stands still after the first stretch"
    );
    assert_eq!(events[2]["subject"]["id"], json!(batch));
    stage.end().await;
}

/// A long batch gives its seat to others after a thousand people, and goes on.
#[tokio::test]
async fn a_long_batch_lets_others_have_their_turn() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    crowd(&stage, 1030).await;
    let batch = id(&revoke_many(
        &stage.admin,
        &book,
        json!({ "filter": { "segment": "CUSTOMER" } }),
    )
    .await);
    let turns = stage.run_jobs().await;
    let done: Vec<bool> = turns
        .iter()
        .map(|turn| turn.verdict == worker::Verdict::Done)
        .collect();
    assert_eq!(done, [false, true], "{turns:#?}");
    assert_eq!(
        look(&stage, &batch).await,
        ("SUCCEEDED".into(), [1030, 1030, 0, 1030, 0])
    );
    stage.end().await;
}

/// A batch is never stuck: one whose job was dead-lettered has failed.
#[tokio::test]
async fn a_batch_whose_job_was_parked_has_failed() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let people = crowd(&stage, 3).await;
    grant_many(&stage.admin, &book, json!({ "userIds": people })).await;
    stage.run_jobs().await;
    let cursed = id(&revoke_many(&stage.admin, &book, json!({ "userIds": people })).await);
    for job in claim(&stage).await {
        let reason = "planted";
        domain::work::dead_letter(&stage.app, &job, reason)
            .await
            .expect("a dead-lettered job");
    }
    assert_eq!(look(&stage, &cursed).await.0, "FAILED");
    assert!(
        stage.may_use(&people[0], &book).await,
        "what was not done was not done"
    );
    stage.run_jobs().await;
    stage.end().await;
}
