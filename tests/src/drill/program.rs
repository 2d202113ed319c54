//! The product's own program as operators run it: arguments, settings from the environment, signals, an exit
//! code.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use tokio::sync::watch;

use crate::servers::setting;

/// Settings by name. A program sees these and nothing of the machine's.
pub type Environment = BTreeMap<String, String>;

/// Makes settings from pairs.
pub fn environment<const N: usize>(pairs: [(&str, &str); N]) -> Environment {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The program beside the tests; `tests/run` builds it.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.parent().and_then(Path::parent).expect("a target folder");
    let binary = folder.join("postventa");
    assert!(
        binary.exists(),
        "{} is missing: build it with `cargo build -p api --bin postventa`",
        binary.display()
    );
    binary
}

/// A running program. It dies with this value, and with the test however that ends.
pub struct Program {
    pid: u32,
    log: PathBuf,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Program {
    /// Starts it in `folder`, where `name.out` and `name.log` take what it prints.
    pub fn start(name: &str, arguments: &[&str], settings: &Environment, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let append = |path: &Path| {
            let file = File::options().create(true).append(true).open(path);
            Stdio::from(file.expect("a file for the output"))
        };
        let mut command = Command::new("setpriv");
        command
            .arg("--pdeathsig=KILL")
            .arg(binary())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(append(&folder.join(format!("{name}.out"))))
            .stderr(append(&log));
        surround(&mut command, settings, folder);
        let (tell, told) = mpsc::channel();
        let (over, ended) = watch::channel(None);
        // The kernel ties the child to the thread that starts it: this one lives as long as the child.
        std::thread::spawn(move || {
            let mut child = command.spawn().expect("setpriv starts the program");
            let _ = tell.send(child.id());
            let status = child.wait().expect("the child's end");
            over.send_replace(Some(status));
        });
        let pid = told.recv().expect("the program starts");
        Self { pid, log, ended }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal by name, if it still runs.
    pub fn signal(&self, name: &str) {
        if self.ended.borrow().is_none() {
            let sent = Command::new("kill")
                .args([&format!("-{name}"), &self.pid.to_string()])
                .stderr(Stdio::null())
                .status();
            sent.expect("kill runs");
        }
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.signal("KILL");
        self.ended().await;
    }

    /// Waits for its end. Its exit code; none if a signal ended it.
    pub async fn ended(&mut self) -> Option<i32> {
        let status = self.ended.wait_for(Option::is_some).await;
        status
            .expect("the thread outlives the child")
            .and_then(|it| it.code())
    }

    /// The same, for a program that must end by itself within a time.
    pub async fn ended_within(&mut self, patience: Duration) -> Option<i32> {
        let ended = tokio::time::timeout(patience, self.ended()).await;
        ended.unwrap_or_else(|_| panic!("process {} has not ended within {patience:?}", self.pid))
    }

    /// What it has complained about so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal("KILL");
        if std::thread::panicking() {
            let log = self.log();
            let last: Vec<&str> = log.lines().rev().take(12).collect();
            eprintln!("== the end of {}", self.log.display());
            last.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str], settings: &Environment, folder: &Path) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::null());
    surround(&mut command, settings, folder);
    command.output().expect("the program runs")
}

fn surround(command: &mut Command, settings: &Environment, folder: &Path) {
    command.env_clear().envs(settings).current_dir(folder);
    command.envs(setting("PATH").map(|path| ("PATH", path)));
}

/// A port that nobody has and that the system gives to no outgoing connection: it is still free when a
/// killed process comes back.
pub fn lasting_port() -> u16 {
    loop {
        let port = rand::random_range(20_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
