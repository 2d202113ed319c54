//! A Redis for tests, which can also be killed, stalled and started again.

use super::{Server, Speaks, free_port, setting};

/// A Redis of one's own.
pub struct Redis {
    server: Option<Server>,
    port: u16,
}

impl Redis {
    pub fn start() -> anyhow::Result<Self> {
        let mut redis = Self::absent()?;
        redis.start_again()?;
        Ok(redis)
    }

    /// An address where no Redis is yet.
    pub fn absent() -> anyhow::Result<Self> {
        Ok(Self {
            server: None,
            port: free_port()?,
        })
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// At the same address; what it knew is gone.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let port = self.port.to_string();
        let program = [
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
