//! The connections to PostgreSQL. sqlx asks each one that comes back to its pool whether it is still there: a second
//! round trip after every statement. So a few of them rest here between two uses instead, ready for the next one,
//! and go back only now and then.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Connection, Error, Executor, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgPoolOptions, PgQueryResult, PgRow},
    query::Query,
};
use tokio::{runtime::Handle, time::timeout};

use super::{
    address::Address,
    attempt,
    session::Session,
    trouble::{self, Fate, Trouble},
};

/// How long to wait for a connection, and how long for one to be made. Shorter than what a request has, so that who
/// waits in vain is told why.
const PATIENCE: Duration = Duration::from_secs(9);

/// After so many uses a connection goes back, so that sqlx can see to its age.
const USES: u32 = 1000;

/// A connection that has rested so long goes back unused: networks forget those that say nothing.
const REST: Duration = Duration::from_mins(1);

/// How long a connection may take to come to its senses when whoever had it went away in the middle.
const FINISHING: Duration = Duration::from_secs(5);

/// So much longer than the server itself waits for a statement before the server is held to be gone.
const SILENCE: Duration = Duration::from_secs(5);

/// So many connections may turn out to be dead before a transaction that has not begun is given up.
const BEGINNINGS: u32 = 3;

/// A PostgreSQL, or a pooler in front of one. Cheap to clone.
#[derive(Clone)]
pub(super) struct Server {
    pool: PgPool,
    idle: Arc<Idle>,
    most: usize,
    session: Arc<Session>,
    trouble: Trouble,
}

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
pub(super) struct Found {
    done: PgQueryResult,
    rows: Vec<PgRow>,
}

