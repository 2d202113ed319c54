//! A PostgreSQL for tests: the one of the whole run, or one of this process.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::{Server, Speaks, free_port, setting};

/// The server does not run as root.
const USER: &str = "postgres";

/// A PostgreSQL of one's own, which can be made to crash.
pub struct Postgres {
    server: Option<Server>,
    port: u16,
    options: &'static [&'static str],
    folder: TempDir,
}

/// Quick, and safe for as long as the machine itself does not crash.
pub const DURABLE: &[&str] = &["fsync=off", "full_page_writes=off"];
/// Quicker: the last commits before a crash may be gone.
const QUICK: &[&str] = &["fsync=off", "full_page_writes=off", "synchronous_commit=off"];

/// The server's address without a database's name: `postgres://postgres@127.0.0.1:5432`.
pub fn url() -> String {
    static OWN: OnceLock<Postgres> = OnceLock::new();
    setting("POSTVENTA_TEST_POSTGRES_URL").unwrap_or_else(|| {
        OWN.get_or_init(|| Postgres::start(QUICK).expect("PostgreSQL starts"))
            .url()
    })
}

impl Postgres {
    pub fn start(options: &'static [&'static str]) -> anyhow::Result<Self> {
        remove_left_overs();
        let mut postgres = Self {
            server: None,
            port: free_port()?,
            options,
            folder: make_cluster()?,
        };
        postgres.start_again()?;
        Ok(postgres)
    }

    /// The address without a database's name.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    fn start_again(&mut self) -> anyhow::Result<()> {
        let binary = binary("postgres")?;
        let data = data(&self.folder)?;
        let port = self.port.to_string();
        let mut program = vec![
            binary.as_str(),
            "-D",
            &data,
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-k",
            "",
        ];
        let always = [
            "max_connections=500",
            "shared_buffers=64MB",
            "logging_collector=off",
        ];
        for option in self.options.iter().chain(&always) {
            program.extend(["-c", option]);
        }
        let user = is_root()?.then_some(USER);
        let ready = "database system is ready to accept connections";
        self.server = Some(Server::start("QUIT", user, &program, Speaks::Stderr, ready)?);
        Ok(())
    }

    /// What `pg_ctl restart -m immediate` does: nothing is finished, and the log of changes is played back.
    pub fn crash_and_start_again(&mut self) -> anyhow::Result<()> {
        self.crash()?;
        self.start_again()
    }

    /// The same; what is there now can be put back by [`Postgres::crash_and_forget`].
    pub fn crash_and_keep(&mut self) -> anyhow::Result<()> {
        self.crash()?;
        run("cp", &["-a", &data(&self.folder)?, &self.kept()])?;
        self.start_again()
    }

    /// Comes back with what it had when it was kept: a disk that did not do what it was told.
    pub fn crash_and_forget(&mut self) -> anyhow::Result<()> {
        self.crash()?;
        let data = data(&self.folder)?;
        std::fs::remove_dir_all(&data)?;
        std::fs::rename(self.kept(), &data)?;
        self.start_again()
    }

    fn kept(&self) -> String {
        self.folder.path().join("kept").display().to_string()
    }

    fn crash(&mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            server.signal("QUIT")?;
            server.wait()?;
        }
        Ok(())
    }
}

/// One of the newest PostgreSQL's programs.
fn binary(name: &str) -> anyhow::Result<String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?;
    let versions = versions.flatten().map(|entry| entry.path());
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions
        .max_by_key(number)
        .context("PostgreSQL is not installed")?;
    let binary = newest.join("bin").join(name);
    Ok(binary.to_str().context("a path that is no text")?.to_owned())
}

fn data(folder: &TempDir) -> anyhow::Result<String> {
    let data = folder.path().join("data");
    Ok(data.to_str().context("a path that is no text")?.to_owned())
}

/// A folder with an empty cluster in it.
fn make_cluster() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix(&format!("postventa-postgres-{}-", std::process::id()))
        .tempdir()?;
    let data = data(&folder)?;
    let root = is_root()?;
    if root {
        run("chown", &[USER, folder.path().to_str().unwrap_or_default()])?;
    }
    let initdb = binary("initdb")?;
    let made = [
        &initdb,
        "-D",
        &data,
        "-U",
        USER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ];
    if root {
        let user = [
            format!("--reuid={USER}"),
            format!("--regid={USER}"),
            "--init-groups".into(),
        ];
        run(
            "setpriv",
            &[&user.each_ref().map(String::as_str)[..], &made[..]].concat(),
        )?;
    } else {
        run(made[0], &made[1..])?;
    }
    Ok(folder)
}

/// A static is not dropped at the end, so the next run takes away what the last one left.
fn remove_left_overs() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(rest) = name
            .to_str()
            .and_then(|name| name.strip_prefix("postventa-postgres-"))
        else {
            continue;
        };
        let pid = rest.split('-').next().unwrap_or_default();
        if !pid.is_empty() && !Path::new("/proc").join(pid).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_root() -> anyhow::Result<bool> {
    let output = Command::new("id").arg("-u").output()?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program).args(arguments).current_dir("/").output()?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
