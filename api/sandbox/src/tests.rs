//! The simulators over real HTTP: idempotency, faults, notifications, and what outlives a restart.

mod async_stripe;
mod faults;
mod mercado_pago;
mod stripe;
mod webhooks;

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::{RunningSandbox, Sandbox, SandboxClock, SandboxConfig, Simulator};

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

fn config() -> SandboxConfig {
    let mut config = SandboxConfig {
        clock: SandboxClock::fixed(noon()),
        ..SandboxConfig::default()
    };
    config.stripe.webhook_first_retry = Duration::from_millis(1);
    config.mercado_pago.webhook_first_retry = Duration::from_millis(1);
    config
}

/// A sandbox that knows `pi_1` (100.00 USD), `1001` (100.00 BRL) and the slow `1002`.
async fn sandbox() -> RunningSandbox {
    start(config()).await
}

async fn start(config: SandboxConfig) -> RunningSandbox {
    let running = Sandbox::start(config).await.expect("the sandbox starts");
    running.sandbox.stripe.add_payment("pi_1", 10_000, "usd");
    let mut slow = super::Payment::new("1002", 10_000, "BRL");
    slow.slow = true;
    running
        .sandbox
        .mercado_pago
        .add_payments([super::Payment::new("1001", 10_000, "BRL"), slow]);
    running
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// `POST /v1/refunds` of `pi_1`.
fn stripe_refund(stripe: &Simulator, key: &str, amount: i64) -> RequestBuilder {
    client()
        .post(format!("{}/v1/refunds", stripe.base_url()))
        .bearer_auth("sk_test_sandbox")
        .header("idempotency-key", key)
        .form(&[
            ("payment_intent", "pi_1"),
            ("amount", &amount.to_string()),
            ("metadata[refund]", key),
        ])
}

fn stripe_get(stripe: &Simulator, path: &str) -> RequestBuilder {
    client()
        .get(format!("{}{path}", stripe.base_url()))
        .bearer_auth("sk_test_sandbox")
}

/// `POST /v1/payments/{id}/refunds` as the product sends it.
fn mp_refund(mp: &Simulator, payment: &str, key: &str, body: Value) -> RequestBuilder {
    client()
        .post(format!("{}/v1/payments/{payment}/refunds", mp.base_url()))
        .bearer_auth("TEST-sandbox")
        .header("x-idempotency-key", key)
        .header("x-render-in-process-refunds", "true")
        .json(&body)
}

async fn send(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers()["x-simulated"], "true");
    parts(response).await
}

async fn parts(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body)
}

#[tokio::test]
async fn the_front_page_says_that_it_is_a_simulation() {
    let running = sandbox().await;
    for simulator in [&running.sandbox.stripe, &running.sandbox.mercado_pago] {
        let (status, page) = send(client().get(simulator.base_url())).await;
        assert_eq!(status, 200);
        assert!(page.as_str().expect("HTML").contains("This is a simulation"));
    }
}

#[tokio::test]
async fn the_control_token_is_asked_for() {
    let mut config = config();
    config.stripe.control_token = Some("secret".into());
    let running = start(config).await;
    let journal = format!("{}/_control/journal", running.sandbox.stripe.base_url());
    assert_eq!(send(client().get(&journal)).await.0, 401);
    let (status, journal) = send(client().get(&journal).header("x-control-token", "secret")).await;
    assert_eq!(status, 200);
    assert_eq!(journal["simulated"], true);
}

#[tokio::test]
async fn drills_command_the_gateway_over_http() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let control = |path: &str, body: Value| {
        client()
            .post(format!("{}/_control/{path}", stripe.base_url()))
            .json(&body)
    };
    let many = serde_json::json!([
        {"id": "pi_10", "amount": 500, "currency": "eur"},
        {"id": "ch_11", "amount": 700, "currency": "eur", "slow": true},
    ]);
    let (_, added) = send(control("payments", many)).await;
    assert_eq!(added["added"], 2);
    let (_, charge) = send(stripe_get(stripe, "/v1/charges/ch_11")).await;
    assert_eq!(
        (&charge["amount_captured"], &charge["currency"]),
        (&700.into(), &"eur".into())
    );

    let subscription = serde_json::json!({"id": "sub_1", "currency": "EUR"});
    assert_eq!(send(control("subscriptions", subscription)).await.1["added"], 1);
    let time = serde_json::json!({"now": "2026-04-01T00:00:00Z", "advance_ms": 1500});
    assert_eq!(
        send(control("clock", time)).await.1["now"],
        "2026-04-01T00:00:01.500Z"
    );

    assert_eq!(send(control("webhooks/hold", Value::Null)).await.0, 204);
    let target = serde_json::json!({"url": "http://127.0.0.1:9/unused"});
    assert_eq!(send(control("webhooks/target", target)).await.0, 204);
    let disputed = serde_json::json!({"payment": "ch_10"});
    assert_eq!(send(control("disputes", disputed)).await.0, 204);
    let late = serde_json::json!({"kind": "late_failure"});
    send(control("faults", late)).await;
    send(stripe_refund(stripe, "k", 100)).await;
    let (_, failed) = send(control("refunds/fail_late", Value::Null)).await;
    assert_eq!(failed["failed"][0]["status"], "failed");
    let (_, webhooks) = send(client().get(format!("{}/_control/webhooks", stripe.base_url()))).await;
    assert_eq!(
        (&webhooks["waiting"], &webhooks["faults"]["hold"]),
        (&5.into(), &true.into())
    );
    let gone = serde_json::json!({"drop_next": 5});
    assert_eq!(send(control("webhooks", gone)).await.0, 204);
    stripe.webhooks_settled().await;
    assert_eq!(
        stripe.journal().deliveries.iter().filter(|it| it.dropped).count(),
        5
    );
}
