//! A database for each test, migrated and empty, on SQLite or PostgreSQL as the run wants it.

use domain::{
    clock::{Clock, SystemClock},
    database::{Database, DatabaseSettings, Dialect},
    ids::{Ids, SystemIds},
};
use migration::Migrator;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::servers::{postgres, setting};

/// "post" in ASCII: one process of the run makes the template.
const LOCK: i64 = 0x706f_7374;
const TEMPLATE: &str = "postventa_template";

/// A database of one test. Its folder, if it has one, goes with it.
pub struct TestDatabase {
    pub settings: DatabaseSettings,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// `POSTVENTA_TEST_BACKEND` says which: `sqlite` (the default) or `postgres`.
    pub async fn fresh() -> Self {
        match setting("POSTVENTA_TEST_BACKEND").as_deref() {
            None | Some("sqlite") => Self::sqlite().await.expect("a SQLite database"),
            Some("postgres") => Self::on_postgres().await,
            Some(other) => panic!("POSTVENTA_TEST_BACKEND is sqlite or postgres, not {other}"),
        }
    }

    /// One on PostgreSQL, whatever the run is on.
    pub async fn on_postgres() -> Self {
        Self::postgres(&postgres::url())
            .await
            .expect("a PostgreSQL database")
    }

    /// One as it was before this migration, on the backend of the run.
    pub async fn before(migration: &str) -> Self {
        let all = Migrator::migrations();
        let earlier = all.iter().position(|it| it.name() == migration);
        let earlier = u32::try_from(earlier.expect("a migration of this name")).expect("not so many");
        let database = match setting("POSTVENTA_TEST_BACKEND").as_deref() {
            Some("postgres") => Self::empty_on_postgres(&postgres::url()).await,
            _ => Self::empty_on_sqlite(),
        };
        let database = database.expect("an empty database");
        let whole = database.connect().await;
        let migrated = Migrator::up(whole.connection().whole(), Some(earlier)).await;
        migrated.expect("the tables of before");
        database
    }

    /// One on this server.
    pub async fn on(server: &str) -> Self {
        Self::postgres(server).await.expect("a PostgreSQL database")
    }

    /// Another pool on it, as another process would have.
    pub async fn connect(&self) -> Database {
        Database::connect(&self.settings)
            .await
            .expect("the database opens")
    }

    async fn sqlite() -> anyhow::Result<Self> {
        let database = Self::empty_on_sqlite()?;
        let whole = Database::connect(&database.settings).await?;
        Migrator::up(whole.connection().whole(), None).await?;
        Ok(database)
    }

    fn empty_on_sqlite() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("postventa-sqlite-").tempdir()?;
        let url = format!("sqlite://{}/test.sqlite", folder.path().display());
        Ok(Self {
            settings: DatabaseSettings::new(url, 4),
            _folder: Some(folder),
        })
    }

    async fn empty_on_postgres(server: &str) -> anyhow::Result<Self> {
        let admin = sea_orm::Database::connect(one_connection(format!("{server}/postgres"))).await?;
        let name = format!("test_{}", SystemIds::default().uuid(SystemClock.now()).simple());
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await?;
        admin.close().await?;
        let url = format!("{server}/{name}");
        Ok(Self {
            settings: DatabaseSettings::new(url, 8),
            _folder: None,
        })
    }

    async fn postgres(server: &str) -> anyhow::Result<Self> {
        let admin = sea_orm::Database::connect(one_connection(format!("{server}/postgres"))).await?;
        template(server, &admin).await?;
        let name = format!("test_{}", SystemIds::default().uuid(SystemClock.now()).simple());
        // The strategy that copies files needs a checkpoint each time; this one does not.
        let create = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY WAL_LOG");
        admin.execute_unprepared(&create).await?;
        admin.close().await?;
        let url = format!("{server}/{name}");
        Ok(Self {
            settings: DatabaseSettings::new(url, 8),
            _folder: None,
        })
    }
}

fn one_connection(url: String) -> sea_orm::ConnectOptions {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    options
}

/// Makes the migrated template once for each server, whichever process comes first.
async fn template(server: &str, admin: &DatabaseConnection) -> anyhow::Result<()> {
    static MADE: OnceCell<String> = OnceCell::const_new();
    if MADE.get().is_some_and(|made| made == server) {
        return Ok(());
    }
    admin
        .execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})"))
        .await?;
    let made = format!("SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'");
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, made);
    if admin.query_one_raw(statement).await?.is_none() {
        let draft = format!("{TEMPLATE}_draft");
        admin
            .execute_unprepared(&format!("DROP DATABASE IF EXISTS {draft}"))
            .await?;
        admin
            .execute_unprepared(&format!("CREATE DATABASE {draft}"))
            .await?;
        let migrated = sea_orm::Database::connect(one_connection(format!("{server}/{draft}"))).await?;
        Migrator::up(&migrated, None).await?;
        migrated.close().await?;
        admin
            .execute_unprepared(&format!("ALTER DATABASE {draft} RENAME TO {TEMPLATE}"))
            .await?;
    }
    admin
        .execute_unprepared(&format!("SELECT pg_advisory_unlock({LOCK})"))
        .await?;
    // Another server's is looked for again.
    let _ = MADE.set(server.to_owned());
    Ok(())
}

/// Whether this run is on PostgreSQL.
pub fn is_postgres(db: &Database) -> bool {
    db.dialect() == Dialect::Postgres
}
