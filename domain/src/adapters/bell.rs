//! Bells: they say that a queue has work. Losing one costs time, never a job.

use std::sync::Arc;

use entities::JobId;
use tokio::sync::Notify;

use crate::jobs::Queue;

/// Rings for workers, wherever they are. Ringing twice is harmless, and ringing never fails or waits.
pub trait Bell: Send + Sync {
    fn ring(&self, queue: Queue, jobs: &[JobId]);
}

/// The bells of this process: one for each queue.
#[derive(Clone, Default)]
pub struct LocalBell(Arc<[Notify; Queue::ALL.len()]>);

impl LocalBell {
    /// Waits until the queue is rung for; a ring that nobody heard counts for the next who listens.
    pub async fn heard(&self, queue: Queue) {
        self.0[queue as usize].notified().await;
    }
}

impl Bell for LocalBell {
    fn ring(&self, queue: Queue, _jobs: &[JobId]) {
        self.0[queue as usize].notify_one();
    }
}
