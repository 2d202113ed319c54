//! What drills stand on: the real program in real processes that die on command, gateways that keep their own
//! books, clients that do not give up, and detectors that compare what was promised with what has happened.

pub mod clients;
pub mod detectors;
pub mod fleet;
pub mod follower;
pub mod gateways;
pub mod killing;
pub mod program;
pub mod scene;
pub mod shop;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::clock::{Clock, SystemClock};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Looks until it is so. A drill that waits longer than `patience` fails and says for what.
pub async fn until(what: &str, patience: Duration, is_so: impl AsyncFnMut() -> bool) {
    assert!(
        comes_true(patience, is_so).await,
        "in {patience:?} it did not come true: {what}"
    );
}

/// Looks until it is so or `patience` is over.
pub async fn comes_true(patience: Duration, mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let began = Instant::now();
    while !is_so().await {
        if began.elapsed() > patience {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}

/// The machine's time, by which all processes of a drill go.
pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}
