//! Where the two gateways differ: ids, errors, notifications and signatures.

use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::answer::Answer;
use super::config::GatewayConfig;
use super::records::{Notification, Refund};
use super::webhooks::SignedRequest;
use super::work::Work;
use super::{mercado_pago, stripe};

/// Which gateway is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Stripe,
    MercadoPago,
}

/// What happened to a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Created,
    Updated,
    Failed,
}

/// A notification before it has an id.
pub(super) struct Draft {
    pub kind: &'static str,
    pub about: String,
    pub body: Value,
}

impl Provider {
    pub fn name(self) -> &'static str {
        match self {
            Self::Stripe => "Stripe",
            Self::MercadoPago => "MercadoPago",
        }
    }

    /// The id under which a payment is known: a charge is known by its payment intent.
    pub(super) fn payment_id(self, id: &str) -> String {
        match self {
            Self::Stripe => stripe::objects::intent_id(id),
            Self::MercadoPago => id.to_owned(),
        }
    }

    pub(super) fn is_plausible(self, id: &str) -> bool {
        match self {
            Self::Stripe => ["pi_", "sub_"].iter().any(|prefix| {
                id.strip_prefix(prefix).is_some_and(|rest| {
                    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                })
            }),
            Self::MercadoPago => {
                !id.is_empty() && id.len() <= 32 && id.chars().all(|c| c.is_ascii_alphanumeric())
            }
        }
    }

    pub(super) fn refund_id(self, number: u64) -> String {
        match self {
            Self::Stripe => format!("re_{number}"),
            Self::MercadoPago => number.to_string(),
        }
    }

    pub(super) fn announcements(self, work: &Work<'_>, refund: &Refund, step: Step) -> Vec<Draft> {
        match self {
            Self::Stripe => stripe::events::announcements(work, refund, step),
            // MercadoPago tells of a refund by the payment's new state:
            // <https://www.mercadopago.com.br/developers/en/docs/your-integrations/notifications/webhooks>
            Self::MercadoPago => vec![Draft {
                kind: "payment.updated",
                about: refund.payment.clone(),
                body: Value::String(refund.payment.clone()),
            }],
        }
    }

    pub(super) fn event(self, number: u64, now_ms: i64, kind: &str, body: Value) -> (String, Value) {
        match self {
            Self::Stripe => stripe::events::event(number, now_ms, kind, &body),
            Self::MercadoPago => mercado_pago::notification(number, now_ms, kind, &body),
        }
    }

    pub(super) fn sign(
        self,
        config: &GatewayConfig,
        now_ms: i64,
        target: &str,
        notification: &Notification,
    ) -> SignedRequest {
        match self {
            Self::Stripe => stripe::events::sign(config, now_ms, target, notification),
            Self::MercadoPago => mercado_pago::sign(config, now_ms, target, notification),
        }
    }

    pub(super) fn respond(self, answer: Answer, request: u64) -> Response {
        let answer = answer.with_header("x-simulated", "true");
        match self {
            Self::Stripe => {
                let replayed = answer.replayed;
                let answer = answer.with_header("request-id", format!("req_{request}"));
                if replayed {
                    answer.with_header("idempotent-replayed", "true")
                } else {
                    answer
                }
            }
            Self::MercadoPago => answer.with_header("x-request-id", format!("req-{request}")),
        }
        .into_response()
    }

    pub(super) fn rate_limited(self, retry_after: u64) -> Answer {
        match self {
            Self::Stripe => stripe::errors::rate_limited(),
            Self::MercadoPago => mercado_pago::errors::temporary(429),
        }
        .with_header("retry-after", retry_after.to_string())
    }

    /// What a key of another account is told.
    pub(super) fn not_found(self) -> Answer {
        match self {
            Self::Stripe => stripe::errors::missing("object", "of another account", "id"),
            Self::MercadoPago => mercado_pago::errors::coded(2000),
        }
    }

    /// A list without refunds.
    pub(super) fn no_refunds(self) -> Answer {
        let page = match self {
            Self::Stripe => json!({"object": "list", "data": [], "has_more": false, "url": "/v1/refunds"}),
            Self::MercadoPago => json!([]),
        };
        Answer::rejected(200, page)
    }

    pub(super) fn error_500(self) -> Answer {
        match self {
            Self::Stripe => stripe::errors::error_500(),
            Self::MercadoPago => mercado_pago::errors::error_500(),
        }
    }

    pub(super) fn refusal(self, code: &str) -> Answer {
        match self {
            Self::Stripe => stripe::errors::refusal(code),
            Self::MercadoPago => mercado_pago::errors::refusal(code),
        }
    }

    pub(super) fn key_reused(self) -> Answer {
        match self {
            Self::Stripe => stripe::errors::key_reused(),
            Self::MercadoPago => mercado_pago::errors::key_reused(),
        }
    }

    pub(super) fn key_in_use(self) -> Answer {
        match self {
            Self::Stripe => stripe::errors::key_in_use(),
            Self::MercadoPago => mercado_pago::errors::refund_in_progress(),
        }
    }
}

/// HMAC-SHA256 in hexadecimal, as both gateways sign.
pub(super) fn hmac_hex(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
