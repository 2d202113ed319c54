//! A bucket for tests, behind a server that speaks S3 and checks every signature.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use domain::adapters::files::{Bucket, FilesAt, PATIENCE};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
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
    silent: Arc<AtomicBool>,
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
        let silent = Arc::new(AtomicBool::new(false));
        let silence = Arc::clone(&silent);
        let serving = tokio::spawn(async move {
            let http = Arc::new(auto::Builder::new(TokioExecutor::new()));
            while let Ok((connection, _)) = listener.accept().await {
                let (http, service, silent) = (Arc::clone(&http), service.clone(), Arc::clone(&silence));
                let service =
                    service_fn(move |request| answer(service.clone(), Arc::clone(&silent), request));
                // Whoever hangs up has heard enough.
                tokio::spawn(
                    async move { drop(http.serve_connection(TokioIo::new(connection), service).await) },
                );
            }
        });
        Ok(Self {
            address: address.parse().context("an address")?,
            folder,
            silent,
            serving,
        })
    }

    /// The bucket with its keys below `prefix`.
    pub fn at(&self, prefix: &str) -> FilesAt {
        self.known_as(prefix, SECRET, PATIENCE)
    }

    /// The same for somebody who comes by another address.
    pub fn by_way_of(&self, address: &str, prefix: &str) -> FilesAt {
        let FilesAt::Bucket(bucket) = self.at(prefix) else {
            unreachable!("it is a bucket")
        };
        FilesAt::Bucket(Bucket {
            endpoint: Some(address.parse().expect("an address")),
            ..bucket
        })
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.address.socket_addrs(|| None).expect("an address")[0]
    }

    /// The same for somebody who waits no longer than this.
    pub fn with_patience(&self, prefix: &str, patience: Duration) -> FilesAt {
        self.known_as(prefix, SECRET, patience)
    }

    /// From now on it takes connections and requests, and answers none.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    /// The same for somebody who has been given this secret.
    pub fn with_secret(&self, prefix: &str, secret: &str) -> FilesAt {
        self.known_as(prefix, secret, PATIENCE)
    }

    fn known_as(&self, prefix: &str, secret: &str, patience: Duration) -> FilesAt {
        FilesAt::Bucket(Bucket {
            name: NAME.into(),
            prefix: prefix.into(),
            region: "eu-south-2".into(),
            endpoint: Some(self.address.clone()),
            access_key_id: KEY.into(),
            secret_access_key: secret.into(),
            patience,
        })
    }

    /// Where the server keeps what the bucket holds.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }
}

async fn answer(
    service: S3Service,
    silent: Arc<AtomicBool>,
    request: hyper::Request<Incoming>,
) -> Result<s3s::HttpResponse, s3s::HttpError> {
    if silent.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
    hyper::service::Service::call(&service, request).await
}

impl Drop for TestBucket {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
