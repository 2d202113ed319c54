//! Notifications, seen from a target that writes them down.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::post;
use serde_json::{Value, json};

use super::{config, mp_refund, sandbox, send, start, stripe_refund};
use crate::provider::hmac_hex;
use crate::{Fault, FaultKind, RefundStatus, WebhookFaults};

#[derive(Clone, Default)]
struct Target {
    seen: Arc<Mutex<Vec<(Uri, HeaderMap, String)>>>,
    /// So many are answered 500 first.
    refusals: Arc<AtomicUsize>,
}

impl Target {
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/hook", post(receive))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn bodies(&self) -> Vec<Value> {
        let seen = self.seen.lock().expect("not poisoned");
        seen.iter()
            .map(|(_, _, body)| serde_json::from_str(body).expect("JSON"))
            .collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.bodies()
            .iter()
            .map(|it| it["type"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

async fn receive(State(target): State<Target>, uri: Uri, headers: HeaderMap, body: String) -> StatusCode {
    target
        .seen
        .lock()
        .expect("not poisoned")
        .push((uri, headers, body));
    let less = |left: usize| left.checked_sub(1);
    match target
        .refusals
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
    {
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Err(_) => StatusCode::OK,
    }
}

#[tokio::test]
async fn stripe_signs_what_it_tells() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let target = Target::default();
    stripe.set_webhook_url(target.listen().await);
    stripe.fault(Fault::once(FaultKind::RefundPending));
    let (_, refund) = send(stripe_refund(stripe, "k", 100)).await;
    let id = refund["id"].as_str().expect("an id");
    stripe.webhooks_settled().await;
    stripe.settle(id, RefundStatus::Succeeded, None);
    stripe.webhooks_settled().await;
    stripe.settle(id, RefundStatus::Failed, Some("declined"));
    stripe.webhooks_settled().await;
    stripe.dispute("pi_1");
    stripe.webhooks_settled().await;
    let kinds = [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
    ];
    assert_eq!(target.kinds(), kinds);
    let (_, headers, body) = target.seen.lock().expect("not poisoned")[0].clone();
    let t = super::noon().timestamp();
    let v1 = hmac_hex("whsec_sandbox", &format!("{t}.{body}"));
    assert_eq!(headers["stripe-signature"], format!("t={t},v1={v1}"));
    assert_eq!(target.bodies()[0]["data"]["object"]["id"], id);
}

#[tokio::test]
async fn mercado_pago_signs_its_manifest() {
    for (in_ms, without_id) in [(false, false), (true, true)] {
        let mut config = config();
        config.mercado_pago.signature_in_ms = in_ms;
        config.mercado_pago.without_request_id = without_id;
        let running = start(config).await;
        let mp = &running.sandbox.mercado_pago;
        let target = Target::default();
        mp.set_webhook_url(target.listen().await);
        send(mp_refund(mp, "1001", "k", json!({"amount": 1}))).await;
        mp.webhooks_settled().await;
        let (uri, headers, body) = target.seen.lock().expect("not poisoned")[0].clone();
        assert_eq!(uri.query(), Some("data.id=1001&type=payment"));
        let ts = if in_ms {
            super::noon().timestamp_millis()
        } else {
            super::noon().timestamp()
        };
        let part = headers
            .get("x-request-id")
            .map(|it| format!("request-id:{};", it.to_str().expect("text")))
            .unwrap_or_default();
        assert_eq!(part.is_empty(), without_id);
        let v1 = hmac_hex("sandbox-webhook-secret", &format!("id:1001;{part}ts:{ts};"));
        assert_eq!(headers["x-signature"], format!("ts={ts},v1={v1}"));
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(
            (&body["action"], &body["data"]["id"]),
            (&json!("payment.updated"), &json!("1001"))
        );
    }
}

#[tokio::test]
async fn a_target_that_fails_is_asked_again() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let target = Target::default();
    target.refusals.store(3, Ordering::SeqCst);
    stripe.set_webhook_url(target.listen().await);
    send(stripe_refund(stripe, "k", 100)).await;
    stripe.webhooks_settled().await;
    let journal = stripe.journal();
    let answers = |code| {
        journal
            .deliveries
            .iter()
            .filter(|it| it.answer == Some(code))
            .count()
    };
    assert_eq!((answers(500), answers(200)), (3, 2));
}

#[tokio::test]
async fn notifications_are_held_doubled_and_shuffled() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let target = Target::default();
    stripe.set_webhook_url(target.listen().await);
    let faults = WebhookFaults {
        hold: true,
        doubled: true,
        shuffle_seed: Some(7),
        ..WebhookFaults::default()
    };
    stripe.set_webhook_faults(faults);
    for key in ["a", "b", "c"] {
        send(stripe_refund(stripe, key, 100)).await;
    }
    stripe.webhooks_settled().await;
    assert_eq!((target.bodies().len(), stripe.webhooks_waiting()), (0, 6));
    stripe.release_webhooks().await;
    let ids: Vec<String> = target.bodies().iter().map(|it| it["id"].to_string()).collect();
    let mut counts = HashMap::new();
    for id in &ids {
        *counts.entry(id.clone()).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 6);
    assert!(counts.values().all(|count| *count == 2));
    assert!(!ids.is_sorted());
}

#[tokio::test]
async fn dropped_notifications_never_come() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let target = Target::default();
    stripe.set_webhook_url(target.listen().await);
    stripe.set_webhook_faults(WebhookFaults {
        drop_next: 1,
        ..WebhookFaults::default()
    });
    send(stripe_refund(stripe, "k", 100)).await;
    stripe.webhooks_settled().await;
    assert_eq!(target.kinds(), ["charge.refunded"]);
    assert_eq!(
        stripe.journal().deliveries.iter().filter(|it| it.dropped).count(),
        1
    );
}

#[tokio::test]
async fn what_was_not_delivered_is_sent_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.stripe.journal = Some(folder.path().join("stripe.jsonl"));
    let running = start(config.clone()).await;
    send(stripe_refund(&running.sandbox.stripe, "k", 100)).await;
    running.stop().await;

    let target = Target::default();
    config.stripe.webhook_url = Some(target.listen().await);
    for _ in 0..2 {
        let running = crate::Sandbox::start(config.clone()).await.expect("starts again");
        running.sandbox.stripe.webhooks_settled().await;
        running.stop().await;
    }
    assert_eq!(target.kinds(), ["refund.created", "charge.refunded"]);
}
