//! What Stripe's refusals mean. Sources: <https://docs.stripe.com/error-low-level>,
//! <https://docs.stripe.com/error-codes>, <https://docs.stripe.com/api/idempotent_requests>.

use serde::Deserialize;

use crate::http::{Answer, excerpt};
use domain::adapters::gateways::{OrderError, Unanswered};

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

struct Reason {
    readable: bool,
    kind: String,
    code: String,
    message: String,
}

fn reason_of(answer: &Answer) -> Reason {
    let parsed = serde_json::from_slice::<Envelope>(&answer.body).map(|it| it.error);
    let readable = parsed.is_ok();
    let error = parsed.unwrap_or_default();
    let kind = error.kind.unwrap_or_default();
    Reason {
        readable,
        message: excerpt(error.message.as_deref().unwrap_or("no message")),
        code: error.code.or(error.decline_code).unwrap_or_else(|| kind.clone()),
        kind,
    }
}

/// Sorts the answer to an order that is no success.
///
/// - 409: another request with this key is under way, and its outcome will be this key's.
/// - 424: something behind Stripe failed, and it is not said how far it came.
/// - 429: over the limit, or another request holds the payment (`lock_timeout`).
/// - `idempotency_error`: something *was* sent with this key, with other parameters; only asking tells what.
/// - A 5xx is stored under the key: sending it again repeats the error, so asking is the only way on.
pub(super) fn of_an_order(answer: &Answer) -> OrderError {
    let Reason {
        readable,
        kind,
        code,
        message,
    } = reason_of(answer);
    let detail = format!("{} {code}: {message}", answer.status);
    let retry_after = answer.retry_after;
    match answer.status {
        401 | 403 => OrderError::Credentials { detail },
        409 => OrderError::Held { retry_after, detail },
        429 => OrderError::Busy { retry_after, detail },
        400..=499 if !readable || matches!(answer.status, 408 | 424) => OrderError::Unknown { detail },
        400..=499 if kind == "idempotency_error" => OrderError::Unknown { detail },
        400..=499 if is_already_refunded(&code, &message) => OrderError::AlreadyRefunded { code, message },
        400..=499 => OrderError::Refused { code, message },
        _ => OrderError::Unknown { detail },
    }
}

/// Sorts the answer to a question that is no success. `resource_missing` is also what a key of the other mode or of
/// another account is told.
pub(super) fn of_a_question(answer: &Answer) -> Unanswered {
    let Reason { code, message, .. } = reason_of(answer);
    let detail = format!("{} {code}: {message}", answer.status);
    match answer.status {
        401 | 403 => Unanswered::Credentials { detail },
        409 | 429 => Unanswered::Busy {
            retry_after: answer.retry_after,
            detail,
        },
        404 => Unanswered::NotFound { detail },
        400..=499 if code == "resource_missing" => Unanswered::NotFound { detail },
        _ => Unanswered::Unknown { detail },
    }
}

/// A part that was refunded before leaves less than is asked for; Stripe has no code for that, only a sentence:
/// "Refund amount ($10.00) is greater than unrefunded amount on charge ($5.00)".
fn is_already_refunded(code: &str, message: &str) -> bool {
    code == "charge_already_refunded" || message.contains("greater than unrefunded amount")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{orders_are_sorted, questions_are_sorted};

    /// Whatever a question is told, an order is not refused by it.
    #[test]
    fn a_question_is_answered_or_it_is_not() {
        let missing = r#"{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such refund"}}"#;
        let cases = [
            (404, missing, "not found"),
            (400, missing, "not found"),
            (404, "<html>", "not found"),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","code":"charge_disputed"}}"#,
                "unknown",
            ),
            (402, r#"{"error":{"type":"card_error"}}"#, "unknown"),
            (401, "", "credentials"),
            (403, "<html>", "credentials"),
            (409, "", "busy"),
            (429, "", "busy"),
            (424, "", "unknown"),
            (500, "", "unknown"),
            (302, "", "unknown"),
        ];
        questions_are_sorted(of_a_question, &cases);
    }

    #[test]
    fn every_refusal_has_its_meaning() {
        let cases = [
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
                "held",
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
        ];
        orders_are_sorted(of_an_order, &cases);
    }
}
