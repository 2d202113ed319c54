//! Bells that are heard in every process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use entities::JobId;
use redis::{RedisResult, aio::MultiplexedConnection};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{PATIENCE, RedisSettings, tell};
use crate::{
    adapters::{
        bell::{Bell, LocalBell},
        outage::{Backoff, Outage},
    },
    jobs::Queue,
};

/// Rings that wait to be sent; what does not fit is dropped, for workers look into the table too.
const WAITING: usize = 1024;
/// Bells of one ring: each wakes one process, and a process that is awake takes all it can.
const BELLS_PER_RING: usize = 32;
/// Bells that are kept for a queue.
const KEPT: isize = 1000;

/// Rings over Redis, and at once in this process if it has workers.
#[derive(Clone)]
pub struct RedisBell {
    local: Option<LocalBell>,
    rings: mpsc::Sender<(Queue, Vec<JobId>)>,
    _task: Arc<DropGuard>,
}

impl RedisBell {
    /// Needs a Tokio runtime, but no Redis that answers. The sending task ends with the last clone.
    pub fn start(settings: RedisSettings, local: Option<LocalBell>) -> Self {
        let (rings, waiting) = mpsc::channel(WAITING);
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(send(settings, waiting)));
        Self {
            local,
            rings,
            _task: Arc::new(stop.drop_guard()),
        }
    }
}

impl Bell for RedisBell {
    fn ring(&self, queue: Queue, jobs: &[JobId]) {
        if let Some(local) = &self.local {
            local.ring(queue, jobs);
        }
        let heard = &jobs[..jobs.len().min(BELLS_PER_RING)];
        // A full channel means that Redis is slow or away: the workers' relays find the jobs.
        let _ = self.rings.try_send((queue, heard.to_vec()));
    }
}

async fn send(settings: RedisSettings, mut waiting: mpsc::Receiver<(Queue, Vec<JobId>)>) {
    let outage = Outage::of("Redis (bells)");
    let mut backoff = Backoff::up_to(Duration::from_secs(5));
    let mut connection: Option<MultiplexedConnection> = None;
    let mut rings = Vec::new();
    while waiting.recv_many(&mut rings, WAITING).await > 0 {
        let mut bells: BTreeMap<Queue, Vec<JobId>> = BTreeMap::new();
        for (queue, jobs) in rings.drain(..) {
            bells.entry(queue).or_default().extend(jobs);
        }
        let mut pushed = push(&settings, &mut connection, &bells).await;
        if pushed.as_ref().is_err_and(|error| settings.follow(error)) {
            connection = None;
            pushed = push(&settings, &mut connection, &bells).await;
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
    bells: &BTreeMap<Queue, Vec<JobId>>,
) -> RedisResult<()> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(settings.connect(PATIENCE).await?),
    };
    let mut pipe = redis::pipe();
    for (queue, jobs) in bells {
        let key = settings.bell_key(*queue);
        let ids: Vec<String> = jobs.iter().take(WAITING).map(ToString::to_string).collect();
        pipe.lpush(&key, ids).ignore();
        pipe.ltrim(&key, 0, KEPT - 1).ignore();
    }
    pipe.query_async(connection).await
}
