//! A team, a database, and as many processes on it as a story needs.

use std::{sync::Arc, time::Duration};

use crate::database::TestDatabase;
use chrono::{DateTime, TimeZone, Utc};
use domain::{
    App, Services, Settings,
    adapters::{
        bus::LocalBus,
        files::FilesAt,
        mail::LocalMailbox,
        wake_ups::{LocalWakeUps, WakeUps},
    },
    clock::{Clock, FixedClock, SystemClock},
    database::{Database, Sql},
    events::EventBus,
    ids::{Ids, SystemIds},
    jobs::{ClaimedJob, Ending, Handled, NewJob},
    teams::{self, NewTeam},
    values,
    vault::Vault,
};
use entities::{JobId, Locale, TeamId};
use gateways::GatewayEndpoints;
use tokio::{sync::mpsc::UnboundedSender, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use worker::{Handlers, Health, WorkerSettings};

/// No story takes so long.
const OVERALL: Duration = Duration::from_secs(30);

pub struct World {
    pub database: TestDatabase,
    pub app: App,
    pub clock: Arc<FixedClock>,
    pub wake_ups: LocalWakeUps,
    pub team: TeamId,
}

/// A worker process under way.
pub struct Process {
    pub health: Arc<Health>,
    stop: CancellationToken,
    ended: JoinHandle<anyhow::Result<()>>,
}

/// What a job looks like in the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub status: String,
    pub attempts: i64,
    pub crashes: i64,
    pub error: Option<String>,
}

impl World {
    /// One process and a clock that stands still.
    pub async fn new() -> Self {
        Self::on(TestDatabase::fresh().await).await
    }

    /// The same, on this database.
    pub async fn on(database: TestDatabase) -> Self {
        let clock = Arc::new(FixedClock::at(noon()));
        let wake_ups = LocalWakeUps::default();
        let db = database.connect().await;
        let app = App::new(services(
            db,
            clock.clone(),
            Arc::new(wake_ups.clone()),
            Arc::new(LocalBus::default()),
        ));
        let team = team(&app).await;
        Self {
            database,
            app,
            clock,
            wake_ups,
            team,
        }
    }

    /// Another process on the same database, by the machine's clock.
    pub async fn process(&self, wake_ups: Arc<dyn WakeUps>, bus: Arc<dyn EventBus>) -> App {
        let db = self.database.connect().await;
        App::new(services(db, Arc::new(SystemClock), wake_ups, bus))
    }

    pub async fn enqueue(&self, job: NewJob) -> JobId {
        enqueue(&self.app, self.team, job).await
    }

    pub async fn row(&self, job: JobId) -> Row {
        let sql = "SELECT status, attempts, crash_count, last_error FROM jobs WHERE id = $1";
        let row = self
            .app
            .db
            .connection()
            .row(sql, values![job])
            .await
            .expect("a query");
        let row = row.expect("the job is there");
        Row {
            status: row.try_get_by_index(0).expect("status"),
            attempts: row.try_get_by_index(1).expect("attempts"),
            crashes: row.try_get_by_index(2).expect("crashes"),
            error: row.try_get_by_index(3).expect("error"),
        }
    }

    /// Lets the leases of all running jobs expire, as if their workers had been silent for long.
    pub async fn expire_leases(&self) {
        let past = self.app.db.dialect().now_plus(-60);
        let sql = format!("UPDATE jobs SET lease_expires_at = {past} WHERE status = 'RUNNING'");
        self.app.db.execute(&sql, vec![]).await.expect("an update");
    }

    /// Ends the rest of all jobs that have seen workers die.
    pub async fn end_rests(&self) {
        let sql = "UPDATE jobs SET rests_until = NULL";
        self.app.db.execute(sql, vec![]).await.expect("an update");
    }

    /// An operator decides about a queue.
    pub async fn decide(&self, queue: &str, paused: bool, concurrency: i64) {
        let sql = "INSERT INTO queue_settings (queue, paused, concurrency, updated_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (queue) DO UPDATE SET paused = excluded.paused, concurrency = excluded.concurrency";
        let values = values![queue, paused, concurrency, self.clock.now()];
        self.app.db.execute(sql, values).await.expect("an update");
    }

