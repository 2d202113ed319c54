//! What a gateway tells by itself, and how it proves that it is the gateway.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use super::{GatewayRefund, SecretName};

/// How old a signature may be, or how far ahead its clock.
pub const WEBHOOK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Why a webhook is not taken. The sender learns nothing more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("no signature, or none of a known form")]
    Unsigned,
    #[error("the signature is of something else or with another secret")]
    WrongSignature,
    #[error("signed too long ago, or in the future")]
    OutOfTime,
    #[error("signed, but not what a gateway sends")]
    Unreadable,
}

/// What a webhook is about. Nothing in it is the truth: it may be old, doubled or shuffled, so the gateway is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayNotice {
    /// The gateway's id of this event, to store it once.
    pub external_id: String,
    /// The gateway's word: `refund.failed`, `payment.updated`. Kept for kinds that concern nothing here.
    pub kind: String,
    /// Under all their names: Stripe's payment intent and its charge.
    pub payment_ids: Vec<String>,
    pub refund_ids: Vec<String>,
    /// It speaks of a dispute or chargeback, whatever became of it.
    pub disputed: bool,
    /// The refunds as they were when Stripe wrote the event.
    pub hints: Vec<GatewayRefund>,
    pub occurred_at: Option<DateTime<Utc>>,
}

impl GatewayNotice {
    /// Whether it is about any payment or refund.
    pub fn concerns_money(&self) -> bool {
        !self.payment_ids.is_empty() || !self.refund_ids.is_empty()
    }
}

/// A delivery as it came: all that a signature may cover.
#[derive(Clone, Debug, Default)]
pub struct WebhookDelivery {
    /// By their names in lower case; what is no text is left out.
    pub headers: HashMap<String, String>,
    pub query: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl WebhookDelivery {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Telling of what happens to payments and refunds.
pub trait Webhooks: Send + Sync {
    /// The last part of the address that the gateway calls: `stripe` in `/webhooks/stripe`.
    fn path(&self) -> &'static str;

    /// The secret that deliveries are signed with.
    fn secret(&self) -> SecretName;

    /// Whether a delivery may be genuine, before any secret is looked at: it has the form of a signature, and was made
    /// lately.
    fn is_plausible(&self, delivery: &WebhookDelivery, now: DateTime<Utc>) -> bool;

    /// Proves a delivery.
    fn verify(
        &self,
        secret: &SecretString,
        delivery: &WebhookDelivery,
        now: DateTime<Utc>,
    ) -> Result<(), WebhookError>;

    /// What a proven delivery is about.
    fn read(&self, delivery: &WebhookDelivery) -> Result<GatewayNotice, WebhookError>;

    /// A proven delivery as it is kept, with nothing that [`Webhooks::read_kept`] needs left out.
    fn keep(&self, delivery: &WebhookDelivery) -> Result<String, WebhookError>;

    /// What a kept delivery is about.
    fn read_kept(&self, kept: &str) -> Result<GatewayNotice, WebhookError>;
}
