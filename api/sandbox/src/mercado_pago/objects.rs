//! MercadoPago's objects: numeric ids, amounts as decimals.

use serde_json::{Value, json};

use super::money::to_major;
use crate::clock::iso;
use crate::records::{Payment, Refund, RefundStatus, Subscription};
use crate::store::Store;

/// The seller who collects in the simulation.
pub(super) const COLLECTOR: u64 = 123_456_789;

fn status(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Pending => "in_process",
        RefundStatus::Succeeded => "approved",
        RefundStatus::Failed => "rejected",
        RefundStatus::RequiresAction => "authorized",
        RefundStatus::Canceled => "cancelled",
    }
}

/// Digits as a number; what is not digits stays a string.
fn numeric(id: &str) -> Value {
    id.parse::<u64>()
        .map_or_else(|_| json!(id), |number| json!(number))
}

/// `GET /v1/payments/{id}/refunds/{refund_id}`. Metadata that came with the request is not shown:
/// the documented request has none.
pub(super) fn refund(refund: &Refund) -> Value {
    let amount = to_major(refund.amount, &refund.currency);
    json!({
        "id": numeric(&refund.id),
        "payment_id": numeric(&refund.payment),
        "amount": amount,
        "metadata": {},
        "source": {"id": COLLECTOR.to_string(), "name": "Simulated seller", "type": "collector"},
        "date_created": iso(refund.created_ms),
        "unique_sequence_number": null,
        "refund_mode": "standard",
        "adjustment_amount": 0,
        "status": status(refund.status),
        "reason": refund.failure_reason,
        "labels": [],
        "amount_refunded_to_payer": amount,
    })
}

/// `GET /v1/payments/{id}`. `transaction_amount_refunded` counts what has really gone.
pub(super) fn payment(store: &Store, payment: &Payment) -> Value {
    let settled = store.settled(&payment.id);
    let (state, detail) = match settled {
        _ if payment.disputed => ("charged_back", "in_process"),
        all if all >= payment.amount => ("refunded", "refunded"),
        0 => ("approved", "accredited"),
        _ => ("approved", "partially_refunded"),
    };
    let settled_refunds = store.refunds_of(&payment.id).filter(|it| !it.is_pending());
    json!({
        "id": numeric(&payment.id),
        "date_created": iso(payment.created_ms),
        "date_approved": iso(payment.created_ms),
        "status": state,
        "status_detail": detail,
        "transaction_amount": to_major(payment.amount, &payment.currency),
        "transaction_amount_refunded": to_major(settled, &payment.currency),
        "currency_id": payment.currency,
        "captured": true,
        "live_mode": false,
        "collector_id": COLLECTOR,
        "payment_method_id": if payment.slow { "pix" } else { "visa" },
        "payment_type_id": if payment.slow { "bank_transfer" } else { "credit_card" },
        "external_reference": null,
        "metadata": {},
        "refunds": settled_refunds.map(refund).collect::<Vec<_>>(),
    })
}

/// `GET /preapproval/{id}`
pub(super) fn preapproval(it: &Subscription) -> Value {
    json!({
        "id": it.id,
        "status": it.status,
        "collector_id": COLLECTOR,
        "date_created": iso(it.created_ms),
        "auto_recurring": {"currency_id": it.currency},
    })
}
