//! Background work: the other way in. The jobs table is the truth; wake-ups say that it is worth a look.

mod backend;
mod completion;
mod engine;
mod execution;
mod finisher;
mod handlers;
mod health;
mod leases;
mod periodic;
mod pools;
mod stepping;
mod supervisor;
mod suspects;
mod wake_ups;
mod wording;

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{
    App,
    adapters::{outage::Outage, redis::RedisSettings, wake_ups::LocalWakeUps},
    jobs::Queue,
};
use entities::WorkerId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use execution::Verdict;
pub use handlers::Handlers;
pub use health::Health;
pub use stepping::{Finished, run_due, run_next};

use engine::Engine;

/// Jobs that are done and wait to be marked. When there are more, starting waits for finishing.
const UNMARKED: usize = 2048;

/// How a worker process is to work.
pub struct WorkerSettings {
    /// Jobs at once for a queue, where no operator has decided; else the queue's own default.
    pub concurrency: HashMap<Queue, usize>,
    /// From the stop to the end, everything included.
    pub shutdown_grace: Duration,
    /// What operators see in the list of workers.
    pub host: String,
    /// Where wake-ups from other processes come from; none in the embedded mode.
    pub redis: Option<RedisSettings>,
    /// How often the jobs table is looked at without a wake-up. The process is ready only while it looks every ten
    /// seconds or more often.
    pub relay: Duration,
    /// For the readiness check; keep a clone.
    pub health: Arc<Health>,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            concurrency: HashMap::new(),
            shutdown_grace: Duration::from_secs(10),
            host: "localhost".into(),
            redis: None,
            relay: Duration::from_millis(250),
            health: Arc::new(Health::default()),
        }
    }
}

/// Does background work until `stop`, then ends within the grace: nothing more is claimed, what was not
/// begun is given back, what runs may finish.
///
/// `wake_ups` are the process's own: the app's go there, directly or over Redis.
pub async fn run(
    app: App,
    wake_ups: LocalWakeUps,
    handlers: Handlers,
    settings: WorkerSettings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let (finisher, done) = mpsc::channel(UNMARKED);
    let engine = Arc::new(Engine {
        worker: WorkerId(app.ids.uuid(app.clock.now())),
        app,
        handlers,
        host: settings.host,
        pools: pools::Pools::new(settings.concurrency),
        suspects: Arc::new(suspects::Suspects::new(wake_ups.clone())),
        leases: Arc::default(),
        finisher,
        relay: settings.relay,
        health: settings.health,
        database: Outage::of("the database"),
        stop,
        cut: CancellationToken::new(),
        closing: CancellationToken::new(),
    });
    supervisor::run(engine, done, wake_ups, settings.redis, settings.shutdown_grace).await;
    Ok(())
}
