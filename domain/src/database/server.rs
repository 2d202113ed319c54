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

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, Statement};
use sqlx::{Error, PgPool, postgres::PgPoolOptions};

use super::{
    address::Address,
    attempt,
    lent::{Answer, Ask, Lent},
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
    pub async fn planned_once(&self, statement: &Statement) -> Result<Answer, DbErr> {
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
    pub async fn alone(&self, ask: Ask<'_>) -> Result<Answer, DbErr> {
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
    pub async fn within(&self, lent: &mut Lent, ask: Ask<'_>) -> Result<Answer, DbErr> {
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
        Ok(Lent::new(acquired?, born))
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
