//! Reading events: a page of what was, then what comes, with no gap and no doubling at the seam.

use entities::{EventId, EventTopic, TeamId};
use futures::Stream;
use sea_orm::{QueryResult, Value};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::Event;
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Sql, places},
    error::{Denied, Error, Outcome},
    values,
};

const COLUMNS: &str = "id, team_id, position, topic, subject_id, actor_id, impersonator_id, data, at";

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// After the event with this position.
    After(i64),
    /// With the first that is kept.
    Oldest,
    /// With what happens from now on.
    Now,
}

/// The events of one team, for one reader.
#[derive(Clone, Debug)]
pub struct Feed {
    pub team: TeamId,
    /// All topics if empty.
    pub topics: Vec<EventTopic>,
    /// Only what is about this object.
    pub subject: Option<String>,
}

impl Feed {
    /// Everything that happens in the caller's team; all topics if none is named. Takes `events.read`.
    pub fn of_team(actor: &Actor, topics: Vec<EventTopic>) -> Outcome<Self> {
        actor.require(Scope::EventsRead)?;
        Ok(Self {
            team: actor.team,
            topics,
            subject: None,
        })
    }

    /// Up to `limit` events after a position, oldest first.
    pub async fn after(&self, app: &App, position: i64, limit: u64) -> Outcome<Vec<Event>> {
        let mut values: Vec<Value> = values![self.team, position];
        let mut sql = format!("SELECT {COLUMNS} FROM events WHERE team_id = $1 AND position > $2");
        if !self.topics.is_empty() {
            sql.push_str(&format!(
                " AND topic IN ({})",
                places(values.len() + 1, self.topics.len())
            ));
            values.extend(self.topics.iter().map(|topic| Value::from(*topic)));
        }
        if let Some(subject) = &self.subject {
            sql.push_str(&format!(" AND subject_id = ${}", values.len() + 1));
            values.push(subject.clone().into());
        }
        sql.push_str(&format!(" ORDER BY position LIMIT {limit}"));
        app.db
            .connection()
            .rows(&sql, values)
            .await?
            .iter()
            .map(read_event)
            .collect()
    }

    /// The position after which a reader who begins at `start` has to read.
    pub async fn position(&self, app: &App, start: Start) -> Outcome<i64> {
        let Head { last, pruned } = self.head(app).await?;
        match start {
            Start::After(position) if position < pruned => Err(Denied::CursorExpired.into()),
            // A position that was never given comes from another team or another installation.
            Start::After(position) if position > last => Err(Denied::CursorInvalid.into()),
            Start::After(position) => Ok(position),
            Start::Oldest => Ok(pruned),
            Start::Now => Ok(last),
        }
    }

    async fn head(&self, app: &App) -> Outcome<Head> {
        let row = app
            .db
            .connection()
            .row(
                "SELECT last_position, pruned_through FROM event_heads WHERE team_id = $1",
                values![self.team],
            )
            .await?;
        Ok(match row {
            Some(row) => Head {
                last: row.try_get_by_index(0)?,
                pruned: row.try_get_by_index(1)?,
            },
            None => Head { last: 0, pruned: 0 },
        })
    }

    /// Everything from `start` on, for as long as the reader stays. The table is read at the reader's own
    /// pace, so nothing piles up for a slow one; if it falls behind what is kept it ends with an error.
    pub async fn follow(self, app: App, start: Start) -> Outcome<impl Stream<Item = Outcome<Event>> + Send> {
        // Listening begins before reading: what happens in between is announced.
        let announcements = app.bus.listen();
        let position = self.position(&app, start).await?;
        let reader = FeedReader {
            feed: self,
            app,
            position,
            buffered: Vec::new().into_iter(),
            seen_through: position,
            announcements,
            failed: false,
        };
        Ok(futures::stream::unfold(reader, |mut reader| async move {
            if reader.failed {
                return None;
            }
            let next = reader.next().await;
            reader.failed = next.is_err();
            Some((next, reader))
        }))
    }
}

/// How far a team's events reach.
struct Head {
    last: i64,
    pruned: i64,
}

/// Events are read in pages of this size.
const PAGE: u64 = 100;

struct FeedReader {
    feed: Feed,
    app: App,
    /// Everything up to here was handed out or does not concern this reader.
    position: i64,
    buffered: std::vec::IntoIter<Event>,
    /// Everything up to here is in `buffered` or before it.
    seen_through: i64,
    announcements: Receiver<(TeamId, i64)>,
    failed: bool,
}

impl FeedReader {
    async fn next(&mut self) -> Outcome<Event> {
        loop {
            if let Some(event) = self.buffered.next() {
                self.position = event.position;
                return Ok(event);
            }
            self.position = self.position.max(self.seen_through);
            let Head { last, pruned } = self.feed.head(&self.app).await?;
            if pruned > self.position {
                return Err(Error::Denied(Denied::CursorExpired));
            }
            let events = self.feed.after(&self.app, self.position, PAGE).await?;
            let all = events.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            self.seen_through = events.last().map_or(self.position, |event| event.position);
            if all {
                // The head was read before the events, so nothing up to it is still to come.
                self.seen_through = self.seen_through.max(last);
            }
            if events.is_empty() {
                self.position = self.position.max(self.seen_through);
                self.wait().await?;
            }
            self.buffered = events.into_iter();
        }
    }

    async fn wait(&mut self) -> Outcome<()> {
        loop {
            match self.announcements.recv().await {
                Ok((team, position)) if team == self.feed.team && position > self.position => return Ok(()),
                Ok(_) => {}
                // Too many announcements to keep: one of them may have been ours.
                Err(RecvError::Lagged(_)) => return Ok(()),
                Err(RecvError::Closed) => return Err(anyhow::anyhow!("the event bus has stopped").into()),
            }
        }
    }
}

fn read_event(row: &QueryResult) -> Outcome<Event> {
    Ok(Event {
        id: row.try_get_by_index(0)?,
        team: row.try_get_by_index(1)?,
        position: row.try_get_by_index(2)?,
        topic: row.try_get_by_index(3)?,
        subject_id: row.try_get_by_index(4)?,
        actor: row.try_get_by_index(5)?,
        impersonator: row.try_get_by_index(6)?,
        data: row.try_get_by_index(7)?,
        at: row.try_get_by_index(8)?,
    })
}

/// One event, once it has its position, if the caller may see it.
pub async fn find(app: &App, actor: &Actor, id: EventId) -> Outcome<Option<Event>> {
    if !actor.scopes.contains(Scope::EventsRead) {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM events WHERE id = $1 AND team_id = $2 AND position IS NOT NULL");
    app.db
        .connection()
        .row(&sql, values![id, actor.team])
        .await?
        .map(|row| read_event(&row))
        .transpose()
}
