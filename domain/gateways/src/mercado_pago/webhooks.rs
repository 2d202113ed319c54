//! MercadoPago's webhooks: is it MercadoPago, and which payment is it about.
//!
//! The signature is of the address and two headers, not of the body: whatever the body says is only a reason to ask.
//! Source: <https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks>.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::exact::unquoted;
use crate::signature::{is_in_time, is_signature, is_signed, pairs};
use domain::adapters::gateways::{
    GatewayNotice, SecretName, WEBHOOK_TOLERANCE, WebhookDelivery, WebhookError, Webhooks,
};

/// As MercadoPago tells of what happens.
pub(super) struct MercadoPagoWebhooks;

impl Webhooks for MercadoPagoWebhooks {
    fn path(&self) -> &'static str {
        "mercadopago"
    }

    fn secret(&self) -> SecretName {
        SecretName::MercadoPagoWebhookSecret
    }

    fn is_plausible(&self, delivery: &WebhookDelivery, now: DateTime<Utc>) -> bool {
        is_plausible(&Signed::of(delivery), now, WEBHOOK_TOLERANCE)
    }

    fn verify(
        &self,
        secret: &SecretString,
        delivery: &WebhookDelivery,
        now: DateTime<Utc>,
    ) -> Result<(), WebhookError> {
        verify(secret, &Signed::of(delivery), now, WEBHOOK_TOLERANCE)
    }

    fn read(&self, delivery: &WebhookDelivery) -> Result<GatewayNotice, WebhookError> {
        read(&Signed::of(delivery), &delivery.body)
    }

    /// With what the signature covers: the body alone does not say of which payment it is.
    fn keep(&self, delivery: &WebhookDelivery) -> Result<String, WebhookError> {
        let signed = Signed::of(delivery);
        let kept = Kept {
            signature: delivery.header(SIGNATURE).map(str::to_owned),
            request_id: signed.request_id.map(str::to_owned),
            data_id: signed.data_id.map(str::to_owned),
            body: std::str::from_utf8(&delivery.body)
                .map_err(|_| WebhookError::Unreadable)?
                .to_owned(),
        };
        serde_json::to_string(&kept).map_err(|_| WebhookError::Unreadable)
    }

    fn read_kept(&self, kept: &str) -> Result<GatewayNotice, WebhookError> {
        let kept: Kept = serde_json::from_str(kept).map_err(|_| WebhookError::Unreadable)?;
        let signed = Signed {
            signature: kept.signature.as_deref().unwrap_or_default(),
            request_id: kept.request_id.as_deref(),
            data_id: kept.data_id.as_deref(),
        };
        read(&signed, kept.body.as_bytes())
    }
}

const SIGNATURE: &str = "x-signature";

/// A delivery as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    signature: Option<String>,
    request_id: Option<String>,
    data_id: Option<String>,
    body: String,
}

/// What a delivery carries besides its body.
#[derive(Clone, Copy, Debug)]
struct Signed<'a> {
    /// The header `x-signature`: `ts=…,v1=…`.
    signature: &'a str,
    /// The header `x-request-id`.
    request_id: Option<&'a str>,
    /// `data.id` of the query.
    data_id: Option<&'a str>,
}

impl<'a> Signed<'a> {
    fn of(delivery: &'a WebhookDelivery) -> Self {
        let data_id = delivery.query.get("data.id").or_else(|| delivery.query.get("id"));
        Self {
            signature: delivery.header(SIGNATURE).unwrap_or_default(),
            request_id: delivery.header("x-request-id"),
            data_id: data_id.map(String::as_str),
        }
    }
}

