//! Background work. The table is the record; wake-ups only say that there is something to do.
//!
//! pending | scheduled | retrying ──claim──▶ running ──▶ done
//!                                              ├──▶ retrying (an error, or its worker died)
//!                                              └──▶ dead (out of attempts, for good, or the cause of dead workers)
//!
//! A job whose worker died comes back: at once after the first time, then ever later and as a suspect, of which a
//! process runs one at a time. So one that kills its worker dies alone, and only such a one is dead-lettered for it.

pub(crate) mod dead_letters;
mod kind;
mod owed;
pub mod processes;
mod promises;
pub mod store;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{JobId, TeamId};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    actor::Origin,
    error::{Error, Outcome},
};

pub use kind::{JobKind, Probe, Subject};
pub use owed::Owed;
pub(crate) use promises::PROMISES;

/// How long a worker holds a job without a sign of life.
pub const LEASE: Duration = Duration::from_secs(3);
/// How often a worker renews what it holds.
pub const RENEWAL: Duration = Duration::from_millis(800);
/// From so many dead workers in a row on, a job is a suspect. One death says nothing: a machine was switched off.
pub(crate) const SUSPECT_FROM: i64 = 2;
/// A suspect is the cause after so many deaths of workers in which it was the only one.
pub(crate) const LONELY_CRASHES: i64 = 6;
/// How long a job rests after the first dead worker, the second, and so on. Together 42 minutes: whoever kills workers
/// from outside must hit the same job for so long, each time, before it is taken for the cause.
pub(crate) const RESTS_SECONDS: [i64; 7] = [0, 1, 5, 25, 120, 600, 1800];

/// A pool of workers. Each has its own, so that exports never delay refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    Refunds,
    Webhooks,
    Emails,
    Inbound,
    Verification,
    Exports,
    Maintenance,
}

impl Queue {
    pub const ALL: [Self; 7] = [
        Self::Refunds,
        Self::Webhooks,
        Self::Emails,
        Self::Inbound,
        Self::Verification,
        Self::Exports,
        Self::Maintenance,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refunds => "refunds",
            Self::Webhooks => "webhooks",
            Self::Emails => "emails",
            Self::Inbound => "inbound",
            Self::Verification => "verification",
            Self::Exports => "exports",
            Self::Maintenance => "maintenance",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == name)
    }

    /// Jobs at once in each worker process, until an operator decides otherwise.
    pub const fn default_concurrency(self) -> usize {
        match self {
            Self::Refunds | Self::Webhooks | Self::Emails | Self::Inbound => 16,
            Self::Verification => 8,
            Self::Exports | Self::Maintenance => 2,
        }
    }

    /// How long one attempt may take before it counts as failed.
    pub const fn time_limit(self) -> Duration {
        match self {
            Self::Refunds | Self::Webhooks | Self::Emails | Self::Inbound | Self::Verification => {
                Duration::from_mins(1)
            }
            Self::Exports | Self::Maintenance => Duration::from_hours(1),
        }
    }

    /// After so many failed attempts a job is set to DEAD: a dead letter. [`Ending::Snooze`] does not count as one.
    pub const fn max_attempts(self) -> i64 {
        match self {
            Self::Refunds | Self::Webhooks | Self::Emails | Self::Inbound => 25,
            Self::Verification => 15,
            Self::Exports | Self::Maintenance => 5,
        }
    }
}

/// The stored form of a job's payload: its kind, the public id of what it is about, and who is behind it. Ids only: the
/// handler reads the rest when it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    pub kind: String,
    /// Under the name that the kind gives it.
    #[serde(flatten)]
    subject: BTreeMap<String, serde_json::Value>,
    /// Who is behind it.
    #[serde(default)]
    pub by: Origin,
}

impl Payload {
    /// What a job of this kind is about; none if the payload is of another kind, or cannot be read.
    pub fn subject<K: JobKind>(&self) -> Option<K::Subject> {
        let is_of_kind = self.kind == K::NAME;
        K::Subject::read(self.subject.get(K::FIELD)).filter(|_| is_of_kind)
    }
}

/// A job that is wanted.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub kind: &'static str,
    pub queue: Queue,
    payload: BTreeMap<String, serde_json::Value>,
    /// The prefix of its public id, and its id.
    subject: Option<(&'static str, Uuid)>,
    max_attempts: i64,
    /// Not before this time; at once if none.
    pub run_at: Option<DateTime<Utc>>,
    /// While an unfinished job has this key, another is not made.
    pub unique_key: Option<String>,
}

impl NewJob {
    /// Due as soon as its transaction is committed.
    pub fn now<K: JobKind>(subject: K::Subject) -> Self {
        let id = subject.public_id().map(|id| (K::FIELD.to_owned(), id.into()));
        Self {
            kind: K::NAME,
            queue: K::QUEUE,
            payload: id.into_iter().collect(),
            subject: K::Subject::PREFIX.zip(subject.uuid()),
            max_attempts: K::MAX_ATTEMPTS,
            run_at: None,
            unique_key: K::unique_key(subject),
        }
    }

    /// Due at this time by the clock of the machine that claims it.
    #[must_use]
    pub fn at(mut self, run_at: DateTime<Utc>) -> Self {
        self.run_at = Some(run_at);
        self
    }

    /// Only if no unfinished job of any team has this key: otherwise it is left out without an error.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    /// As it is stored.
    pub fn payload(&self, by: &Origin) -> Payload {
        Payload {
            kind: self.kind.to_owned(),
            subject: self.payload.clone(),
            by: by.clone(),
        }
    }
}

/// A job in the hands of a worker.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    pub id: JobId,
    /// None for what belongs to no team: a probe.
    pub team: Option<TeamId>,
    pub queue: Queue,
    pub payload: Payload,
    /// This one included.
    pub attempts: i64,
    /// As it was when the job was made, whatever the queue says now.
    pub max_attempts: i64,
    /// Proof of the claim: a write with an older one changes nothing.
    pub fence: i64,
}

impl ClaimedJob {
    /// The team of a job that belongs to one.
    pub fn team(&self) -> Outcome<TeamId> {
        let none = || anyhow::anyhow!("{}: a job of the kind {} has a team", self.id, self.payload.kind);
        Ok(self.team.ok_or_else(none)?)
    }

    /// What it is held by.
    pub fn held(&self) -> (JobId, i64) {
        (self.id, self.fence)
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Ending {
    Done,
    /// Not an error: there is more to do, or it is too early.
    Snooze {
        at: DateTime<Utc>,
        note: String,
    },
    /// Trying again would not help.
    Dead {
        reason: String,
    },
}

/// What a handler returns. An error is tried again with back-off.
pub type Handled = Result<Ending, Error>;

/// How long to wait after the given attempt: doubling from half a second up to 15 minutes, with jitter so
/// that jobs that failed together do not come back together.
pub fn backoff(attempt: i64) -> TimeDelta {
    let exponent = u32::try_from(attempt.clamp(1, 12) - 1).unwrap_or(0);
    let full = 500_i64.saturating_mul(1 << exponent).min(900_000);
    TimeDelta::milliseconds(rand::rng().random_range(full / 2..=full))
}
