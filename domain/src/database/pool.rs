//! The pool that statements go through. sqlx asks each PostgreSQL connection that comes back to its pool whether
//! it is still there: a second round trip after every statement. So a few of them rest here between two
//! statements instead, ready for the next one, and go back only now and then.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, PgPool, Postgres, pool::PoolConnection, query::Query};
use tokio::runtime::Handle;

/// After so many statements a connection goes back, so that sqlx can see to its age.
const STATEMENTS: u32 = 1000;

/// A connection that has rested so long goes back unused: networks forget those that say nothing.
const REST: Duration = Duration::from_mins(1);

type Told = Arc<dyn Fn(&Statement) + Send + Sync>;

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    whole: DatabaseConnection,
    /// None on SQLite, whose connections are threads of this process.
    resting: Option<Resting>,
    told: Option<Told>,
}

impl Pool {
    pub(super) fn new(whole: DatabaseConnection, connections: u32) -> Self {
        let resting = (whole.get_database_backend() == DbBackend::Postgres).then(|| Resting {
            pool: whole.get_postgres_connection_pool().clone(),
            idle: Arc::default(),
            // The others are for transactions, which take theirs from the pool.
            most: usize::try_from(connections / 2).unwrap_or(1),
        });
        Self {
            whole,
            resting,
            told: None,
        }
    }

    /// All of it: for transactions, for tables to be made.
    pub fn whole(&self) -> &DatabaseConnection {
        &self.whole
    }

    pub fn get_database_backend(&self) -> DbBackend {
        self.whole.get_database_backend()
    }

    pub(super) fn on_statement(&mut self, told: impl Fn(&Statement) + Send + Sync + 'static) {
        let told: Told = Arc::new(told);
        self.told = Some(Arc::clone(&told));
        self.whole.set_metric_callback(move |info| told(info.statement));
    }

    /// To be held by whoever waits for a connection of the whole pool: what rests must not keep them waiting, and
    /// meanwhile nothing goes to rest.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        let resting = self.resting.as_ref()?;
        let (waiting, all) = Waiting::new(&resting.idle);
        if resting.pool.num_idle() < all {
            drop(resting.take());
        }
        Some(waiting)
    }

    fn tell(&self, statement: &Statement) {
        if let Some(told) = &self.told {
            told(statement);
        }
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.whole.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let Some(resting) = &self.resting else {
            return self.whole.execute_raw(statement).await;
        };
        self.tell(&statement);
        let mut lent = resting.lend().await?;
        let done = query(&statement).execute(&mut *lent.connection).await;
        Ok(resting.take_back(lent, done)?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.whole.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let Some(resting) = &self.resting else {
            return self.whole.query_one_raw(statement).await;
        };
        self.tell(&statement);
        let mut lent = resting.lend().await?;
        let found = query(&statement).fetch_optional(&mut *lent.connection).await;
        Ok(resting.take_back(lent, found)?.map(Into::into))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let Some(resting) = &self.resting else {
            return self.whole.query_all_raw(statement).await;
        };
        self.tell(&statement);
        let mut lent = resting.lend().await?;
        let found = query(&statement).fetch_all(&mut *lent.connection).await;
        let rows = resting.take_back(lent, found)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

fn query(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

#[derive(Clone)]
struct Resting {
    pool: PgPool,
    idle: Arc<Idle>,
    most: usize,
}

#[derive(Default)]
struct Idle {
    rested: Mutex<Vec<Lent>>,
    /// How many wait for a connection of the whole pool.
    waiting: AtomicUsize,
}

impl Idle {
    fn lock(&self) -> MutexGuard<'_, Vec<Lent>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits.
pub(super) struct Waiting(Arc<Idle>);

impl Waiting {
    /// With how many there are now.
    fn new(idle: &Arc<Idle>) -> (Self, usize) {
        let before = idle.waiting.fetch_add(1, Ordering::SeqCst);
        (Self(Arc::clone(idle)), before + 1)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Idle {
    /// sqlx takes a connection back in a task of its own and panics where there is no runtime to run it. Then the
    /// process is ending, and its sockets with it.
    fn drop(&mut self) {
        if Handle::try_current().is_err() {
            self.lock().drain(..).for_each(mem::forget);
        }
    }
}

/// A connection that one statement has for itself. Dropped in the middle of it, it goes back to the pool, which
/// sees to what was left unread.
struct Lent {
    connection: PoolConnection<Postgres>,
    statements: u32,
    /// When its last statement came to an end.
    since: Instant,
}

impl Resting {
    async fn lend(&self) -> Result<Lent, DbErr> {
        if let Some(rested) = self.take() {
            return Ok(rested);
        }
        let _waiting = Waiting::new(&self.idle);
        // One that went to rest before it knew of us.
        if let Some(rested) = self.take() {
            return Ok(rested);
        }
        let acquired = self.pool.acquire().await;
        Ok(Lent {
            connection: acquired.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?,
            statements: 0,
            since: Instant::now(),
        })
    }

    /// One that has rested. Those which have rested long go back first.
    fn take(&self) -> Option<Lent> {
        let mut idle = self.idle.lock();
        let fresh = idle.iter().position(|lent| lent.since.elapsed() < REST);
        let fresh = fresh.unwrap_or(idle.len());
        let stale: Vec<Lent> = idle.drain(..fresh).collect();
        let taken = idle.pop();
        drop(idle);
        drop(stale);
        taken
    }

    /// Only what has just worked may rest. If one connection is gone, the others probably are, too: the pool
    /// looks after them.
    fn take_back<T>(&self, mut lent: Lent, done: Result<T, sqlx::Error>) -> Result<T, DbErr> {
        lent.statements += 1;
        lent.since = Instant::now();
        match &done {
            Ok(_) if lent.statements < STATEMENTS => {
                let mut idle = self.idle.lock();
                // Asked under the lock: whoever waits has said so before they look for what rests.
                if idle.len() < self.most && self.idle.waiting.load(Ordering::SeqCst) == 0 {
                    idle.push(lent);
                }
            }
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) if !ends_connections(error.code().as_deref()) => {}
            Err(_) => self.idle.lock().clear(),
        }
        done.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

/// Classes of PostgreSQL's SQLSTATE: 08 is about connections, 57P about the server's end (Appendix A of its manual).
fn ends_connections(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
}