impl Found {
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

#[derive(Default)]
struct Idle {
    rested: Mutex<Vec<Lent>>,
    /// How many wait for a connection of the pool: what rests must not keep them waiting, and meanwhile nothing
    /// goes to rest.
    waiting: AtomicUsize,
}

impl Idle {
    fn lock(&self) -> MutexGuard<'_, Vec<Lent>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Waiting<'a>(&'a Idle);

impl<'a> Waiting<'a> {
    fn new(idle: &'a Idle) -> Self {
        idle.waiting.fetch_add(1, Ordering::SeqCst);
        Self(idle)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Server {
    pub async fn connect(address: Address, session: Session, connections: u32) -> Result<Self, Error> {
        let session = Arc::new(session);
        let trouble = Trouble::default();
        let options = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(PATIENCE)
            // A dead connection shows itself by an error; a ping before each use costs a round trip.
            .test_before_acquire(false)
            .after_connect({
                let (session, trouble) = (Arc::clone(&session), trouble.clone());
                move |connection, _| {
                    let (session, trouble) = (Arc::clone(&session), trouble.clone());
                    Box::pin(async move {
                        trouble.greet(session.greet(connection).await?);
                        Ok(())
                    })
                }
            })
            .before_acquire({
                let trouble = trouble.clone();
                move |_, meta| {
                    let good = !born(meta.age).is_some_and(|born| trouble.suspects(born));
                    Box::pin(async move { Ok(good) })
                }
            })
            .after_release({
                let trouble = trouble.clone();
                move |_, meta| {
                    let good = !born(meta.age).is_some_and(|born| trouble.suspects(born));
                    Box::pin(async move { Ok(good) })
                }
            });
        Ok(Self {
            pool: options.connect_with(address.options).await?,
            idle: Arc::default(),
            most: usize::try_from(connections / 2).unwrap_or(1),
            session,
            trouble,
        })
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// A statement whose plan is good for all values: planned once for each session. Where others wait for a
    /// connection, it is planned as the server likes.
    pub async fn planned_once(&self, statement: &Statement) -> Result<Found, DbErr> {
        if !self.session.plans_once {
            return self.alone(Ask::All(statement)).await;
        }
        let mut lent = self.lend(true).await?;
        let ready = if lent.plans_once || self.idle.waiting.load(Ordering::SeqCst) > 0 {
            Ok(())
        } else {
            lent.plan(true, &self.session).await
        };
        let found = match ready {
            Ok(()) => lent.ask(Ask::All(statement), &self.session).await,
            Err(error) => Err(error),
        };
        self.take_back(lent, found)
    }

    /// One statement by itself. Where a pooler gives each transaction another connection, it is one.
    pub async fn alone(&self, ask: Ask<'_>) -> Result<Found, DbErr> {
        let mut lent = self.lend_planning().await?;
        let own = self
            .session
            .begin_alone()
            .filter(|_| !matches!(ask, Ask::Plain(_)));
        let Some(begin) = own else {
            let found = lent.ask(ask, &self.session).await;
            return self.take_back(lent, found);
        };
        let found = match lent.begin(begin, &self.session).await {
            Ok(()) => lent.ask(ask, &self.session).await,
            Err(error) => Err(error),
        };
        let end = if found.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = match &found {
            Err(error) if trouble::fate(error) != Fate::Kept => Ok(()),
            _ => lent.end(end, &self.session).await,
        };
        self.take_back(lent, found.and_then(|found| ended.map(|()| found)))
    }

    /// Begins a transaction. A connection that turns out to be dead is no reason not to: nothing has happened on it.
    pub async fn begin(&self, begin: &str) -> Result<Lent, DbErr> {
        let mut beginnings = 1;
        loop {
            let mut lent = self.lend(false).await?;
            match lent.begin(begin, &self.session).await {
                Ok(()) => return Ok(lent),
                Err(error) if trouble::is_loss(&error) && beginnings < BEGINNINGS => {
                    beginnings += 1;
                    let _ = self.take_back::<()>(lent, Err(error));
                }
                Err(error) => return self.take_back(lent, Err(error)),
            }
        }
    }

    /// Asks within a transaction.
    pub async fn within(&self, lent: &mut Lent, ask: Ask<'_>) -> Result<Found, DbErr> {
        let found = lent.ask(ask, &self.session).await;
        found.map_err(|error| {
            lent.failed |= matches!(error, Error::Database(_));
            self.note(lent, &error);
            query_error(error)
        })
    }

    pub async fn commit(&self, mut lent: Lent) -> Result<(), DbErr> {
        if lent.failed {
            // PostgreSQL would say yes and roll it back.
            return Err(DbErr::Custom("a statement of this transaction has failed".into()));
        }
        let ended = lent.end("COMMIT", &self.session).await;
        self.take_back(lent, ended)
    }

    /// One that plans as it finds best.
    async fn lend_planning(&self) -> Result<Lent, DbErr> {
        let mut lent = self.lend(false).await?;
        if !lent.plans_once {
            return Ok(lent);
        }
        match lent.plan(false, &self.session).await {
            Ok(()) => Ok(lent),
            Err(error) => self.take_back(lent, Err(error)),
        }
    }

    /// Rather one that plans once, or rather one that does not.
    async fn lend(&self, once: bool) -> Result<Lent, DbErr> {
        if let Some(rested) = self.take(once) {
            return Ok(rested);
        }
        let _waiting = Waiting::new(&self.idle);
        // One that went to rest before it knew of us.
        if let Some(rested) = self.take(once) {
            return Ok(rested);
        }
        let born = Instant::now();
        let acquired = self.pool.acquire().await.map_err(|error| match error {
            Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
        });
        Ok(Lent {
            connection: Some(acquired?),
            uses: 0,
            born,
            since: born,
            plans_once: false,
            busy: false,
            open: false,
            failed: false,
            ended: false,
        })
    }

    /// One that has rested. Those which have rested long go back first, and those go that have turned out to be no good
    /// meanwhile.
    fn take(&self, once: bool) -> Option<Lent> {
        let mut idle = self.idle.lock();
        let mut bad = Vec::new();
        if idle.iter().any(|lent| self.trouble.suspects(lent.born)) {
            let (suspects, good) = mem::take(&mut *idle)
                .into_iter()
                .partition(|lent| self.trouble.suspects(lent.born));
            (bad, *idle) = (suspects, good);
        }
        let fresh = idle.iter().position(|lent| lent.since.elapsed() < REST);
        let fresh = fresh.unwrap_or(idle.len());
        let stale: Vec<Lent> = idle.drain(..fresh).collect();
        let alike = idle.iter().rposition(|lent| lent.plans_once == once);
        let taken = match alike {
            Some(at) => Some(idle.remove(at)),
            None => idle.pop(),
        };
        drop(idle);
        for lent in &mut bad {
            lent.ended = true;
        }
        drop((stale, bad));
        taken
    }

    /// Only what has just worked may rest.
    fn take_back<T>(&self, mut lent: Lent, done: Result<T, Error>) -> Result<T, DbErr> {
        lent.uses += 1;
        lent.since = Instant::now();
        match &done {
            Ok(_) if lent.uses < USES && !self.trouble.suspects(lent.born) => {
                let mut idle = self.idle.lock();
                // Asked under the lock: whoever waits has said so before they look for what rests.
                if idle.len() < self.most && self.idle.waiting.load(Ordering::SeqCst) == 0 {
                    idle.push(lent);
                }
            }
            Ok(_) => {}
            Err(error) => self.note(&mut lent, error),
        }
        done.map_err(query_error)
    }

    fn note(&self, lent: &mut Lent, error: &Error) {
        attempt::note_error(error);
        let fate = trouble::fate(error);
        lent.ended |= fate != Fate::Kept;
        if fate == Fate::Closed {
            self.session.note_foreign(error);
        }
        if self.trouble.note(lent.born, error) {
            let mut older = mem::take(&mut *self.idle.lock());
            for lent in &mut older {
                lent.ended = true;
            }
        }
    }
}

/// When a connection of this age was made.
fn born(age: Duration) -> Option<Instant> {
    Instant::now().checked_sub(age)
}

fn query_error(error: Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn query(statement: &Statement, persistent: bool) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values)).persistent(persistent)
}

async fn answer(connection: &mut PgConnection, ask: Ask<'_>, persistent: bool) -> Result<Found, Error> {
    let mut found = Found::default();
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
    connection: Option<PoolConnection<Postgres>>,
    uses: u32,
    /// It was made no earlier.
    born: Instant,
    /// When its last use came to an end.
    since: Instant,
    /// Told so. Where it rests it stays so; the pool has none like it.
    plans_once: bool,
    /// A statement is on its way.
    busy: bool,
    /// A transaction has begun.
    open: bool,
    /// The transaction can only be rolled back.
    failed: bool,
    /// It is of no more use.
    ended: bool,
}

impl Lent {
    async fn ask(&mut self, ask: Ask<'_>, session: &Session) -> Result<Found, Error> {
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

    async fn plan(&mut self, once: bool, session: &Session) -> Result<(), Error> {
        // Until the server has said yes nobody knows.
        self.plans_once = true;
        self.ask(Ask::Plain(Session::plans(once)), session).await?;
        self.plans_once = once;
        Ok(())
    }

    async fn begin(&mut self, begin: &str, session: &Session) -> Result<(), Error> {
        self.open = true;
        if self.plans_once {
            // In the same message, and only until the transaction ends: nothing more can go wrong.
            let begin = format!("{begin}; {}", Session::PLANS_IN_TRANSACTION);
            return self.ask(Ask::Plain(&begin), session).await.map(drop);
        }
        self.ask(Ask::Plain(begin), session).await.map(drop)
    }

    async fn end(&mut self, end: &str, session: &Session) -> Result<(), Error> {
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
