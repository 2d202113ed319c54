//! A connection in use: what is asked of it, and how it comes back when whoever had it went away in the middle.

use std::{
    mem,
    time::{Duration, Instant},
};

use sea_orm::{ExecResult, QueryResult, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Connection, Error, Executor, PgConnection, Postgres,
    pool::PoolConnection,
    postgres::{PgQueryResult, PgRow},
    query::Query,
};
use tokio::{runtime::Handle, time::timeout};

use super::session::Session;

/// How long a connection may take to come to its senses when whoever had it went away in the middle.
const FINISHING: Duration = Duration::from_secs(5);

/// So much longer than the server itself waits for a statement before the server is held to be gone.
const SILENCE: Duration = Duration::from_secs(5);

/// What is asked in one go.
#[derive(Clone, Copy)]
pub(super) enum Ask<'a> {
    Run(&'a Statement),
    One(&'a Statement),
    All(&'a Statement),
    /// Without values and unprepared; may be several.
    Plain(&'a str),
}

/// What was answered.
#[derive(Default)]
pub(super) struct Answer {
    done: PgQueryResult,
    rows: Vec<PgRow>,
}

impl Answer {
    pub fn done(self) -> ExecResult {
        self.done.into()
    }

    pub fn row(self) -> Option<QueryResult> {
        self.rows.into_iter().next().map(Into::into)
    }

    pub fn rows(self) -> Vec<QueryResult> {
        self.rows.into_iter().map(Into::into).collect()
    }
}

fn query(statement: &Statement, persistent: bool) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values)).persistent(persistent)
}

async fn answer(connection: &mut PgConnection, ask: Ask<'_>, persistent: bool) -> Result<Answer, Error> {
    let mut found = Answer::default();
    match ask {
        Ask::Run(statement) => found.done = query(statement, persistent).execute(connection).await?,
        Ask::One(statement) => {
            let row = query(statement, persistent).fetch_optional(connection).await?;
            found.rows.extend(row);
        }
        Ask::All(statement) => found.rows = query(statement, persistent).fetch_all(connection).await?,
        Ask::Plain(sql) => found.done = connection.execute(AssertSqlSafe(sql)).await?,
    }
    Ok(found)
}

/// A connection that one statement or one transaction has for itself.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, and no states of one machine"
)]
pub(super) struct Lent {
    pub(super) connection: Option<PoolConnection<Postgres>>,
    pub(super) uses: u32,
    /// It was made no earlier.
    pub(super) born: Instant,
    /// When its last use came to an end.
    pub(super) since: Instant,
    /// Told so. Where it rests it stays so; the pool has none like it.
    pub(super) plans_once: bool,
    /// A statement is on its way.
    busy: bool,
    /// A transaction has begun.
    open: bool,
    /// The transaction can only be rolled back.
    pub(super) failed: bool,
    /// It is of no more use.
    pub(super) ended: bool,
}

impl Lent {
    /// Fresh from the pool, which was asked for it at this time.
    pub fn new(connection: PoolConnection<Postgres>, asked: Instant) -> Self {
        Self {
            connection: Some(connection),
            uses: 0,
            born: asked,
            since: asked,
            plans_once: false,
            busy: false,
            open: false,
            failed: false,
            ended: false,
        }
    }

    pub async fn ask(&mut self, ask: Ask<'_>, session: &Session) -> Result<Answer, Error> {
        let Some(connection) = self.connection.as_mut() else {
            return Err(Error::PoolClosed);
        };
        self.busy = true;
        let answered = answer(connection, ask, session.persistent);
        let answered = match session.statement_time {
            Some(time) => timeout(time + SILENCE, answered).await.unwrap_or_else(|_| {
                let silence = "the server does not say a word";
                Err(std::io::Error::new(std::io::ErrorKind::TimedOut, silence).into())
            }),
            None => answered.await,
        };
        self.busy = false;
        answered
    }

    pub async fn plan(&mut self, once: bool, session: &Session) -> Result<(), Error> {
        // Until the server has said yes nobody knows.
        self.plans_once = true;
        self.ask(Ask::Plain(Session::plans(once)), session).await?;
        self.plans_once = once;
        Ok(())
    }

    pub async fn begin(&mut self, begin: &str, session: &Session) -> Result<(), Error> {
        self.open = true;
        if self.plans_once {
            // In the same message, and only until the transaction ends: nothing more can go wrong.
            let begin = format!("{begin}; {}", Session::PLANS_IN_TRANSACTION);
            return self.ask(Ask::Plain(&begin), session).await.map(drop);
        }
        self.ask(Ask::Plain(begin), session).await.map(drop)
    }

    pub async fn end(&mut self, end: &str, session: &Session) -> Result<(), Error> {
        self.ask(Ask::Plain(end), session).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        // sqlx takes a connection back in a task of its own and panics where there is no runtime to run it. Then the
        // process is ending, and its sockets with it.
        let Ok(runtime) = Handle::try_current() else {
            return mem::forget(connection);
        };
        if self.ended {
            connection.close_on_drop();
        } else if self.busy || self.open || self.plans_once {
            runtime.spawn(finish_or_close(connection, self.open, self.plans_once));
        }
    }
}

/// Lets what was left in the middle come to its end. sqlx would do so, too, and wait for ever for a server that is
/// gone, with one connection less meanwhile.
async fn finish_or_close(mut connection: PoolConnection<Postgres>, open: bool, plans_once: bool) {
    let finished = timeout(FINISHING, async {
        if open {
            connection.execute("ROLLBACK").await?;
        }
        if plans_once {
            connection.execute(Session::plans(false)).await?;
        }
        connection.ping().await
    });
    if !matches!(finished.await, Ok(Ok(()))) {
        connection.close_on_drop();
    }
}
