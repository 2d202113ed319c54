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
    /// What was told of it so far; none of the reasons is that it is away.
    told: Vec<Option<&'static str>>,
}

impl Outage {
    pub const fn of(what: &'static str) -> Self {
        Self {
            what,
            since: Mutex::new(None),
        }
    }

    /// Notes that it could not be reached; only the first time of an outage is logged.
    pub fn failed(&self, error: &dyn std::fmt::Display) {
        if self.begins(None) {
            tracing::warn!(error = %error, "{} is away; trying again until it is back", self.what);
        }
    }

    /// Notes that it is there and refuses, and why; logged once for each reason in an outage.
    pub fn refused(&self, why: &'static str, error: &dyn std::fmt::Display) {
        if self.begins(Some(why)) {
            tracing::warn!(error = %error, "{} {why}; going on without it and trying again", self.what);
        }
    }

    /// Whether this was not told yet since it last answered.
    fn begins(&self, why: Option<&'static str>) -> bool {
        let now = Instant::now();
        let mut since = self.since.lock().expect("no panic while held");
        let span = since.get_or_insert_with(|| Span {
            began: now,
            last: now,
            told: Vec::new(),
        });
        span.last = now;
        let is_new = !span.told.contains(&why);
        if is_new {
            span.told.push(why);
        }
        is_new
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_once_until_it_answers_again() {
        let outage = Outage::of("Redis");
        assert!(outage.begins(None));
        assert!(!outage.begins(None));
        assert!(outage.begins(Some("is a replica")));
        assert!(!outage.begins(None) && !outage.begins(Some("is a replica")));
    }
}
