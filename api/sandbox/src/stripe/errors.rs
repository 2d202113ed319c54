//! Stripe's errors, as documented at <https://docs.stripe.com/api/errors> and
//! <https://docs.stripe.com/error-codes>.

use serde_json::{Value, json};

use crate::answer::Answer;

fn error(kind: &str, code: Option<&str>, message: &str, param: Option<&str>) -> Value {
    let mut error = json!({"type": kind, "message": message});
    if let Some(code) = code {
        error["code"] = json!(code);
        error["doc_url"] = json!(format!(
            "https://stripe.com/docs/error-codes/{}",
            code.replace('_', "-")
        ));
    }
    if let Some(param) = param {
        error["param"] = json!(param);
    }
    json!({"error": error})
}

/// A parameter that fails validation: the endpoint does not begin, nothing is stored under the key.
pub(crate) fn parameter(code: Option<&str>, message: &str, param: &str) -> Answer {
    Answer::rejected(400, error("invalid_request_error", code, message, Some(param)))
}

/// 404 `resource_missing`. Taken as a failed validation, so it is not stored; the documentation does
/// not say.
pub(crate) fn missing(what: &str, id: &str, param: &str) -> Answer {
    let message = format!("No such {what}: '{id}'");
    let body = error(
        "invalid_request_error",
        Some("resource_missing"),
        &message,
        Some(param),
    );
    Answer::rejected(404, body)
}

/// 401 for a wrong key, which Stripe repeats with its middle starred out.
pub(crate) fn unauthorized() -> Answer {
    Answer::rejected(
        401,
        error(
            "invalid_request_error",
            None,
            "Invalid API Key provided: sk_****",
            None,
        ),
    )
}

pub(crate) fn rate_limited() -> Answer {
    let message = "Request rate limit exceeded.";
    Answer::rejected(
        429,
        error("invalid_request_error", Some("rate_limit"), message, None),
    )
}

pub(crate) fn error_500() -> Answer {
    Answer::rejected(500, error("api_error", None, "An unknown error occurred", None))
}

/// "The idempotency layer compares incoming parameters to those of the original request and errors if
/// they're not the same": type `idempotency_error`, status 400, no code.
/// <https://docs.stripe.com/api/idempotent_requests>
pub(crate) fn key_reused() -> Answer {
    let message = "Keys for idempotent requests can only be used with the same parameters they were \
                   first used with. Try using a key other than the one you used before if you meant \
                   to execute a different request.";
    Answer::rejected(400, error("idempotency_error", None, message, None))
}

/// 409 `idempotency_key_in_use`: "The idempotency key provided is currently being used in another
/// request." <https://docs.stripe.com/error-codes#idempotency-key-in-use>
pub(crate) fn key_in_use() -> Answer {
    let message = "There is currently another in-progress request using this Idempotent Key (that \
                   probably means you submitted twice, and the other request is still going \
                   through). Please try again later.";
    let body = error("idempotency_error", Some("idempotency_key_in_use"), message, None);
    Answer::rejected(409, body)
}

/// The charge has nothing left, or less than was asked for. The endpoint has begun: it is stored.
pub(crate) fn too_much(amount: i64, left: i64, currency: &str) -> Answer {
    let message = format!(
        "Refund amount ({amount} {currency}) is greater than unrefunded amount on charge ({left} \
         {currency})"
    );
    Answer::executed(
        400,
        error("invalid_request_error", None, &message, Some("amount")),
    )
}

/// Refuses with this code of <https://docs.stripe.com/error-codes>.
pub(crate) fn refusal(code: &str) -> Answer {
    let message = match code {
        "charge_already_refunded" => "The charge has already been refunded.",
        "charge_disputed" => "The charge has been charged back.",
        "refund_disputed_payment" => "You can't refund a disputed payment.",
        "charge_not_refundable" => "The charge can't be refunded.",
        "insufficient_funds" => "There aren't sufficient funds in your Stripe balance.",
        "lock_timeout" => {
            let message = "This object cannot be accessed right now because another API request or \
                           Stripe process is currently accessing it.";
            let body = error("invalid_request_error", Some(code), message, None);
            return Answer::rejected(429, body);
        }
        "idempotency_key_in_use" => return key_in_use(),
        "rate_limit" => return rate_limited(),
        _ => "The simulated gateway was told to refuse.",
    };
    Answer::executed(400, error("invalid_request_error", Some(code), message, None))
}
