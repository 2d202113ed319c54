//! May this purchase be refunded, by how much, and what goes with it? Decided from facts alone.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use entities::{Money, PaymentGateway, PurchaseKind, PurchaseStatus, RefundReason, purchase, team};

use crate::{
    adapters::gateways::RefundAbility,
    error::{Refusal, UserErrorCode},
    language,
    message::Message,
};

/// What a team has decided.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// S0.43: more than this share read speaks against a refund.
    pub reading_threshold_percent: i64,
    /// S0.28: how long after its cancellation a purchase can be refunded.
    pub recently_canceled: TimeDelta,
    /// Its days are what people are told of.
    pub time_zone: Tz,
}

impl Policy {
    pub fn of(team: &team::Model) -> Self {
        Self {
            reading_threshold_percent: team.refund_reading_threshold_percent,
            recently_canceled: TimeDelta::days(team.refund_recently_canceled_days),
            time_zone: language::zone(&team.time_zone),
        }
    }

    /// The team's day at that time: `2026-03-12`.
    pub fn day(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.time_zone).date_naive().to_string()
    }
}

/// What is known when it is decided.
#[derive(Clone, Debug)]
pub struct Facts {
    pub now: DateTime<Utc>,
    pub purchase: purchase::Model,
    /// How its gateway makes refunds. None: nobody but a person can.
    pub ability: Option<RefundAbility>,
    pub gateway_configured: bool,
    /// S0.18: the furthest share of the title that was read.
    pub percent_read: f64,
    pub seconds_read: i64,
    pub sessions: i64,
    /// Refunds of this purchase that were not refused, and what they come to.
    pub refunds_before: i64,
    pub refunded_before: Money,
    /// Other active purchases of the same product by the same user.
    pub duplicates: i64,
    /// Refunds of the user's other purchases that succeeded.
    pub refunds_elsewhere: i64,
    /// All of the user's purchases.
    pub purchases: i64,
}

/// What the agent asks for.
#[derive(Clone, Debug)]
pub struct RefundTerms {
    pub reason: RefundReason,
    pub note: Option<String>,
    /// The whole refundable amount if none.
    pub amount: Option<Money>,
    pub override_policy: bool,
    /// Whether the agent holds `refunds.override`.
    pub may_override: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub amount: Money,
    /// A partial refund keeps the access; fraud ends it whatever the amount (S0.46).
    pub takes_access: bool,
}

/// Why not.
#[derive(Clone, Debug, PartialEq)]
pub enum RefundRefusal {
    Kind(PurchaseKind),
    Gateway(PaymentGateway),
    GatewayNotConfigured,
    NotActive {
        status: PurchaseStatus,
        days: i64,
    },
    AlreadyRequested,
    /// All of it has gone back already: nothing to wait for.
    AlreadyRefunded,
    NoteRequired {
        for_override: bool,
    },
    AmountExceedsPaid {
        left: Money,
    },
    OtherCurrency {
        expected: Money,
    },
    /// The gateway moves no such amount: only multiples of its smallest one.
    AmountNotPossible {
        step: Money,
    },
    OverrideRequired {
        percent: f64,
        threshold: i64,
    },
    OverrideNotAllowed,
}

impl RefundRefusal {
    pub const fn code(&self) -> UserErrorCode {
        match self {
            Self::Kind(_) => UserErrorCode::RefundKindNotSupported,
            Self::Gateway(_) => UserErrorCode::RefundGatewayNotSupported,
            Self::GatewayNotConfigured => UserErrorCode::GatewayNotConfigured,
            Self::NotActive { .. } => UserErrorCode::RefundPurchaseNotActive,
            Self::AlreadyRequested | Self::AlreadyRefunded => UserErrorCode::RefundAlreadyRequested,
            Self::NoteRequired { .. } => UserErrorCode::RefundNoteRequired,
            Self::AmountExceedsPaid { .. } => UserErrorCode::RefundAmountExceedsPaid,
            Self::OtherCurrency { .. } => UserErrorCode::Invalid,
            Self::AmountNotPossible { .. } => UserErrorCode::RefundAmountNotPossible,
            Self::OverrideRequired { .. } | Self::OverrideNotAllowed => {
                UserErrorCode::RefundPolicyOverrideRequired
            }
        }
    }
}

