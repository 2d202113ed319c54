//! Where the time comes from.

use std::sync::Mutex;

use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};

/// A time as every client reads it, in lists and in the data of events alike: RFC 3339 in UTC with milliseconds.
pub fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A source of the current time, in whole microseconds: what both databases can keep.
pub trait Clock: Send + Sync {
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the machine")]
    fn now(&self) -> DateTime<Utc> {
        whole_micros(Utc::now())
    }
}

/// A clock that stands still until it is told to go on.
#[derive(Debug)]
pub struct FixedClock(Mutex<DateTime<Utc>>);

impl FixedClock {
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(Mutex::new(whole_micros(time)))
    }

    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().expect("no panic while held") += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no panic while held")
    }
}

fn whole_micros(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(time)
}
