//! Wake-ups: they tell workers that a queue has work. Losing one costs time, never a job.

use std::sync::Arc;

use entities::JobId;
use tokio::sync::Notify;

use crate::jobs::Queue;

/// Wakes workers, wherever they are. Waking twice is harmless, and it never fails or waits.
pub trait WakeUps: Send + Sync {
    fn send(&self, queue: Queue, jobs: &[JobId]);
}

/// The wake-ups of this process: one place to wait for each queue.
#[derive(Clone, Default)]
pub struct LocalWakeUps(Arc<[Notify; Queue::ALL.len()]>);

impl LocalWakeUps {
    /// Waits for the queue's next wake-up. One that nobody waited for counts for the next who waits.
    pub async fn wait(&self, queue: Queue) {
        self.0[queue as usize].notified().await;
    }
}

impl WakeUps for LocalWakeUps {
    fn send(&self, queue: Queue, _jobs: &[JobId]) {
        self.0[queue as usize].notify_one();
    }
}
