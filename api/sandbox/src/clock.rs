//! The simulators' own clock: the system's time, until a test sets it or moves it on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// Gives timestamps and decides when an idempotency key is too old. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct SandboxClock(Arc<Mutex<Reading>>);

#[derive(Debug, Clone, Copy)]
enum Reading {
    /// The system's time, so many milliseconds ahead.
    System {
        ahead: i64,
    },
    Fixed {
        at: i64,
    },
}

impl Default for Reading {
    fn default() -> Self {
        Self::System { ahead: 0 }
    }
}

impl SandboxClock {
    /// A clock that stands still until it is moved.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        let clock = Self::default();
        clock.set_now(at);
        clock
    }

    /// Stops the clock at this moment.
    pub fn set_now(&self, at: DateTime<Utc>) {
        *self.reading() = Reading::Fixed {
            at: at.timestamp_millis(),
        };
    }

    /// Moves the time on; a running clock keeps running.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        match &mut *self.reading() {
            Reading::System { ahead } => *ahead = ahead.saturating_add(by),
            Reading::Fixed { at } => *at = at.saturating_add(by),
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        match *self.reading() {
            Reading::System { ahead } => system_ms().saturating_add(ahead),
            Reading::Fixed { at } => at,
        }
    }

    fn reading(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulated gateway stands outside of the product and has its own time"
)]
fn system_ms() -> i64 {
    Utc::now().timestamp_millis()
}

/// `2026-01-31T12:00:00.000Z`
pub(super) fn iso(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}
