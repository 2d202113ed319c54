//! Waits for the wake-ups that other processes send over Redis.

use std::{sync::Arc, time::Duration};

use domain::{
    adapters::{
        outage::{Backoff, Outage},
        redis::{PATIENCE, RedisSettings, tell},
        wake_ups::{LocalWakeUps, WakeUps},
    },
    jobs::Queue,
};
use redis::{RedisResult, aio::MultiplexedConnection};
use tokio::time::sleep;

use crate::engine::Engine;

/// How long Redis holds a question open when nobody wakes.
const LISTEN: Duration = Duration::from_secs(2);
/// How soon a process that is full looks again whether it may listen.
const FULL: Duration = Duration::from_millis(50);

/// Listens until the process stops. Without Redis the relay looks into the table meanwhile.
pub(crate) async fn listen(engine: Arc<Engine>, settings: RedisSettings, wake_ups: LocalWakeUps) {
    let outage = Outage::of("Redis (waiting for wake-ups)");
    let mut backoff = Backoff::up_to(Duration::from_secs(5));
    let mut connection: Option<MultiplexedConnection> = None;
    let mut turn = 0;
    loop {
        let queues = with_room(&engine, turn);
        turn += 1;
        if queues.is_empty() {
            sleep(FULL).await;
            continue;
        }
        match pop(&settings, &mut connection, &queues).await {
            Ok(woken) => {
                outage.answered();
                backoff.reset();
                if let Some(queue) = woken {
                    wake_ups.send(queue, &[]);
                }
            }
            Err(error) => {
                connection = None;
                // Another node of a cluster has our lists, or they are just moving.
                if !settings.follow(&error) {
                    tell(&outage, &error);
                }
                sleep(backoff.step()).await;
            }
        }
    }
}

/// Queues for which this process could start something: wake-ups for others are left to other processes.
/// Redis serves the first key that has an entry, so each queue comes first in turn.
fn with_room(engine: &Engine, turn: usize) -> Vec<Queue> {
    let mut queues = Queue::ALL;
    queues.rotate_left(turn % Queue::ALL.len());
    let room = queues
        .into_iter()
        .filter(|queue| engine.pools.of(*queue).free() > 0);
    room.collect()
}

async fn pop(
    settings: &RedisSettings,
    connection: &mut Option<MultiplexedConnection>,
    queues: &[Queue],
) -> RedisResult<Option<Queue>> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(settings.connect(LISTEN + PATIENCE).await?),
    };
    let keys: Vec<String> = queues.iter().map(|queue| settings.wake_up_key(*queue)).collect();
    let mut question = redis::cmd("BRPOP");
    question.arg(&keys).arg(LISTEN.as_secs());
    let popped: Option<(String, String)> = question.query_async(connection).await?;
    Ok(popped.and_then(|(key, _)| {
        let place = keys.iter().position(|other| *other == key)?;
        Some(queues[place])
    }))
}
