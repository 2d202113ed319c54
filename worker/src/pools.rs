//! How many jobs of each queue this process runs at once, as operators decide it while it runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use domain::jobs::{Queue, processes::QueueSetting};
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// More jobs at once than this help nobody.
const MOST: usize = 4096;

/// One pool for each queue.
pub(crate) struct Pools {
    by_queue: Vec<Arc<Pool>>,
    /// What holds where no operator has decided.
    configured: HashMap<Queue, usize>,
    known: CancellationToken,
}

/// The permits of one queue. A job takes one for as long as it runs.
pub(crate) struct Pool {
    permits: Mutex<Permits>,
    /// There may be a free permit now. One waits for it: the queue's claimer.
    changed: Notify,
}

struct Permits {
    limit: usize,
    taken: usize,
    paused: bool,
}

/// A place for one running job; free again when it is dropped.
pub(crate) struct Permit(Arc<Pool>);

impl Pools {
    /// Closed until the operators' decisions are known: a paused queue must not start.
    pub fn new(configured: HashMap<Queue, usize>) -> Self {
        let closed = || {
            Arc::new(Pool {
                permits: Mutex::new(Permits {
                    limit: 0,
                    taken: 0,
                    paused: true,
                }),
                changed: Notify::new(),
            })
        };
        Self {
            by_queue: Queue::ALL.iter().map(|_| closed()).collect(),
            configured,
            known: CancellationToken::new(),
        }
    }

    /// Waits until the operators' decisions were read once.
    pub async fn known(&self) {
        self.known.cancelled().await;
    }

    pub fn of(&self, queue: Queue) -> &Arc<Pool> {
        &self.by_queue[queue as usize]
    }

    pub fn apply(&self, settings: &[QueueSetting]) {
        for queue in Queue::ALL {
            let decided = settings.iter().find(|setting| setting.queue == queue);
            let default = || {
                let configured = self.configured.get(&queue).copied();
                configured.unwrap_or_else(|| queue.default_concurrency())
            };
            let limit = decided.map_or_else(default, |setting| setting.concurrency);
            let paused = decided.is_some_and(|setting| setting.paused);
            self.of(queue).set(limit.min(MOST), paused);
        }
        self.known.cancel();
    }

    /// For the list of processes: `{"refunds": {"running": 1, "concurrency": 8, "paused": false}, …}`.
    pub fn describe(&self) -> Json {
        let pool = |queue: Queue| {
            let permits = self.of(queue).permits.lock().expect("no panic while held");
            let described =
                json!({"running": permits.taken, "concurrency": permits.limit, "paused": permits.paused});
            (queue.as_str().to_owned(), described)
        };
        Json::Object(Queue::ALL.into_iter().map(pool).collect())
    }
}

impl Pool {
    fn set(&self, limit: usize, paused: bool) {
        let mut permits = self.permits.lock().expect("no panic while held");
        if (permits.limit, permits.paused) != (limit, paused) {
            (permits.limit, permits.paused) = (limit, paused);
            drop(permits);
            self.changed.notify_one();
        }
    }

    /// How many more jobs may start now.
    pub fn free(&self) -> usize {
        let permits = self.permits.lock().expect("no panic while held");
        if permits.paused {
            0
        } else {
            permits.limit.saturating_sub(permits.taken)
        }
    }

    /// Waits until at least one job may start.
    pub async fn until_free(&self) -> usize {
        loop {
            let free = self.free();
            if free > 0 {
                return free;
            }
            self.changed.notified().await;
        }
    }

    pub fn acquire(self: &Arc<Self>) -> Permit {
        self.permits.lock().expect("no panic while held").taken += 1;
        Permit(self.clone())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.permits.lock().expect("no panic while held").taken -= 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(paused: bool, concurrency: usize) -> QueueSetting {
        QueueSetting {
            queue: Queue::Refunds,
            paused,
            concurrency,
        }
    }

    #[test]
    fn follows_what_operators_decide() {
        let pools = Pools::new(HashMap::from([(Queue::Refunds, 3)]));
        let pool = pools.of(Queue::Refunds);
        assert_eq!(pool.free(), 0, "nothing starts before the decisions are known");
        pools.apply(&[]);
        assert_eq!(pool.free(), 3);
        let permits = [pool.acquire(), pool.acquire()];
        assert_eq!(pool.free(), 1);
        pools.apply(&[setting(false, 1)]);
        assert_eq!(pool.free(), 0, "what runs goes on");
        pools.apply(&[setting(true, 8)]);
        assert_eq!(pool.free(), 0);
        pools.apply(&[setting(false, 8)]);
        drop(permits);
        assert_eq!(pool.free(), 8);
    }
}
