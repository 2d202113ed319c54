//! What every store promises, on a folder.

use anyhow::anyhow;
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tokio_util::bytes::Bytes;

use super::{BlobStore, FilesAt, PART, Pieces};

fn folder() -> (TempDir, std::sync::Arc<dyn BlobStore>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = FilesAt::Folder(folder.path().join("files"));
    (folder, store.open().expect("a store"))
}

fn pieces(sizes: &[usize]) -> Pieces {
    let pieces: Vec<_> = (sizes.iter().enumerate())
        .map(|(n, size)| Ok(Bytes::from(vec![u8::try_from(n).unwrap_or(0); *size])))
        .collect();
    stream::iter(pieces).boxed()
}

async fn read(store: &dyn BlobStore, key: &str, range: std::ops::Range<u64>) -> Option<Vec<u8>> {
    let found = store.read(key, range).await.expect("an answer")?;
    let pieces: Vec<Bytes> = found.try_collect().await.expect("all of it");
    Some(pieces.concat())
}

#[tokio::test]
async fn a_file_of_several_parts_is_read_as_it_was_written() {
    let (_folder, store) = folder();
    store.prepare().await.expect("a place");
    store
        .put("exports/a/1", pieces(&[3, PART + 1, 5]))
        .await
        .expect("kept");
    let size = PART as u64 + 9;
    let whole = read(&*store, "exports/a/1", 0..size).await.expect("a file");
    assert_eq!(whole.len() as u64, size);
    assert_eq!(whole[..4], [0, 0, 0, 1]);
    let end = read(&*store, "exports/a/1", size - 6..size).await;
    assert_eq!(end.expect("a range"), [1, 2, 2, 2, 2, 2]);
    assert_eq!(store.keys("exports").await.expect("keys"), ["exports/a/1"]);
    store.delete("exports/a/1").await.expect("gone");
    store.delete("exports/a/1").await.expect("gone is gone");
    assert!(read(&*store, "exports/a/1", 0..1).await.is_none());
    assert_eq!(store.keys("exports").await.expect("keys"), [""; 0]);
}

#[tokio::test]
async fn what_does_not_come_to_its_end_is_not_kept() {
    let (_folder, store) = folder();
    let broken = pieces(&[PART, PART, 1])
        .chain(stream::iter([Err(anyhow!("the writer has died"))]))
        .boxed();
    assert!(store.put("exports/a/1", broken).await.is_err());
    assert!(read(&*store, "exports/a/1", 0..1).await.is_none());
    assert_eq!(store.keys("exports").await.expect("keys"), [""; 0]);
}

#[tokio::test]
async fn what_a_dead_process_has_begun_is_found_and_deleted() {
    let (folder, store) = folder();
    store.put("exports/a/2", pieces(&[1])).await.expect("kept");
    let begun = folder.path().join("files/exports/a/1#1");
    std::fs::write(&begun, b"half").expect("a file");
    let keys = store.keys("exports").await.expect("keys");
    assert_eq!(keys, ["exports/a/1", "exports/a/2"]);
    assert!(read(&*store, "exports/a/1", 0..1).await.is_none());
    store.delete("exports/a/1").await.expect("gone");
    assert!(!begun.exists());
    assert_eq!(store.keys("exports").await.expect("keys"), ["exports/a/2"]);
}

#[tokio::test]
async fn no_empty_folders_are_left_behind() {
    let (folder, store) = folder();
    store.prepare().await.expect("a place");
    let root = folder.path().join("files");
    for name in ["1#1", "2#1"] {
        std::fs::create_dir_all(root.join("exports/a")).expect("a folder");
        std::fs::write(root.join("exports/a").join(name), b"half").expect("a file");
    }
    store.delete("exports/a/1").await.expect("gone");
    assert!(root.join("exports/a").exists(), "another file is in it");
    store.delete("exports/a/2").await.expect("gone");
    assert!(!root.join("exports").exists());
    assert!(root.exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said_at_the_start() {
    let (folder, _) = folder();
    let file = folder.path().join("taken");
    std::fs::write(&file, b"").expect("a file");
    let store = FilesAt::Folder(file.join("files"))
        .open()
        .expect("not looked at yet");
    let error = store.prepare().await.expect_err("no folder");
    assert!(error.to_string().contains("taken/files"), "{error}");
}
