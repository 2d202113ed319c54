//! The processes of an installation: any number of the program's parts, killed and started again as a drill
//! wants it.

use std::{path::PathBuf, process::Output, time::Duration};

use api::{
    program::parts,
    settings::{Settings, Source},
};
use domain::App;
use tempfile::TempDir;

use super::{
    gateways::Gateways,
    program::{self, Environment, Program, environment, lasting_port},
    until,
};

/// How long a process may take until it is ready, on a machine that is busy with others.
const START: Duration = Duration::from_mins(1);

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Serve,
    Worker,
    /// All in one.
    Embedded,
}

pub struct Fleet {
    pub settings: Environment,
    members: Vec<Member>,
    started: usize,
    folder: TempDir,
}

struct Member {
    role: Part,
    port: u16,
    program: Program,
}

/// Where a drill's files go. They are gone with it.
pub fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("postventa-drill-")
        .tempdir()
        .expect("a folder")
}

impl Fleet {
    /// An installation without processes yet. `more` settings come before the usual ones.
    pub fn new(folder: TempDir, database: &str, gateways: &Gateways, more: &Environment) -> Self {
        let mut settings = environment([
            ("DATABASE_URL", database),
            ("POSTVENTA_SECRET_KEY", &"07".repeat(32)),
            ("POSTVENTA_DB_CONNECTIONS", "6"),
            ("POSTVENTA_LOG", "warn"),
            ("STRIPE_API_BASE", &gateways.stripe),
            ("MERCADO_PAGO_API_BASE", &gateways.mercado_pago),
            ("GATEWAY_TIMEOUT_SECONDS", "1"),
        ]);
        settings.extend(more.clone());
        Self {
            settings,
            members: Vec::new(),
            started: 0,
            folder,
        }
    }

    /// An app on the same database, for setting things up and for looking at what is there.
    pub async fn app(&self) -> App {
        let settings = Settings::from(&Source::of(self.settings.clone())).expect("settings that make sense");
        let db = parts::database(&settings, None)
            .await
            .expect("the database opens");
        let key = settings.secret_key.clone().expect("a key");
        parts::assemble(&settings, db, None, &key).expect("an app").app
    }

    /// Starts a process and does not wait for it.
    pub fn start(&mut self, role: Part) -> usize {
        self.start_at(role, lasting_port())
    }

    pub fn start_at(&mut self, role: Part, port: u16) -> usize {
        let program = self.launch(role, port);
        self.members.push(Member { role, port, program });
        self.members.len() - 1
    }

    fn launch(&mut self, role: Part, port: u16) -> Program {
        let mut settings = self.settings.clone();
        settings.insert("POSTVENTA_BIND".into(), format!("127.0.0.1:{port}"));
        let (name, arguments): (&str, &[&str]) = match role {
            Part::Serve => ("serve", &["serve"]),
            Part::Worker => ("worker", &["worker"]),
            Part::Embedded => ("embedded", &[]),
        };
        if role == Part::Embedded {
            // Its own place in its data folder, as at home.
            settings.remove("DATABASE_URL");
        }
        self.started += 1;
        let name = format!("{name}-{}", self.started);
        Program::start(&name, arguments, &settings, self.folder.path())
    }

    /// Starts a process again at the address that it had.
    pub fn restart(&mut self, member: usize) {
        let (role, port) = (self.members[member].role, self.members[member].port);
        self.members[member].program = self.launch(role, port);
    }

    /// Waits until a process says that it can do its work.
    pub async fn ready(&self, member: usize) {
        let url = format!("{}/readyz", self.url(member));
        let http = reqwest::Client::new();
        until(&format!("{url} is ready"), START, async || {
            let answer = http.get(&url).timeout(Duration::from_secs(5)).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    pub fn url(&self, member: usize) -> String {
        format!("http://127.0.0.1:{}", self.members[member].port)
    }

    pub fn program(&mut self, member: usize) -> &mut Program {
        &mut self.members[member].program
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Runs one of the program's commands to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let (settings, folder) = (self.settings.clone(), self.folder());
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let run = tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            program::run(&arguments, &settings, &folder)
        });
        run.await.expect("the program runs")
    }
}
