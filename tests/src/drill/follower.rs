//! A partner who follows a team's events over SSE, and goes on after the last one when the connection ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{App, database::Sql, values};
use entities::{EventId, TeamId};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::comes_true;
use crate::{client::Client, stage::text};

pub struct Follower {
    /// The ids of the events, in the order in which they came.
    seen: Arc<Mutex<Vec<String>>>,
    reading: JoinHandle<()>,
}

/// How a follower's events differ from the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Differs {
    /// The first place where they do.
    pub at: usize,
    pub table: Option<String>,
    pub seen: Option<String>,
}

impl Follower {
    /// Follows everything after the event that is the last one now.
    pub async fn begin(client: &Client) -> Self {
        let after = last_cursor(client).await;
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (client, sink) = (client.clone(), seen.clone());
        let reading = tokio::spawn(async move {
            let mut after = after;
            loop {
                // An end is no loss: what came after the last one is asked for.
                let _ = read(&client, &mut after, &sink).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self { seen, reading }
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic while held").clone()
    }

    /// Waits until as many events came as the table has from `first` on, and compares these. More may be written while
    /// this is asked, so both are taken once: what was seen first, for nothing can be seen that is not in the table.
    pub async fn compare(&self, app: &App, team: TeamId, first: i64) -> Option<Differs> {
        let mut difference = None;
        comes_true(Duration::from_secs(15), async || {
            let seen = self.seen();
            let table = table(app, team, first).await;
            difference = differs(&table, &seen);
            seen.len() >= table.len()
        })
        .await;
        difference
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// The team's events from a position on, as the table has them.
pub async fn table(app: &App, team: TeamId, first: i64) -> Vec<String> {
    let sql = "SELECT id FROM events WHERE team_id = $1 AND position >= $2 ORDER BY position";
    let rows = app
        .db
        .connection()
        .rows(sql, values![team, first])
        .await
        .expect("a query");
    let id = |row: &sea_orm::QueryResult| row.try_get_by_index::<EventId>(0).expect("an id").to_string();
    rows.iter().map(id).collect()
}

/// The position of the next event.
pub async fn next_position(app: &App, team: TeamId) -> i64 {
    let sql = "SELECT last_position FROM event_heads WHERE team_id = $1";
    let row = app
        .db
        .connection()
        .row(sql, values![team])
        .await
        .expect("a query");
    row.map_or(0, |row| row.try_get_by_index::<i64>(0).expect("a position")) + 1
}

/// The first place where two lists are not the same.
pub fn differs(table: &[String], seen: &[String]) -> Option<Differs> {
    let longest = table.len().max(seen.len());
    let at = (0..longest).find(|at| table.get(*at) != seen.get(*at))?;
    Some(Differs {
        at,
        table: table.get(at).cloned(),
        seen: seen.get(at).cloned(),
    })
}

async fn last_cursor(client: &Client) -> Option<String> {
    let mut after: Option<String> = None;
    loop {
        let query = "query($after: String) { events(after: $after, first: 100) { nodes { cursor } } }";
        let data = client.ask(query, json!({ "after": after })).await.data();
        let Some(last) = data["events"]["nodes"].as_array().and_then(|nodes| nodes.last()) else {
            return after;
        };
        after = Some(text(&last["cursor"]));
    }
}

async fn read(client: &Client, after: &mut Option<String>, seen: &Mutex<Vec<String>>) -> reqwest::Result<()> {
    let query = "subscription($after: String) { events(after: $after) { id cursor } }";
    let response = reqwest::Client::new()
        .post(format!("{}/graphql", client.url))
        .bearer_auth(client.token.as_deref().unwrap_or_default())
        .header("accept", "text/event-stream")
        .json(&json!({ "query": query, "variables": { "after": after } }))
        .send()
        .await?;
    let mut body = response.bytes_stream();
    let mut text = String::new();
    while let Some(bytes) = body.next().await {
        text.push_str(&String::from_utf8_lossy(&bytes?));
        while let Some(end) = text.find("\n\n") {
            let message: String = text.drain(..end + 2).collect();
            let data = message.lines().find_map(|line| line.strip_prefix("data:"));
            let told: Value = data
                .and_then(|data| serde_json::from_str(data).ok())
                .unwrap_or_default();
            let event = &told["data"]["events"];
            if let (Some(id), Some(cursor)) = (event["id"].as_str(), event["cursor"].as_str()) {
                seen.lock().expect("no panic while held").push(id.to_owned());
                *after = Some(cursor.to_owned());
            }
        }
    }
    Ok(())
}
