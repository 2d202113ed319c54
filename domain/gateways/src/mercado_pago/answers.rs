//! What MercadoPago answers, read for what a refund needs and nothing else.
//!
//! Source: <https://www.mercadopago.com/developers/en/reference/chargebacks/_payments_id_refunds/post>. A refund
//! has a field `metadata`, but it is the payment's; nothing on it can hold our id.

use chrono::{DateTime, Utc};
use entities::{Currency, Money};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Unreadable;
use crate::exact::{major_units, unquoted};
use domain::adapters::gateways::{GatewayPayment, GatewayRefund, GatewayRefundStatus};

#[derive(Deserialize)]
pub(super) struct MercadoPagoRefund {
    /// A number in most answers, a text in some.
    id: Box<RawValue>,
    amount: Box<RawValue>,
    status: Option<String>,
    date_created: Option<String>,
    reason: Option<String>,
}

impl MercadoPagoRefund {
    pub fn read(self, currency: Currency) -> Result<GatewayRefund, Unreadable> {
        let status = status_of(self.status.as_deref());
        // `reason` says why it was asked for; of a failure only the status tells.
        let failure = (status == GatewayRefundStatus::Failed).then(|| match self.reason {
            Some(reason) => format!("{}: {reason}", self.status.unwrap_or_default()),
            None => self.status.unwrap_or_default(),
        });
        Ok(GatewayRefund {
            id: unquoted(&self.id).to_owned(),
            amount: money(&self.amount, currency)?,
            status,
            our_refund: None,
            created_at: self.date_created.and_then(|it| it.parse::<DateTime<Utc>>().ok()),
            failure,
        })
    }
}

fn status_of(word: Option<&str>) -> GatewayRefundStatus {
    match word {
        Some("approved") => GatewayRefundStatus::Succeeded,
        Some("rejected" | "cancelled" | "canceled") => GatewayRefundStatus::Failed,
        _ => GatewayRefundStatus::Pending,
    }
}

/// <https://www.mercadopago.com/developers/en/reference/payments/_payments_id/get>
#[derive(Deserialize)]
pub(super) struct MercadoPagoPayment {
    id: Box<RawValue>,
    status: String,
    currency_id: String,
    transaction_amount: Box<RawValue>,
    transaction_amount_refunded: Option<Box<RawValue>>,
}

impl MercadoPagoPayment {
    pub fn read(self) -> Result<GatewayPayment, Unreadable> {
        let currency: Currency = self
            .currency_id
            .parse()
            .map_err(|_| Unreadable(format!("an unknown currency: {:?}", self.currency_id)))?;
        // A payment that was partly refunded stays `approved`; the other two follow upon a dispute.
        let is_captured = matches!(
            self.status.as_str(),
            "approved" | "refunded" | "charged_back" | "in_mediation"
        );
        let refunded = match &self.transaction_amount_refunded {
            Some(raw) if raw.get() != "null" => money(raw, currency)?,
            _ => Money::zero(currency),
        };
        Ok(GatewayPayment {
            id: unquoted(&self.id).to_owned(),
            captured: if is_captured {
                money(&self.transaction_amount, currency)?
            } else {
                Money::zero(currency)
            },
            refunded,
            disputed: matches!(self.status.as_str(), "charged_back" | "in_mediation"),
            status: self.status,
        })
    }
}

/// A recurring agreement. `paused` and `cancelled` take no more money.
#[derive(Deserialize)]
pub(super) struct Preapproval {
    #[serde(default)]
    status: String,
}

impl Preapproval {
    pub fn takes_no_more_money(&self) -> bool {
        matches!(
            self.status.as_str(),
            "paused" | "cancelled" | "canceled" | "finished"
        )
    }
}

fn money(raw: &RawValue, currency: Currency) -> Result<Money, Unreadable> {
    major_units(raw, currency)
        .map_err(|error| Unreadable(format!("an amount that cannot be read, {}: {error}", raw.get())))
}
