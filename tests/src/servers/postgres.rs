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
    folder: PathBuf,
    /// Takes the folder away at the end, unless it is to be kept.
    _temporary: Option<TempDir>,
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
        let folder = tempfile::Builder::new()
            .prefix(&format!("postventa-postgres-{}-", std::process::id()))
            .tempdir()?;
        make_cluster(folder.path())?;
        let path = folder.path().to_owned();
        Self::start_in(path, Some(folder), options)
    }

    /// One with files in its data folder, such as `server.crt`; only it can read them.
    pub fn with_files(options: &'static [&'static str], files: &[(&str, &str)]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("postventa-postgres-{}-", std::process::id()))
            .tempdir()?;
        make_cluster(folder.path())?;
        for (name, content) in files {
            let file = folder.path().join("data").join(name);
            std::fs::write(&file, content)?;
            let file = file.to_str().context("a path that is no text")?;
            run("chmod", &["600", file])?;
            if is_root()? {
                run("chown", &[USER, file])?;
            }
        }
        let path = folder.path().to_owned();
        Self::start_in(path, Some(folder), options)
    }

    /// One whose data stay where they are when it is gone: made there if there is none yet.
    pub fn lasting(folder: &Path, options: &'static [&'static str]) -> anyhow::Result<Self> {
        if !folder.join("data").exists() {
            std::fs::create_dir_all(folder)?;
            make_cluster(folder)?;
        }
        Self::start_in(folder.to_owned(), None, options)
    }

    fn start_in(
        folder: PathBuf,
        temporary: Option<TempDir>,
        options: &'static [&'static str],
    ) -> anyhow::Result<Self> {
        let mut postgres = Self {
            server: None,
            port: free_port()?,
            options,
            folder,
            _temporary: temporary,
        };
        postgres.start_again()?;
        Ok(postgres)
    }

    /// Writes everything down and ends.
    pub fn stop(mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            server.signal("INT")?;
            server.wait()?;
        }
        Ok(())
    }

    pub fn port(&self) -> u16 {
        self.port
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
        for option in always.iter().chain(self.options) {
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

    /// Ends, and another server has its address, with a copy of its data.
    pub fn replace(&mut self) -> anyhow::Result<()> {
        if let Some(server) = self.server.take() {
            server.signal("INT")?;
            server.wait()?;
        }
        let other = self.folder.join("other");
        std::fs::create_dir(&other)?;
        run("cp", &["-a", &data(&self.folder)?, &data(&other)?])?;
        self.folder = other;
        self.start_again()
    }

    /// The same as a crash; what is there now can be put back by [`Postgres::crash_and_forget`].
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
        self.folder.join("kept").display().to_string()
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

fn data(folder: &Path) -> anyhow::Result<String> {
    let data = folder.join("data");
    Ok(data.to_str().context("a path that is no text")?.to_owned())
}

/// An empty cluster in this folder.
fn make_cluster(folder: &Path) -> anyhow::Result<()> {
    let data = data(folder)?;
    let root = is_root()?;
    if root {
        run("chown", &[USER, folder.to_str().unwrap_or_default()])?;
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
    Ok(())
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

pub fn is_root() -> anyhow::Result<bool> {
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
