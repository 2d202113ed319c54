//! The parts that every way of running puts together.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{Context, anyhow};
use domain::{
    App, Services,
    adapters::{
        bus::LocalBus,
        mail::{LocalMailbox, MailTransport, SmtpTransport},
        redis::{RedisBus, RedisSettings, RedisWakeUps},
        wake_ups::{LocalWakeUps, WakeUps},
    },
    clock::SystemClock,
    database::{Database, DatabaseSettings},
    events::EventBus,
    ids::SystemIds,
    vault::Vault,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use migration::{Migrator, MigratorTrait};

use crate::settings::Settings;

/// An app with its surroundings, and the wake-ups that this process's own workers wait for.
pub struct Parts {
    pub app: App,
    pub wake_ups: LocalWakeUps,
    pub redis: Option<RedisSettings>,
}

/// What serves and works gives a statement up after so long; commands take their time.
const STATEMENT_TIME: Duration = Duration::from_mins(1);

/// Connects to the configured database.
pub async fn database(settings: &Settings, statement_time: Option<Duration>) -> anyhow::Result<Database> {
    let url = settings.database_url.clone();
    let url = url.ok_or_else(|| anyhow!("POSTGRES_URL (or DATABASE_URL) is needed for this command"))?;
    Database::connect(&DatabaseSettings {
        url,
        max_connections: settings.database_connections,
        pooling: settings.database_pooling,
        statement_time,
    })
    .await
}

/// Makes the tables, or brings them up to date.
pub async fn make_tables(db: &Database) -> anyhow::Result<()> {
    match db.tables().await? {
        Some(transaction) => {
            Migrator::up(&transaction, None).await?;
            Database::end_of_tables(transaction).await?;
        }
        None => Migrator::up(db.connection().whole(), None).await?,
    }
    Ok(())
}

/// Puts the surroundings of a scaled process together.
pub async fn scaled(settings: &Settings) -> anyhow::Result<Parts> {
    let key = settings.secret_key.clone();
    let key = key.ok_or_else(|| {
        anyhow!("POSTVENTA_SECRET_KEY is needed: 64 hexadecimal digits, the same for all processes")
    })?;
    let db = database(settings, Some(STATEMENT_TIME)).await?;
    let redis = settings.redis_url.as_deref().map(RedisSettings::new).transpose();
    let redis = redis.context("REDIS_URL must be an address of Redis")?;
    assemble(settings, db, redis, &key)
}

/// Puts an app together from its parts.
pub fn assemble(
    settings: &Settings,
    db: Database,
    redis: Option<RedisSettings>,
    key: &[u8],
) -> anyhow::Result<Parts> {
    let local = LocalWakeUps::default();
    let (wake_ups, bus): (Arc<dyn WakeUps>, Arc<dyn EventBus>) = match &redis {
        Some(redis) => (
            Arc::new(RedisWakeUps::start(redis.clone(), Some(local.clone()))),
            Arc::new(RedisBus::start(redis.clone(), db.clone())),
        ),
        None => (Arc::new(local.clone()), Arc::new(LocalBus::default())),
    };
    let mail: Arc<dyn MailTransport> = match &settings.smtp {
        Some(smtp) => Arc::new(SmtpTransport::new(smtp).context("SMTP_HOST")?),
        None => Arc::new(LocalMailbox),
    };
    let app = App::new(Services {
        db,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
        wake_ups,
        bus,
        gateways: gateways::all(settings.gateways.clone())?,
        mail,
        files: settings.files.open().context("POSTVENTA_FILES")?,
        vault: Vault::new(key),
        settings: domain::Settings {
            public_url: settings.public_url.clone(),
            support_email_from: settings.support_email_from.clone(),
            gateway_secrets: settings.gateway_secrets.clone(),
        },
    });
    Ok(Parts {
        app,
        wake_ups: local,
        redis,
    })
}

/// Makes sure before the start that files can be kept.
pub async fn prepare_files(app: &App) -> anyhow::Result<()> {
    app.files.prepare().await.context("POSTVENTA_FILES")
}

/// Makes sure before the start that files can also be written: for whoever has workers.
pub async fn prepare_writing(app: &App) -> anyhow::Result<()> {
    prepare_files(app).await?;
    app.files.scratch().await.context("exports cannot be written")?;
    Ok(())
}

/// The process's metrics; made once.
pub fn metrics() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

/// Samples are summed up every few seconds, whether or not somebody scrapes them.
fn install() -> Option<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().ok()?;
    let kept = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            kept.run_upkeep();
        }
    });
    Some(handle)
}
