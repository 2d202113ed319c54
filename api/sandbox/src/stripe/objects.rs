//! Stripe's objects, with every field that `async-stripe` requires.

use serde_json::{Value, json};

use crate::records::{Payment, Refund, RefundStatus, Subscription};
use crate::store::Store;

/// A charge `ch_1` belongs to the payment intent `pi_1`.
pub(crate) fn intent_id(id: &str) -> String {
    id.strip_prefix("ch_")
        .map_or_else(|| id.to_owned(), |rest| format!("pi_{rest}"))
}

fn charge_id(payment: &str) -> String {
    payment
        .strip_prefix("pi_")
        .map_or_else(|| payment.to_owned(), |rest| format!("ch_{rest}"))
}

/// <https://docs.stripe.com/api/refunds/object>
pub(crate) fn refund(refund: &Refund) -> Value {
    let pending = refund.status == RefundStatus::Pending;
    json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": null,
        "charge": charge_id(&refund.payment),
        "created": refund.created_ms / 1000,
        "currency": refund.currency.to_ascii_lowercase(),
        "destination_details": null,
        "failure_balance_transaction": null,
        "failure_reason": refund.failure_reason,
        "metadata": refund.metadata,
        "next_action": null,
        "payment_intent": refund.payment,
        "pending_reason": pending.then_some("processing"),
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status,
        "transfer_reversal": null,
    })
}

/// <https://docs.stripe.com/api/charges/object>. What failed or was canceled is no longer refunded.
pub(crate) fn charge(store: &Store, payment: &Payment) -> Value {
    let refunded = store.refunded(&payment.id);
    json!({
        "id": charge_id(&payment.id),
        "object": "charge",
        "amount": payment.amount,
        "amount_captured": payment.amount,
        "amount_refunded": refunded,
        "balance_transaction": null,
        "billing_details": {
            "address": null, "email": null, "name": null, "phone": null, "tax_id": null
        },
        "captured": true,
        "created": payment.created_ms / 1000,
        "currency": payment.currency.to_ascii_lowercase(),
        "customer": null,
        "description": null,
        "disputed": payment.disputed,
        "failure_code": null,
        "failure_message": null,
        "livemode": false,
        "metadata": {},
        "paid": true,
        "payment_intent": payment.id,
        "receipt_url": null,
        "refunded": refunded >= payment.amount,
        "status": "succeeded",
    })
}

/// <https://docs.stripe.com/api/payment_intents/object>
pub(crate) fn payment_intent(store: &Store, payment: &Payment, expand_charge: bool) -> Value {
    let latest_charge = if expand_charge {
        charge(store, payment)
    } else {
        json!(charge_id(&payment.id))
    };
    json!({
        "id": payment.id,
        "object": "payment_intent",
        "amount": payment.amount,
        "amount_capturable": 0,
        "amount_received": payment.amount,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic",
        "client_secret": null,
        "confirmation_method": "automatic",
        "created": payment.created_ms / 1000,
        "currency": payment.currency.to_ascii_lowercase(),
        "customer": null,
        "latest_charge": latest_charge,
        "livemode": false,
        "metadata": {},
        "payment_method_types": ["card"],
        "status": "succeeded",
    })
}

/// <https://docs.stripe.com/api/subscriptions/object>
pub(crate) fn subscription(it: &Subscription) -> Value {
    let pause = it
        .paused
        .as_ref()
        .map(|behavior| json!({"behavior": behavior, "resumes_at": null}));
    let seconds = it.created_ms / 1000;
    json!({
        "id": it.id,
        "object": "subscription",
        "automatic_tax": {"enabled": false, "disabled_reason": null, "liability": null},
        "billing_cycle_anchor": seconds,
        "billing_mode": {"type": "classic"},
        "billing_schedules": [],
        "cancel_at_period_end": false,
        "collection_method": "charge_automatically",
        "created": seconds,
        "currency": it.currency.to_ascii_lowercase(),
        "customer": "cus_simulated",
        "discounts": [],
        "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}},
        "items": {
            "object": "list", "data": [], "has_more": false,
            "url": format!("/v1/subscription_items?subscription={}", it.id)
        },
        "livemode": false,
        "metadata": {},
        "pause_collection": pause,
        "start_date": seconds,
        "status": it.status,
    })
}
