//! What Stripe answers, read for what a refund needs and nothing else.
//!
//! async-stripe's own types insist on every field of the pinned API version; an answer that lacks one would turn
//! a refund that was made into an unknown outcome. The same reading serves answers and webhooks.

use std::collections::HashMap;

use chrono::DateTime;
use entities::Money;
use miniserde::json::{Number, Value};

use super::{METADATA_REFUND, amounts};
use crate::Unreadable;
use domain::adapters::gateways::{GatewayPayment, GatewayRefund, GatewayRefundStatus};

/// <https://docs.stripe.com/api/refunds/object>
#[derive(miniserde::Deserialize, serde::Deserialize)]
pub(super) struct StripeRefund {
    pub id: String,
    amount: i64,
    currency: String,
    created: Option<i64>,
    status: Option<String>,
    failure_reason: Option<String>,
    metadata: Option<HashMap<String, String>>,
}

impl StripeRefund {
    pub fn read(self) -> Result<GatewayRefund, Unreadable> {
        let our_refund = self.metadata.as_ref().and_then(|it| it.get(METADATA_REFUND));
        Ok(GatewayRefund {
            amount: money(self.amount, &self.currency)?,
            status: status_of(self.status.as_deref()),
            our_refund: our_refund.and_then(|it| it.parse().ok()),
            created_at: self.created.and_then(|it| DateTime::from_timestamp(it, 0)),
            failure: self.failure_reason,
            id: self.id,
        })
    }
}

/// `requires_action` waits for the customer. Source: <https://docs.stripe.com/api/refunds/object#refund_object-status>.
fn status_of(word: Option<&str>) -> GatewayRefundStatus {
    match word {
        Some("succeeded") => GatewayRefundStatus::Succeeded,
        Some("failed" | "canceled") => GatewayRefundStatus::Failed,
        _ => GatewayRefundStatus::Pending,
    }
}

#[derive(miniserde::Deserialize)]
pub(super) struct StripeRefunds {
    pub data: Vec<StripeRefund>,
    pub has_more: bool,
}

/// <https://docs.stripe.com/api/payment_intents/object>, with `latest_charge` expanded.
#[derive(miniserde::Deserialize)]
pub(super) struct StripePaymentIntent {
    id: String,
    status: String,
    currency: String,
    amount_received: i64,
    /// An id where it was not expanded: then what went back and disputes are for the order's answer to tell.
    latest_charge: Option<Value>,
}

fn of_charge(charge: Option<&Value>) -> (i64, bool) {
    let Some(Value::Object(charge)) = charge else {
        return (0, false);
    };
    let refunded = match charge.get("amount_refunded") {
        Some(Value::Number(Number::I64(amount))) => *amount,
        Some(Value::Number(Number::U64(amount))) => i64::try_from(*amount).unwrap_or(i64::MAX),
        _ => 0,
    };
    (
        refunded,
        matches!(charge.get("disputed"), Some(Value::Bool(true))),
    )
}

impl StripePaymentIntent {
    pub fn read(self) -> Result<GatewayPayment, Unreadable> {
        let (refunded, disputed) = of_charge(self.latest_charge.as_ref());
        Ok(GatewayPayment {
            captured: money(self.amount_received, &self.currency)?,
            refunded: money(refunded, &self.currency)?,
            disputed,
            status: self.status,
            id: self.id,
        })
    }
}

/// <https://docs.stripe.com/api/charges/object>
#[derive(miniserde::Deserialize)]
pub(super) struct StripeCharge {
    id: String,
    status: String,
    currency: String,
    amount_captured: i64,
    amount_refunded: i64,
    disputed: bool,
}

impl StripeCharge {
    pub fn read(self) -> Result<GatewayPayment, Unreadable> {
        Ok(GatewayPayment {
            captured: money(self.amount_captured, &self.currency)?,
            refunded: money(self.amount_refunded, &self.currency)?,
            disputed: self.disputed,
            status: self.status,
            id: self.id,
        })
    }
}

#[derive(miniserde::Deserialize)]
pub(super) struct StripeSubscription {
    pub status: String,
}

fn money(amount: i64, currency: &str) -> Result<Money, Unreadable> {
    amounts::from_stripe(amount, currency)
        .ok_or_else(|| Unreadable(format!("an amount that cannot be counted: {amount} {currency}")))
}
