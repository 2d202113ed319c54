//! Where files are kept: a folder that all processes share, or a bucket.

mod folder;
mod probe;
mod s3;

use std::{fmt, ops::Range, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart, path::Path};
use secrecy::SecretString;
use tokio_util::bytes::Bytes;

pub use probe::try_folder;

/// A file's content, piece by piece. An error in it says that the rest is not coming.
pub type Pieces = BoxStream<'static, anyhow::Result<Bytes>>;

/// Bytes that are sent to the store in one go; S3 takes no fewer than 5 MiB.
const PART: usize = 8 * 1024 * 1024;
/// Parts under way at once.
const PARTS_AT_ONCE: usize = 2;

/// How long a store may usually keep somebody waiting: less than a run of maintenance lasts.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps files under keys of names and slashes. A file is there whole or not at all.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Makes sure that something can be kept here: for the start of a process.
    async fn prepare(&self) -> anyhow::Result<()>;

    /// How long to wait for it, for whoever has somebody waiting or other things to do.
    fn patience(&self) -> Duration;

    /// Keeps a file. Nothing is kept if a piece is an error, or if this future is dropped.
    async fn put(&self, key: &str, pieces: Pieces) -> anyhow::Result<()>;

    /// The bytes of a range. None if there is no such file.
    async fn read(&self, key: &str, range: Range<u64>) -> anyhow::Result<Option<Pieces>>;

    /// Deletes a file with whatever is left of attempts to write it. It need not be there.
    async fn delete(&self, key: &str) -> anyhow::Result<()>;

    /// What lies below a prefix, also what a process has begun to write and died; in the order of the keys.
    async fn listed(&self, prefix: &str) -> anyhow::Result<Vec<Listed>>;

    /// The keys of what lies below a prefix.
    async fn keys(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let files = self.listed(prefix).await?;
        Ok(files.into_iter().map(|file| file.key).collect())
    }

    /// A folder for what is needed only while a file is written. The error says why there is none.
    async fn scratch(&self) -> anyhow::Result<PathBuf> {
        probe::temporary().await
    }
}

/// What a store says of a file without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    /// By the store's clock.
    pub changed_at: DateTime<Utc>,
}

/// Where an installation keeps its files.
#[derive(Clone)]
pub enum FilesAt {
    Folder(PathBuf),
    Bucket(Bucket),
}

/// A bucket of Amazon S3, or of anything that speaks its language.
#[derive(Clone)]
pub struct Bucket {
    pub name: String,
    /// What all keys begin with; may be empty.
    pub prefix: String,
    pub region: String,
    /// Another address than Amazon's.
    pub endpoint: Option<url::Url>,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    /// See [`BlobStore::patience`].
    pub patience: Duration,
}

impl fmt::Debug for FilesAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Bucket(bucket) => write!(f, "s3://{}/{}", bucket.name, bucket.prefix),
        }
    }
}

impl FilesAt {
    /// Nothing is touched before it is used.
    pub fn open(&self) -> anyhow::Result<Arc<dyn BlobStore>> {
        Ok(match self {
            Self::Folder(path) => Arc::new(folder::Folder::new(path.clone())),
            Self::Bucket(bucket) => Arc::new(s3::Remote::new(bucket)?),
        })
    }
}

/// Waits for the store, but no longer than it may keep us waiting.
pub async fn in_time<T>(
    store: &dyn BlobStore,
    asked: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let patience = store.patience();
    match tokio::time::timeout(patience, asked).await {
        Ok(answer) => answer,
        Err(_) => bail!("the store of files has not answered within {patience:?}"),
    }
}

/// Writes a file part by part; what was begun and not finished is given up.
async fn write(store: &dyn ObjectStore, at: &Path, mut pieces: Pieces) -> anyhow::Result<()> {
    let upload = store.put_multipart(at).await.context("cannot begin a file")?;
    let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
    let written = async {
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            upload.wait_for_capacity(PARTS_AT_ONCE).await?;
            upload.put(piece);
        }
        anyhow::Ok(())
    };
    match written.await {
        Ok(()) => {
            upload.finish().await.context("cannot finish a file")?;
            Ok(())
        }
        Err(error) => {
            if let Err(left) = upload.abort().await {
                tracing::warn!(error = %left, "the beginning of a file is left over");
            }
            Err(error.context("cannot write a file"))
        }
    }
}

async fn read(store: &dyn ObjectStore, at: &Path, range: Range<u64>) -> anyhow::Result<Option<Pieces>> {
    let options = object_store::GetOptions {
        range: Some(object_store::GetRange::Bounded(range)),
        ..Default::default()
    };
    match store.get_opts(at, options).await {
        Ok(found) => Ok(Some(found.into_stream().map(|piece| Ok(piece?)).boxed())),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error).context("cannot read a file"),
    }
}

async fn delete(store: &dyn ObjectStore, at: &Path) -> anyhow::Result<()> {
    match store.delete(at).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error).context("cannot delete a file"),
    }
}

fn path(key: &str) -> anyhow::Result<Path> {
    Ok(Path::parse(key)?)
}

#[cfg(test)]
mod tests;
