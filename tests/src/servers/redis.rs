//! A Redis for tests, which can also be killed, stalled and started again.

use tempfile::TempDir;

use super::{Server, Speaks, free_port, setting};

/// A Redis of one's own.
pub struct Redis {
    server: Option<Server>,
    port: u16,
    /// Beside the usual ones; of two that say the same the last one counts.
    options: Vec<String>,
    /// Where nodes of a cluster talk to each other.
    bus: u16,
    _folder: Option<TempDir>,
}

impl Redis {
    pub fn start() -> anyhow::Result<Self> {
        let mut redis = Self::absent()?;
        redis.start_again()?;
        Ok(redis)
    }

    /// One with other options, such as `--requirepass`; they are told the port.
    pub fn with(options: impl FnOnce(u16) -> Vec<String>) -> anyhow::Result<Self> {
        let mut redis = Self::absent()?;
        redis.options = options(redis.port);
        redis.start_again()?;
        Ok(redis)
    }

    /// A node of a cluster: alone at first, and without slots.
    #[expect(
        clippy::used_underscore_binding,
        reason = "the folder is kept, and never looked at"
    )]
    pub fn node() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let inside = folder.path().display().to_string();
        let bus = free_port()?;
        let mut redis = Self::with(|_| {
            let options = [
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus.to_string(),
                "--dir",
                &inside,
            ];
            options.map(str::to_owned).into()
        })?;
        redis.bus = bus;
        redis._folder = Some(folder);
        Ok(redis)
    }

    /// Gives a node all slots.
    pub async fn take_all_slots(&self) -> anyhow::Result<()> {
        let mut take = redis::cmd("CLUSTER");
        self.ask(take.arg("ADDSLOTSRANGE").arg(0).arg(16_383)).await?;
        self.whole_cluster().await
    }

    /// Lets a node join another's cluster.
    pub async fn join(&self, other: &Self) -> anyhow::Result<()> {
        let mut meet = redis::cmd("CLUSTER");
        meet.arg("MEET").arg("127.0.0.1").arg(other.port).arg(other.bus);
        self.ask(&meet).await?;
        self.whole_cluster().await
    }

    /// Waits until it knows of a node for each slot.
    async fn whole_cluster(&self) -> anyhow::Result<()> {
        let mut info = redis::cmd("CLUSTER");
        info.arg("INFO");
        while !self.ask(&info).await?.contains("cluster_state:ok") {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn ask(&self, command: &redis::Cmd) -> anyhow::Result<String> {
        let client = redis::Client::open(self.url())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        Ok(command.query_async(&mut connection).await?)
    }

    /// An address where no Redis is yet.
    pub fn absent() -> anyhow::Result<Self> {
        Ok(Self {
            server: None,
            port: free_port()?,
            options: Vec::new(),
            bus: 0,
            _folder: None,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// At the same address; what it knew is gone.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let port = self.port.to_string();
        let mut program = vec![
            "redis-server",
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        program.extend(self.options.iter().map(String::as_str));
        let ready = "Ready to accept connections";
        self.server = Some(Server::start("KILL", None, &program, Speaks::Stdout, ready)?);
        Ok(())
    }

    pub fn kill(&mut self) {
        self.server = None;
    }

    /// Connections stay open and nothing answers, until [`Redis::resume`].
    pub fn stall(&self) -> anyhow::Result<()> {
        self.server.iter().try_for_each(|server| server.signal("STOP"))
    }

    pub fn resume(&self) -> anyhow::Result<()> {
        self.server.iter().try_for_each(|server| server.signal("CONT"))
    }
}

/// The Redis of the whole run, if `tests/run` has started one.
pub fn shared_url() -> Option<String> {
    setting("POSTVENTA_TEST_REDIS_URL")
}
