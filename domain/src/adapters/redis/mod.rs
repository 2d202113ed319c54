//! Redis: wakes workers and readers in other processes. Without it the product is slower, never wrong.

mod bell;
mod bus;

pub use bell::RedisBell;
pub use bus::RedisBus;

use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, RedisResult, aio::MultiplexedConnection};

use crate::jobs::Queue;

/// How long Redis may take to be reached, and to answer what does not wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How to reach Redis.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    client: Client,
    prefix: String,
}

impl RedisSettings {
    /// `redis://…` or `rediss://…`. Nothing is connected yet; an address that cannot be one is refused.
    pub fn new(url: &str) -> RedisResult<Self> {
        Ok(Self {
            client: Client::open(url)?,
            prefix: "postventa".into(),
        })
    }

    /// What all keys and channels begin with, for installations that share a Redis.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The list that a queue's bells are pushed to.
    pub fn bell_key(&self, queue: Queue) -> String {
        format!("{}:bell:{}", self.prefix, queue.as_str())
    }

    fn events_channel(&self) -> String {
        format!("{}:events", self.prefix)
    }

    /// A connection whose answers may take up to `longest`.
    pub async fn connect(&self, longest: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(longest));
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}
