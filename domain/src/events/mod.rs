//! What happened, in an order that every reader of a team sees alike.
//!
//! A change writes its event in its own transaction. The sequencer gives committed events their positions:
//! without gaps, never changed, so that whoever has seen n has seen everything before n.

mod following;
mod promises;
pub mod reader;
pub mod sequencer;

use chrono::{DateTime, Utc};
use entities::{EventId, EventTopic, TeamId, UserId};
use serde_json::Value as Json;

pub use crate::adapters::bus::EventBus;
pub(crate) use following::follow;
pub(crate) use promises::PROMISES;
pub use reader::{Feed, Start, find};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: EventId,
    pub team: TeamId,
    pub position: i64,
    pub topic: EventTopic,
    /// The public id of the object.
    pub subject_id: String,
    pub actor: Option<UserId>,
    pub impersonator: Option<UserId>,
    pub data: Json,
    pub at: DateTime<Utc>,
}
