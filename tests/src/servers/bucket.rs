//! A bucket for tests, behind a server that speaks S3 and checks every signature.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use domain::adapters::files::{Bucket, FilesAt};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

const NAME: &str = "postventa";
const KEY: &str = "story";
const SECRET: &str = "postventa-story";

/// One bucket on a server of its own, which ends with it.
pub struct TestBucket {
    address: url::Url,
    folder: TempDir,
    serving: JoinHandle<()>,
}

impl TestBucket {
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join(NAME))?;
        let files = FileSystem::new(folder.path()).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(async move {
            let http = Arc::new(auto::Builder::new(TokioExecutor::new()));
            while let Ok((connection, _)) = listener.accept().await {
                let (http, service) = (Arc::clone(&http), service.clone());
                // Whoever hangs up has heard enough.
                tokio::spawn(
                    async move { drop(http.serve_connection(TokioIo::new(connection), service).await) },
                );
            }
        });
        Ok(Self {
            address: address.parse().context("an address")?,
            folder,
            serving,
        })
    }

    /// The bucket with its keys below `prefix`.
    pub fn at(&self, prefix: &str) -> FilesAt {
        self.with_secret(prefix, SECRET)
    }

    /// The same for somebody who has been given this secret.
    pub fn with_secret(&self, prefix: &str, secret: &str) -> FilesAt {
        FilesAt::Bucket(Bucket {
            name: NAME.into(),
            prefix: prefix.into(),
            region: "eu-south-2".into(),
            endpoint: Some(self.address.clone()),
            access_key_id: KEY.into(),
            secret_access_key: secret.into(),
        })
    }

    /// Where the server keeps what the bucket holds.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }
}

impl Drop for TestBucket {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
