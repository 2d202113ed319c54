//! While a file is written: progress, cancelling, workers that die or come back too late, stores that fail.

use chrono::TimeDelta;
use domain::{jobs::store, values};
use serde_json::{Value, json};
use tests::{
    live::Live,
    stage::{Stage, text},
    statements::Held,
};
use tokio::task::JoinHandle;
use worker::Handlers;

use super::{address, cancel, crowd, files, get, lead, leads, people, rows, seen};

/// How a worker asks for the next chunk of people.
const CHUNK: &str = "u.id LIMIT 1000";

/// A worker of its own, held up behind its first chunk.
async fn held_worker(stage: &Stage) -> (JoinHandle<()>, Held) {
    let mut held = stage.statements.hold(CHUNK);
    let app = stage.app.clone();
    let worker = tokio::spawn(async move {
        let done = worker::run_due(&app, &Handlers::default()).await;
        done.expect("jobs run");
    });
    held.reached().await;
    (worker, held)
}

/// As if the worker had given no sign of life.
async fn give_up(stage: &Stage) {
    let past = stage.app.db.dialect().now_plus(-60);
    let late = format!("UPDATE jobs SET lease_expires_at = {past} WHERE status = 'RUNNING'");
    stage.sql(&late).await;
    let swept = store::sweep(&stage.app.db, stage.app.clock.now()).await;
    assert_eq!(swept.expect("a sweep").len(), 1);
}

async fn told(stage: &Stage) -> Vec<Value> {
    let query = "{ events(topics: [EXPORT_UPDATED], first: 100) { nodes { data subject { ... on Export { id } } } } }";
    let found = stage.admin.ask(query, json!(null)).await.data();
    let events = found["events"]["nodes"].as_array().expect("events").clone();
    events.iter().map(|event| event["data"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_follows_sees_it_go_on_but_not_every_row() {
    let stage = Stage::new().await;
    crowd(&stage, 6000).await;
    let export = leads(&stage.admin).await;
    assert_eq!(
        (&export["status"], &export["done"], &export["total"]),
        (&json!("QUEUED"), &json!(0), &json!(6000))
    );
    let query = "subscription($id: ID!) { exportUpdated(exportId: $id) { status done total } }";
    let mut live = Live::socket(&stage.admin, query, json!({ "id": export["id"] })).await;
    let first = live.next().await["data"]["exportUpdated"].clone();
    assert_eq!(first, json!({ "status": "QUEUED", "done": 0, "total": 6000 }));
    stage.run_jobs().await;
    let mut last = first;
    while last["status"] != "READY" {
        let next = live.next().await["data"]["exportUpdated"].clone();
        assert!(
            next["done"].as_i64() >= last["done"].as_i64(),
            "{last} then {next}"
        );
        last = next;
    }
    assert_eq!(last["done"], 6000);
    let told = told(&stage).await;
    let ends = [told.first().expect("events"), told.last().expect("events")];
    assert_eq!(
        ends.map(|data| (text(&data["status"]), data["done"].as_i64())),
        [("QUEUED".to_owned(), Some(0)), ("READY".to_owned(), Some(6000))]
    );
    let between = told
        .iter()
        .filter(|data| data["status"] == "RUNNING" && data["done"] != 0);
    let between = between.count();
    assert!(
        (1..=6).contains(&between),
        "{between} times between begin and end"
    );
    stage.end().await;
}

/// A small one is told when it begins and when it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_small_export_makes_no_noise() {
    let stage = Stage::new().await;
    crowd(&stage, 1500).await;
    leads(&stage.admin).await;
    stage.run_jobs().await;
    let told = told(&stage).await;
    assert!(told.len() <= 4, "{told:?}");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_notices_that_its_export_was_canceled() {
    let stage = Stage::new().await;
    crowd(&stage, 12_000).await;
    let export = leads(&stage.admin).await;
    let (worker, held) = held_worker(&stage).await;
    let canceled = cancel(&stage.admin, &export).await.accepted();
    assert_eq!(canceled["export"]["status"], "CANCELED");
    stage.statements.take();
    drop(held);
    worker.await.expect("the worker goes on");
    let chunks = stage.statements.take();
    let chunks = chunks.iter().filter(|sql| sql.contains(CHUNK)).count();
    assert!(chunks <= 5, "{chunks} more chunks were read");
    let after = seen(&stage.admin, &export).await;
    assert_eq!(
        (&after["status"], &after["downloadUrl"]),
        (&json!("CANCELED"), &json!(null))
    );
    assert!(files(&stage).await.is_empty());
    stage.end().await;
}

/// The last moment: the file is whole, and nobody wants it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_small_export_that_was_canceled_leaves_no_file() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    let export = leads(&stage.admin).await;
    let (worker, held) = held_worker(&stage).await;
    cancel(&stage.admin, &export).await.accepted();
    drop(held);
    worker.await.expect("the worker goes on");
    assert_eq!(seen(&stage.admin, &export).await["status"], "CANCELED");
    assert!(files(&stage).await.is_empty());
    stage.end().await;
}

/// What is not finished cannot be downloaded, and another worker begins anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_dies_in_the_middle_leaves_nothing_and_the_next_makes_it_whole() {
    let stage = Stage::new().await;
    crowd(&stage, 2500).await;
    let export = leads(&stage.admin).await;
    let (dying, held) = held_worker(&stage).await;
    dying.abort();
    drop(held);
    assert!(dying.await.expect_err("it was killed").is_cancelled());
    let between = seen(&stage.admin, &export).await;
    assert_eq!(
        (&between["status"], &between["downloadUrl"], &between["sha256"]),
        (&json!("RUNNING"), &json!(null), &json!(null))
    );
    assert!(files(&stage).await.is_empty());
    give_up(&stage).await;
    stage.run_jobs().await;
    let ready = seen(&stage.admin, &export).await;
    assert_eq!(
        (&ready["status"], &ready["done"]),
        (&json!("READY"), &json!(2500))
    );
    let file = get(&address(&stage, &ready["downloadUrl"]), &[]).await;
    let file = file.bytes().await.expect("a file");
    let found = rows(&file);
    assert_eq!(found.len(), 2501);
    let mut ids: Vec<String> = found.iter().map(|row| row[0].to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2501, "everybody once");
    stage.end().await;
}

/// Two workers, of which one was given up too early: the file is that of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_that_comes_back_too_late_changes_nothing() {
    let stage = Stage::new().await;
    crowd(&stage, 1500).await;
    let export = leads(&stage.admin).await;
    let (late, held) = held_worker(&stage).await;
    give_up(&stage).await;
    stage.run_jobs().await;
    let ready = seen(&stage.admin, &export).await;
    assert_eq!(ready["status"], "READY");
    let kept = files(&stage).await;
    drop(held);
    late.await.expect("it goes on");
    let mut after = seen(&stage.admin, &export).await;
    after["downloadUrl"] = ready["downloadUrl"].clone();
    assert_eq!(after, ready);
    assert_eq!(files(&stage).await, kept);
    assert_eq!(kept.len(), 1);
    stage.end().await;
}

