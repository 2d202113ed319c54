//! The database: PostgreSQL or SQLite behind one door.

mod address;
mod attempt;
mod holders;
mod inspection;
mod lent;
mod pool;
mod reach;
mod row;
mod server;
mod session;
mod sql;
mod transaction;
mod trouble;
mod write_proof;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use anyhow::Context;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseTransaction, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use sqlx::{
    Postgres,
    sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::input;
use address::Address;
use server::Server;
use session::Session;

pub use attempt::attempt;
pub use pool::{Planned, Pool};
pub use row::Row;
pub use sql::{Dialect, Sql, is_unavailable, is_unique_violation, places};
pub use transaction::{Transaction, WriteTransaction};
pub use write_proof::WriteProof;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `postgres://…` or `sqlite://path`.
    pub url: String,
    /// Connections per process; about twice the cores is enough.
    pub max_connections: u32,
    /// What stands in front of PostgreSQL.
    pub pooling: Pooling,
    /// After so long PostgreSQL gives a statement up; a lock, or a transaction that nobody goes on with, too.
    pub statement_time: Option<Duration>,
}

/// What stands between the program and PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooling {
    /// To be found out.
    #[default]
    Auto,
    /// Nothing, or a pooler that keeps a session for each connection.
    Session,
    /// A pooler that gives each transaction another session.
    Transaction,
}

impl FromStr for Pooling {
    type Err = UnknownPooling;

    fn from_str(text: &str) -> Result<Self, UnknownPooling> {
        match text {
            "auto" => Ok(Self::Auto),
            "session" => Ok(Self::Session),
            "transaction" => Ok(Self::Transaction),
            _ => Err(UnknownPooling),
        }
    }
}

/// It is none of the three.
#[derive(Clone, Copy, Debug)]
pub struct UnknownPooling;

impl fmt::Display for UnknownPooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be auto, session or transaction")
    }
}

impl std::error::Error for UnknownPooling {}

impl DatabaseSettings {
    /// With what is found out, and without a limit for statements.
    pub fn new(url: impl Into<String>, max_connections: u32) -> Self {
        Self {
            url: url.into(),
            max_connections,
            pooling: Pooling::Auto,
            statement_time: None,
        }
    }
}

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    dialect: Dialect,
    /// SQLite has one writer: waiting here is fair and instant, where its own busy handler sleeps.
    writer: Option<Arc<Semaphore>>,
}

