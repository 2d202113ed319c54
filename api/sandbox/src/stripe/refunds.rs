//! Stripe's refunds: <https://docs.stripe.com/api/refunds>.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::{Form, errors, field, form, handle, objects};
use crate::answer::{Answer, Incoming};
use crate::faults::CREATE_REFUND;
use crate::gateway::Gateway;
use crate::records::{Refund, RefundStatus};
use crate::work::{NewRefund, Work};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

const PARAMETERS: [&str; 9] = [
    "amount",
    "charge",
    "currency",
    "customer",
    "instructions_email",
    "origin",
    "payment_intent",
    "reason",
    "reverse_transfer",
];

pub(crate) async fn create(State(gateway): State<Arc<Gateway>>, incoming: Incoming) -> Response {
    let form = form(&incoming);
    let payment = payment_of(|name| field(&form, name));
    handle(gateway, incoming, CREATE_REFUND, payment, move |work| {
        execute(work, &form)
    })
    .await
}

fn payment_of<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    field("payment_intent")
        .or_else(|| field("charge"))
        .map(objects::intent_id)
}

/// The parameters first, which are not stored when they are wrong, then the charge's state.
fn execute(work: &mut Work<'_>, form: &Form) -> Answer {
    if let Some(refusal) = wrong_parameter(form) {
        return refusal;
    }
    let (param, id) = match (field(form, "payment_intent"), field(form, "charge")) {
        (Some(id), _) => ("payment_intent", id),
        (None, Some(id)) => ("charge", id),
        (None, None) => {
            let message = "One of the following params should be provided for this request: \
                           payment_intent or charge.";
            return errors::parameter(Some("parameter_missing"), message, "payment_intent");
        }
    };
    let metadata = metadata(form);
    let currency = metadata.get("currency").map(String::as_str);
    let Some(payment) = work.payment(&objects::intent_id(id), currency) else {
        return errors::missing(param, id, param);
    };
    let left = payment.amount - work.store.refunded(&payment.id);
    if payment.disputed {
        return errors::refusal("charge_disputed");
    }
    if left <= 0 {
        return errors::refusal("charge_already_refunded");
    }
    let amount = field(form, "amount")
        .and_then(|it| it.parse().ok())
        .unwrap_or(left);
    if amount > left {
        return errors::too_much(amount, left, &payment.currency);
    }
    let reason = field(form, "reason").map(str::to_owned);
    let refund = work.refund(NewRefund {
        payment,
        amount,
        reason,
        metadata,
    });
    Answer::executed(200, objects::refund(&refund))
}

fn wrong_parameter(form: &Form) -> Option<Answer> {
    let unknown = form.iter().map(|(key, _)| key.as_str()).find(|key| {
        !PARAMETERS.contains(key) && !key.starts_with("metadata[") && !key.starts_with("expand[")
    });
    if let Some(key) = unknown {
        let message = format!("Received unknown parameter: {key}");
        return Some(errors::parameter(Some("parameter_unknown"), &message, key));
    }
    if field(form, "reason").is_some_and(|it| !REASONS.contains(&it)) {
        let message = "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer";
        return Some(errors::parameter(Some("parameter_invalid"), message, "reason"));
    }
    let amount = field(form, "amount")?;
    if matches!(amount.parse::<i64>(), Ok(1..)) {
        return None;
    }
    let message = format!("Invalid integer: {amount}");
    Some(errors::parameter(
        Some("parameter_invalid_integer"),
        &message,
        "amount",
    ))
}

fn metadata(form: &Form) -> BTreeMap<String, String> {
    let entry = |(key, value): &(String, String)| {
        let name = key.strip_prefix("metadata[")?.strip_suffix(']')?;
        Some((name.to_owned(), value.clone()))
    };
    form.iter().filter_map(entry).collect()
}

pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let payment = gateway.inner().store.refund(&id).map(|it| it.payment.clone());
    handle(
        gateway,
        incoming,
        "refunds.get",
        payment,
        move |work| match work.store.refund(&id) {
            Some(refund) => Answer::executed(200, objects::refund(refund)),
            None => errors::missing("refund", &id, "id"),
        },
    )
    .await
}

/// Newest first, `limit` 1 to 100, 10 unless given, after the refund `starting_after`.
/// <https://docs.stripe.com/api/pagination>
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, incoming: Incoming) -> Response {
    let payment = payment_of(|name| incoming.query(name));
    let limit = incoming.query("limit").map_or(Ok(10), str::parse::<usize>);
    let after = incoming.query("starting_after").map(str::to_owned);
    handle(gateway, incoming, "refunds.list", payment.clone(), move |work| {
        let Ok(limit @ 1..=100) = limit else {
            let message = "Invalid integer: limit must be between 1 and 100";
            return errors::parameter(Some("parameter_invalid_integer"), message, "limit");
        };
        if let Some(id) = &payment
            && work.payment(id, None).is_none()
        {
            return errors::missing("payment_intent", id, "payment_intent");
        }
        if let Some(id) = after.as_ref().filter(|id| work.store.refund(id).is_none()) {
            return errors::missing("refund", id, "starting_after");
        }
        page(work, payment.as_deref(), after.as_deref(), limit)
    })
    .await
}

fn page(work: &Work<'_>, payment: Option<&str>, after: Option<&str>, limit: usize) -> Answer {
    let all: Box<dyn Iterator<Item = &Refund>> = match payment {
        Some(payment) => Box::new(work.store.refunds_of(payment).rev()),
        None => Box::new(work.store.refunds.iter().rev()),
    };
    let rest = all.skip_while(|it| after.is_some_and(|after| it.id != after));
    let skipped = usize::from(after.is_some());
    let mut data: Vec<_> = rest.skip(skipped).take(limit + 1).map(objects::refund).collect();
    let has_more = data.len() > limit;
    data.truncate(limit);
    let body = json!({"object": "list", "data": data, "has_more": has_more, "url": "/v1/refunds"});
    Answer::executed(200, body)
}

/// "You can only cancel refunds for payment methods that require customer action."
/// <https://docs.stripe.com/api/refunds/cancel>
pub(crate) async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let payment = gateway.inner().store.refund(&id).map(|it| it.payment.clone());
    handle(
        gateway,
        incoming,
        "refunds.cancel",
        payment,
        move |work| match work.store.refund(&id).map(|it| it.status) {
            None => errors::missing("refund", &id, "id"),
            Some(RefundStatus::RequiresAction) => match work.settle(&id, RefundStatus::Canceled, None) {
                Some(refund) => Answer::executed(200, objects::refund(&refund)),
                None => errors::missing("refund", &id, "id"),
            },
            Some(_) => errors::refusal("refund_not_cancelable"),
        },
    )
    .await
}
