//! Several installations keep their files in one bucket or folder, and one of them may be a copy of another.

use std::path::Path;

use chrono::TimeDelta;
use serde_json::Value;
use tests::{
    servers::bucket::TestBucket,
    stage::{Stage, text},
};

use super::{address, changed, files, get, lead, leads, people, round, seen};

/// An export that is ready to be fetched.
async fn ready(stage: &Stage) -> Value {
    people(stage, vec![lead("Ana", "ana@shop.test")]).await;
    let export = leads(&stage.admin).await;
    stage.run_jobs().await;
    assert_eq!(seen(&stage.admin, &export).await["status"], "READY");
    export
}

async fn fetched(stage: &Stage, export: &Value) -> Vec<u8> {
    let answer = get(
        &address(stage, &seen(&stage.admin, export).await["downloadUrl"]),
        &[],
    )
    .await;
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect("a file").to_vec()
}

#[tokio::test]
async fn two_installations_in_one_bucket_leave_each_other_alone() {
    let bucket = TestBucket::start().await.expect("a bucket");
    let (here, there) = (
        Stage::with_files_at(bucket.at("files")).await,
        Stage::with_files_at(bucket.at("files")).await,
    );
    let (ours, theirs) = (ready(&here).await, ready(&there).await);
    assert_eq!(files(&here).await.len(), 2);
    for stage in [&here, &there] {
        assert_eq!(round(stage).await.deleted, 0);
    }
    fetched(&here, &ours).await;
    // However old the other's are: they are not ours.
    for key in files(&here).await {
        let file = bucket.folder().join("files").join(key);
        changed(&file, here.app.clock.now() - TimeDelta::hours(20));
    }
    here.pass(TimeDelta::hours(24));
    assert_eq!(round(&here).await.deleted, 1);
    fetched(&there, &theirs).await;
    assert_eq!(files(&there).await.len(), 1);
    here.end().await;
    there.end().await;
}

/// Production's database is restored as staging and nobody changes the bucket: staging believes that production's
/// exports are its own, does the work that was waiting once more, and knows nothing of what came later.
#[tokio::test]
async fn a_copy_of_the_database_neither_overwrites_nor_deletes() {
    let stage = Stage::new().await;
    let export = ready(&stage).await;
    let production = files(&stage).await;
    let folder = stage.files.path().join("files");
    let before = std::fs::read(folder.join(&production[0])).expect("production's file");
    // Of an export that was asked for after the copy was made.
    let later = production[0].replace(&text(&export["id"]), "export_01h2xcejqtf2nbrexx3vqjhp41");
    let later = folder.join(later);
    std::fs::create_dir_all(later.parent().expect("a folder")).expect("a folder");
    std::fs::write(&later, b"production's, too").expect("a file");

    // What the copy says of the export: it is still to be written.
    for sql in [
        "UPDATE exports SET status = 'QUEUED', attempt = 0, done = 0, object_key = NULL, size_bytes = NULL, \
         sha256 = NULL, completed_at = NULL, expires_at = NULL",
        "UPDATE jobs SET status = 'PENDING', attempts = 0, finished_at = NULL WHERE kind = 'write_export'",
        "UPDATE users SET first_name = 'Bea' WHERE first_name = 'Ana'",
    ] {
        stage.sql(sql).await;
    }
    stage.run_jobs().await;
    assert_eq!(seen(&stage.admin, &export).await["status"], "READY");
    assert_eq!(round(&stage).await.deleted, 0);
    stage.pass(TimeDelta::hours(24));
    assert_eq!(round(&stage).await.deleted, 1, "its own, whose time is over");
    let after = std::fs::read(folder.join(&production[0])).expect("production's file");
    assert!(before == after, "it was overwritten");
    assert!(later.exists());
    // Unless they are so old that production does not need them either.
    for file in [&later, &folder.join(&production[0])] {
        changed(file, stage.app.clock.now() - TimeDelta::hours(26));
    }
    assert_eq!(round(&stage).await.deleted, 2);
    assert!(files(&stage).await.is_empty());
    stage.end().await;
}

/// Files from before installations had ids: theirs are told from ours by the rows.
#[tokio::test]
async fn files_of_before_are_found_and_go() {
    let stage = Stage::new().await;
    let export = ready(&stage).await;
    let folder = stage.files.path().join("files");
    let now = &files(&stage).await[0];
    let (team, id) = (stage.team, text(&export["id"]));
    let before = format!("exports/{team}/{id}/1");
    let kept = |key: &str| folder.join(key);
    std::fs::create_dir_all(kept(&before).parent().expect("a folder")).expect("a folder");
    std::fs::rename(kept(now), kept(&before)).expect("moved");
    stage
        .sql(&format!("UPDATE exports SET object_key = '{before}'"))
        .await;
    let dead = format!("exports/{team}/{id}/0");
    let others = format!("exports/{team}/export_01h2xcejqtf2nbrexx3vqjhp41/1");
    std::fs::create_dir_all(kept(&others).parent().expect("a folder")).expect("a folder");
    let old = stage.app.clock.now() - TimeDelta::hours(26);
    for key in [&dead, &others] {
        std::fs::write(kept(key), b"left").expect("a file");
    }
    let exists = |key: &str| Path::exists(&kept(key));
    for key in [&before, &dead, &others] {
        changed(&kept(key), old);
    }
    assert_eq!(round(&stage).await.deleted, 1);
    assert!(exists(&before) && !exists(&dead) && exists(&others));
    fetched(&stage, &export).await;
    stage.pass(TimeDelta::hours(24));
    assert_eq!(round(&stage).await.deleted, 1);
    assert!(!exists(&before) && exists(&others));
    stage.end().await;
}

/// What cannot be deleted now is not forgotten.
#[tokio::test]
async fn a_file_that_cannot_be_deleted_goes_later() {
    let stage = Stage::new().await;
    ready(&stage).await;
    let file = stage.files.path().join("files").join(&files(&stage).await[0]);
    let folder = file.parent().expect("a folder");
    let aside = folder.with_extension("aside");
    std::fs::rename(folder, &aside).expect("moved");
    // In its place stands what is no folder.
    std::fs::write(folder, b"").expect("a file");
    stage.pass(TimeDelta::hours(24));
    let done = round(&stage).await;
    assert_eq!((done.expired, done.deleted), (1, 0));
    std::fs::remove_file(folder).expect("a file");
    std::fs::rename(&aside, folder).expect("moved back");
    assert_eq!(round(&stage).await.deleted, 1);
    assert!(!file.exists());
    stage.end().await;
}
