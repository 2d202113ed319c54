//! Background work. The table is the record; bells only say that there is something to do.
//!
//! pending | scheduled | retrying ──claim──▶ running ──▶ done
//!                                              ├──▶ retrying (an error, or its worker died)
//!                                              └──▶ dead (out of attempts, for good, or the cause of dead workers)
//!
//! A job whose worker died comes back: at once after the first time, then ever later and as a suspect, of which a
//! process runs one at a time. So one that kills its worker dies alone, and only such a one is parked for it.

mod owed;
pub(crate) mod parking;
pub mod processes;
pub mod store;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{EntitlementBatchId, ExportId, GatewayEventId, JobId, MailId, RefundId, TeamId};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{actor::Origin, error::Error};

pub use owed::Owed;

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

    /// After so many failed attempts a job is parked as DEAD. [`Ending::Again`] does not count as one.
    pub const fn max_attempts(self) -> i64 {
        match self {
            Self::Refunds | Self::Webhooks | Self::Emails | Self::Inbound => 25,
            Self::Verification => 15,
            Self::Exports | Self::Maintenance => 5,
        }
    }
}

/// What is to be done. Ids only: the handler reads the rest when it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Brings a refund one step on: sends it, or asks what became of it.
    ProcessRefund {
        refund: RefundId,
    },
    /// Pauses the recurring agreement of a refunded purchase.
    PauseSubscription {
        refund: RefundId,
    },
    /// Takes in what a gateway told us.
    HandleGatewayEvent {
        event: GatewayEventId,
    },
    SendMail {
        mail: MailId,
    },
    /// Writes the file that somebody has asked for.
    WriteExport {
        export: ExportId,
    },
    /// Grants or revokes access for many at once.
    ChangeAccess {
        batch: EntitlementBatchId,
    },
    /// Does nothing: what the path itself costs and survives.
    Probe,
}

impl Work {
    pub const fn queue(&self) -> Queue {
        match self {
            Self::ProcessRefund { .. } | Self::PauseSubscription { .. } => Queue::Refunds,
            Self::HandleGatewayEvent { .. } => Queue::Webhooks,
            Self::SendMail { .. } => Queue::Emails,
            Self::WriteExport { .. } => Queue::Exports,
            // Neither behind exports nor before refunds; it gives way after each turn.
            Self::ChangeAccess { .. } | Self::Probe => Queue::Maintenance,
        }
    }

    /// The name under which it is stored, logged and counted. Never changes: rows of it may be waiting.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ProcessRefund { .. } => "process_refund",
            Self::PauseSubscription { .. } => "pause_subscription",
            Self::HandleGatewayEvent { .. } => "handle_gateway_event",
            Self::SendMail { .. } => "send_mail",
            Self::WriteExport { .. } => "write_export",
            Self::ChangeAccess { .. } => "change_access",
            Self::Probe => "probe",
        }
    }

    /// The object that it is about: the prefix of its public id, and its id.
    pub const fn subject(&self) -> Option<(&'static str, Uuid)> {
        match self {
            Self::ProcessRefund { refund } | Self::PauseSubscription { refund } => {
                Some((RefundId::PREFIX, refund.0))
            }
            Self::HandleGatewayEvent { event } => Some((GatewayEventId::PREFIX, event.0)),
            Self::SendMail { mail } => Some((MailId::PREFIX, mail.0)),
            Self::WriteExport { export } => Some((ExportId::PREFIX, export.0)),
            Self::ChangeAccess { batch } => Some((EntitlementBatchId::PREFIX, batch.0)),
            Self::Probe => None,
        }
    }

    /// After so many failed attempts it is parked.
    pub const fn max_attempts(&self) -> i64 {
        match self {
            // What a gateway has told is not given up while it does not answer our questions: ten days.
            Self::HandleGatewayEvent { .. } => 1000,
            _ => self.queue().max_attempts(),
        }
    }
}

/// The stored form of a job's payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    #[serde(flatten)]
    pub work: Work,
    /// Who is behind it.
    #[serde(default)]
    pub by: Origin,
}

/// A job that is wanted.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub work: Work,
    /// Not before this time; at once if none.
    pub run_at: Option<DateTime<Utc>>,
    /// While an unfinished job has this key, another is not made.
    pub unique_key: Option<String>,
}

impl NewJob {
    /// Due as soon as its transaction is committed.
    pub fn now(work: Work) -> Self {
        Self {
            work,
            run_at: None,
            unique_key: None,
        }
    }

    /// Due at this time by the clock of the machine that claims it.
    pub fn at(work: Work, run_at: DateTime<Utc>) -> Self {
        Self {
            work,
            run_at: Some(run_at),
            unique_key: None,
        }
    }

    /// Only if no unfinished job of any team has this key: otherwise it is left out without an error.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
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

/// How an attempt ended.
#[derive(Debug)]
pub enum Ending {
    Done,
    /// Not an error: there is more to do, or it is too early.
    Again {
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
