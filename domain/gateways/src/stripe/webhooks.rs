//! Stripe's webhooks: is it Stripe, and what is it about.
//!
//! Sources: <https://docs.stripe.com/webhooks/signature>, <https://docs.stripe.com/api/events/types>.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::answers::StripeRefund;
use crate::signature::{is_in_time, is_signature, is_signed, pairs};
use domain::adapters::gateways::{
    GatewayNotice, GatewayRefund, SecretName, WEBHOOK_TOLERANCE, WebhookDelivery, WebhookError, Webhooks,
};

/// As Stripe tells of what happens.
pub(super) struct StripeWebhooks;

impl StripeWebhooks {
    fn signature(delivery: &WebhookDelivery) -> &str {
        delivery.header("stripe-signature").unwrap_or_default()
    }
}

impl Webhooks for StripeWebhooks {
    fn path(&self) -> &'static str {
        "stripe"
    }

    fn secret(&self) -> SecretName {
        SecretName::StripeWebhookSecret
    }

    fn is_plausible(&self, delivery: &WebhookDelivery, now: DateTime<Utc>) -> bool {
        is_plausible(Self::signature(delivery), now, WEBHOOK_TOLERANCE)
    }

    fn verify(
        &self,
        secret: &SecretString,
        delivery: &WebhookDelivery,
        now: DateTime<Utc>,
    ) -> Result<(), WebhookError> {
        let signature = Self::signature(delivery);
        verify(secret, signature, &delivery.body, now, WEBHOOK_TOLERANCE)
    }

    fn read(&self, delivery: &WebhookDelivery) -> Result<GatewayNotice, WebhookError> {
        read(&delivery.body)
    }

    fn keep(&self, delivery: &WebhookDelivery) -> Result<String, WebhookError> {
        Ok(String::from_utf8_lossy(&delivery.body).into_owned())
    }

    fn read_kept(&self, kept: &str) -> Result<GatewayNotice, WebhookError> {
        read(kept.as_bytes())
    }
}

/// Proves the header `Stripe-Signature` over the body as it came.
///
/// While a secret is being rolled, Stripe signs with both: several `v1` are allowed and one has to be right.
fn verify(
    secret: &SecretString,
    signature_header: &str,
    raw_body: &[u8],
    now: DateTime<Utc>,
    tolerance: TimeDelta,
) -> Result<(), WebhookError> {
    let of_key = |wanted: &'static str| {
        pairs(signature_header)
            .filter(move |(key, _)| *key == wanted)
            .map(|(_, value)| value)
    };
    let timestamp = of_key("t").next().ok_or(WebhookError::Unsigned)?;
    let signatures: Vec<&str> = of_key("v1").collect();
    if signatures.is_empty() {
        return Err(WebhookError::Unsigned);
    }
    if !is_signed(secret, &[timestamp.as_bytes(), b".", raw_body], &signatures) {
        return Err(WebhookError::WrongSignature);
    }
    let signed_at = timestamp
        .parse()
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    match signed_at {
        Some(signed_at) if is_in_time(signed_at, now, tolerance) => Ok(()),
        _ => Err(WebhookError::OutOfTime),
    }
}

/// Whether a header may be Stripe's, before any secret is looked at: it has the form of a signature, and was made lately.
fn is_plausible(signature_header: &str, now: DateTime<Utc>, tolerance: TimeDelta) -> bool {
    let of_key = |wanted: &'static str| pairs(signature_header).filter(move |(key, _)| *key == wanted);
    let signed_at = of_key("t").next().and_then(|(_, seconds)| seconds.parse().ok());
    let lately = signed_at
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .is_some_and(|signed_at| is_in_time(signed_at, now, tolerance));
    lately && of_key("v1").any(|(_, signature)| is_signature(signature))
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: Option<i64>,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: Value,
}

/// Reads a proven body. What lacks in the object is left out: the event itself must not be lost for it.
fn read(raw_body: &[u8]) -> Result<GatewayNotice, WebhookError> {
    let event: Event = serde_json::from_slice(raw_body).map_err(|_| WebhookError::Unreadable)?;
    let object = &event.data.object;
    let mut notice = GatewayNotice {
        external_id: event.id,
        kind: event.kind,
        payment_ids: Vec::new(),
        refund_ids: Vec::new(),
        disputed: false,
        hints: Vec::new(),
        occurred_at: event.created.and_then(|it| DateTime::from_timestamp(it, 0)),
    };
    match notice.kind.as_str() {
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            notice.payment_ids = ids(object, &["payment_intent", "charge"]);
            notice.refund_ids = ids(object, &["id"]);
            notice.hints = hint(object).into_iter().collect();
        }
        "charge.refunded" => {
            notice.payment_ids = ids(object, &["payment_intent", "id"]);
            // Present in API versions before 2022-11-15, and only the ten newest.
            let refunds = object.pointer("/refunds/data").and_then(Value::as_array);
            for refund in refunds.into_iter().flatten() {
                notice.refund_ids.extend(ids(refund, &["id"]));
                notice.hints.extend(hint(refund));
            }
        }
        kind if kind.starts_with("charge.dispute.") => {
            notice.payment_ids = ids(object, &["payment_intent", "charge"]);
            notice.disputed = true;
        }
        _ => {}
    }
    Ok(notice)
}

