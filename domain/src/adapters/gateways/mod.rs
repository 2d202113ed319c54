//! The seam to the payment gateways: what Postventa asks of Stripe and MercadoPago, in its own words.
//!
//! A gateway is asked once per call and never by itself again: whoever calls decides what an error means for
//! the refund, and sends the same order with the same key or asks what became of it.

mod exact;
mod http;
pub mod mercado_pago;
mod registry;
pub mod stripe;
#[cfg(test)]
mod testing;
mod webhook;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::{Currency, Money, RefundId, RefundReason};

pub use registry::{GatewayCredentials, GatewayEndpoints, Gateways};
pub use webhook::{GatewayNotice, WEBHOOK_TOLERANCE, WebhookError};

/// A payment gateway that can give money back.
#[async_trait]
pub trait RefundGateway: Send + Sync {
    /// Asks the gateway to give money back.
    ///
    /// Safe to send again with the same order while the gateway remembers the key (Stripe: at least 24 hours;
    /// MercadoPago does not say how long): the key is the refund's id, and everything sent follows from the order.
    async fn refund(&self, order: &RefundOrder) -> Result<GatewayRefund, GatewayError>;

    /// Every refund that the gateway knows for a payment, from all pages.
    async fn refunds_of(&self, payment: &PaymentRef) -> Result<Vec<GatewayRefund>, GatewayError>;

    /// One refund, by the gateway's id.
    async fn refund_by_id(
        &self,
        payment: &PaymentRef,
        gateway_refund_id: &str,
    ) -> Result<GatewayRefund, GatewayError>;

    /// What the gateway knows of a payment: captured, refunded, disputed.
    async fn payment(&self, payment_id: &str) -> Result<GatewayPayment, GatewayError>;

    /// Pauses a recurring agreement; safe to repeat, and done if the agreement has ended anyway.
    async fn pause_subscription(&self, subscription_id: &str) -> Result<(), GatewayError>;
}

/// A payment at the gateway, and the currency that it was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRef {
    /// `pi_…`, `ch_…` or `py_…` at Stripe, a number at MercadoPago.
    pub id: String,
    /// MercadoPago's refunds do not say theirs.
    pub currency: Currency,
}

/// What is asked of a gateway. The same refund must always give the same order, or its key is refused.
#[derive(Clone, Debug)]
pub struct RefundOrder {
    /// Also the idempotency key, for ever.
    pub refund_id: RefundId,
    pub payment_id: String,
    pub amount: Money,
    pub reason: RefundReason,
    pub note: Option<String>,
}

impl RefundOrder {
    pub fn payment(&self) -> PaymentRef {
        PaymentRef {
            id: self.payment_id.clone(),
            currency: self.amount.currency,
        }
    }

    /// Whether this is a refund of what was ordered. Anything else is for a person to look at.
    pub fn agrees_with(&self, answer: &GatewayRefund) -> bool {
        self.amount == answer.amount && answer.our_refund.is_none_or(|it| it == self.refund_id)
    }
}

/// A refund as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRefund {
    pub id: String,
    pub amount: Money,
    pub status: GatewayRefundStatus,
    /// From the metadata. Always absent at MercadoPago, whose refunds carry the payment's metadata, not their own.
    pub our_refund: Option<RefundId>,
    pub created_at: Option<DateTime<Utc>>,
    /// The gateway's word for why it failed.
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayRefundStatus {
    /// Also for words that this version does not know: the gateway will be asked again.
    Pending,
    Succeeded,
    /// Failed, canceled or rejected: the money stays with the seller.
    Failed,
}

/// A payment as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayPayment {
    pub id: String,
    /// The gateway's own word.
    pub status: String,
    pub captured: Money,
    pub refunded: Money,
    /// A chargeback or a mediation was opened: the money may go back without us.
    pub disputed: bool,
}

/// Why a gateway did not do what was asked, sorted by what may be done next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The gateway understood and says no, for good. Nothing was executed.
    #[error("refused by the gateway ({code}): {message}")]
    Refused { code: String, message: String },
    /// "Already refunded" in any of its forms: to be looked up, not believed.
    #[error("already refunded, says the gateway ({code}): {message}")]
    AlreadyRefunded { code: String, message: String },
    /// Not executed by this call; the same key may be sent again after this time (limit, lock, no connection).
    #[error("the gateway is busy: {detail}")]
    Busy {
        retry_after: Option<Duration>,
        detail: String,
    },
    /// Nobody knows whether it was executed: time-out, 5xx, a cut connection, an answer that cannot be read.
    /// Ask before anything else.
    #[error("the outcome is unknown: {detail}")]
    Unknown { detail: String },
    /// The credentials were not accepted, or there are none: nothing was executed; a person has to look.
    #[error("the gateway's credentials were not accepted: {detail}")]
    Credentials { detail: String },
}

impl GatewayError {
    fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused {
            code: code.into(),
            message: message.into(),
        }
    }

    fn unknown(detail: impl Into<String>) -> Self {
        Self::Unknown {
            detail: detail.into(),
        }
    }

    /// Of a question that came before the order: whatever went wrong with it, the order was not sent.
    fn before_the_order(self) -> Self {
        match self {
            Self::Unknown { detail } => Self::Busy {
                retry_after: None,
                detail,
            },
            other => other,
        }
    }
}

/// Ids become part of an address: nothing but letters, digits, `-` and `_` may stand in them.
fn checked_id(id: &str) -> Result<&str, GatewayError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (1..=255).contains(&id.len()) && id.bytes().all(plain) {
        Ok(id)
    } else {
        Err(GatewayError::refused(
            "malformed_id",
            format!("not an id of a gateway: {id:?}"),
        ))
    }
}