/// Proves a delivery: `id:{data.id};request-id:{x-request-id};ts:{ts};`, absent parts left out.
///
/// An id with letters is to be signed in lower case, but arrives in either and is signed in either: both are tried.
/// `ts` comes in seconds or milliseconds.
fn verify(
    secret: &SecretString,
    delivery: &Signed<'_>,
    now: DateTime<Utc>,
    tolerance: TimeDelta,
) -> Result<(), WebhookError> {
    let of_key = |wanted: &str| {
        pairs(delivery.signature)
            .find(|(key, _)| *key == wanted)
            .map(|(_, it)| it)
    };
    let (Some(ts), Some(signature)) = (of_key("ts"), of_key("v1")) else {
        return Err(WebhookError::Unsigned);
    };
    // Nothing but a time would be signed, and that fits any delivery.
    if delivery.data_id.is_none() && delivery.request_id.is_none() {
        return Err(WebhookError::Unsigned);
    }
    let signed = |data_id: Option<&str>| {
        let manifest = manifest(data_id, delivery.request_id, ts);
        is_signed(secret, &[manifest.as_bytes()], &[signature])
    };
    let lower_case = delivery.data_id.map(str::to_ascii_lowercase);
    if !signed(delivery.data_id) && !signed(lower_case.as_deref()) {
        return Err(WebhookError::WrongSignature);
    }
    match time_of(ts) {
        Some(signed_at) if is_in_time(signed_at, now, tolerance) => Ok(()),
        _ => Err(WebhookError::OutOfTime),
    }
}

/// Whether a delivery may be MercadoPago's, before any secret is looked at: it has the form of a signature of something,
/// and was made lately.
fn is_plausible(delivery: &Signed<'_>, now: DateTime<Utc>, tolerance: TimeDelta) -> bool {
    let of_key = |wanted: &str| {
        let mut found = pairs(delivery.signature).filter(|(key, _)| *key == wanted);
        found.next().map(|(_, it)| it)
    };
    let lately = of_key("ts")
        .and_then(time_of)
        .is_some_and(|signed_at| is_in_time(signed_at, now, tolerance));
    let names_something = delivery.data_id.is_some() || delivery.request_id.is_some();
    lately && names_something && of_key("v1").is_some_and(is_signature)
}

fn manifest(data_id: Option<&str>, request_id: Option<&str>, ts: &str) -> String {
    let part = |name: &str, value: Option<&str>| {
        value
            .filter(|it| !it.is_empty())
            .map(|it| format!("{name}:{it};"))
            .unwrap_or_default()
    };
    part("id", data_id) + &part("request-id", request_id) + &part("ts", Some(ts))
}

/// Seconds stay below 10^11 until the year 5138; milliseconds passed it in 1973.
fn time_of(ts: &str) -> Option<DateTime<Utc>> {
    let number: i64 = ts.parse().ok()?;
    if number < 100_000_000_000 {
        DateTime::from_timestamp(number, 0)
    } else {
        DateTime::from_timestamp_millis(number)
    }
}

#[derive(Deserialize)]
struct Body {
    id: Option<Box<RawValue>>,
    #[serde(rename = "type")]
    topic: Option<String>,
    action: Option<String>,
    #[serde(default)]
    data: Value,
    date_created: Option<Value>,
}

