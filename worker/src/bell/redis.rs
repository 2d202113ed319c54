//! Hears the bells that other processes ring over Redis.

use std::{sync::Arc, time::Duration};

use domain::{
    adapters::{
        bell::{Bell, LocalBell},
        outage::{Backoff, Outage},
        redis::{PATIENCE, RedisSettings, tell},
    },
    jobs::Queue,
};
use redis::{RedisResult, aio::MultiplexedConnection};
use tokio::time::sleep;

use crate::engine::Engine;

/// How long Redis holds a question open when no bell rings.
const LISTEN: Duration = Duration::from_secs(2);
/// How soon a process that is full looks again whether it may listen.
const FULL: Duration = Duration::from_millis(50);

/// Listens until the process stops. Without Redis the relay looks into the table meanwhile.
pub(crate) async fn listen(engine: Arc<Engine>, settings: RedisSettings, bell: LocalBell) {
    let outage = Outage::of("Redis (hearing of bells)");
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
        match hear(&settings, &mut connection, &queues).await {
            Ok(rung) => {
                outage.answered();
                backoff.reset();
                if let Some(queue) = rung {
                    bell.ring(queue, &[]);
                }
            }
            Err(error) => {
                connection = None;
                // Another node of a cluster has our bells, or they are just moving.
                if !settings.follow(&error) {
                    tell(&outage, &error);
                }
                sleep(backoff.step()).await;
            }
        }
    }
}

/// Queues for which this process could start something: bells for others are left to other processes.
/// Redis serves the first key that has a bell, so each queue comes first in turn.
fn with_room(engine: &Engine, turn: usize) -> Vec<Queue> {
    let mut queues = Queue::ALL;
    queues.rotate_left(turn % Queue::ALL.len());
    let room = queues
        .into_iter()
        .filter(|queue| engine.pools.of(*queue).free() > 0);
    room.collect()
}

async fn hear(
    settings: &RedisSettings,
    connection: &mut Option<MultiplexedConnection>,
    queues: &[Queue],
) -> RedisResult<Option<Queue>> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(settings.connect(LISTEN + PATIENCE).await?),
    };
    let keys: Vec<String> = queues.iter().map(|queue| settings.bell_key(*queue)).collect();
    let mut question = redis::cmd("BRPOP");
    question.arg(&keys).arg(LISTEN.as_secs());
    let rung: Option<(String, String)> = question.query_async(connection).await?;
    Ok(rung.and_then(|(key, _)| {
        let place = keys.iter().position(|other| *other == key)?;
        Some(queues[place])
    }))
}
