//! Faults on command: which one lands on which request, and how many have landed. A fault either
//! waits for a number of requests or strikes with a probability drawn from a seed.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// The endpoint on which a fault lands unless it says otherwise.
pub const CREATE_REFUND: &str = "refunds.create";

/// The endpoint that lists the refunds of a payment.
pub(super) const LIST_REFUNDS: &str = "refunds.list";

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Executes, then never answers until the client gives up.
    TimeoutAfterExecuting,
    /// Never answers and does nothing; the idempotency key is busy until the client gives up.
    TimeoutBeforeExecuting,
    /// Executes and answers 500; the 500 is stored under the key and replayed.
    #[serde(rename = "error_500_stored")]
    Error500Stored,
    /// Answers 500 and does nothing; nothing is stored.
    #[serde(rename = "error_500_before")]
    Error500Before,
    /// 429 with `Retry-After` in seconds; nothing is stored.
    RateLimited { retry_after: u64 },
    /// Executes, then closes the TCP connection without a byte of an answer.
    CutConnection,
    /// Answers as to a key of another account or mode: 404 for what it cannot see, and nothing is done. With
    /// `empty_lists` a list of what it cannot see is an empty page instead.
    ForeignKey {
        #[serde(default)]
        empty_lists: bool,
    },
    /// Answers late; the key is busy meanwhile.
    Slow { ms: u64 },
    /// The refund is accepted and settled later.
    RefundPending,
    /// Refuses with one of the gateway's codes and does nothing.
    Refuse { code: String },
    /// The refund succeeds, and fails when `fail_late_refunds` is called.
    LateFailure,
    /// The refund is executed with another amount: this one, or one minor unit less than asked.
    WrongAmount {
        #[serde(default)]
        amount: Option<i64>,
    },
}

impl FaultKind {
    /// The name in counters and over HTTP.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TimeoutAfterExecuting => "timeout_after_executing",
            Self::TimeoutBeforeExecuting => "timeout_before_executing",
            Self::Error500Stored => "error_500_stored",
            Self::Error500Before => "error_500_before",
            Self::RateLimited { .. } => "rate_limited",
            Self::CutConnection => "cut_connection",
            Self::ForeignKey { .. } => "foreign_key",
            Self::Slow { .. } => "slow",
            Self::RefundPending => "refund_pending",
            Self::Refuse { .. } => "refuse",
            Self::LateFailure => "late_failure",
            Self::WrongAmount { .. } => "wrong_amount",
        }
    }

    /// Changes what is executed, so it cannot land on a replayed answer.
    fn needs_execution(&self) -> bool {
        match self {
            Self::Error500Stored
            | Self::RefundPending
            | Self::Refuse { .. }
            | Self::LateFailure
            | Self::WrongAmount { .. } => true,
            Self::TimeoutAfterExecuting
            | Self::TimeoutBeforeExecuting
            | Self::Error500Before
            | Self::RateLimited { .. }
            | Self::CutConnection
            | Self::ForeignKey { .. }
            | Self::Slow { .. } => false,
        }
    }
}

/// A fault and where it lands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    pub kind: FaultKind,
    /// `refunds.create` unless given; `*` for every endpoint. Others: `refunds.get`, `refunds.list`,
    /// `refunds.cancel`, `payments.get`, `subscriptions.get`, `subscriptions.update`.
    #[serde(default = "create_refund")]
    pub endpoint: String,
    /// Only for this payment.
    #[serde(default)]
    pub payment: Option<String>,
    /// On how many requests; 1 unless given, without end for a probability.
    #[serde(default)]
    pub times: Option<u64>,
    /// Strikes at random instead of for certain.
    #[serde(default)]
    pub probability: Option<f64>,
    #[serde(default)]
    pub seed: u64,
}

fn create_refund() -> String {
    CREATE_REFUND.into()
}

impl Fault {
    /// Lands once, on the next refund that is asked for.
    pub fn once(kind: FaultKind) -> Self {
        Self {
            kind,
            endpoint: create_refund(),
            payment: None,
            times: None,
            probability: None,
            seed: 0,
        }
    }

    /// Lands on the next `times` requests.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Lands on any request with this probability.
    #[must_use]
    pub fn with_probability(mut self, probability: f64, seed: u64) -> Self {
        self.probability = Some(probability);
        self.seed = seed;
        self
    }

    /// Lands on another endpoint than the creation of refunds.
    #[must_use]
    pub fn on(mut self, endpoint: &str) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// Lands only on requests about this payment.
    #[must_use]
    pub fn for_payment(mut self, payment: &str) -> Self {
        self.payment = Some(payment.into());
        self
    }
}

struct Planned {
    fault: Fault,
    left: u64,
    dice: StdRng,
}

impl Planned {
    fn strikes(&mut self, endpoint: &str, payment: Option<&str>, executes: bool) -> bool {
        let fault = &self.fault;
        let concerned = self.left > 0
            && (executes || !fault.kind.needs_execution())
            && (fault.endpoint == "*" || fault.endpoint == endpoint)
            && (fault.payment.is_none() || fault.payment.as_deref() == payment);
        concerned
            && fault
                .probability
                .is_none_or(|p| self.dice.random_bool(p.clamp(0.0, 1.0)))
    }
}

/// The faults that wait for their request, in the order in which they were asked for.
#[derive(Default)]
pub(super) struct Faults {
    planned: Vec<Planned>,
    landed: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub fn plan(&mut self, fault: Fault) {
        let endless = if fault.probability.is_some() { u64::MAX } else { 1 };
        let left = fault.times.unwrap_or(endless);
        let dice = StdRng::seed_from_u64(fault.seed);
        self.planned.push(Planned { fault, left, dice });
    }

    pub fn clear(&mut self) {
        self.planned.clear();
    }

    /// The first fault that strikes this request, counted as landed.
    pub fn strike(&mut self, endpoint: &str, payment: Option<&str>, executes: bool) -> Option<FaultKind> {
        let planned = self
            .planned
            .iter_mut()
            .find_map(|planned| planned.strikes(endpoint, payment, executes).then_some(planned))?;
        planned.left -= 1;
        let kind = planned.fault.kind.clone();
        *self.landed.entry(kind.name()).or_default() += 1;
        self.planned.retain(|planned| planned.left > 0);
        Some(kind)
    }

    pub fn landed(&self) -> BTreeMap<String, u64> {
        self.landed
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }
}
