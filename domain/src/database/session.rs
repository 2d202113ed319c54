//! What a session with PostgreSQL is told before it is used. Servers, databases and roles have defaults of their own;
//! the program relies on none of them.

use std::{fmt::Write, time::Duration};

use sqlx::{AssertSqlSafe, Error, Executor, PgConnection, Row};

use super::address::Address;

/// How the server plans prepared statements.
const PLANS: &str = "plan_cache_mode";

/// Beside the times. What is not here may be as the server has it.
const SETTINGS: &[(&str, &str)] = &[
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
    ("array_nulls", "on"),
    ("bytea_output", "hex"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("row_security", "on"),
    (PLANS, "auto"),
    ("client_min_messages", "warning"),
];

/// For one lock; whoever holds one longer than this is stuck.
const LOCK: Duration = Duration::from_secs(20);

/// Newer servers end sessions and transactions by themselves, too. We do so as it suits us.
const UNLIMITED: &str = "SELECT set_config(name, '0', false) FROM pg_settings \
    WHERE name IN ('idle_session_timeout', 'transaction_timeout') AND setting <> '0'";

/// What was answered is kept: a server that says yes before it has written is told not to.
fn durable(local: bool) -> String {
    format!(
        "SELECT set_config('synchronous_commit', 'on', {local}) \
         WHERE current_setting('synchronous_commit') = 'off'"
    )
}

/// How the program behaves towards one PostgreSQL.
pub(super) struct Session {
    /// Statements are prepared under names.
    pub persistent: bool,
    /// After so long a statement is given up.
    pub statement_time: Option<Duration>,
    /// A session may be told to plan each statement once: it is ours, keeps them, and the address does not say how it
    /// is to be.
    pub plans_once: bool,
    pooled: bool,
    /// For a whole session, where it is ours.
    greeting: String,
    begin: String,
    begin_snapshot: String,
}

impl Session {
    /// `pooled`: each transaction may meet another session of the server.
    pub fn new(
        address: &Address,
        path: Option<&str>,
        pooled: bool,
        statement_time: Option<Duration>,
    ) -> Self {
        let settings = settings(address, path, statement_time);
        let local = if pooled {
            format!("; {}; {}", set(&settings, true), durable(true))
        } else {
            String::new()
        };
        let greeting = if pooled {
            String::new()
        } else {
            format!("{}; {UNLIMITED}; {}; ", set(&settings, false), durable(false))
        };
        let persistent = address.keeps_statements && !pooled;
        Self {
            persistent,
            statement_time,
            plans_once: persistent && !address.settings.iter().any(|(name, _)| name == PLANS),
            pooled,
            greeting,
            begin: format!("BEGIN ISOLATION LEVEL READ COMMITTED NOT DEFERRABLE{local}"),
            begin_snapshot: format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY{local}"),
        }
    }

    /// Begins a transaction that may write.
    pub fn begin(&self) -> &str {
        &self.begin
    }

    /// Begins a transaction that reads and sees one moment.
    pub fn begin_snapshot(&self) -> &str {
        &self.begin_snapshot
    }

    /// Begins what holds a single statement, where it cannot do without: it is sent in two parts, and must meet the
    /// same session with both.
    pub fn begin_alone(&self) -> Option<&str> {
        self.pooled.then_some(&self.begin)
    }

    /// A transaction of a session that plans each statement once plans as it finds best.
    pub const PLANS_IN_TRANSACTION: &'static str = "SET LOCAL plan_cache_mode = auto";

    /// How a session comes to plan each statement once and for all values, or as it finds best.
    pub fn plans(once: bool) -> &'static str {
        if once {
            "SET plan_cache_mode = force_generic_plan"
        } else {
            "SET plan_cache_mode = auto"
        }
    }

    pub fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Tells a new connection. True if it can only read.
    pub async fn greet(&self, connection: &mut PgConnection) -> Result<bool, Error> {
        let greeting = format!("{}SELECT current_setting('transaction_read_only')", self.greeting);
        let rows = connection.fetch_all(AssertSqlSafe(greeting)).await?;
        let last = rows.last().ok_or(Error::RowNotFound)?;
        Ok(last.try_get::<&str, _>(0)? == "on")
    }

    /// Somebody else's session was met.
    pub fn note_foreign(&self, error: &Error) {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        if !self.pooled && matches!(code.as_deref(), Some("26000" | "42P05")) {
            tracing::error!(
                %error,
                "a pooler gives each transaction another connection, and the program does not know of it: \
                 set POSTVENTA_DB_POOLING=transaction"
            );
        }
    }
}

fn settings(
    address: &Address,
    path: Option<&str>,
    statement_time: Option<Duration>,
) -> Vec<(String, String)> {
    let millis = |time: Option<Duration>| time.map_or(0, |time| time.as_millis()).to_string();
    let mut settings: Vec<(String, String)> = SETTINGS
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    settings.extend([
        ("statement_timeout".into(), millis(statement_time)),
        (
            "idle_in_transaction_session_timeout".into(),
            millis(statement_time),
        ),
        ("lock_timeout".into(), millis(statement_time.map(|_| LOCK))),
    ]);
    settings.extend(path.map(|path| ("search_path".into(), path.to_owned())));
    // What the address says is meant.
    settings.extend(address.settings.iter().cloned());
    settings
}

/// One statement that sets them all, for the session or for the transaction.
pub(super) fn set(settings: &[(String, String)], local: bool) -> String {
    let mut sql = String::from("SELECT ");
    for (place, (name, value)) in settings.iter().enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        let _ = write!(
            sql,
            "{comma}set_config({}, {}, {local})",
            literal(name),
            literal(value)
        );
    }
    sql
}

/// A text as SQL, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', r"\\").replace('\'', "''"))
}
