//! Where ids and secrets come from.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use uuid::{ContextV7, Timestamp, Uuid};

/// A source of ids that sort by the time of their making, also within a millisecond.
pub trait Ids: Send + Sync {
    fn uuid(&self, now: DateTime<Utc>) -> Uuid;

    /// 256 random bits, for tokens.
    fn secret(&self) -> [u8; 32];
}

/// UUIDv7 (RFC 9562) with a counter, so that ids of one process never go backwards.
pub struct SystemIds {
    counter: Mutex<ContextV7>,
}

impl Default for SystemIds {
    fn default() -> Self {
        Self {
            counter: Mutex::new(ContextV7::new()),
        }
    }
}

impl Ids for SystemIds {
    fn uuid(&self, now: DateTime<Utc>) -> Uuid {
        uuid_at(&self.counter, now)
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        bytes
    }
}

/// The same ids in each run, for tests and seeds.
pub struct SeededIds(Mutex<(StdRng, u64)>);

impl SeededIds {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((StdRng::seed_from_u64(seed), 0)))
    }
}

impl Ids for SeededIds {
    fn uuid(&self, now: DateTime<Utc>) -> Uuid {
        let mut state = self.0.lock().expect("no panic while held");
        state.1 += 1;
        let counter = state.1;
        let mut bytes: [u8; 10] = state.0.random();
        bytes[..6].copy_from_slice(&counter.to_be_bytes()[2..]);
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        self.0.lock().expect("no panic while held").0.random()
    }
}

fn uuid_at(counter: &Mutex<ContextV7>, now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let timestamp = Timestamp::from_unix(counter, seconds, now.timestamp_subsec_nanos());
    Uuid::new_v7(timestamp)
}