impl From<RefundRefusal> for Refusal {
    fn from(refusal: RefundRefusal) -> Self {
        let base = Self::new(refusal.code());
        match refusal {
            RefundRefusal::Kind(kind) => base.on("purchaseId").with("kind", kind),
            RefundRefusal::Gateway(gateway) => base.on("purchaseId").with("gateway", gateway),
            RefundRefusal::GatewayNotConfigured | RefundRefusal::AlreadyRequested => base.on("purchaseId"),
            RefundRefusal::AlreadyRefunded => base.on("purchaseId").saying(
                Message::key("error-refund-purchase-not-active").with("status", PurchaseStatus::Refunded),
            ),
            RefundRefusal::NotActive { status, days } => {
                base.on("purchaseId").with("status", status).with("days", days)
            }
            RefundRefusal::NoteRequired { for_override: false } => base.on("note"),
            RefundRefusal::NoteRequired { for_override: true } => {
                base.on("note").saying(Message::key("note-required-override"))
            }
            RefundRefusal::AmountExceedsPaid { left } => base.on("amount").with("left", left),
            RefundRefusal::OtherCurrency { expected } => base
                .on("amount")
                .saying(Message::key("invalid-currency-other").with("expected", expected.currency)),
            RefundRefusal::AmountNotPossible { step } => base.on("amount").with("step", step),
            RefundRefusal::OverrideRequired { percent, threshold } => base
                .on("overridePolicy")
                .with("percent", format!("{percent:.0}"))
                .with("threshold", threshold),
            RefundRefusal::OverrideNotAllowed => base
                .on("overridePolicy")
                .saying(Message::key("override-scope-missing")),
        }
    }
}

/// Facts that rule a refund out, whatever the agent asks for (S0.26–S0.28).
pub fn blockers(policy: Policy, facts: &Facts) -> Vec<RefundRefusal> {
    let purchase = &facts.purchase;
    let mut blockers = Vec::new();
    if purchase.kind != PurchaseKind::Single {
        blockers.push(RefundRefusal::Kind(purchase.kind));
    }
    if facts.ability.is_none() {
        blockers.push(RefundRefusal::Gateway(purchase.gateway));
    } else if !facts.gateway_configured {
        blockers.push(RefundRefusal::GatewayNotConfigured);
    }
    if purchase.refunded() == purchase.amount() {
        blockers.push(RefundRefusal::AlreadyRefunded);
    } else if purchase.refundable().minor <= 0 {
        blockers.push(RefundRefusal::AlreadyRequested);
    } else if !is_active_or_recent(policy, facts) {
        let days = policy.recently_canceled.num_days();
        blockers.push(RefundRefusal::NotActive {
            status: purchase.status,
            days,
        });
    }
    blockers
}

pub fn is_active_or_recent(policy: Policy, facts: &Facts) -> bool {
    match facts.purchase.status {
        PurchaseStatus::Pending | PurchaseStatus::Refunded => false,
        PurchaseStatus::Active => true,
        PurchaseStatus::Canceled | PurchaseStatus::PartiallyRefunded => facts
            .purchase
            .canceled()
            .is_none_or(|at| facts.now - at <= policy.recently_canceled),
    }
}

/// S0.43: whether policy speaks against it.
pub fn override_required(policy: Policy, facts: &Facts) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a percentage between 0 and 100")]
    let threshold = policy.reading_threshold_percent as f64;
    facts.percent_read > threshold
}

/// The decision, or everything that stands in its way.
pub fn decide(policy: Policy, facts: &Facts, wish: &RefundTerms) -> Result<Decision, Vec<RefundRefusal>> {
    let mut refusals = blockers(policy, facts);
    let left = facts.purchase.refundable();
    let amount = wish.amount.unwrap_or(left);
    let step = facts.ability.map_or(1, |it| (it.smallest_step)(amount.currency));
    if amount.currency != left.currency {
        refusals.push(RefundRefusal::OtherCurrency { expected: left });
    } else if amount.minor > left.minor && left.minor > 0 {
        refusals.push(RefundRefusal::AmountExceedsPaid { left });
    } else if amount.minor % step != 0 {
        let step = Money::new(step, amount.currency);
        refusals.push(RefundRefusal::AmountNotPossible { step });
    }
    let noted = wish.note.is_some();
    if override_required(policy, facts) {
        if !wish.override_policy {
            let threshold = policy.reading_threshold_percent;
            refusals.push(RefundRefusal::OverrideRequired {
                percent: facts.percent_read,
                threshold,
            });
        } else if !wish.may_override {
            refusals.push(RefundRefusal::OverrideNotAllowed);
        }
    }
    if !noted && (wish.override_policy || wish.reason == RefundReason::Other) {
        refusals.push(RefundRefusal::NoteRequired {
            for_override: wish.override_policy,
        });
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let takes_access = amount == left || wish.reason == RefundReason::Fraudulent;
    Ok(Decision { amount, takes_access })
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
