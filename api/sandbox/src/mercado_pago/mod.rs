//! A simulated MercadoPago: payments, refunds and preapprovals in JSON, and its notifications.

pub(super) mod errors;
mod money;
mod objects;
mod refunds;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::answer::{Answer, Incoming};
use super::clock::iso;
use super::config::GatewayConfig;
use super::gateway::{Call, Gateway, UNAUTHORIZED};
use super::provider::hmac_hex;
use super::records::{Change, Notification, Subscription};
use super::webhooks::SignedRequest;
use super::work::Work;

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/payments/{id}", get(show_payment))
        .route(
            "/v1/payments/{id}/refunds",
            post(refunds::create).get(refunds::list),
        )
        .route("/v1/payments/{id}/refunds/{refund}", get(refunds::show))
        .route("/preapproval/{id}", get(show_preapproval).put(update_preapproval))
}

/// Authorises, then lets the gateway take the request through its steps.
async fn handle(
    gateway: Arc<Gateway>,
    incoming: Incoming,
    endpoint: &'static str,
    payment: Option<String>,
    run: impl FnOnce(&mut Work<'_>) -> Answer + Send,
) -> Response {
    let authorized = incoming.bearer() == Some(gateway.config.secret_key.as_str());
    let keyed = authorized && incoming.method != "GET";
    let key = incoming
        .header("x-idempotency-key")
        .filter(|_| keyed)
        .map(str::to_owned);
    let body: Value = serde_json::from_str(&incoming.body).unwrap_or_default();
    let call = Call {
        endpoint: if authorized { endpoint } else { UNAUTHORIZED },
        payment,
        key,
        fingerprint: json!([incoming.method, incoming.path, body]),
        method: incoming.method,
        path: incoming.path,
        body: incoming.body,
    };
    let run = move |work: &mut Work<'_>| {
        if authorized {
            run(work)
        } else {
            errors::unauthorized()
        }
    };
    gateway.handle(call, run).await
}

async fn show_payment(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    handle(
        gateway,
        incoming,
        "payments.get",
        Some(id.clone()),
        move |work| match work.payment(&id, None) {
            Some(payment) => Answer::executed(200, objects::payment(work.store, &payment)),
            None => errors::coded(2000),
        },
    )
    .await
}

fn preapproval(work: &Work<'_>, id: &str) -> Option<Subscription> {
    let known = work.store.subscriptions.get(id).cloned();
    let made_up = || {
        let config = &work.gateway.config;
        let plausible = work.gateway.provider.is_plausible(id);
        (config.accept_unknown_payments && plausible).then(|| Subscription {
            id: id.to_owned(),
            status: "authorized".into(),
            paused: None,
            currency: config.unknown_currency.clone(),
            created_ms: work.now_ms,
        })
    };
    known.or_else(made_up)
}

fn preapproval_missing() -> Answer {
    let message = "The preapproval does not exist";
    Answer::rejected(
        404,
        json!({"message": message, "error": "not_found", "status": 404, "cause": []}),
    )
}

async fn show_preapproval(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    handle(
        gateway,
        incoming,
        "subscriptions.get",
        None,
        move |work| match preapproval(work, &id) {
            Some(it) => Answer::executed(200, objects::preapproval(&it)),
            None => preapproval_missing(),
        },
    )
    .await
}

/// `{"status": "paused" | "authorized" | "cancelled"}`
/// <https://www.mercadopago.com.br/developers/en/reference/subscriptions/_preapproval_id/put>
async fn update_preapproval(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let body: Value = serde_json::from_str(&incoming.body).unwrap_or_default();
    handle(gateway, incoming, "subscriptions.update", None, move |work| {
        let status = body["status"].as_str().unwrap_or_default();
        if !["paused", "authorized", "cancelled"].contains(&status) {
            return errors::refusal("bad_request");
        }
        let Some(mut it) = preapproval(work, &id) else {
            return preapproval_missing();
        };
        status.clone_into(&mut it.status);
        work.record(Change::Subscription(it.clone()));
        Answer::executed(200, objects::preapproval(&it))
    })
    .await
}

/// The body of a notification says only which payment changed; the rest is asked for.
pub(super) fn notification(number: u64, now_ms: i64, kind: &str, id: &Value) -> (String, Value) {
    let body = json!({
        "action": kind,
        "api_version": "v1",
        "data": {"id": id},
        "date_created": iso(now_ms),
        "id": number,
        "live_mode": false,
        "type": "payment",
        "user_id": objects::COLLECTOR,
    });
    (number.to_string(), body)
}

/// `x-signature: ts=…,v1=…` over `id:…;request-id:…;ts:…;`, absent parts left out, the id in lower
/// case. <https://www.mercadopago.com.br/developers/en/docs/your-integrations/notifications/webhooks>
pub(super) fn sign(
    config: &GatewayConfig,
    now_ms: i64,
    target: &str,
    notification: &Notification,
) -> SignedRequest {
    let ts = if config.signature_in_ms {
        now_ms
    } else {
        now_ms / 1000
    };
    let id = &notification.about;
    let request_id = (!config.without_request_id).then(|| format!("notify-{}", notification.id));
    let part = request_id
        .as_ref()
        .map(|it| format!("request-id:{it};"))
        .unwrap_or_default();
    let manifest = format!("id:{};{part}ts:{ts};", id.to_lowercase());
    let v1 = hmac_hex(&config.webhook_secret, &manifest);
    let mut headers = vec![
        ("x-signature", format!("ts={ts},v1={v1}")),
        ("x-simulated", "true".to_owned()),
    ];
    headers.extend(request_id.map(|it| ("x-request-id", it)));
    let separator = if target.contains('?') { '&' } else { '?' };
    SignedRequest {
        url: format!("{target}{separator}data.id={id}&type=payment"),
        headers,
        body: notification.body.to_string(),
    }
}
