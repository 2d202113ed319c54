//! MercadoPago's errors, with the statuses and codes of
//! <https://www.mercadopago.com.br/developers/en/reference/chargebacks/_payments_id_refunds/post>.
//! Nothing of this is stored under an idempotency key.

use serde_json::json;

use crate::answer::Answer;

fn error(status: u16, name: &str, message: &str, code: Option<u32>) -> Answer {
    let cause: Vec<_> = code
        .iter()
        .map(|code| json!({"code": code, "description": message}))
        .collect();
    let body = json!({"message": message, "error": name, "status": status, "cause": cause});
    Answer::rejected(status, body)
}

/// Status and description of a documented code. The documentation lists the two about the amount
/// under 401 and several refusals under 404: the code says more than the status.
fn documented(code: u32) -> (u16, &'static str) {
    match code {
        2063 => (
            400,
            "The action requested is not valid for the current payment state",
        ),
        2085 => (400, "Invalid value for gateway_operation"),
        4040 => (401, "amount attribute must be positive"),
        4041 => (401, "amount attribute must be numeric"),
        2000 => (404, "Payment not found"),
        2024 | 15016 => (404, "Payment too old to be refunded"),
        2032 => (404, "Refund not found"),
        3024 => (
            404,
            "Not valid action - partial refund unsupported for this transaction",
        ),
        // Listed under 404 too; a request without the header is answered 400.
        4292 => (400, "Header X-Idempotency-Key can't be null"),
        4296 => (404, "Charge already refunded"),
        _ => (400, "The simulated gateway was told to refuse"),
    }
}

/// Refuses with a documented code.
pub(crate) fn coded(code: u32) -> Answer {
    let (status, message) = documented(code);
    let name = match status {
        401 => "unauthorized",
        404 => "not_found",
        _ => "bad_request",
    };
    error(status, name, message, Some(code))
}

/// A cause code, or one of the temporary statuses 409, 423, 424, 429.
pub(crate) fn refusal(code: &str) -> Answer {
    match code.parse::<u32>() {
        Ok(409) => refund_in_progress(),
        Ok(423) => temporary(423),
        Ok(424) => temporary(424),
        Ok(429) => temporary(429),
        Ok(code) => coded(code),
        Err(_) => error(400, code, "The simulated gateway was told to refuse", None),
    }
}

pub(crate) fn temporary(status: u16) -> Answer {
    match status {
        423 => error(423, "locked", "The resource is locked", None),
        424 => error(424, "failed_dependency", "A dependency failed", None),
        _ => error(429, "too_many_requests", "Too many requests", None),
    }
}

pub(crate) fn unauthorized() -> Answer {
    error(401, "unauthorized", "Invalid token", Some(401))
}

pub(crate) fn error_500() -> Answer {
    error(500, "internal_error", "internal_error", None)
}

/// An accepted refund that is still on its way, without `X-Render-In-Process-Refunds: true`: "By
/// default, these errors are reported to the person making the request as a 400 - Bad Request".
/// <https://www.mercadopago.com.br/developers/en/docs/checkout-api/payment-management/cancellations-and-refunds/refund-pix>
pub(crate) fn in_process_unrendered() -> Answer {
    error(400, "bad_request", "The refund could not be completed", None).kept()
}

/// As the newer Orders API documents it: "already been used with a different body in the last 24
/// hours"; the payments API says nothing about it.
pub(crate) fn key_reused() -> Answer {
    let message = "The X-Idempotency-Key sent has already been used with a different body";
    error(409, "idempotency_key_already_used", message, None)
}

/// As the Orders API documents it: wait and try again.
pub(crate) fn refund_in_progress() -> Answer {
    error(
        409,
        "refund_in_progress",
        "A refund is already being processed",
        None,
    )
}
