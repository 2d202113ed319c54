//! What a kind of job is: declared once, by the subject that the work belongs to.

use std::str::FromStr;

use entities::{EntitlementBatchId, ExportId, GatewayEventId, MailId, RefundId};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Owed, Queue};

/// One kind of job, as it is stored. How it is done says [`crate::handler::Handler`].
pub trait JobKind: Send + Sync + 'static {
    /// What a job of this kind is about; `()` if about nothing.
    type Subject: Subject;

    /// The name under which it is stored, logged and counted. Never changes: rows of it may be waiting.
    const NAME: &'static str;
    /// The field of the payload that has the subject's public id. Never changes either.
    const FIELD: &'static str;
    const QUEUE: Queue;
    /// While one job for a subject is unfinished, another is not made: the first part of its unique key.
    const ONCE: Option<&'static str> = None;
    /// After so many failed attempts it is set to DEAD: a dead letter.
    const MAX_ATTEMPTS: i64 = Self::QUEUE.max_attempts();
    /// The rows that wait for such a job. None where nothing waits.
    const OWED: Option<Owed> = None;

    /// While an unfinished job has this key, another is not made.
    fn unique_key(subject: Self::Subject) -> Option<String> {
        Self::ONCE
            .zip(subject.public_id())
            .map(|(first, id)| format!("{first}:{id}"))
    }
}

/// What a job may be about.
pub trait Subject: Copy + Send + Sync + 'static {
    /// Of its public ids.
    const PREFIX: Option<&'static str>;

    fn uuid(self) -> Option<Uuid>;
    fn public_id(self) -> Option<String>;
    /// None if the payload's field is not there, or has no id of this kind.
    fn read(field: Option<&Json>) -> Option<Self>;
}

impl Subject for () {
    const PREFIX: Option<&'static str> = None;

    fn uuid(self) -> Option<Uuid> {
        None
    }

    fn public_id(self) -> Option<String> {
        None
    }

    fn read(_: Option<&Json>) -> Option<Self> {
        Some(())
    }
}

macro_rules! subjects {
    ($($id:ty)*) => {$(
        impl Subject for $id {
            const PREFIX: Option<&'static str> = Some(<$id>::PREFIX);

            fn uuid(self) -> Option<Uuid> {
                Some(self.0)
            }

            fn public_id(self) -> Option<String> {
                Some(self.to_string())
            }

            fn read(field: Option<&Json>) -> Option<Self> {
                public_id(field)
            }
        }
    )*};
}

subjects!(RefundId GatewayEventId MailId ExportId EntitlementBatchId);

fn public_id<T: FromStr>(field: Option<&Json>) -> Option<T> {
    field.and_then(Json::as_str).and_then(|id| id.parse().ok())
}

/// Does nothing: what the path itself costs and survives.
pub struct Probe;

impl JobKind for Probe {
    type Subject = ();

    const NAME: &'static str = "probe";
    const FIELD: &'static str = "";
    const QUEUE: Queue = Queue::Maintenance;
}
