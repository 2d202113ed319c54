//! A bucket of Amazon S3, or of anything that speaks its language.

use std::{ops::Range, time::Duration};

use anyhow::Context;
use async_trait::async_trait;
use futures::TryStreamExt;
use object_store::{
    BackoffConfig, ClientOptions, ObjectMeta, ObjectStore, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    client::{HttpClient, HttpConnector},
    path::Path,
};
use secrecy::ExposeSecret;

use super::{BlobStore, Bucket, Listed, Pieces, path};
use crate::adapters::tls;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A part is 8 MiB: slower than this is no connection.
const TIMEOUT: Duration = Duration::from_mins(1);

/// For how long a failed request is tried again: jobs and maintenance come back anyway, and people wait for no longer.
const RETRIED_FOR: Duration = Duration::from_secs(4);
const RETRIES: usize = 5;
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Remote {
    store: AmazonS3,
    prefix: Path,
    patience: Duration,
}

/// Our own HTTP client with its connections, which trusts whom our other calls trust.
#[derive(Debug)]
struct OurClient(reqwest::Client);

impl HttpConnector for OurClient {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

impl Remote {
    pub fn new(bucket: &Bucket) -> anyhow::Result<Self> {
        let pool = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config()?)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let retry = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRIED_FOR,
            backoff: BackoffConfig {
                max_backoff: LONGEST_PAUSE,
                ..BackoffConfig::default()
            },
        };
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(OurClient(pool))
            .with_retry(retry)
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_access_key_id(&bucket.access_key_id)
            .with_secret_access_key(bucket.secret_access_key.expose_secret());
        if let Some(endpoint) = &bucket.endpoint {
            let address = endpoint.as_str().trim_end_matches('/');
            builder = builder
                .with_endpoint(address)
                .with_allow_http(endpoint.scheme() == "http");
        }
        Ok(Self {
            store: builder.build().context("the bucket's settings do not fit")?,
            prefix: Path::parse(&bucket.prefix)?,
            patience: bucket.patience,
        })
    }

    fn at(&self, key: &str) -> anyhow::Result<Path> {
        let key = path(key)?;
        Ok(self.prefix.parts().chain(key.parts()).collect())
    }
}

#[async_trait]
impl BlobStore for Remote {
    /// A bucket that cannot be reached now may be there when it is needed: jobs are tried again.
    async fn prepare(&self) -> anyhow::Result<()> {
        Ok(())
    }

    fn patience(&self) -> Duration {
        self.patience
    }

    async fn put(&self, key: &str, pieces: Pieces) -> anyhow::Result<()> {
        super::write(&self.store, &self.at(key)?, pieces).await
    }

    async fn read(&self, key: &str, range: Range<u64>) -> anyhow::Result<Option<Pieces>> {
        super::read(&self.store, &self.at(key)?, range).await
    }

    async fn delete(&self, key: &str) -> anyhow::Result<()> {
        super::delete(&self.store, &self.at(key)?).await
    }

    /// What was begun and not finished has no key here: a rule of the bucket clears it away.
    async fn listed(&self, prefix: &str) -> anyhow::Result<Vec<Listed>> {
        let below = self.at(prefix)?;
        let found: Vec<_> = self.store.list(Some(&below)).try_collect().await?;
        let listed = |file: &ObjectMeta| {
            let parts = file.location.prefix_match(&self.prefix)?;
            Some(Listed {
                key: parts.collect::<Path>().to_string(),
                changed_at: file.last_modified,
            })
        };
        Ok(found.iter().filter_map(listed).collect())
    }
}
