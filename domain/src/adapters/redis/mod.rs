//! Redis: wakes workers and readers in other processes. Without it the product is slower, never wrong.

mod bus;
mod trouble;
mod wake_ups;

pub use bus::RedisBus;
pub use trouble::{refusal, tell};
pub use wake_ups::RedisWakeUps;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisError, RedisResult,
    TlsCertificates,
    aio::{MultiplexedConnection, PubSub},
};

use crate::{adapters::tls, jobs::Queue};

/// How long Redis may take to be reached, and to answer what does not wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How to reach Redis.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    client: Client,
    prefix: String,
    /// The node of a cluster that has our keys, where it is another than the one that was named.
    moved: Arc<Mutex<Option<Client>>>,
}

impl RedisSettings {
    /// `redis://…`, `rediss://…` with TLS, or `redis+unix:///path`. Nothing is connected yet; an address that cannot be
    /// one is refused.
    pub fn new(url: &str) -> RedisResult<Self> {
        let info = url.into_connection_info()?;
        Ok(Self {
            client: open(info)?,
            prefix: "postventa".into(),
            moved: Arc::default(),
        })
    }

    /// What all keys and channels begin with, for installations that share a Redis.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The list that a queue's wake-ups are pushed to. Its hash tag keeps all of them on one node of a cluster: several
    /// are asked for at once.
    pub fn wake_up_key(&self, queue: Queue) -> String {
        format!("{{{}}}:wake-up:{}", self.prefix, queue.as_str())
    }

    fn events_channel(&self) -> String {
        format!("{}:events", self.prefix)
    }

    /// A connection whose answers may take up to `longest`, to whoever has our keys.
    pub async fn connect(&self, longest: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(longest));
        let moved = self.moved().clone();
        let client = moved.as_ref().unwrap_or(&self.client);
        let connected = client.get_multiplexed_async_connection_with_config(&config);
        connected.await.inspect_err(|_| {
            // The one that was named knows better by now.
            *self.moved() = None;
        })
    }

    /// A connection for hearing what is announced. Every node of a cluster hears everything.
    async fn listen(&self) -> RedisResult<PubSub> {
        self.client.get_async_pubsub().await
    }

    /// Whether this says that another node of a cluster has our keys: the next connection goes there.
    pub fn follow(&self, error: &RedisError) -> bool {
        let Some((host, port)) = trouble::moved_to(error) else {
            return false;
        };
        let mut moved = self.moved();
        let from = moved.as_ref().unwrap_or(&self.client).get_connection_info();
        let Some(address) = elsewhere(from.addr(), &host, port) else {
            return false;
        };
        match open(from.clone().set_addr(address)) {
            Ok(client) => *moved = Some(client),
            Err(_) => return false,
        }
        true
    }

    fn moved(&self) -> std::sync::MutexGuard<'_, Option<Client>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With TLS where the address wants it, and then with those whom all our calls trust.
fn open(info: redis::ConnectionInfo) -> RedisResult<Client> {
    if !matches!(info.addr(), ConnectionAddr::TcpTls { insecure: false, .. }) {
        return Client::open(info);
    }
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(tls::trusted().everybody()),
    };
    Client::build_with_tls(info, certificates)
}

/// The same way to another host. None: a socket has no other.
fn elsewhere(from: &ConnectionAddr, host: &str, port: u16) -> Option<ConnectionAddr> {
    let named = |own: &str| if host.is_empty() { own } else { host }.to_owned();
    match from {
        ConnectionAddr::Tcp(own, _) => Some(ConnectionAddr::Tcp(named(own), port)),
        ConnectionAddr::TcpTls { host, insecure, .. } => Some(ConnectionAddr::TcpTls {
            host: named(host),
            port,
            insecure: *insecure,
            tls_params: None,
        }),
        _ => None,
    }
}
