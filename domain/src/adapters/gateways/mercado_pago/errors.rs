//! What MercadoPago's refusals mean.
//!
//! Source: the errors of <https://www.mercadopago.com/developers/en/reference/chargebacks/_payments_id_refunds/post>,
//! whose national editions word them differently (2063, 2032).

use serde_json::Value;

use crate::adapters::gateways::GatewayError;
use crate::adapters::gateways::http::{Answer, excerpt};

const KEY_USED: &str = "idempotency_key_already_used";

/// Of an order, a key that was used means that something was sent with it before; only asking tells what.
pub(super) fn of_an_order(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::Refused { code, message } if code == "2032" || code == KEY_USED => {
            GatewayError::unknown(format!("{code}: {message}"))
        }
        other => other,
    }
}

/// Sorts an answer that is no success. The code in the body speaks before the status: 4040 and 4041 come with 401.
///
/// - 2063: "the action requested is not valid for the current payment state", "the payment was fully refunded".
/// - 4296: the charge is refunded already.
/// - 2032: "refund not found", or of an order "X-Idempotency-Key already used"; see [`of_an_order`].
/// - 2000 no such payment; 2024 and 15016 too old to be refunded; 3024 no partial refund for this means of payment;
///   2085 an invalid value; 4040 and 4041 not a positive number; 4292 no idempotency key: refused for good.
/// - 409 and 423: another request holds the payment; 424: something behind failed; 429: over the limit.
/// - `idempotency_key_already_used` (with 409, in the newer Orders API): see 2032; waiting would not help.
pub(super) fn error_of(answer: &Answer) -> GatewayError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Reason { code, message } = reason_of(&body);
    let detail = format!("{} {code}: {message}", answer.status);
    match answer.status {
        409 if code == KEY_USED => return GatewayError::Refused { code, message },
        409 | 423 | 424 | 429 => {
            return GatewayError::Busy {
                retry_after: answer.retry_after,
                detail,
            };
        }
        408 | 0..=399 | 500.. => return GatewayError::Unknown { detail },
        _ => {}
    }
    match code.as_str() {
        "2063" | "4296" => GatewayError::AlreadyRefunded { code, message },
        "2000" | "2024" | "2032" | "2085" | "3024" | "4040" | "4041" | "4292" | "15016" => {
            GatewayError::Refused { code, message }
        }
        _ if matches!(answer.status, 401 | 403) => GatewayError::Credentials { detail },
        "" => GatewayError::Unknown { detail },
        _ => GatewayError::Refused { code, message },
    }
}

struct Reason {
    code: String,
    message: String,
}

/// `{"message", "error", "status", "cause": [{"code", "description"}]}`; the cause may be an object, or missing.
fn reason_of(body: &Value) -> Reason {
    let cause = match &body["cause"] {
        Value::Array(causes) => causes.first().unwrap_or(&Value::Null),
        cause => cause,
    };
    let word = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Reason {
        code: [&cause["code"], &body["code"], &body["error"]]
            .into_iter()
            .find_map(word)
            .unwrap_or_default(),
        message: excerpt(
            &[&cause["description"], &body["message"]]
                .into_iter()
                .find_map(word)
                .unwrap_or_default(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(status: u16, body: &str) -> &'static str {
        let answer = Answer {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec().into(),
        };
        match of_an_order(error_of(&answer)) {
            GatewayError::Refused { .. } => "refused",
            GatewayError::AlreadyRefunded { .. } => "already",
            GatewayError::Busy { .. } => "busy",
            GatewayError::Unknown { .. } => "unknown",
            GatewayError::Credentials { .. } => "credentials",
        }
    }

    #[test]
    fn every_code_has_its_meaning() {
        for (status, code, meaning) in [
            (400, 2063, "already"),
            (400, 4296, "already"),
            (400, 2032, "unknown"),
            (404, 2032, "unknown"),
            (404, 2000, "refused"),
            (404, 2024, "refused"),
            (400, 15016, "refused"),
            (400, 2085, "refused"),
            (400, 3024, "refused"),
            (401, 4040, "refused"),
            (401, 4041, "refused"),
            (400, 4292, "refused"),
            (400, 99_999, "refused"),
            (401, 401, "credentials"),
            (409, 2063, "busy"),
        ] {
            let number =
                format!(r#"{{"error":"bad_request","cause":[{{"code":{code},"description":"d"}}]}}"#);
            let text = format!(r#"{{"error":"bad_request","cause":{{"code":"{code}"}}}}"#);
            assert_eq!(sorted(status, &number), meaning, "{status} {code}");
            assert_eq!(sorted(status, &text), meaning, "{status} {code}, as a text");
        }
    }

    #[test]
    fn without_a_code_the_status_speaks() {
        for (status, body, meaning) in [
            (
                400,
                r#"{"message":"m","error":"bad_request","status":400,"cause":[]}"#,
                "refused",
            ),
            (
                404,
                r#"{"message":"m","error":"not_found","status":404,"cause":null}"#,
                "refused",
            ),
            (
                401,
                r#"{"message":"invalid access token","status":401}"#,
                "credentials",
            ),
            (
                403,
                r#"{"code":"PA_UNAUTHORIZED_RESULT_FROM_POLICIES"}"#,
                "credentials",
            ),
            (403, "<html>", "credentials"),
            (409, "", "busy"),
            (409, r#"{"error":"refund_in_progress","cause":[]}"#, "busy"),
            (
                409,
                r#"{"error":"idempotency_key_already_used","cause":[]}"#,
                "unknown",
            ),
            (423, "{}", "busy"),
            (424, "{}", "busy"),
            (429, "", "busy"),
            (500, r#"{"cause":[{"code":2063}]}"#, "unknown"),
            (502, "<html>", "unknown"),
            (400, "<html>", "unknown"),
            (301, "", "unknown"),
            (408, "{}", "unknown"),
        ] {
            assert_eq!(sorted(status, body), meaning, "{status} {body}");
        }
    }
}