#[tokio::test]
async fn a_store_that_never_answers_ends_in_a_sentence_for_people() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    // A file where the folder should be.
    let place = stage.files.path().join("files");
    std::fs::write(&place, b"").expect("a file");
    let export = leads(&stage.admin).await;
    for _ in 0..6 {
        stage.later(TimeDelta::minutes(16)).await;
    }
    let failed = seen(&stage.admin, &export).await;
    assert_eq!(failed["status"], "FAILED");
    assert!(text(&failed["failureMessage"]).contains("ask for it again"));
    let row = stage.app.db.connection();
    let row = domain::database::Sql::row(
        row,
        "SELECT status, last_error FROM jobs WHERE kind = 'write_export'",
        values![],
    );
    let row = row.await.expect("an answer").expect("a job");
    let (status, error): (String, String) = (
        row.try_get_by_index(0).expect("a word"),
        row.try_get_by_index(1).expect("a text"),
    );
    assert_eq!(status, "DEAD");
    assert!(error.contains("files"), "operators read the cause: {error}");
    std::fs::remove_file(&place).expect("the place is free");
    let again = leads(&stage.admin).await;
    stage.run_jobs().await;
    assert_eq!(seen(&stage.admin, &again).await["status"], "READY");
    stage.end().await;
}

/// Nobody follows what they may not see, and who may not see it any more has come to the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn following_ends_with_the_right_to_see_it() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    let export = leads(&stage.admin).await;
    let query = "subscription($id: ID!) { exportUpdated(exportId: $id) { status } }";
    let stranger = stage.agent().await;
    let mut refused = Live::socket(&stranger, query, json!({ "id": export["id"] })).await;
    assert_eq!(
        refused.next().await["errors"][0]["extensions"]["code"],
        "NOT_FOUND"
    );
    stage.run_jobs().await;
    let mut late = Live::stream(&stage.admin, query, json!({ "id": export["id"] })).await;
    let now = late.next().await;
    assert_eq!(now["data"]["exportUpdated"]["status"], "READY", "as it is now");
    stage.end().await;
}
