//! Wake-ups that reach every process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use entities::JobId;
use redis::{RedisResult, aio::MultiplexedConnection};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{PATIENCE, RedisSettings, tell};
use crate::{
    adapters::{
        outage::{Backoff, Outage},
        wake_ups::{LocalWakeUps, WakeUps},
    },
    jobs::Queue,
};

/// Wake-ups that wait to be sent; what does not fit is dropped, for workers look into the table too.
const WAITING: usize = 1024;
/// Entries that one wake-up pushes: each wakes one process, and a process that is awake takes all it can.
const PROCESSES_WOKEN: usize = 32;
/// Entries that are kept for a queue.
const KEPT: isize = 1000;

/// Wakes over Redis, and at once in this process if it has workers.
#[derive(Clone)]
pub struct RedisWakeUps {
    local: Option<LocalWakeUps>,
    outgoing: mpsc::Sender<(Queue, Vec<JobId>)>,
    _task: Arc<DropGuard>,
}

impl RedisWakeUps {
    /// Needs a Tokio runtime, but no Redis that answers. The sending task ends with the last clone.
    pub fn start(settings: RedisSettings, local: Option<LocalWakeUps>) -> Self {
        let (outgoing, waiting) = mpsc::channel(WAITING);
        let stop = CancellationToken::new();
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(push_all(settings, waiting)),
        );
        Self {
            local,
            outgoing,
            _task: Arc::new(stop.drop_guard()),
        }
    }
}

impl WakeUps for RedisWakeUps {
    fn send(&self, queue: Queue, jobs: &[JobId]) {
        if let Some(local) = &self.local {
            local.send(queue, jobs);
        }
        let pushed = &jobs[..jobs.len().min(PROCESSES_WOKEN)];
        // A full channel means that Redis is slow or away: the workers' relays find the jobs.
        let _ = self.outgoing.try_send((queue, pushed.to_vec()));
    }
}

async fn push_all(settings: RedisSettings, mut waiting: mpsc::Receiver<(Queue, Vec<JobId>)>) {
    let outage = Outage::of("Redis (wake-ups)");
    let mut backoff = Backoff::up_to(Duration::from_secs(5));
    let mut connection: Option<MultiplexedConnection> = None;
    let mut received = Vec::new();
    while waiting.recv_many(&mut received, WAITING).await > 0 {
        let mut by_queue: BTreeMap<Queue, Vec<JobId>> = BTreeMap::new();
        for (queue, jobs) in received.drain(..) {
            by_queue.entry(queue).or_default().extend(jobs);
        }
        let mut pushed = push(&settings, &mut connection, &by_queue).await;
        if pushed.as_ref().is_err_and(|error| settings.follow(error)) {
            connection = None;
            pushed = push(&settings, &mut connection, &by_queue).await;
        }
        match pushed {
            Ok(()) => {
                outage.answered();
                backoff.reset();
            }
            Err(error) => {
                tell(&outage, &error);
                connection = None;
                tokio::time::sleep(backoff.step()).await;
            }
        }
    }
}

async fn push(
    settings: &RedisSettings,
    connection: &mut Option<MultiplexedConnection>,
    by_queue: &BTreeMap<Queue, Vec<JobId>>,
) -> RedisResult<()> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(settings.connect(PATIENCE).await?),
    };
    let mut pipe = redis::pipe();
    for (queue, jobs) in by_queue {
        let key = settings.wake_up_key(*queue);
        let ids: Vec<String> = jobs.iter().take(WAITING).map(ToString::to_string).collect();
        pipe.lpush(&key, ids).ignore();
        pipe.ltrim(&key, 0, KEPT - 1).ignore();
    }
    pipe.query_async(connection).await
}
