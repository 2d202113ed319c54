//! Whether this process really works: a job was done lately, not merely a loop turned.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// Without a job done for so long the process is not ready.
const DONE_WITHIN: Duration = Duration::from_secs(30);
/// Without an answer of the database for so long neither.
const LOOKED_WITHIN: Duration = Duration::from_secs(10);

/// What a readiness check asks.
pub struct Health {
    began: Instant,
    /// Milliseconds after `began`; zero for never.
    done: AtomicU64,
    looked: AtomicU64,
    written: AtomicU64,
    excused: AtomicU64,
    completed: watch::Sender<u64>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            done: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            written: AtomicU64::new(0),
            excused: AtomicU64::new(0),
            completed: watch::Sender::new(0),
        }
    }
}

impl Health {
    /// Whether a job was done in the last 30 seconds, and the database answers and takes what is written.
    pub fn is_ready(&self) -> bool {
        // Where operators hold all probes up, nothing can be proved by one.
        let proved = self.last_done_at().max(self.read(&self.excused));
        let lately = |at: Option<Instant>, within: Duration| at.is_some_and(|at| at.elapsed() < within);
        lately(proved, DONE_WITHIN)
            && lately(self.last_loop_at(), LOOKED_WITHIN)
            && lately(self.read(&self.written), LOOKED_WITHIN)
    }

    /// When a job was last done.
    pub fn last_done_at(&self) -> Option<Instant> {
        self.read(&self.done)
    }

    /// When the jobs table was last looked at.
    pub fn last_loop_at(&self) -> Option<Instant> {
        self.read(&self.looked)
    }

    /// Changes each time that a job has ended in whatever way and this is written down.
    pub fn completed(&self) -> watch::Receiver<u64> {
        self.completed.subscribe()
    }

    pub(crate) fn note_done(&self) {
        self.note(&self.done);
    }

    pub(crate) fn note_look(&self) {
        self.note(&self.looked);
    }

    pub(crate) fn note_written(&self) {
        self.note(&self.written);
    }

    pub(crate) fn note_excuse(&self) {
        self.note(&self.excused);
    }

    pub(crate) fn note_completed(&self, jobs: u64) {
        self.completed.send_modify(|count| *count += jobs);
    }

    fn note(&self, place: &AtomicU64) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        place.store(millis.max(1), Ordering::Relaxed);
    }

    fn read(&self, place: &AtomicU64) -> Option<Instant> {
        let millis = place.load(Ordering::Relaxed);
        (millis > 0).then(|| self.began + Duration::from_millis(millis))
    }
}
