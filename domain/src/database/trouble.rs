//! What an error of PostgreSQL says about the connections. One that came from a server that ends, cannot write or
//! is somebody else by now would fail for as long as it is kept: it goes at once, and those that are older with it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Error, postgres::PgDatabaseError};

/// While the database only reads, each write finds it out anew: so often at most, all connections go.
const AGAIN: Duration = Duration::from_secs(1);

/// What is to become of the connection that gave an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It works; the statement did not.
    Kept,
    /// It is of no more use, which says nothing about the others.
    Closed,
    /// The server has gone, or is not what it was when the connection was made.
    AllClosed,
}

/// Reads SQLSTATE: PostgreSQL's manual, appendix A.
pub(super) fn fate(error: &Error) -> Fate {
    let error = match error {
        Error::Database(error) => error,
        Error::RowNotFound
        | Error::Encode(_)
        | Error::Decode(_)
        | Error::ColumnDecode { .. }
        | Error::ColumnNotFound(_)
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::TypeNotFound { .. }
        // None was to be had: nobody has heard of the server.
        | Error::PoolTimedOut
        | Error::PoolClosed => return Fate::Kept,
        _ => return Fate::AllClosed,
    };
    match error.code().as_deref() {
        // About connections; about the end of the server.
        Some(code) if code.starts_with("08") || code.starts_with("57P") => Fate::AllClosed,
        // It only reads: a standby, or told so. And plans that fit a table as it was.
        Some("25006" | "0A000") => Fate::AllClosed,
        // Prepared statements are not the ones that were prepared here.
        Some("26000" | "42P05") => Fate::Closed,
        _ if ends_session(&**error) => Fate::Closed,
        _ => Fate::Kept,
    }
}

fn ends_session(error: &dyn sqlx::error::DatabaseError) -> bool {
    use sqlx::postgres::PgSeverity::{Fatal, Panic};
    let error = error.try_downcast_ref::<PgDatabaseError>();
    error.is_some_and(|error| matches!(error.severity(), Fatal | Panic))
}

/// Whether the connection was gone, rather than what was asked of it wrong.
pub(super) fn is_loss(error: &Error) -> bool {
    match error {
        Error::Database(error) => {
            let code = error.code();
            code.is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
                || ends_session(&**error)
        }
        Error::Io(_) | Error::Protocol(_) | Error::Tls(_) => true,
        _ => false,
    }
}

/// Whether others were in the way, so that the same may succeed the next time.
pub(super) fn is_conflict(error: &Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// Whether the session can only read: another one may be able to write.
pub(super) fn is_read_only(error: &Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("25006")
}

/// Since when connections are good.
#[derive(Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Older ones are not.
    good_since: Option<Instant>,
    /// Whether the newest could only read.
    reads_only: bool,
}

impl Trouble {
    /// Notes what a connection that was made no earlier than `born` has answered. True if the older ones must go.
    pub fn note(&self, born: Instant, error: &Error) -> bool {
        if fate(error) != Fate::AllClosed {
            return false;
        }
        let now = Instant::now();
        let mut state = self.lock();
        let again = match state.good_since {
            // It was known not to be good.
            Some(since) if born < since => return false,
            Some(since) => now - since >= AGAIN,
            None => true,
        };
        state.reads_only |= is_read_only(error);
        if !again && !is_loss(error) {
            return false;
        }
        state.good_since = Some(now);
        true
    }

    /// Notes whether a new connection can only read. The first that can write again makes the older ones go.
    pub fn greet(&self, reads_only: bool) {
        let mut state = self.lock();
        if state.reads_only && !reads_only {
            state.good_since = Some(Instant::now());
        }
        state.reads_only = reads_only;
    }

    pub fn suspects(&self, born: Instant) -> bool {
        self.lock().good_since.is_some_and(|since| born < since)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
