//! Trouble with something outside: told once when it begins and once when it is over.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// So long must nothing fail before an outage is held to be over: loops that share it must not take turns.
const CALM: Duration = Duration::from_secs(2);

/// Whether something outside is away at the moment.
pub struct Outage {
    /// What is away, as the log names it.
    what: &'static str,
    since: Mutex<Option<Span>>,
}

struct Span {
    began: Instant,
    last: Instant,
}

impl Outage {
    pub const fn of(what: &'static str) -> Self {
        Self {
            what,
            since: Mutex::new(None),
        }
    }

    /// Notes a failure; only the first of an outage is logged.
    pub fn failed(&self, error: &dyn std::fmt::Display) {
        let now = Instant::now();
        let mut since = self.since.lock().expect("no panic while held");
        if let Some(span) = since.as_mut() {
            span.last = now;
            return;
        }
        *since = Some(Span {
            began: now,
            last: now,
        });
        drop(since);
        tracing::warn!(error = %error, "{} is away; trying again until it is back", self.what);
    }

    /// Notes that it answered.
    pub fn answered(&self) {
        let mut since = self.since.lock().expect("no panic while held");
        let Some(span) = since.take_if(|span| span.last.elapsed() >= CALM) else {
            return;
        };
        drop(since);
        tracing::info!(seconds = span.began.elapsed().as_secs(), "{} is back", self.what);
    }
}

/// Waits between attempts: short at first, then longer.
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// From 100 ms, doubling, up to `longest`.
    pub const fn up_to(longest: Duration) -> Self {
        Self {
            next: Self::SHORTEST,
            longest,
        }
    }

    const SHORTEST: Duration = Duration::from_millis(100);

    pub fn reset(&mut self) {
        self.next = Self::SHORTEST;
    }

    /// How long to wait this time.
    pub fn step(&mut self) -> Duration {
        let now = self.next.min(self.longest);
        self.next = (now * 2).min(self.longest);
        now
    }
}
