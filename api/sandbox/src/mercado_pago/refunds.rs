//! MercadoPago's refunds:
//! <https://www.mercadopago.com.br/developers/en/reference/chargebacks/_payments_id_refunds/post>.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

use super::{errors, handle, money, objects};
use crate::answer::{Answer, Incoming};
use crate::faults::CREATE_REFUND;
use crate::gateway::Gateway;
use crate::work::{NewRefund, Work};

/// Shows refunds that are still on their way.
const RENDER: &str = "x-render-in-process-refunds";

fn renders(incoming: &Incoming) -> bool {
    incoming.header(RENDER) == Some("true")
}

pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let body = serde_json::from_str(&incoming.body).unwrap_or_default();
    let render = renders(&incoming);
    let keyed = incoming.header("x-idempotency-key").is_some();
    handle(gateway, incoming, CREATE_REFUND, Some(id.clone()), move |work| {
        if keyed {
            execute(work, &id, &body, render)
        } else {
            errors::coded(4292)
        }
    })
    .await
}

/// No amount means all that is left. More than is left is answered with 2063; the documentation has
/// no code of its own for it.
fn execute(work: &mut Work<'_>, id: &str, body: &Value, render: bool) -> Answer {
    let Some(payment) = work.payment(id, None) else {
        return errors::coded(2000);
    };
    let left = payment.amount - work.store.refunded(&payment.id);
    let amount = match &body["amount"] {
        Value::Null => left,
        Value::Number(number) => match money::to_minor(number, &payment.currency) {
            Some(amount) if amount <= 0 => return errors::coded(4040),
            Some(amount) => amount,
            None => return errors::coded(4041),
        },
        _ => return errors::coded(4041),
    };
    if payment.too_old {
        return errors::coded(2024);
    }
    if payment.disputed || left <= 0 || amount > left {
        return errors::coded(2063);
    }
    if payment.only_whole && amount != payment.amount {
        return errors::coded(3024);
    }
    let metadata = BTreeMap::new();
    let refund = work.refund(NewRefund {
        payment,
        amount,
        reason: None,
        metadata,
    });
    if refund.is_pending() && !render {
        return errors::in_process_unrendered();
    }
    Answer::executed(201, objects::refund(&refund))
}

/// Oldest first. Those in process are left out unless the header asks for them.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let render = renders(&incoming);
    handle(gateway, incoming, "refunds.list", Some(id.clone()), move |work| {
        if work.payment(&id, None).is_none() {
            return errors::coded(2000);
        }
        let shown = work.store.refunds_of(&id).filter(|it| render || !it.is_pending());
        Answer::executed(200, shown.map(objects::refund).collect())
    })
    .await
}

pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path((payment, id)): Path<(String, String)>,
    incoming: Incoming,
) -> Response {
    let render = renders(&incoming);
    handle(
        gateway,
        incoming,
        "refunds.get",
        Some(payment.clone()),
        move |work| {
            let found = work.store.refund(&id).filter(|it| it.payment == payment);
            match found.filter(|it| render || !it.is_pending()) {
                Some(refund) => Answer::executed(200, objects::refund(refund)),
                None => errors::coded(2032),
            }
        },
    )
    .await
}
