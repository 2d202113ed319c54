//! What Stripe's refusals mean. Sources: <https://docs.stripe.com/error-low-level>,
//! <https://docs.stripe.com/error-codes>, <https://docs.stripe.com/api/idempotent_requests>.

use serde::Deserialize;

use crate::adapters::gateways::GatewayError;
use crate::adapters::gateways::http::{Answer, excerpt};

#[derive(Deserialize)]
struct Envelope {
    error: ApiError,
}

#[derive(Default, Deserialize)]
struct ApiError {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
}

/// Sorts an answer that is no success.
///
/// - 409: another request with this key is under way, and its outcome will be this key's.
/// - 424: something behind Stripe failed, and it is not said how far it came.
/// - 429: over the limit, or another request holds the payment (`lock_timeout`).
/// - `idempotency_error`: something *was* sent with this key, with other parameters; only asking tells what.
/// - A 5xx is stored under the key: sending it again repeats the error, so asking is the only way on.
pub(super) fn error_of(answer: &Answer) -> GatewayError {
    let parsed = serde_json::from_slice::<Envelope>(&answer.body).map(|it| it.error);
    let readable = parsed.is_ok();
    let error = parsed.unwrap_or_default();
    let message = excerpt(error.message.as_deref().unwrap_or("no message"));
    let kind = error.kind.unwrap_or_default();
    let code = error.code.or(error.decline_code).unwrap_or_else(|| kind.clone());
    let detail = format!("{} {code}: {message}", answer.status);
    match answer.status {
        401 | 403 => GatewayError::Credentials { detail },
        409 | 429 => GatewayError::Busy {
            retry_after: answer.retry_after,
            detail,
        },
        400..=499 if !readable || matches!(answer.status, 408 | 424) => GatewayError::Unknown { detail },
        400..=499 if kind == "idempotency_error" => GatewayError::Unknown { detail },
        400..=499 if is_already_refunded(&code, &message) => GatewayError::AlreadyRefunded { code, message },
        400..=499 => GatewayError::Refused { code, message },
        _ => GatewayError::Unknown { detail },
    }
}

/// A part that was refunded before leaves less than is asked for; Stripe has no code for that, only a sentence:
/// "Refund amount ($10.00) is greater than unrefunded amount on charge ($5.00)".
fn is_already_refunded(code: &str, message: &str) -> bool {
    code == "charge_already_refunded" || message.contains("greater than unrefunded amount")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sorted(status: u16, body: &str) -> &'static str {
        let answer = Answer {
            status,
            retry_after: Some(Duration::from_secs(7)),
            body: body.as_bytes().to_vec().into(),
        };
        match error_of(&answer) {
            GatewayError::Refused { .. } => "refused",
            GatewayError::AlreadyRefunded { .. } => "already",
            GatewayError::Busy {
                retry_after: Some(_), ..
            } => "busy",
            GatewayError::Busy { .. } => "busy, but when?",
            GatewayError::Unknown { .. } => "unknown",
            GatewayError::Credentials { .. } => "credentials",
        }
    }

    #[test]
    fn every_refusal_has_its_meaning() {
        for (status, body, meaning) in [
            (
                400,
                r#"{"error":{"type":"invalid_request_error","code":"charge_already_refunded","message":"m"}}"#,
                "already",
            ),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","message":"Refund amount ($10.00) is greater than unrefunded amount on charge ($5.00)"}}"#,
                "already",
            ),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","code":"charge_disputed","message":"m"}}"#,
                "refused",
            ),
            (
                400,
                r#"{"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters"}}"#,
                "unknown",
            ),
            (
                402,
                r#"{"error":{"type":"card_error","decline_code":"generic_decline"}}"#,
                "refused",
            ),
            (
                404,
                r#"{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such payment_intent"}}"#,
                "refused",
            ),
            (
                400,
                r#"{"error":{"type":"a_new_type","code":"a_new_code","new":{}}}"#,
                "refused",
            ),
            (
                401,
                r#"{"error":{"type":"invalid_request_error","message":"Invalid API Key provided"}}"#,
                "credentials",
            ),
            (403, "<html>", "credentials"),
            (
                409,
                r#"{"error":{"type":"idempotency_error","code":"idempotency_key_in_use"}}"#,
                "busy",
            ),
            (
                429,
                r#"{"error":{"type":"invalid_request_error","code":"lock_timeout"}}"#,
                "busy",
            ),
            (429, "slow down", "busy"),
            (424, r#"{"error":{"type":"api_error"}}"#, "unknown"),
            (500, r#"{"error":{"type":"api_error"}}"#, "unknown"),
            (503, "", "unknown"),
            (400, "<html>a proxy's page</html>", "unknown"),
            (404, "{}", "unknown"),
            (302, "", "unknown"),
        ] {
            assert_eq!(sorted(status, body), meaning, "{status} {body}");
        }
    }
}
