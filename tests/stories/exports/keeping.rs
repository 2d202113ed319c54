//! What the round of maintenance does: files go after a day. And what becomes of an export that nobody
//! can write.

use chrono::TimeDelta;
use domain::{
    exports::Tended,
    jobs::{Queue, store},
};
use entities::WorkerId;
use futures::StreamExt;
use serde_json::{Value, json};
use tests::stage::{Stage, text};

use super::{changed, files, lead, leads, people, round, seen};

async fn waiting(stage: &Stage) -> Value {
    people(stage, vec![lead("Ana", "ana@shop.test")]).await;
    leads(&stage.admin).await
}

#[tokio::test]
async fn a_file_is_deleted_after_a_day() {
    let stage = Stage::new().await;
    let office = stage.key_with(&["exports.write", "users.read"]).await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    let export = leads(&office).await;
    stage.run_jobs().await;
    stage.pass(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(round(&stage).await, Tended::default());
    assert_eq!(files(&stage).await.len(), 1);
    stage.pass(TimeDelta::seconds(1));
    let done = round(&stage).await;
    assert_eq!((done.expired, done.deleted), (1, 1));
    let expired = seen(&office, &export).await;
    for (field, value) in [
        ("status", json!("EXPIRED")),
        ("downloadUrl", json!(null)),
        ("sha256", json!(null)),
    ] {
        assert_eq!(expired[field], value, "{field}");
    }
    assert!(files(&stage).await.is_empty());
    assert_eq!(round(&stage).await, Tended::default());
    stage.end().await;
}

/// Attempts that died leave files behind that nobody refers to, whole ones and halves. They go when no file of their
/// age can be needed by anybody.
#[tokio::test]
async fn what_dead_workers_left_behind_goes_after_a_day_and_nothing_else() {
    let stage = Stage::new().await;
    let export = waiting(&stage).await;
    stage.run_jobs().await;
    let kept = files(&stage).await;
    let folder = stage.files.path().join("files");
    let beside = folder.join(&kept[0]);
    let beside = beside.parent().expect("the export's folder");
    let left = ["0-00000000000000aa", "7-00000000000000bb#1"];
    let left = left.map(|name| beside.join(name));
    let others = folder.join("exports/readme");
    for file in left.iter().chain([&others]) {
        std::fs::write(file, b"left").expect("a file");
        changed(file, stage.app.clock.now() - TimeDelta::hours(24));
    }
    assert_eq!(files(&stage).await.len(), 4);
    assert_eq!(round(&stage).await.deleted, 0);
    for file in left.iter().chain([&others]) {
        changed(file, stage.app.clock.now() - TimeDelta::hours(26));
    }
    assert_eq!(round(&stage).await.deleted, 2);
    assert_eq!(files(&stage).await, [kept[0].as_str(), "exports/readme"]);
    assert_eq!(seen(&stage.admin, &export).await["status"], "READY");
    // One that is being written at this moment is left alone.
    let running = leads(&stage.admin).await;
    let key = kept[0].replace(&text(&export["id"]), &text(&running["id"]));
    let piece = futures::stream::iter([Ok("new".into())]).boxed();
    stage.app.files.put(&key, piece).await.expect("kept");
    assert_eq!(round(&stage).await.deleted, 0);
    stage.run_jobs().await;
    stage.end().await;
}

#[tokio::test]
async fn an_export_whose_job_was_parked_has_failed() {
    let stage = Stage::new().await;
    let export = waiting(&stage).await;
    let now = stage.app.clock.now();
    let db = &stage.app.db;
    // Eight deaths of its workers: from the third on it was alone.
    for death in 0..8 {
        let worker = WorkerId(stage.app.ids.uuid(now));
        let claimed = if death < 2 {
            let claimed = store::claim(db, Queue::Exports, worker, 1, now).await;
            claimed.expect("a claim").pop()
        } else {
            let claimed = store::claim_suspect(db, Queue::Exports, worker, now).await;
            claimed.expect("a claim")
        };
        assert!(claimed.is_some(), "{death}");
        let past = db.dialect().now_plus(-60);
        stage
            .sql(&format!(
                "UPDATE jobs SET lease_expires_at = {past} WHERE status = 'RUNNING'"
            ))
            .await;
        store::sweep(db, now).await.expect("a sweep");
        stage.sql("UPDATE jobs SET rests_until = NULL").await;
    }
    assert_eq!(
        domain::work::tell_of_dead_letters(&stage.app)
            .await
            .expect("told"),
        1
    );
    let failed = seen(&stage.admin, &export).await;
    assert_eq!(failed["status"], "FAILED");
    assert!(text(&failed["failureMessage"]).contains("could not be written"));
    assert_eq!(round(&stage).await, Tended::default());
    stage.end().await;
}
