//! The same promises where files are kept in a bucket of S3, behind real requests with real signatures.

use std::time::Duration;

use anyhow::anyhow;
use chrono::TimeDelta;
use domain::adapters::files::{BlobStore, Pieces};
use futures::{StreamExt, TryStreamExt, stream};
use tests::{servers::bucket::TestBucket, stage::Stage};
use tokio::time::timeout;

use super::{address, crowd, files, get, leads, round, rows, seen};

/// What is sent in one part.
const PART: usize = 8 * 1024 * 1024;

fn pieces(sizes: &[usize]) -> Pieces {
    let piece = |(n, size): (usize, &usize)| Ok(vec![u8::try_from(n).unwrap_or(0); *size].into());
    let pieces: Vec<_> = sizes.iter().enumerate().map(piece).collect();
    stream::iter(pieces).boxed()
}

async fn read(store: &dyn BlobStore, key: &str, range: std::ops::Range<u64>) -> Option<Vec<u8>> {
    let found = store.read(key, range).await.expect("an answer")?;
    let pieces: Vec<_> = found.try_collect().await.expect("all of it");
    Some(pieces.concat())
}

#[tokio::test]
async fn an_export_is_written_fetched_in_part_and_cleared_away() {
    let bucket = TestBucket::start().await.expect("a bucket");
    let stage = Stage::with_files_at(bucket.at("aurora/files")).await;
    crowd(&stage, 1200).await;
    let office = stage.key_with(&["exports.write", "users.read"]).await;
    let export = leads(&office).await;
    stage.run_jobs().await;
    let ready = seen(&office, &export).await;
    assert_eq!(ready["status"], "READY", "{ready}");
    let kept = files(&stage).await;
    assert_eq!(kept.len(), 1);
    assert!(bucket.folder().join("aurora/files").join(&kept[0]).exists());
    let link = address(&stage, &ready["downloadUrl"]);
    let whole = get(&link, &[]).await;
    assert_eq!(whole.status(), 200);
    let whole = whole.bytes().await.expect("a file");
    assert_eq!(ready["sizeBytes"], whole.len());
    assert_eq!(rows(&whole).len(), 1201);
    let part = get(&link, &[("range", "bytes=2-9")]).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.expect("a part"), whole[2..10]);
    stage.pass(TimeDelta::hours(24));
    assert_eq!(round(&stage).await.deleted, 1);
    assert!(files(&stage).await.is_empty());
    assert!(!bucket.folder().join("aurora/files").join(&kept[0]).exists());
    stage.end().await;
}

/// Files that are away hold up nothing else. Links answer 503, and a round of maintenance does the rest of its work.
#[tokio::test]
async fn a_bucket_that_never_answers_holds_up_nobody() {
    let bucket = TestBucket::start().await.expect("a bucket");
    let stage = Stage::with_files_at(bucket.with_patience("", Duration::from_millis(100))).await;
    crowd(&stage, 1).await;
    let export = leads(&stage.admin).await;
    stage.run_jobs().await;
    let link = address(&stage, &seen(&stage.admin, &export).await["downloadUrl"]);
    bucket.fall_silent();
    // As long as a worker gives a round, and less than the connection's own limit: whatever waits for that is late.
    let in_time = Duration::from_secs(30);
    let answer = timeout(in_time, get(&link, &[])).await;
    assert_eq!(answer.expect("an answer in time").status(), 503);
    stage.pass(TimeDelta::hours(24));
    let done = timeout(in_time, domain::operations::maintain(&stage.app)).await;
    let done = done.expect("a round in time").expect("a round");
    let done = done.expect("nobody else makes one");
    assert_eq!((done.exports.expired, done.exports.deleted), (1, 0));
    assert!(done.limits_deleted > 0, "what comes after the files: {done:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_file_of_several_parts_is_there_whole_or_not_at_all() {
    let bucket = TestBucket::start().await.expect("a bucket");
    let store = bucket.at("kept").open().expect("a store");
    let key = "exports/a/1";
    store.put(key, pieces(&[3, PART + 1, 5])).await.expect("kept");
    let size = PART as u64 + 9;
    let whole = read(&*store, key, 0..size).await.expect("a file");
    assert_eq!((whole.len() as u64, &whole[..4]), (size, &[0, 0, 0, 1][..]));
    let end = read(&*store, key, size - 6..size).await;
    assert_eq!(end.expect("a range"), [1, 2, 2, 2, 2, 2]);
    let broken = pieces(&[PART, PART, 1])
        .chain(stream::iter([Err(anyhow!("the writer has died"))]))
        .boxed();
    assert!(store.put("exports/a/2", broken).await.is_err());
    assert!(read(&*store, "exports/a/2", 0..1).await.is_none());
    // Another installation in the same bucket.
    let other = bucket.at("other").open().expect("a store");
    other.put("exports/b/1", pieces(&[1])).await.expect("kept");
    assert!(read(&*other, key, 0..1).await.is_none());
    assert_eq!(store.keys("exports").await.expect("keys"), [key]);
    store.delete(key).await.expect("gone");
    store.delete(key).await.expect("gone is gone");
    assert!(read(&*store, key, 0..1).await.is_none());
    assert_eq!(store.keys("exports").await.expect("keys"), [""; 0]);
    assert_eq!(other.keys("exports").await.expect("keys"), ["exports/b/1"]);
}

#[tokio::test]
async fn a_wrong_secret_keeps_nothing_and_operators_read_why() {
    let bucket = TestBucket::start().await.expect("a bucket");
    let stage = Stage::with_files_at(bucket.with_secret("", "another secret")).await;
    crowd(&stage, 1).await;
    let export = leads(&stage.admin).await;
    for _ in 0..6 {
        stage.later(TimeDelta::minutes(16)).await;
    }
    assert_eq!(seen(&stage.admin, &export).await["status"], "FAILED");
    let sql = "SELECT last_error FROM jobs WHERE kind = 'write_export' AND status = 'DEAD'";
    let row = domain::database::Sql::row(stage.app.db.connection(), sql, vec![]).await;
    let error: String = row
        .expect("an answer")
        .expect("a job")
        .try_get_by_index(0)
        .expect("a text");
    assert!(error.contains("SignatureDoesNotMatch"), "{error}");
    assert!(!error.contains("another secret"), "{error}");
    stage.end().await;
}
