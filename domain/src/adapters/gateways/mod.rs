//! The seam to the payment gateways: what Postventa asks of them, in its own words, an ability at a time. The package
//! `gateways` has an adapter for each; nothing here or elsewhere in `domain` knows one by its name.
//!
//! A gateway is asked once per call and never by itself again: whoever calls decides what an error means for
//! the refund, and sends the same order with the same key or asks what became of it.

mod credentials;
mod registry;
mod webhooks;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use entities::{Currency, Money, RefundId, RefundReason};

pub use credentials::{GatewaySecrets, SecretName};
pub use registry::{GatewayAdapter, Gateways};
pub use webhooks::{GatewayNotice, WEBHOOK_TOLERANCE, WebhookDelivery, WebhookError, Webhooks};

/// A team's account at a gateway: everything that can be asked there.
pub trait GatewayAccount: Refunds + Payments + Agreements {}

impl<A: Refunds + Payments + Agreements> GatewayAccount for A {}

/// Giving money back.
///
/// Orders move money and can be refused; questions cannot refuse anything. The two have answers of their own.
#[async_trait]
pub trait Refunds: Send + Sync {
    /// What can be refused without asking anybody: ids that are none of this gateway, amounts that it cannot say.
    fn check(&self, order: &RefundOrder) -> Result<(), OrderError>;

    /// Orders the gateway to give money back. The payment must have been read before, with [`Payments::payment`]
    /// of the same value: so the credentials are those of the account that has it.
    ///
    /// Safe to send again with the same order while the gateway remembers the key ([`RefundAbility::key_lifetime`]): the
    /// key is the refund's id, and everything sent follows from the order.
    async fn refund(&self, order: &RefundOrder) -> Result<GatewayRefund, OrderError>;

    /// Every refund that the gateway knows for a payment, from all pages. An empty list is an answer.
    async fn refunds_of(&self, payment: &PaymentRef) -> Result<Vec<GatewayRefund>, Unanswered>;

    /// One refund, by the gateway's id.
    async fn refund_by_id(
        &self,
        payment: &PaymentRef,
        gateway_refund_id: &str,
    ) -> Result<GatewayRefund, Unanswered>;
}

/// Looking payments up.
#[async_trait]
pub trait Payments: Send + Sync {
    /// What the gateway knows of a payment: captured, refunded, disputed.
    async fn payment(&self, payment_id: &str) -> Result<GatewayPayment, Unanswered>;
}

/// Recurring agreements.
#[async_trait]
pub trait Agreements: Send + Sync {
    /// Pauses a recurring agreement; safe to repeat, and done if the agreement has ended anyway.
    async fn pause_subscription(&self, subscription_id: &str) -> Result<(), OrderError>;
}

/// How a gateway makes refunds: what can be said of it without asking.
#[derive(Clone, Copy, Debug)]
pub struct RefundAbility {
    /// The smallest amount that it can move in a currency, in minor units: everything else is a multiple of it.
    pub smallest_step: fn(Currency) -> i64,
    /// Whether its refunds carry our id, so that one whose answer was lost is recognised without doubt.
    pub carries_our_id: bool,
    /// For how long at least it remembers an idempotency key.
    pub key_lifetime: TimeDelta,
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

impl GatewayPayment {
    /// What can still go back.
    pub fn left(&self) -> i64 {
        self.captured.minor.saturating_sub(self.refunded.minor)
    }

