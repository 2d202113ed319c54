//! Redis wakes other processes; without it the product is slower, never wrong.

use std::{sync::Arc, time::Duration};

use domain::{
    App,
    adapters::{
        redis::{RedisBus, RedisSettings, RedisWakeUps},
        wake_ups::LocalWakeUps,
    },
    database::Sql,
    events::{Feed, Start},
    jobs::{Ending, NewJob, Probe, Queue},
    mails::SendMail,
    values,
};
use entities::{EventTopic, JobId, MailId};
use futures::StreamExt;
use tests::servers::redis::Redis;
use tokio::sync::mpsc;
use uuid::Uuid;
use worker::WorkerSettings;

use tests::processes::{Process, World, enqueue, handlers, start, within};

/// One process that serves, one that works, and Redis between them.
struct Scaled {
    world: World,
    serving: App,
    working: App,
    process: Process,
}

impl Scaled {
    async fn new(redis: &Redis) -> Self {
        Self::looking_every(redis, WorkerSettings::default().relay).await
    }

    /// The same where the worker looks into the table by itself only so often.
    async fn looking_every(redis: &Redis, relay: Duration) -> Self {
        let world = World::new().await;
        let settings = RedisSettings::new(&redis.url()).unwrap();
        let bus = async || {
            let db = world.database.connect().await;
            Arc::new(RedisBus::start(settings.clone(), db))
        };
        let serving_wake_ups = Arc::new(RedisWakeUps::start(settings.clone(), None));
        let serving = world.process(serving_wake_ups, bus().await).await;
        let local = LocalWakeUps::default();
        let working_wake_ups = Arc::new(RedisWakeUps::start(settings.clone(), Some(local.clone())));
        let working = world.process(working_wake_ups, bus().await).await;
        let worker_settings = WorkerSettings {
            redis: Some(settings),
            relay,
            ..WorkerSettings::default()
        };
        let done = handlers(async |_| Ok(Ending::Done));
        let process = start(&working, &local, done, worker_settings);
        Self {
            world,
            serving,
            working,
            process,
        }
    }

    async fn order(&self) -> JobId {
        enqueue(&self.serving, self.world.team, NewJob::now::<Probe>(())).await
    }

    async fn order_and_wait(&self) {
        let job = self.order().await;
        self.process.until(&self.world, job, "DONE").await;
    }
}

#[tokio::test]
async fn absent_at_the_start_then_there() {
    let mut redis = Redis::absent().unwrap();
    let scaled = Scaled::new(&redis).await;
    scaled.order_and_wait().await;
    redis.start_again().unwrap();
    scaled.order_and_wait().await;
    scaled.process.stopped().await;
}

#[tokio::test]
async fn a_wake_up_over_redis_reaches_the_worker() {
    wake_ups_reach_the_worker(&Redis::start().unwrap()).await;
}

/// A worker waits for the wake-ups of all queues at once: a cluster does that if it keeps them together.
#[tokio::test]
async fn a_node_of_a_cluster_is_as_good() {
    let redis = Redis::node().unwrap();
    redis.take_all_slots().await.unwrap();
    wake_ups_reach_the_worker(&redis).await;
}

#[tokio::test]
async fn a_cluster_says_which_node_has_the_wake_ups() {
    let (named, other) = (Redis::node().unwrap(), Redis::node().unwrap());
    other.take_all_slots().await.unwrap();
    named.join(&other).await.unwrap();
    wake_ups_reach_the_worker(&named).await;
}

/// Nothing but the wake-up over Redis says that there is work: the worker's own looks at the table are days apart, and
/// its probes wake another queue.
async fn wake_ups_reach_the_worker(redis: &Redis) {
    let scaled = Scaled::looking_every(redis, Duration::from_hours(48)).await;
    // The look of the beginning is over before there is anything to see.
    within(async {
        while scaled.process.health.last_loop_at().is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The first may still be found by the claim of the beginning; the others are not there yet.
    for number in 1..=3 {
        let mail = MailId(Uuid::from_u128(number));
        let job = NewJob::now::<SendMail>(mail);
        let job = enqueue(&scaled.serving, scaled.world.team, job).await;
        scaled.process.until(&scaled.world, job, "DONE").await;
    }
    scaled.process.stopped().await;
}

#[tokio::test]
async fn killed_and_back() {
    let mut redis = Redis::start().unwrap();
    let scaled = Scaled::new(&redis).await;
    scaled.order_and_wait().await;
    redis.kill();
    for _ in 0..3 {
        scaled.order_and_wait().await;
    }
    redis.start_again().unwrap();
    scaled.order_and_wait().await;
    scaled.process.stopped().await;
}

#[tokio::test]
async fn stalled_with_open_connections() {
    let redis = Redis::start().unwrap();
    let scaled = Scaled::new(&redis).await;
    scaled.order_and_wait().await;
    redis.stall().unwrap();
    for _ in 0..3 {
        scaled.order_and_wait().await;
    }
    redis.resume().unwrap();
    scaled.order_and_wait().await;
    scaled.process.stopped().await;
}

#[tokio::test]
async fn a_wake_up_reaches_redis() {
    let redis = Redis::start().unwrap();
    let settings = RedisSettings::new(&redis.url()).unwrap().with_prefix("elsewhere");
    let world = World::new().await;
    let wake_ups = Arc::new(RedisWakeUps::start(settings.clone(), None));
    let bus = Arc::new(domain::adapters::bus::LocalBus::default());
    let serving = world.process(wake_ups, bus).await;
    let job = enqueue(&serving, world.team, NewJob::now::<Probe>(())).await;
    let patience = Duration::from_secs(20);
    let mut connection = settings.connect(patience).await.unwrap();
    let key = settings.wake_up_key(Queue::Maintenance);
    assert_eq!(key, "{elsewhere}:wake-up:maintenance");
    let popped: (String, String) = redis::cmd("BRPOP")
        .arg(&key)
        .arg(15)
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(popped, (key, job.to_string()));
}

#[tokio::test]
async fn events_reach_readers_elsewhere_whatever_redis_does() {
    let mut redis = Redis::start().unwrap();
    let scaled = Scaled::new(&redis).await;
    let team = scaled.world.team;
    let feed = Feed {
        team,
        topics: Vec::new(),
        subject: None,
    };
    let mut followed = Box::pin(feed.follow(scaled.working.clone(), Start::Oldest).await.unwrap());
    // Reads ahead, so that it waits for the announcement of each event and does not find it in the table.
    let (tell, mut told) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        while let Some(event) = followed.next().await {
            if tell.send(event).is_err() {
                return;
            }
        }
    });
    for position in 1..=9 {
        match position {
            3 => redis.stall().unwrap(),
            5 => redis.resume().unwrap(),
            6 => redis.kill(),
            8 => redis.start_again().unwrap(),
            _ => {}
        }
        let mut tx = scaled.serving.begin_as_system(team).await.unwrap();
        tx.publish(EventTopic::UserUpdated, position, serde_json::json!({}));
        tx.commit().await.unwrap();
        let event = within(told.recv()).await.unwrap().unwrap();
        assert_eq!(
            (event.position, event.subject_id),
            (position, position.to_string())
        );
    }
    let sql = "SELECT last_position FROM event_heads WHERE team_id = $1";
    let head = scaled
        .serving
        .db
        .connection()
        .row(sql, values![team])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.try_get_by_index::<i64>(0).unwrap(), 9);
    reader.abort();
    scaled.process.stopped().await;
}