    pub fn start(&self, handlers: Handlers) -> Process {
        start(&self.app, &self.wake_ups, handlers, WorkerSettings::default())
    }
}

impl Process {
    /// Waits until a job's row says this, looking each time that a job has ended here.
    pub async fn until(&self, world: &World, job: JobId, status: &str) -> Row {
        let mut completed = self.health.completed();
        within(async {
            loop {
                completed.borrow_and_update();
                let row = world.row(job).await;
                if row.status == status {
                    return row;
                }
                completed.changed().await.expect("the process lives");
            }
        })
        .await
    }

    pub fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Waits for the graceful end.
    pub async fn stopped(self) {
        self.stop.cancel();
        within(self.ended)
            .await
            .expect("no panic")
            .expect("a graceful end");
    }

    /// Ends it without any last word.
    pub fn kill(self) {
        self.ended.abort();
    }
}

pub fn start(app: &App, wake_ups: &LocalWakeUps, handlers: Handlers, settings: WorkerSettings) -> Process {
    let stop = CancellationToken::new();
    let health = settings.health.clone();
    let ended = tokio::spawn(worker::run(
        app.clone(),
        wake_ups.clone(),
        handlers,
        settings,
        stop.clone(),
    ));
    Process { health, stop, ended }
}

pub async fn enqueue(app: &App, team: TeamId, job: NewJob) -> JobId {
    let mut tx = app.begin_as_system(team).await.expect("a transaction");
    let id = tx.enqueue(job);
    tx.commit().await.expect("a commit");
    id
}

/// Handlers that all do this.
pub fn handlers<F>(handler: impl Fn(ClaimedJob) -> F + Send + Sync + 'static) -> Handlers
where
    F: Future<Output = Handled> + Send + 'static,
{
    Handlers::new(move |_, job| handler(job))
}

/// Handlers whose jobs say that they have begun and never end. A process's own probes, which have no team,
/// are done.
pub fn hanging(tell: UnboundedSender<()>) -> Handlers {
    handlers(move |job| {
        let tell = tell.clone();
        async move {
            if job.team.is_some() {
                tell.send(()).expect("the story listens");
                std::future::pending::<()>().await;
            }
            Ok(Ending::Done)
        }
    })
}

/// A story that waits longer than this waits for something that does not come.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(OVERALL, future)
        .await
        .expect("it happens in time")
}

pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 4, 12, 0, 0).unwrap()
}

/// An app by itself, with the machine's clock.
pub fn real_app(db: Database) -> App {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (wake_ups, bus) = (Arc::new(LocalWakeUps::default()), Arc::new(LocalBus::default()));
    App::new(services(db, Arc::new(SystemClock), wake_ups, bus))
}

fn services(
    db: Database,
    clock: Arc<dyn Clock>,
    wake_ups: Arc<dyn WakeUps>,
    bus: Arc<dyn EventBus>,
) -> Services {
    // Made by whoever keeps something there; nobody else's.
    let files = std::env::temp_dir().join(format!("postventa-{}", SystemIds::default().uuid(clock.now())));
    Services {
        db,
        clock,
        ids: Arc::new(SystemIds::default()),
        wake_ups,
        bus,
        gateways: gateways::all(GatewayEndpoints::default()).expect("the gateway clients"),
        mail: Arc::new(LocalMailbox),
        files: FilesAt::Folder(files).open().expect("a place for files"),
        vault: Vault::new(&[7; 32]),
        settings: Settings {
            public_url: "http://localhost:8080".parse().expect("a URL"),
            support_email_from: "support@example.test".into(),
            gateway_secrets: teams::GatewaySecrets::default(),
        },
    }
}

async fn team(app: &App) -> TeamId {
    let new = NewTeam {
        name: "Lectura".into(),
        default_locale: Locale::Es,
        time_zone: "America/Sao_Paulo".into(),
        currency: "BRL".parse().expect("a currency"),
        support_address: "support@example.test".into(),
    };
    teams::create(app, new).await.expect("a team").id
}
