//! What a gateway knows: payments, refunds, subscriptions, idempotency keys, notifications and every
//! request it has received. Each change is one record, which the journal file keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A captured payment. Amounts are in minor units of the currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent trait of the payment"
)]
pub struct Payment {
    /// Stripe: `pi_…`; MercadoPago: digits.
    pub id: String,
    pub amount: i64,
    /// ISO 4217, upper case.
    pub currency: String,
    #[serde(default)]
    pub disputed: bool,
    /// Refunds of it are accepted first and settled later, as with Pix or a bank transfer.
    #[serde(default)]
    pub slow: bool,
    /// Too old to be refunded (MercadoPago: 180 days).
    #[serde(default)]
    pub too_old: bool,
    /// Cannot be refunded in parts (MercadoPago 3024).
    #[serde(default)]
    pub only_whole: bool,
    #[serde(default)]
    pub created_ms: i64,
}

impl Payment {
    /// A captured, undisputed payment that is refunded at once.
    pub fn new(id: impl Into<String>, amount_minor: i64, currency: &str) -> Self {
        Self {
            id: id.into(),
            amount: amount_minor,
            currency: currency.to_ascii_uppercase(),
            disputed: false,
            slow: false,
            too_old: false,
            only_whole: false,
            created_ms: 0,
        }
    }
}

/// Where a refund stands, in Stripe's words. MercadoPago calls them `in_process`, `approved`,
/// `rejected`, `authorized` and `cancelled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
    RequiresAction,
    Canceled,
}

impl RefundStatus {
    /// Takes from what can still be refunded.
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Failed | Self::Canceled)
    }
}

/// A refund that was executed: money has left, or will leave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    pub payment: String,
    pub amount: i64,
    pub currency: String,
    pub status: RefundStatus,
    pub reason: Option<String>,
    pub failure_reason: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// The idempotency key it came with.
    pub key: Option<String>,
    /// Marked by the fault `late_failure`, fails on command.
    pub fails_late: bool,
    pub created_ms: i64,
}

impl Refund {
    pub(super) fn is_pending(&self) -> bool {
        self.status == RefundStatus::Pending
    }
}

/// A recurring subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subscription {
    pub id: String,
    /// Stripe: `active`, `canceled`; MercadoPago: `authorized`, `paused`, `cancelled`.
    pub status: String,
    /// Stripe's `pause_collection[behavior]`.
    #[serde(default)]
    pub paused: Option<String>,
    #[serde(default)]
    pub currency: String,
    #[serde(default)]
    pub created_ms: i64,
}

/// The first answer to an idempotency key, given again to every repeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredAnswer {
    pub key: String,
    /// Method, path and parameters: a repeat must have the same.
    pub fingerprint: Value,
    pub status: u16,
    pub body: Value,
    pub stored_ms: i64,
}

/// A request as it arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    pub id: u64,
    pub at_ms: i64,
    pub method: String,
    pub path: String,
    pub idempotency_key: Option<String>,
    pub body: String,
    /// The fault that landed on it.
    pub fault: Option<String>,
    /// What was answered, or would have been had the connection lasted; absent: nothing was done.
    pub answered: Option<u16>,
    /// The answer came from the store of idempotency keys.
    pub replayed: bool,
}

/// A notification, kept until the target has answered 2xx.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// The gateway's event id.
    pub id: String,
    /// `refund.updated`, `payment.updated`, …
    pub kind: String,
    /// The id of the refund or payment it is about.
    pub about: String,
    pub body: Value,
}

/// One attempt to deliver a notification.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    pub notification: String,
    pub kind: String,
    pub attempt: u32,
    /// The target's answer; absent: it could not be reached, or the notification was dropped.
    pub answer: Option<u16>,
    pub dropped: bool,
}

/// One change of what the gateway knows. A line of the journal file is a list of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    Payment(Payment),
    Refund(Refund),
    Subscription(Subscription),
    Key(StoredAnswer),
    Request(Request),
    Notification(Notification),
    /// Delivered or dropped; it is not sent again.
    Done(String),
}
