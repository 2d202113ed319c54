//! The database: PostgreSQL or SQLite behind one door, and the few words in which their SQL differs.

mod address;
mod pool;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::input;

pub use pool::Pool;

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `postgres://…` or `sqlite://path`.
    pub url: String,
    /// Connections per process; about twice the cores is enough.
    pub max_connections: u32,
}

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    dialect: Dialect,
    /// SQLite has one writer: waiting here is fair and instant, where its own busy handler sleeps.
    writer: Option<Arc<Semaphore>>,
}

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Sqlite,
}

impl Database {
    pub async fn connect(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let mut options = ConnectOptions::new(&settings.url);
        options
            .max_connections(settings.max_connections)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(10))
            // A dead connection shows itself by an error; a ping before each use costs a round trip.
            .test_before_acquire(false)
            .sqlx_logging(false);
        let dialect = if settings.url.starts_with("sqlite:") {
            Dialect::Sqlite
        } else {
            Dialect::Postgres
        };
        if dialect == Dialect::Sqlite {
            options.map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(10))
                    .pragma("temp_store", address::temp_store())
                    .collation("und-x-icu", input::in_alphabet)
                    .statement_cache_capacity(500)
            });
        } else {
            let url = settings.url.clone();
            options.map_sqlx_postgres_opts(move |postgres| {
                address::as_meant(postgres, &url).statement_cache_capacity(500)
            });
        }
        let connection = sea_orm::Database::connect(options)
            .await
            .context("cannot open the database")?;
        let writer = (dialect == Dialect::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        Ok(Self {
            pool: Pool::new(connection, settings.max_connections),
            dialect,
            writer,
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

    /// Starts a transaction that is going to write.
    pub async fn begin(&self) -> Result<WriteTransaction, DbErr> {
        let turn = self.turn().await;
        let options = TransactionOptions {
            sqlite_transaction_mode: self.writer.is_some().then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        // In a task of its own: sqlx forgets a BEGIN whose caller hangs up while it is on its way, and whatever the
        // connection writes next would wait in that transaction for somebody else's end of it.
        let waiting = self.pool.waiting();
        let connection = self.pool.whole().clone();
        let beginning = tokio::spawn(async move {
            let transaction = connection.begin_with_options(options).await?;
            drop(waiting);
            Ok(WriteTransaction {
                transaction,
                _turn: turn,
            })
        });
        let begun = beginning.await;
        begun.map_err(|error| DbErr::Custom(format!("cannot begin: {error}")))?
    }

    /// Runs one writing statement by itself.
    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<ExecResult, DbErr> {
        let _turn = self.turn().await;
        self.pool.execute_raw(self.statement(sql, values)).await
    }

    /// Runs one writing statement by itself and returns what it returns.
    pub async fn execute_returning(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
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

/// A transaction with its turn to write. Dropped without a commit, it is rolled back.
pub struct WriteTransaction {
    transaction: DatabaseTransaction,
    _turn: Option<OwnedSemaphorePermit>,
}

impl WriteTransaction {
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    pub async fn commit(self) -> Result<(), DbErr> {
        self.transaction.commit().await
    }
}

/// Plain SQL with `$1` places, on a pool or in a transaction.
pub trait Sql: ConnectionTrait {
    fn dialect(&self) -> Dialect {
        match self.get_database_backend() {
            DbBackend::Postgres => Dialect::Postgres,
            _ => Dialect::Sqlite,
        }
    }

    fn rows(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<QueryResult>, DbErr>> + Send
    where
        Self: Sync,
    {
        let statement = Statement::from_sql_and_values(self.get_database_backend(), sql, values);
        async move { self.query_all_raw(statement).await }
    }

    fn row(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Option<QueryResult>, DbErr>> + Send
    where
        Self: Sync,
    {
        let statement = Statement::from_sql_and_values(self.get_database_backend(), sql, values);
        async move { self.query_one_raw(statement).await }
    }

    /// The number that a `SELECT count(*)` gives.
    fn count(&self, sql: &str, values: Vec<Value>) -> impl Future<Output = Result<i64, DbErr>> + Send
    where
        Self: Sync,
    {
        let row = self.row(sql, values);
        async move { row.await?.map_or(Ok(0), |row| row.try_get_by_index(0)) }
    }

    /// How many rows were changed.
    fn run(&self, sql: &str, values: Vec<Value>) -> impl Future<Output = Result<u64, DbErr>> + Send
    where
        Self: Sync,
    {
        let statement = Statement::from_sql_and_values(self.get_database_backend(), sql, values);
        async move { Ok(self.execute_raw(statement).await?.rows_affected()) }
    }
}

impl<C: ConnectionTrait> Sql for C {}

impl Dialect {
    /// Locks the selected rows until the end of the transaction. SQLite's writer has them all.
    pub fn for_update(self) -> &'static str {
        match self {
            // Their keys stay: two who have each written a row that refers to this one, and then want it
            // themselves, would otherwise wait for each other.
            Self::Postgres => " FOR NO KEY UPDATE",
            Self::Sqlite => "",
        }
    }

    /// Keeps the selected rows of one table as they are until the end of the transaction. Others may do so, too.
    pub fn for_share_of(self, table: &str) -> String {
        match self {
            Self::Postgres => format!(" FOR SHARE OF {table}"),
            Self::Sqlite => String::new(),
        }
    }

    /// A column's time so many days of 24 hours later. SQLite's times are texts: the day moves, the rest stays.
    pub fn plus_days(self, column: &str, days: &str) -> String {
        match self {
            Self::Postgres => format!("({column} + {days} * interval '24 hours')"),
            Self::Sqlite => {
                format!("(date(substr({column}, 1, 10), {days} || ' days') || substr({column}, 11))")
            }
        }
    }

    /// Locks what nobody else has locked and leaves out the rest.
    pub fn skip_locked(self) -> &'static str {
        match self {
            Self::Postgres => " FOR NO KEY UPDATE SKIP LOCKED",
            Self::Sqlite => "",
        }
    }

    /// The database's own time, moved by a number of seconds: leases of several machines need one clock.
    pub fn now_plus(self, seconds: i64) -> String {
        match self {
            Self::Postgres => format!("(clock_timestamp() + interval '{seconds} seconds')"),
            Self::Sqlite => format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '{seconds} seconds')"),
        }
    }
}

/// `$n, $n+1, …` for `count` values that start at place `from`.
pub fn places(from: usize, count: usize) -> String {
    (from..from + count)
        .map(|n| format!("${n}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The values of a statement, in order.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(sea_orm::Value::from($value)),*] };
}

/// Whether an error says that a row with this unique key is already there.
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(
        error.sql_err(),
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
    )
}
