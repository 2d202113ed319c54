//! What a gateway's webhook says, and how it proves that it comes from there.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::GatewayRefund;

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

/// Whether one of the signatures (hexadecimal HMAC-SHA256) is of this text; in constant time for each.
pub(super) fn is_signed(secret: &SecretString, parts: &[&[u8]], signatures: &[&str]) -> bool {
    let secret = secret.expose_secret().as_bytes();
    // Anybody can sign with an empty secret.
    if secret.is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    let matches = |hexadecimal: &&str| {
        hex::decode(hexadecimal).is_ok_and(|signature| mac.clone().verify_slice(&signature).is_ok())
    };
    signatures.iter().any(matches)
}

/// Whether it has the form of an HMAC-SHA256 in hexadecimal.
pub(super) fn is_signature(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn is_in_time(signed_at: DateTime<Utc>, now: DateTime<Utc>, tolerance: TimeDelta) -> bool {
    (now - signed_at).abs() <= tolerance
}

/// The `key=value` pairs of a signature header.
pub(super) fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(',').filter_map(|it| it.trim().split_once('='))
}