impl Database {
    pub async fn connect(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        if !settings.url.starts_with("sqlite:") {
            return Ok(Self {
                pool: Pool::of(postgres(settings).await?),
                dialect: Dialect::Postgres,
                writer: None,
            });
        }
        let mut options = ConnectOptions::new(&settings.url);
        options
            .max_connections(settings.max_connections)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(10))
            .test_before_acquire(false)
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("temp_store", reach::temp_store())
                    .collation("und-x-icu", input::in_alphabet)
                    .statement_cache_capacity(500)
            });
        let connection = sea_orm::Database::connect(options)
            .await
            .context("cannot open the database")?;
        Ok(Self {
            pool: Pool::sqlite(connection),
            dialect: Dialect::Sqlite,
            writer: Some(Arc::new(Semaphore::new(1))),
        })
    }

    /// Tells of each statement before anybody shares the pool: what is not counted grows.
    pub fn on_statement(&mut self, told: impl Fn(&Statement) + Send + Sync + 'static) {
        self.pool.on_statement(told);
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn connection(&self) -> &Pool {
        &self.pool
    }

    /// Starts a transaction that is going to write. Until its end whoever has it asks nothing of the pool.
    pub async fn begin(&self) -> Result<WriteTransaction, DbErr> {
        self.pool.holders().assert_free("a transaction");
        if let Some(server) = self.pool.server() {
            return Ok(WriteTransaction {
                transaction: self
                    .postgres_transaction(server, server.session().begin())
                    .await?,
                _turn: None,
            });
        }
        let turn = self.turn().await;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = self.sqlite_transaction(options).await?;
        Ok(WriteTransaction {
            transaction: Transaction::sqlite(begun, self.pool.holders().enter()),
            _turn: turn,
        })
    }

    /// Starts a transaction that reads only and sees one moment.
    pub async fn snapshot(&self) -> Result<Transaction, DbErr> {
        self.pool.holders().assert_free("a snapshot");
        if let Some(server) = self.pool.server() {
            return self
                .postgres_transaction(server, server.session().begin_snapshot())
                .await;
        }
        // Readers of a WAL see the database as it was at their first question.
        let begun = self.sqlite_transaction(TransactionOptions::default()).await?;
        Ok(Transaction::sqlite(begun, self.pool.holders().enter()))
    }

    async fn postgres_transaction(&self, server: &Server, begin: &str) -> Result<Transaction, DbErr> {
        let lent = server.begin(begin).await?;
        let holder = self.pool.holders().enter();
        Ok(Transaction::postgres(
            lent,
            server.clone(),
            self.pool.told().cloned(),
            holder,
        ))
    }

    /// In a task of its own: sqlx forgets a BEGIN whose caller hangs up while it is on its way, and whatever the
    /// connection writes next would wait in that transaction for somebody else's end of it.
    async fn sqlite_transaction(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let connection = self.pool.whole().clone();
        let beginning = tokio::spawn(async move { connection.begin_with_options(options).await });
        let begun = beginning.await;
        begun.map_err(|error| DbErr::Custom(format!("cannot begin: {error}")))?
    }

    /// A transaction of sqlx's own on PostgreSQL, for rows to be copied.
    pub async fn copying(&self) -> anyhow::Result<sqlx::Transaction<'static, Postgres>> {
        let server = self.pool.server().context("only PostgreSQL copies")?;
        let begin = sqlx::AssertSqlSafe(server.session().begin().to_owned());
        server
            .pool()
            .begin_with(begin)
            .await
            .context("cannot begin to copy")
    }

    /// A transaction of sea-orm's own in which tables can be made, where a pooler gives each transaction another
    /// session; else there is no need for one. To be ended by [`Database::end_of_tables`].
    pub async fn tables(&self) -> Result<Option<DatabaseTransaction>, DbErr> {
        let Some(server) = self.pool.server().filter(|server| server.session().is_pooled()) else {
            return Ok(None);
        };
        let transaction = self.pool.whole().begin().await?;
        let local = server
            .session()
            .begin()
            .split_once(';')
            .map_or("", |(_, local)| local);
        // Names of statements may be left from whoever had this session before.
        transaction
            .execute_unprepared(&format!("DEALLOCATE ALL; {local}"))
            .await?;
        Ok(Some(transaction))
    }

    /// Ends what [`Database::tables`] has begun.
    pub async fn end_of_tables(transaction: DatabaseTransaction) -> Result<(), DbErr> {
        transaction.execute_unprepared("DEALLOCATE ALL").await?;
        transaction.commit().await
    }

    /// Runs one writing statement by itself.
    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<ExecResult, DbErr> {
        self.pool.holders().assert_free(sql);
        attempt::note_written();
        let _turn = self.turn().await;
        self.pool.execute_raw(self.statement(sql, values)).await
    }

    /// Runs one writing statement by itself and returns what it returns.
    pub async fn execute_returning(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        self.pool.holders().assert_free(sql);
        attempt::note_written();
        let _turn = self.turn().await;
        self.pool.query_all_raw(self.statement(sql, values)).await
    }

    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let writer = self.writer.clone()?;
        // The semaphore is never closed.
        writer.acquire_owned().await.ok()
    }

    fn statement(&self, sql: &str, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.pool.get_database_backend(), sql, values)
    }
}

async fn postgres(settings: &DatabaseSettings) -> anyhow::Result<Server> {
    let address = Address::read(&settings.url)?;
    let found = inspection::inspect(&address, settings.pooling).await?;
    let session = Session::new(
        &address,
        found.path.as_deref(),
        found.pooled,
        settings.statement_time,
    );
    Server::connect(address, session, settings.max_connections)
        .await
        .context("cannot open the database")
}