/// The ids under these names, each either plain or as an expanded object.
fn ids(object: &Value, names: &[&str]) -> Vec<String> {
    let id = |name: &&str| match object.get(*name)? {
        Value::String(id) => Some(id.clone()),
        expanded => Some(expanded.get("id")?.as_str()?.to_owned()),
    };
    names.iter().filter_map(id).collect()
}

fn hint(object: &Value) -> Option<GatewayRefund> {
    StripeRefund::deserialize(object).ok()?.read().ok()
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).expect("a time")
    }

    fn signature(secret: &str, at: DateTime<Utc>, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(format!("{}.{body}", at.timestamp()).as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    #[test]
    fn only_stripe_can_sign_and_only_lately() {
        let (body, t) = (r#"{"id":"evt_1"}"#, now().timestamp());
        let good = signature("whsec_1", now(), body);
        let other = signature("whsec_2", now(), body);
        let old = now() - TimeDelta::seconds(301);
        let future = now() + TimeDelta::seconds(301);
        let edge = now() - TimeDelta::seconds(300);
        let signed =
            |at: DateTime<Utc>| format!("t={},v1={}", at.timestamp(), signature("whsec_1", at, body));
        for (header, secret, sent, outcome) in [
            (format!("t={t},v1={good}"), "whsec_1", body, Ok(())),
            (
                format!("t={t},v1={other},v1={good},v0=00"),
                "whsec_1",
                body,
                Ok(()),
            ),
            (format!("t={t}, v1={good}"), "whsec_1", body, Ok(())),
            (signed(edge), "whsec_1", body, Ok(())),
            (signed(old), "whsec_1", body, Err(WebhookError::OutOfTime)),
            (signed(future), "whsec_1", body, Err(WebhookError::OutOfTime)),
            (
                format!("t={t},v1={good}"),
                "whsec_2",
                body,
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("t={t},v1={good}"),
                "whsec_1",
                r#"{"id":"evt_2"}"#,
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("t={},v1={good}", t + 1),
                "whsec_1",
                body,
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("t={t},v1={}", &good[..62]),
                "whsec_1",
                body,
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("t={t},v1="),
                "whsec_1",
                body,
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("t={t},v1={}", signature("", now(), body)),
                "",
                body,
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("t={t},v0={good}"),
                "whsec_1",
                body,
                Err(WebhookError::Unsigned),
            ),
            (format!("v1={good}"), "whsec_1", body, Err(WebhookError::Unsigned)),
            (String::new(), "whsec_1", body, Err(WebhookError::Unsigned)),
        ] {
            let proven = verify(&secret.into(), &header, sent.as_bytes(), now(), WEBHOOK_TOLERANCE);
            assert_eq!(proven, outcome, "{header} {secret} {sent}");
        }
    }

    #[test]
    fn a_notice_names_its_payments_and_refunds() {
        for (kind, object, payments, refunds, hints, disputed) in [
            (
                "refund.failed",
                r#"{"id":"re_1","amount":100,"currency":"eur","status":"failed","charge":"ch_1","payment_intent":"pi_1"}"#,
                vec!["pi_1", "ch_1"],
                vec!["re_1"],
                1,
                false,
            ),
            (
                "charge.refund.updated",
                r#"{"id":"re_1","charge":"ch_1","payment_intent":null}"#,
                vec!["ch_1"],
                vec!["re_1"],
                0,
                false,
            ),
            (
                "charge.refunded",
                r#"{"id":"ch_1","payment_intent":"pi_1","amount_refunded":100}"#,
                vec!["pi_1", "ch_1"],
                vec![],
                0,
                false,
            ),
            (
                "charge.refunded",
                r#"{"id":"ch_1","refunds":{"data":[{"id":"re_9","amount":1,"currency":"eur"}]}}"#,
                vec!["ch_1"],
                vec!["re_9"],
                1,
                false,
            ),
            (
                "charge.dispute.created",
                r#"{"id":"dp_1","charge":{"id":"ch_1"},"payment_intent":"pi_1"}"#,
                vec!["pi_1", "ch_1"],
                vec![],
                0,
                true,
            ),
            (
                "customer.created",
                r#"{"id":"cus_1","payment_intent":"pi_1"}"#,
                vec![],
                vec![],
                0,
                false,
            ),
            ("refund.updated", "null", vec![], vec![], 0, false),
        ] {
            let body = format!(
                r#"{{"id":"evt_1","type":"{kind}","created":1700000000,"data":{{"object":{object}}}}}"#
            );
            let notice = read(body.as_bytes()).expect("readable");
            assert_eq!(
                (notice.external_id.as_str(), notice.kind.as_str()),
                ("evt_1", kind)
            );
            assert_eq!(
                (&notice.payment_ids[..], &notice.refund_ids[..]),
                (
                    &payments.iter().map(ToString::to_string).collect::<Vec<_>>()[..],
                    &refunds.iter().map(ToString::to_string).collect::<Vec<_>>()[..]
                ),
                "{kind}"
            );
            assert_eq!(
                (notice.hints.len(), notice.disputed, notice.occurred_at),
                (hints, disputed, Some(now())),
                "{kind}"
            );
        }
        assert_eq!(read(b"{}"), Err(WebhookError::Unreadable));
    }
}
