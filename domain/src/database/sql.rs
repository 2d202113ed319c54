//! Plain SQL on both databases, and the few words in which they differ.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Sqlite,
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

/// Whether no connection was to be had, so that nothing was asked of the database.
pub fn is_unavailable(fault: &anyhow::Error) -> bool {
    let is_connection = |error: &DbErr| matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_));
    fault
        .chain()
        .any(|cause| cause.downcast_ref::<DbErr>().is_some_and(is_connection))
}

/// Whether an error says that a row with this unique key is already there.
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(
        error.sql_err(),
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
    )
}
