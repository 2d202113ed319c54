//! A PostgreSQL for tests: the one of the whole run, or one of this process.

use std::{path::Path, process::Command, sync::OnceLock};

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::{Server, Speaks, free_port, setting};

const BINARIES: &str = "/usr/lib/postgresql/15/bin";
/// The server does not run as root.
const USER: &str = "postgres";

struct Postgres {
    url: String,
    /// Both end with the process.
    _server: Server,
    _folder: TempDir,
}

/// The server's address without a database's name: `postgres://postgres@127.0.0.1:5432`.
pub fn url() -> String {
    static OWN: OnceLock<Postgres> = OnceLock::new();
    setting("POSTVENTA_TEST_POSTGRES_URL").unwrap_or_else(|| {
        OWN.get_or_init(|| start().expect("PostgreSQL starts"))
            .url
            .clone()
    })
}

fn start() -> anyhow::Result<Postgres> {
    remove_left_overs();
    let folder = tempfile::Builder::new()
        .prefix(&format!("postventa-postgres-{}-", std::process::id()))
        .tempdir()?;
    let data = folder.path().join("data");
    let data = data.to_str().context("a path that is no text")?;
    let root = is_root()?;
    if root {
        run("chown", &[USER, folder.path().to_str().unwrap_or_default()])?;
    }
    let initdb = format!("{BINARIES}/initdb");
    let made = [
        &initdb,
        "-D",
        data,
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
    let port = free_port()?;
    let postgres = format!("{BINARIES}/postgres");
    let port_text = port.to_string();
    let mut program = vec![
        postgres.as_str(),
        "-D",
        data,
        "-h",
        "127.0.0.1",
        "-p",
        &port_text,
        "-k",
        "",
    ];
    for option in [
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=500",
        "shared_buffers=64MB",
        "logging_collector=off",
    ] {
        program.extend(["-c", option]);
    }
    let user = root.then_some(USER);
    let ready = "database system is ready to accept connections";
    Ok(Postgres {
        _server: Server::start("QUIT", user, &program, Speaks::Stderr, ready)?,
        url: format!("postgres://{USER}@127.0.0.1:{port}"),
        _folder: folder,
    })
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
