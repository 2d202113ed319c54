//! A PgBouncer for tests, in front of a PostgreSQL.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::Context;
use tempfile::TempDir;

use super::{Server, Speaks, free_port, postgres::is_root};

/// A pooler that gives each transaction one of a few sessions.
pub struct PgBouncer {
    _server: Server,
    port: u16,
    _folder: TempDir,
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
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let file = file.to_str().context("a path that is no text")?.to_owned();
        let user = is_root()?.then_some("postgres");
        let program = ["/usr/sbin/pgbouncer", file.as_str()];
        let server = Server::start("KILL", user, &program, Speaks::Stderr, "process up: PgBouncer")?;
        Ok(Self {
            _server: server,
            port,
            _folder: folder,
        })
    }

    /// The address without a database's name.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }
}
