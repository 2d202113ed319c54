//! `/_control`: the same commands as in Rust, over HTTP, for drills that run in other processes.

use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Fault;
use super::records::{Payment, RefundStatus};
use super::simulator::{Journal, Simulator};
use super::webhooks::WebhookFaults;

pub(super) fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/_control/payments", post(add_payments))
        .route("/_control/subscriptions", post(add_subscriptions))
        .route("/_control/disputes", post(dispute))
        .route(
            "/_control/faults",
            post(add_faults).get(landed).delete(clear_faults),
        )
        .route("/_control/refunds/{id}/settle", post(settle))
        .route("/_control/refunds/fail_late", post(fail_late))
        .route("/_control/webhooks", get(deliveries).post(webhook_faults))
        .route("/_control/webhooks/hold", post(hold))
        .route("/_control/webhooks/release", post(release))
        .route("/_control/webhooks/target", post(target))
        .route("/_control/clock", post(clock))
        .route("/_control/journal", get(journal))
        .layer(axum::middleware::from_fn_with_state(
            simulator.clone(),
            check_token,
        ))
        .with_state(simulator)
}

async fn check_token(State(it): State<Simulator>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get("x-control-token")
        .and_then(|it| it.to_str().ok());
    match it.gateway.config.control_token.as_deref() {
        Some(expected) if given != Some(expected) => {
            (StatusCode::UNAUTHORIZED, "x-control-token is missing or wrong").into_response()
        }
        _ => next.run(request).await,
    }
}

/// One of a thing, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(all) => all,
            Self::One(one) => vec![one],
        }
    }
}

async fn add_payments(State(it): State<Simulator>, Json(payments): Json<OneOrMany<Payment>>) -> Json<Value> {
    let payments = payments.into_vec();
    let known = payments.len();
    it.add_payments(payments);
    Json(json!({"added": known}))
}

#[derive(Deserialize)]
struct NewSubscription {
    id: String,
    #[serde(default)]
    currency: Option<String>,
}

async fn add_subscriptions(
    State(it): State<Simulator>,
    Json(subscriptions): Json<OneOrMany<NewSubscription>>,
) -> Json<Value> {
    let usual = it.gateway.config.unknown_currency.clone();
    let subscriptions = subscriptions.into_vec();
    let known = subscriptions.len();
    it.add_subscriptions(
        subscriptions
            .into_iter()
            .map(|new| (new.id, new.currency.unwrap_or_else(|| usual.clone()))),
    );
    Json(json!({"added": known}))
}

#[derive(Deserialize)]
struct Disputed {
    payment: String,
}

async fn dispute(State(it): State<Simulator>, Json(disputed): Json<Disputed>) -> StatusCode {
    if it.dispute(&disputed.payment) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn add_faults(State(it): State<Simulator>, Json(faults): Json<OneOrMany<Fault>>) -> Json<Value> {
    for fault in faults.into_vec() {
        it.fault(fault);
    }
    Json(json!({"landed": it.faults_landed()}))
}

async fn landed(State(it): State<Simulator>) -> Json<Value> {
    Json(json!({"landed": it.faults_landed()}))
}

async fn clear_faults(State(it): State<Simulator>) -> StatusCode {
    it.clear_faults();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Settlement {
    status: RefundStatus,
    #[serde(default)]
    failure_reason: Option<String>,
}

async fn settle(
    State(it): State<Simulator>,
    Path(id): Path<String>,
    Json(settlement): Json<Settlement>,
) -> Response {
    match it.settle(&id, settlement.status, settlement.failure_reason.as_deref()) {
        Some(refund) => Json(refund).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn fail_late(State(it): State<Simulator>) -> Json<Value> {
    Json(json!({"failed": it.fail_late_refunds()}))
}

async fn deliveries(State(it): State<Simulator>) -> Json<Value> {
    let webhooks = &it.gateway.webhooks;
    Json(json!({
        "target": webhooks.target(),
        "faults": webhooks.faults(),
        "waiting": webhooks.waiting(),
        "deliveries": webhooks.deliveries(),
    }))
}

async fn webhook_faults(State(it): State<Simulator>, Json(faults): Json<WebhookFaults>) -> StatusCode {
    it.set_webhook_faults(faults);
    StatusCode::NO_CONTENT
}

async fn hold(State(it): State<Simulator>) -> StatusCode {
    it.hold_webhooks();
    StatusCode::NO_CONTENT
}

/// Answers at once: the target may be away for longer than a client waits.
async fn release(State(it): State<Simulator>) -> StatusCode {
    let faults = WebhookFaults {
        hold: false,
        ..it.gateway.webhooks.faults()
    };
    it.set_webhook_faults(faults);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Target {
    url: Option<String>,
}

async fn target(State(it): State<Simulator>, Json(target): Json<Target>) -> StatusCode {
    it.gateway.webhooks.set_target(target.url);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct NewTime {
    now: Option<DateTime<Utc>>,
    #[serde(default)]
    advance_ms: u64,
}

async fn clock(State(it): State<Simulator>, Json(time): Json<NewTime>) -> Json<Value> {
    if let Some(now) = time.now {
        it.clock().set_now(now);
    }
    it.clock().advance(Duration::from_millis(time.advance_ms));
    Json(json!({"now": super::clock::iso(it.clock().now_ms())}))
}

async fn journal(State(it): State<Simulator>) -> Json<Journal> {
    Json(it.journal())
}
