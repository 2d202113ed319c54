//! Real servers for tests, on free loopback ports, in folders that go with them.

pub mod authority;
pub mod bucket;
pub mod door;
pub mod pgbouncer;
pub mod postgres;
pub mod redis;

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);

/// Where its output is read.
#[derive(Clone, Copy)]
pub(crate) enum Speaks {
    Stdout,
    Stderr,
}

/// A child that dies with this process, however that ends.
pub struct Server {
    pid: u32,
}

impl Server {
    /// Starts a program and waits until it says `ready`. `signal` is what ends it when we are gone.
    pub(crate) fn start(
        signal: &str,
        user: Option<&str>,
        program: &[&str],
        speaks: Speaks,
        ready: &'static str,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new("setpriv");
        command.arg(format!("--pdeathsig={signal}"));
        if let Some(user) = user {
            command.args([
                &format!("--reuid={user}"),
                &format!("--regid={user}"),
                "--init-groups",
            ]);
        }
        command.args(program).current_dir("/").stdin(Stdio::null());
        match speaks {
            Speaks::Stdout => command.stdout(Stdio::piped()).stderr(Stdio::null()),
            Speaks::Stderr => command.stderr(Stdio::piped()).stdout(Stdio::null()),
        };
        let (tell, told) = mpsc::channel();
        // The kernel ties the child to the thread that starts it: this one lives as long as the child.
        std::thread::spawn(move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(error) => return drop(tell.send(Err(anyhow::Error::new(error).context("cannot start")))),
            };
            let output: Box<dyn Read> = match speaks {
                Speaks::Stdout => Box::new(child.stdout.take().expect("piped above")),
                Speaks::Stderr => Box::new(child.stderr.take().expect("piped above")),
            };
            let mut said = Vec::new();
            let mut waiting = true;
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if waiting && line.contains(ready) {
                    waiting = false;
                    let _ = tell.send(Ok(child.id()));
                } else if waiting {
                    said.push(line);
                }
            }
            if waiting {
                let _ = tell.send(Err(anyhow::anyhow!("it said: {}", said.join(" / "))));
            }
            let _ = child.wait();
        });
        let pid = told
            .recv_timeout(START)
            .with_context(|| format!("{program:?} is not ready"))??;
        Ok(Self { pid })
    }

    /// Sends it a signal by name: `KILL`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.pid.to_string()])
            .status()?;
        if !status.success() {
            bail!("cannot send {name} to {}", self.pid);
        }
        Ok(())
    }
}

impl Server {
    /// Waits until it and its children are gone.
    pub(crate) fn wait(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let process = Path::new("/proc").join(self.pid.to_string());
        while process.exists() {
            if began.elapsed() > START {
                bail!("{} does not end", self.pid);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = Command::new("kill")
            .args(["-KILL", &self.pid.to_string()])
            .stderr(Stdio::null())
            .status();
    }
}

pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A setting of the test run.
#[expect(clippy::disallowed_methods, reason = "tests have no settings of their own")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
