//! An installation on a SQLite file of its own, at a fixed time.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{
    App, Services, Settings,
    adapters::{bus::LocalBus, files::FilesAt, mail::LocalMailbox, wake_ups::LocalWakeUps},
    clock::FixedClock,
    database::{Database, DatabaseSettings},
    ids::SeededIds,
    vault::Vault,
};
use gateways::GatewayEndpoints;
use migration::Migrator;
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;

pub struct Installation {
    pub app: App,
    /// Goes with the installation.
    _folder: TempDir,
}

pub fn now() -> DateTime<Utc> {
    "2026-03-02T10:20:30.123456Z".parse().expect("a time")
}

pub async fn fresh() -> Installation {
    fresh_at(now()).await
}

pub async fn fresh_at(now: DateTime<Utc>) -> Installation {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    Installation {
        app: open(&url, now).await,
        _folder: folder,
    }
}

pub async fn open(url: &str, now: DateTime<Utc>) -> App {
    let settings = DatabaseSettings::new(url, 4);
    let db = Database::connect(&settings).await.expect("a database");
    Migrator::up(db.connection().whole(), None).await.expect("tables");
    let files = format!("{}.files", url.trim_start_matches("sqlite://")).into();
    App::new(Services {
        db,
        clock: Arc::new(FixedClock::at(now)),
        ids: Arc::new(SeededIds::new(7)),
        wake_ups: Arc::new(LocalWakeUps::default()),
        bus: Arc::new(LocalBus::default()),
        gateways: gateways::all(GatewayEndpoints::default()).expect("gateways"),
        mail: Arc::new(LocalMailbox),
        files: FilesAt::Folder(files).open().expect("a place for files"),
        vault: Vault::new(b"a key for tests"),
        settings: Settings {
            public_url: "http://localhost:8080".parse().expect("an address"),
            support_email_from: "support@postventa.test".to_owned(),
            gateway_secrets: domain::teams::GatewaySecrets::default(),
        },
    })
}