/// Reads a proven delivery. Of which payment it is, the signed query says; the body only of a chargeback, whose id
/// is not the payment's.
fn read(delivery: &Signed<'_>, raw_body: &[u8]) -> Result<GatewayNotice, WebhookError> {
    let body: Body = serde_json::from_slice(raw_body).map_err(|_| WebhookError::Unreadable)?;
    let id = body
        .id
        .as_deref()
        .map(unquoted)
        .filter(|it| !matches!(*it, "" | "null"));
    let external_id = id
        .or(delivery.request_id)
        .ok_or(WebhookError::Unreadable)?
        .to_owned();
    let topic = body.topic.unwrap_or_default();
    let disputed = topic.contains("chargeback");
    let payment_ids = match topic.as_str() {
        "payment" => delivery
            .data_id
            .map(str::to_owned)
            .or_else(|| text_of(&body.data["id"])),
        _ if disputed => text_of(&body.data["payment_id"]),
        _ => None,
    };
    Ok(GatewayNotice {
        external_id,
        kind: body.action.filter(|it| it.contains('.')).unwrap_or(topic),
        payment_ids: payment_ids.into_iter().collect(),
        refund_ids: Vec::new(),
        disputed,
        hints: Vec::new(),
        occurred_at: body.date_created.and_then(|it| it.as_str()?.parse().ok()),
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).expect("a time")
    }

    fn signature(secret: &str, manifest: &str, ts: i64) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(manifest.as_bytes());
        format!("ts={ts},v1={}", hex::encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn only_mercado_pago_can_sign_and_only_lately() {
        let (s, ms) = (now().timestamp(), now().timestamp_millis());
        let old = (now() - TimeDelta::seconds(301)).timestamp();
        for (manifest, ts, request_id, data_id, outcome) in [
            (
                format!("id:123;request-id:r;ts:{s};"),
                s,
                Some("r"),
                Some("123"),
                Ok(()),
            ),
            (
                format!("id:123;request-id:r;ts:{ms};"),
                ms,
                Some("r"),
                Some("123"),
                Ok(()),
            ),
            (
                format!("id:ord01abc;request-id:r;ts:{s};"),
                s,
                Some("r"),
                Some("ORD01ABC"),
                Ok(()),
            ),
            (
                format!("id:ORD01ABC;request-id:r;ts:{s};"),
                s,
                Some("r"),
                Some("ORD01ABC"),
                Ok(()),
            ),
            (format!("id:123;ts:{s};"), s, None, Some("123"), Ok(())),
            (format!("id:123;ts:{s};"), s, Some(""), Some("123"), Ok(())),
            (format!("request-id:r;ts:{s};"), s, Some("r"), None, Ok(())),
            (
                format!("id:123;request-id:r;ts:{old};"),
                old,
                Some("r"),
                Some("123"),
                Err(WebhookError::OutOfTime),
            ),
            (
                format!("id:123;request-id:r;ts:{s};"),
                s,
                Some("r"),
                Some("124"),
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("id:123;request-id:r;ts:{s};"),
                s,
                Some("q"),
                Some("123"),
                Err(WebhookError::WrongSignature),
            ),
            (
                format!("id:123;request-id:r;ts:{s};"),
                s + 1,
                Some("r"),
                Some("123"),
                Err(WebhookError::WrongSignature),
            ),
            (format!("ts:{s};"), s, None, None, Err(WebhookError::Unsigned)),
        ] {
            let header = signature("secret", &manifest, ts);
            let delivery = Signed {
                signature: &header,
                request_id,
                data_id,
            };
            let proven = verify(&"secret".into(), &delivery, now(), WEBHOOK_TOLERANCE);
            assert_eq!(proven, outcome, "{manifest} {delivery:?}");
            let other = verify(&"other".into(), &delivery, now(), WEBHOOK_TOLERANCE);
            assert!(other.is_err(), "{manifest}");
        }
        for header in ["", "ts=1700000000", "v1=00", "garbage"] {
            let delivery = Signed {
                signature: header,
                request_id: Some("r"),
                data_id: Some("123"),
            };
            let proven = verify(&"secret".into(), &delivery, now(), WEBHOOK_TOLERANCE);
            assert_eq!(proven, Err(WebhookError::Unsigned), "{header}");
        }
    }

    #[test]
    fn a_notice_is_about_the_payment_that_was_signed() {
        let delivery = Signed {
            signature: "",
            request_id: Some("r-1"),
            data_id: Some("123"),
        };
        for (body, id, kind, payments, disputed) in [
            (
                r#"{"id":55,"type":"payment","action":"payment.updated","data":{"id":"123"},"date_created":"2023-11-14T22:13:20Z"}"#,
                "55",
                "payment.updated",
                vec!["123"],
                false,
            ),
            (
                r#"{"id":"55","type":"payment","action":"payment.updated","data":{"id":"999"}}"#,
                "55",
                "payment.updated",
                vec!["123"],
                false,
            ),
            (
                r#"{"type":"payment","data":{"id":123}}"#,
                "r-1",
                "payment",
                vec!["123"],
                false,
            ),
            (
                r#"{"id":null,"type":"subscription_preapproval","action":"updated"}"#,
                "r-1",
                "subscription_preapproval",
                vec![],
                false,
            ),
            (
                r#"{"id":7,"type":"topic_chargebacks_wh","data":{"id":2,"payment_id":83}}"#,
                "7",
                "topic_chargebacks_wh",
                vec!["83"],
                true,
            ),
        ] {
            let notice = read(&delivery, body.as_bytes()).expect("readable");
            assert_eq!(
                (notice.external_id.as_str(), notice.kind.as_str()),
                (id, kind),
                "{body}"
            );
            assert_eq!(
                (notice.payment_ids, notice.disputed),
                (payments.into_iter().map(str::to_owned).collect(), disputed),
                "{body}"
            );
        }
        let nameless = Signed {
            signature: "",
            request_id: None,
            data_id: None,
        };
        for body in ["", "[]", "{}"] {
            assert_eq!(
                read(&nameless, body.as_bytes()),
                Err(WebhookError::Unreadable),
                "{body}"
            );
        }
    }
}
