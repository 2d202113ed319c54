//! Stripe's notifications: `refund.created`, `refund.updated`, `refund.failed`, `charge.refunded`,
//! `charge.dispute.created`, signed as <https://docs.stripe.com/webhooks#verify-manually> says.

use serde_json::{Value, json};

use crate::config::GatewayConfig;
use crate::provider::{Draft, Step, hmac_hex};
use crate::records::{Notification, Refund};
use crate::stripe::objects;
use crate::webhooks::SignedRequest;
use crate::work::Work;

/// The version that async-stripe pins.
const API_VERSION: &str = "2026-09-30.endive";

pub(crate) fn announcements(work: &Work<'_>, refund: &Refund, step: Step) -> Vec<Draft> {
    let about_refund = |kind| Draft {
        kind,
        about: refund.id.clone(),
        body: objects::refund(refund),
    };
    match step {
        Step::Created => {
            let charge = work.store.payments.get(&refund.payment).map(|payment| Draft {
                kind: "charge.refunded",
                about: refund.payment.clone(),
                body: objects::charge(work.store, payment),
            });
            std::iter::once(about_refund("refund.created"))
                .chain(charge)
                .collect()
        }
        Step::Updated => vec![about_refund("refund.updated")],
        Step::Failed => vec![about_refund("refund.updated"), about_refund("refund.failed")],
    }
}

pub(crate) fn event(number: u64, now_ms: i64, kind: &str, object: &Value) -> (String, Value) {
    let id = format!("evt_{number}");
    let body = json!({
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": now_ms / 1000,
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null},
        "type": kind,
    });
    (id, body)
}

/// Each attempt is signed anew, with its own time.
pub(crate) fn sign(
    config: &GatewayConfig,
    now_ms: i64,
    target: &str,
    notification: &Notification,
) -> SignedRequest {
    let body = notification.body.to_string();
    let t = now_ms / 1000;
    let v1 = hmac_hex(&config.webhook_secret, &format!("{t}.{body}"));
    SignedRequest {
        url: target.to_owned(),
        headers: vec![
            ("stripe-signature", format!("t={t},v1={v1}")),
            ("x-simulated", "true".to_owned()),
        ],
        body,
    }
}
