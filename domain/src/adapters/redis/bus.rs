//! Events, announced in every process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use entities::TeamId;
use futures::StreamExt;
use redis::{RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::{
    sync::{Notify, broadcast, mpsc, watch},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{PATIENCE, RedisSettings, tell};
use crate::{
    adapters::{
        bus::{EventBus, LocalBus},
        outage::{Backoff, Outage},
    },
    database::{Database, Sql},
};

/// Announcements that wait to be sent. What does not fit is found by the watch in the other processes.
const WAITING: usize = 4096;
/// How often the table is looked at for readers while Redis is away.
const WATCH_ALONE: Duration = Duration::from_millis(500);
/// How often otherwise: a process may have died between its commit and its announcement.
const WATCH: Duration = Duration::from_secs(5);
/// How often the subscription is asked whether it still lives.
const PING: Duration = Duration::from_secs(1);

/// Announces within the process at once, and over Redis to all others.
#[derive(Clone)]
pub struct RedisBus {
    local: LocalBus,
    outgoing: mpsc::Sender<(TeamId, i64)>,
    _tasks: Arc<DropGuard>,
}

impl RedisBus {
    /// Needs a Tokio runtime, but no Redis that answers. Its tasks end with the last clone.
    pub fn start(settings: RedisSettings, db: Database) -> Self {
        let local = LocalBus::default();
        let (outgoing, waiting) = mpsc::channel(WAITING);
        let (connected, connection_seen) = watch::channel(false);
        let look = Arc::new(Notify::new());
        let stop = CancellationToken::new();
        let publisher = publish(settings.clone(), waiting);
        let subscriber = subscribe(settings, local.clone(), connected, look.clone());
        let watcher = watch_heads(db, local.clone(), connection_seen, look);
        tokio::spawn(stop.clone().run_until_cancelled_owned(publisher));
        tokio::spawn(stop.clone().run_until_cancelled_owned(subscriber));
        tokio::spawn(stop.clone().run_until_cancelled_owned(watcher));
        Self {
            local,
            outgoing,
            _tasks: Arc::new(stop.drop_guard()),
        }
    }
}

impl EventBus for RedisBus {
    fn announce(&self, team: TeamId, position: i64) {
        self.local.announce(team, position);
        let _ = self.outgoing.try_send((team, position));
    }

    fn listen(&self) -> broadcast::Receiver<(TeamId, i64)> {
        self.local.listen()
    }
}

async fn publish(settings: RedisSettings, mut waiting: mpsc::Receiver<(TeamId, i64)>) {
    let outage = Outage::of("Redis (announcing events)");
    let mut backoff = Backoff::up_to(Duration::from_secs(5));
    let mut connection: Option<MultiplexedConnection> = None;
    let mut batch = Vec::new();
    // Kept until they are sent: the last position of each team says it all.
    let mut heads: BTreeMap<TeamId, i64> = BTreeMap::new();
    loop {
        if heads.is_empty() && waiting.recv_many(&mut batch, WAITING).await == 0 {
            return;
        }
        while let Ok(more) = waiting.try_recv() {
            batch.push(more);
        }
        for (team, position) in batch.drain(..) {
            let head = heads.entry(team).or_default();
            *head = position.max(*head);
        }
        match send(&settings, &mut connection, &heads).await {
            Ok(()) => {
                heads.clear();
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

async fn send(
    settings: &RedisSettings,
    connection: &mut Option<MultiplexedConnection>,
    heads: &BTreeMap<TeamId, i64>,
) -> RedisResult<()> {
    let connection = match connection {
        Some(connection) => connection,
        none => none.insert(settings.connect(PATIENCE).await?),
    };
    let channel = settings.events_channel();
    let mut pipe = redis::pipe();
    for (team, position) in heads {
        pipe.publish(&channel, format!("{team} {position}")).ignore();
    }
    pipe.query_async(connection).await
}

async fn subscribe(
    settings: RedisSettings,
    local: LocalBus,
    connected: watch::Sender<bool>,
    look: Arc<Notify>,
) {
    let outage = Outage::of("Redis (hearing of events)");
    let mut backoff = Backoff::up_to(Duration::from_secs(2));
    loop {
        let error = match listen(&settings, &local, &connected, &look, &outage).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        if connected.send_replace(false) {
            backoff.reset();
        }
        match error.downcast_ref::<RedisError>() {
            Some(error) => tell(&outage, error),
            None => outage.failed(&format!("{error:#}")),
        }
        tokio::time::sleep(backoff.step()).await;
    }
}

async fn listen(
    settings: &RedisSettings,
    local: &LocalBus,
    connected: &watch::Sender<bool>,
    look: &Notify,
    outage: &Outage,
) -> anyhow::Result<std::convert::Infallible> {
    let connection = timeout(PATIENCE, settings.listen())
        .await
        .context("no connection in time")??;
    let (mut sink, mut messages) = connection.split();
    timeout(PATIENCE, sink.subscribe(settings.events_channel()))
        .await
        .context("no subscription in time")??;
    connected.send_replace(true);
    // What was announced while nobody listened is found in the table.
    look.notify_one();
    let mut ping = tokio::time::interval(PING);
    loop {
        tokio::select! {
            message = messages.next() => {
                let text: String = message.context("the connection has ended")?.get_payload()?;
                if let Some((team, position)) = read(&text) {
                    local.announce(team, position);
                }
            }
            _ = ping.tick() => {
                timeout(PATIENCE, sink.ping::<redis::Value>()).await.context("no answer in time")??;
                outage.answered();
            }
        }
    }
}

fn read(text: &str) -> Option<(TeamId, i64)> {
    let (team, position) = text.split_once(' ')?;
    Some((team.parse().ok()?, position.parse().ok()?))
}

/// Announces in this process what the table knows and nobody has told.
async fn watch_heads(db: Database, local: LocalBus, mut connected: watch::Receiver<bool>, look: Arc<Notify>) {
    let outage = Outage::of("the database (watching events)");
    let mut known: BTreeMap<TeamId, i64> = BTreeMap::new();
    loop {
        let pause = if *connected.borrow_and_update() {
            WATCH
        } else {
            WATCH_ALONE
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = look.notified() => {}
            // The bus is gone with its other end.
            changed = connected.changed() => if changed.is_err() { return },
        }
        if local.listeners() == 0 {
            continue;
        }
        match heads(&db).await {
            Ok(heads) => {
                outage.answered();
                for (team, position) in heads {
                    if known.insert(team, position) != Some(position) {
                        local.announce(team, position);
                    }
                }
            }
            Err(error) => outage.failed(&error),
        }
    }
}

async fn heads(db: &Database) -> Result<Vec<(TeamId, i64)>, sea_orm::DbErr> {
    let sql = "SELECT team_id, last_position FROM event_heads";
    let rows = db.connection().rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}
