//! What MercadoPago's refusals mean.
//!
//! Source: the errors of <https://www.mercadopago.com/developers/en/reference/chargebacks/_payments_id_refunds/post>,
//! whose national editions word them differently (2063, 2032).

use serde_json::Value;

use crate::http::{Answer, excerpt};
use domain::adapters::gateways::{OrderError, Unanswered};

const KEY_USED: &str = "idempotency_key_already_used";

/// Sorts the answer to an order that is no success. The code in the body speaks before the status: 4040 and 4041 come
/// with 401.
///
/// - 2063: "the action requested is not valid for the current payment state", "the payment was fully refunded".
/// - 4296: the charge is refunded already.
/// - 2032: "refund not found", or of an order "X-Idempotency-Key already used": something was sent with it before, and
///   only asking tells what. `idempotency_key_already_used` (with 409, in the newer Orders API) says the same.
/// - 2000 no such payment; 2024 and 15016 too old to be refunded; 3024 no partial refund for this means of payment;
///   2085 an invalid value; 4040 and 4041 not a positive number; 4292 no idempotency key: refused for good.
/// - 409 and 423: another request holds the payment; 424: something behind failed; 429: over the limit.
pub(super) fn of_an_order(answer: &Answer) -> OrderError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Reason { code, message } = reason_of(&body);
    let detail = format!("{} {code}: {message}", answer.status);
    let retry_after = answer.retry_after;
    match (answer.status, code.as_str()) {
        (408 | 0..=399 | 500.., _) | (409, KEY_USED) => OrderError::Unknown { detail },
        (409 | 423 | 424, _) => OrderError::Held { retry_after, detail },
        (429, _) => OrderError::Busy { retry_after, detail },
        (_, "2032" | KEY_USED) => OrderError::Unknown { detail },
        (_, "2063" | "4296") => OrderError::AlreadyRefunded { code, message },
        (_, "2000" | "2024" | "2085" | "3024" | "4040" | "4041" | "4292" | "15016") => {
            OrderError::Refused { code, message }
        }
        (401 | 403, _) => OrderError::Credentials { detail },
        (_, "") => OrderError::Unknown { detail },
        _ => OrderError::Refused { code, message },
    }
}

/// Sorts the answer to a question that is no success. 2000 and 2032, no such payment and no such refund, are also what
/// a token of another account is told.
pub(super) fn of_a_question(answer: &Answer) -> Unanswered {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Reason { code, message } = reason_of(&body);
    let detail = format!("{} {code}: {message}", answer.status);
    match (answer.status, code.as_str()) {
        (409 | 423 | 424 | 429, _) => Unanswered::Busy {
            retry_after: answer.retry_after,
            detail,
        },
        (404, _) | (400..=499, "2000" | "2032") => Unanswered::NotFound { detail },
        (401 | 403, _) => Unanswered::Credentials { detail },
        _ => Unanswered::Unknown { detail },
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
    use crate::testing::{orders_are_sorted, questions_are_sorted};

    /// Whatever a question is told, an order is not refused by it.
    #[test]
    fn a_question_is_answered_or_it_is_not() {
        let cases = [
            (404, r#"{"cause":[{"code":2000}]}"#, "not found"),
            (404, "<html>", "not found"),
            (400, r#"{"cause":[{"code":2032}]}"#, "not found"),
            (400, r#"{"cause":[{"code":2024}]}"#, "unknown"),
            (400, r#"{"cause":[{"code":2063}]}"#, "unknown"),
            (401, r#"{"cause":[{"code":4040}]}"#, "credentials"),
            (403, "", "credentials"),
            (409, "", "busy"),
            (429, "", "busy"),
            (500, "", "unknown"),
            (302, "", "unknown"),
        ];
        questions_are_sorted(of_a_question, &cases);
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
            (409, 2063, "held"),
        ] {
            let number =
                format!(r#"{{"error":"bad_request","cause":[{{"code":{code},"description":"d"}}]}}"#);
            let text = format!(r#"{{"error":"bad_request","cause":{{"code":"{code}"}}}}"#);
            orders_are_sorted(
                of_an_order,
                &[(status, &number, meaning), (status, &text, meaning)],
            );
        }
    }

    #[test]
    fn without_a_code_the_status_speaks() {
        let cases = [
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
            (409, "", "held"),
            (409, r#"{"error":"refund_in_progress","cause":[]}"#, "held"),
            (
                409,
                r#"{"error":"idempotency_key_already_used","cause":[]}"#,
                "unknown",
            ),
            (423, "{}", "held"),
            (424, "{}", "held"),
            (429, "", "busy"),
            (500, r#"{"cause":[{"code":2063}]}"#, "unknown"),
            (502, "<html>", "unknown"),
            (400, "<html>", "unknown"),
            (301, "", "unknown"),
            (408, "{}", "unknown"),
        ];
        orders_are_sorted(of_an_order, &cases);
    }
}
