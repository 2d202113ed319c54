//! A PgBouncer for tests, in front of a PostgreSQL.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::Context;
use tempfile::TempDir;

use super::{Server, Speaks, free_port, postgres::is_root};

const SETTINGS: &str = "pgbouncer.ini";

/// A pooler that gives each transaction one of a few sessions.
pub struct PgBouncer {
    server: Server,
    port: u16,
    folder: TempDir,
}

impl PgBouncer {
    /// In front of this server (`postgres://postgres@127.0.0.1:5432`), with so many sessions.
    pub fn start(server: &str, sessions: u32) -> anyhow::Result<Self> {
        let (_, place) = server.rsplit_once('@').context("an address")?;
        let (host, behind) = place.rsplit_once(':').context("a port")?;
        let folder = tempfile::Builder::new()
            .prefix("postventa-pgbouncer-")
            .tempdir()?;
        let port = free_port()?;
        // As Debian has it, but for these.
        let settings = format!(
            "[databases]\n* = host={host} port={behind} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = {sessions}\nmax_client_conn = 200\n"
        );
        fs::write(folder.path().join(SETTINGS), settings)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        Ok(Self {
            server: launch(&folder)?,
            port,
            folder,
        })
    }

    /// Dies with all that is under way, and comes back at the same address.
    pub fn crash_and_start_again(&mut self) -> anyhow::Result<()> {
        self.server.signal("KILL")?;
        self.server.wait()?;
        self.server = launch(&self.folder)?;
        Ok(())
    }

    /// The address without a database's name.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }
}

fn launch(folder: &TempDir) -> anyhow::Result<Server> {
    let file = folder.path().join(SETTINGS);
    let file = file.to_str().context("a path that is no text")?;
    let user = is_root()?.then_some("postgres");
    let program = ["/usr/sbin/pgbouncer", file];
    Server::start("KILL", user, &program, Speaks::Stderr, "process up: PgBouncer")
}