    /// What speaks against an order before it is sent, in the payment as it is. `insist`: somebody who may has
    /// decided that it goes out all the same; then a dispute is for the gateway to judge.
    pub fn speaks_against(&self, order: &RefundOrder, insist: bool) -> Option<OrderError> {
        let (taken, wanted) = (self.captured.currency, order.amount.currency);
        if taken != wanted {
            let message = format!("the payment was taken in {taken}, not in {wanted}");
            return Some(OrderError::refused("currency_mismatch", message));
        }
        if self.captured.minor <= 0 {
            let message = format!("the payment was not taken: it is {}", self.status);
            return Some(OrderError::refused("payment_not_captured", message));
        }
        if self.disputed && !insist {
            let message = "the payment is disputed: the money may go back without us";
            return Some(OrderError::refused("payment_disputed", message));
        }
        if self.left() < order.amount.minor {
            let left = Money::new(self.left(), taken);
            return Some(OrderError::AlreadyRefunded {
                code: "too_little_left".to_owned(),
                message: format!("{left} of {} are left of the payment", self.captured),
            });
        }
        None
    }
}

/// Why an order was not carried out, sorted by what may be done next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The gateway understood and says no, for good. Nothing was executed.
    #[error("refused by the gateway ({code}): {message}")]
    Refused { code: String, message: String },
    /// "Already refunded" in any of its forms: to be looked up, not believed.
    #[error("already refunded, says the gateway ({code}): {message}")]
    AlreadyRefunded { code: String, message: String },
    /// Certainly not executed; the same key may be sent again after this time (over the limit, no connection).
    #[error("the gateway is busy: {detail}")]
    Busy {
        retry_after: Option<Duration>,
        detail: String,
    },
    /// Another request with this key or for this payment is under way, and its outcome may be ours: wait, then ask.
    #[error("the gateway is still at it: {detail}")]
    Held {
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

impl OrderError {
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused {
            code: code.into(),
            message: message.into(),
        }
    }
}

/// Why a question was not answered. Nothing in here says anything of what became of an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// "There is no such thing": what a key of another account or mode is told of whatever it cannot see.
    #[error("the gateway knows nothing of it with these credentials: {detail}")]
    NotFound { detail: String },
    #[error("the gateway is busy: {detail}")]
    Busy {
        retry_after: Option<Duration>,
        detail: String,
    },
    /// The credentials were not accepted, or there are none: a person has to look.
    #[error("the gateway's credentials were not accepted: {detail}")]
    Credentials { detail: String },
    /// A time-out, a 5xx, a cut connection, an answer that cannot be read.
    #[error("no answer: {detail}")]
    Unknown { detail: String },
}

impl Unanswered {
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::Unknown {
            detail: detail.into(),
        }
    }
}

/// Credentials that no request can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the credentials cannot be sent: {0}")]
pub struct Unsendable(pub &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    /// Currency, what is left and disputes are known before money moves.
    #[test]
    fn a_payment_speaks_against_an_order_that_is_not_of_it() {
        let eur = |minor| Money::new(minor, Currency::EUR);
        let order = RefundOrder {
            refund_id: RefundId(uuid::Uuid::nil()),
            payment_id: "pi_1".into(),
            amount: eur(1230),
            reason: RefundReason::Other,
            note: None,
        };
        let payment = |change: &dyn Fn(&mut GatewayPayment)| {
            let mut payment = GatewayPayment {
                id: "pi_1".into(),
                status: "succeeded".into(),
                captured: eur(3000),
                refunded: eur(0),
                disputed: false,
            };
            change(&mut payment);
            payment
        };
        let code = |payment: &GatewayPayment, insist| match payment.speaks_against(&order, insist) {
            None => "nothing".to_owned(),
            Some(OrderError::Refused { code, .. }) => code,
            Some(OrderError::AlreadyRefunded { code, .. }) => format!("look: {code}"),
            Some(other) => panic!("{other}"),
        };
        assert_eq!(code(&payment(&|_| {}), false), "nothing");
        assert_eq!(code(&payment(&|it| it.refunded = eur(1770)), false), "nothing");
        assert_eq!(
            code(&payment(&|it| it.refunded = eur(1771)), false),
            "look: too_little_left"
        );
        let usd = Money::new(3000, "USD".parse().expect("a currency"));
        assert_eq!(code(&payment(&|it| it.captured = usd), true), "currency_mismatch");
        assert_eq!(
            code(&payment(&|it| it.captured = eur(0)), true),
            "payment_not_captured"
        );
        assert_eq!(
            code(&payment(&|it| it.disputed = true), false),
            "payment_disputed"
        );
        assert_eq!(code(&payment(&|it| it.disputed = true), true), "nothing");
    }
}
