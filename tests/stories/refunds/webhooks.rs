//! What the gateways tell us: believed if signed lately, kept once, and worked off whenever it comes.

use chrono::TimeDelta;
use domain::clock::Clock;
use entities::gateway_event;
use hmac::{Hmac, KeyInit, Mac};
use sandbox::{FaultKind, RefundStatus, WebhookFaults};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use sha2::Sha256;
use tests::stage::Stage;

use super::{GATEWAYS, accepted, buy, look, stations, status};

const STRIPE_SECRET: &str = "whsec_sandbox";
const MERCADO_PAGO_SECRET: &str = "sandbox-webhook-secret";

pub fn hmac(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// An event of Stripe's about this object.
pub fn event(id: &str, kind: &str, object: Value) -> String {
    json!({
        "id": id, "object": "event", "api_version": "2026-09-30.endive", "created": 1_772_452_800,
        "data": { "object": object }, "livemode": false, "pending_webhooks": 1, "type": kind,
    })
    .to_string()
}

/// A refund of 30.00 EUR as Stripe tells it.
pub fn refund_object(id: &str, payment: &str, ours: &str, status: &str) -> Value {
    json!({
        "id": id, "object": "refund", "amount": 3000, "currency": "eur", "status": status,
        "payment_intent": payment, "charge": payment.replacen("pi_", "ch_", 1), "created": 1_772_452_800,
        "metadata": { "postventa_refund": ours }, "reason": null, "failure_reason": null,
    })
}

pub fn charge(payment: &str) -> Value {
    json!({ "id": payment.replacen("pi_", "ch_", 1), "object": "charge", "payment_intent": payment, "amount_refunded": 3000 })
}

pub fn dispute(payment: &str) -> Value {
    json!({ "id": "dp_1", "object": "dispute", "payment_intent": payment, "charge": payment.replacen("pi_", "ch_", 1) })
}

/// Delivers an event as Stripe does, signed now. The answer's status.
pub async fn post_stripe(stage: &Stage, body: &str) -> u16 {
    let at = stage.clock.now().timestamp();
    let signature = format!("t={at},v1={}", hmac(STRIPE_SECRET, &format!("{at}.{body}")));
    post(
        stage,
        "/webhooks/stripe",
        &[("stripe-signature", signature)],
        body,
    )
    .await
}

async fn post(stage: &Stage, path: &str, headers: &[(&'static str, String)], body: &str) -> u16 {
    stage.admin.post(path, headers, body).await
}

async fn stored(stage: &Stage) -> Vec<gateway_event::Model> {
    gateway_event::Entity::find()
        .all(stage.app.db.connection())
        .await
        .expect("events")
}

/// Signed by nobody we know, or not lately: 401, and nothing of it is kept.
#[tokio::test]
async fn what_is_not_genuine_leaves_no_trace() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let body = event("evt_1", "charge.refunded", charge(&bought.payment));
    let now = stage.clock.now().timestamp();
    let signed =
        |secret: &str, at: i64, text: &str| format!("t={at},v1={}", hmac(secret, &format!("{at}.{text}")));
    for (name, signature) in [
        ("no signature", String::new()),
        ("another secret", signed("whsec_other", now, &body)),
        ("another body", signed(STRIPE_SECRET, now, "{}")),
        (
            "another time",
            signed(STRIPE_SECRET, now, &body).replacen(&now.to_string(), &(now + 1).to_string(), 1),
        ),
        ("too old", signed(STRIPE_SECRET, now - 301, &body)),
        ("from the future", signed(STRIPE_SECRET, now + 301, &body)),
        (
            "half a signature",
            signed(STRIPE_SECRET, now, &body)[..40].to_owned(),
        ),
        ("an empty secret", signed("", now, &body)),
    ] {
        let headers = [("stripe-signature", signature)];
        assert_eq!(
            post(&stage, "/webhooks/stripe", &headers, &body).await,
            401,
            "{name}"
        );
    }
    assert_eq!(post(&stage, "/webhooks/stripe", &[], &body).await, 401);
    let old = (now - 301).to_string();
    let manifest = format!("id:1;request-id:r;ts:{old};");
    for (name, signature) in [
        (
            "old",
            format!("ts={old},v1={}", hmac(MERCADO_PAGO_SECRET, &manifest)),
        ),
        (
            "another secret",
            format!(
                "ts={now},v1={}",
                hmac("x", &format!("id:1;request-id:r;ts:{now};"))
            ),
        ),
        (
            "another payment",
            format!(
                "ts={now},v1={}",
                hmac(MERCADO_PAGO_SECRET, &format!("id:2;request-id:r;ts:{now};"))
            ),
        ),
        (
            "only a time",
            format!("ts={now},v1={}", hmac(MERCADO_PAGO_SECRET, &format!("ts:{now};"))),
        ),
    ] {
        let headers = [("x-signature", signature), ("x-request-id", "r".to_owned())];
        let answer = post(
            &stage,
            "/webhooks/mercadopago?data.id=1&type=payment",
            &headers,
            "{}",
        )
        .await;
        assert_eq!(answer, 401, "{name}");
    }
    assert!(stored(&stage).await.is_empty());
    assert!(stage.run_jobs().await.is_empty());
    stage.end().await;
}

/// Stored once by its id, however often and however concurrently it comes.
#[tokio::test]
async fn an_event_is_kept_and_handled_once() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let body = event("evt_1", "charge.dispute.created", dispute(&bought.payment));
    let answers = futures::future::join_all((0..10).map(|_| post_stripe(&stage, &body))).await;
    assert_eq!(answers, [200; 10]);
    let handled = stage.run_jobs().await;
    assert_eq!(
        handled
            .iter()
            .filter(|job| job.kind == "handle_gateway_event")
            .count(),
        1
    );
    assert_eq!(post_stripe(&stage, &body).await, 200);
    assert_eq!(stored(&stage).await.len(), 1);
    assert!(stage.run_jobs().await.is_empty());
    stage.end().await;
}

/// What concerns nothing here is taken, so that the gateway does not send it for days.
#[tokio::test]
async fn unknown_events_are_taken_and_left_alone() {
    let stage = Stage::new().await;
    for (number, (kind, object)) in (0..).zip([
        ("customer.created", json!({ "id": "cus_1" })),
        (
            "refund.invented",
            json!({ "id": "re_1", "payment_intent": "pi_1" }),
        ),
        (
            "refund.updated",
            json!({ "id": "re_of_somebody_else", "payment_intent": "pi_unknown" }),
        ),
        ("refund.updated", json!("not an object")),
        ("charge.refunded", json!(null)),
    ]) {
        let body = event(&format!("evt_{number}"), kind, object);
        assert_eq!(post_stripe(&stage, &body).await, 200, "{kind}");
    }
    assert_eq!(post_stripe(&stage, "no JSON").await, 400);
    stage.run_jobs().await;
    let events = stored(&stage).await;
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|event| event.processed_at.is_some()));
    stage.end().await;
}

/// An event of one team says nothing about another team's refund.
#[tokio::test]
async fn a_team_cannot_speak_of_another_teams_refund() {
    let stage = Stage::new().await;
    let boreal = stage.other_team().await;
    let secrets = json!({ "stripeSecretKey": "sk_test_boreal", "stripeWebhookSecret": "whsec_boreal" });
    let set = boreal.mutate(
        "teamSettingsUpdate",
        "TeamSettingsUpdateInput",
        secrets,
        "team { id }",
    );
    set.await.accepted();
    let bought = buy(&stage, "STRIPE", 1).await;
    bought.fault(&stage, FaultKind::RefundPending);
    stage.sandbox.stripe.hold_webhooks();
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    let told = refund_object(&bought.at_gateway(&stage), &bought.payment, &refund, "succeeded");
    let body = event("evt_1", "refund.updated", told);
    let at = stage.clock.now().timestamp();
    let signature = format!("t={at},v1={}", hmac("whsec_boreal", &format!("{at}.{body}")));
    assert_eq!(
        post(
            &stage,
            "/webhooks/stripe",
            &[("stripe-signature", signature)],
            &body
        )
        .await,
        200
    );
    stage.run_jobs().await;
    assert_eq!(status(&stage, &refund).await, "PENDING");
    stage
        .sandbox
        .stripe
        .settle(&bought.at_gateway(&stage), RefundStatus::Succeeded, None);
    stage.until_quiet().await;
    stage.end().await;
}

/// MercadoPago's manifests: ids in either case, without a request id, times in seconds and milliseconds.
#[tokio::test]
async fn every_form_of_mercado_pagos_signature_is_understood() {
    let stage = Stage::new().await;
    let (seconds, millis) = (
        stage.clock.now().timestamp(),
        stage.clock.now().timestamp_millis(),
    );
    for (number, (id, signed_id, request_id, ts)) in (0..).zip([
        ("123", "123", Some("r-1"), seconds),
        ("123", "123", Some("r-1"), millis),
        ("123", "123", None, seconds),
        ("123", "123", None, millis),
        ("ORD01ABC", "ord01abc", Some("r-1"), seconds),
        ("ORD01ABC", "ORD01ABC", None, millis),
        ("ord01abc", "ord01abc", Some("r-1"), millis),
    ]) {
        let part = request_id
            .map(|it| format!("request-id:{it};"))
            .unwrap_or_default();
        let manifest = format!("id:{signed_id};{part}ts:{ts};");
        let mut headers = vec![(
            "x-signature",
            format!("ts={ts},v1={}", hmac(MERCADO_PAGO_SECRET, &manifest)),
        )];
        headers.extend(request_id.map(|it| ("x-request-id", it.to_owned())));
        let body =
            json!({ "id": number, "type": "payment", "action": "payment.updated", "data": { "id": id } });
        let path = format!("/webhooks/mercadopago?data.id={id}&type=payment");
        let answer = post(&stage, &path, &headers, &body.to_string()).await;
        assert_eq!(answer, 200, "{id} {signed_id} {request_id:?} {ts}");
    }
    stage.run_jobs().await;
    assert_eq!(stored(&stage).await.len(), 7);
    stage.end().await;
}

/// The simulated MercadoPago signs in milliseconds and without a request id, and is understood.
#[tokio::test]
async fn a_mercado_pago_of_the_other_kind_is_understood() {
    let stage = Stage::with_gateways(|config| {
        config.mercado_pago.signature_in_ms = true;
        config.mercado_pago.without_request_id = true;
    })
    .await;
    let bought = buy(&stage, "MERCADO_PAGO", 1).await;
    bought.fault(&stage, FaultKind::RefundPending);
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    stage
        .sandbox
        .mercado_pago
        .settle(&bought.at_gateway(&stage), RefundStatus::Succeeded, None);
    stage.hear_gateways().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    stage.until_quiet().await;
    stage.end().await;
}

/// The gateway tells of the refund before it has answered us: told and answered together are told once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_comes_before_the_answer() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::TimeoutAfterExecuting);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        // One worker waits for the answer while another one hears of the refund.
        let hear = async {
            while bought.simulator(&stage).journal().refunds.is_empty() {
                tokio::task::yield_now().await;
            }
            stage.hear_gateways().await;
            assert_eq!(
                status(&stage, &refund).await,
                "SUCCEEDED",
                "{gateway}: told early"
            );
        };
        tokio::join!(stage.run_jobs(), hear);
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(
            stations(&seen),
            ["REQUESTED", "PROCESSING", "SUCCEEDED"],
            "{gateway}"
        );
        assert_eq!(bought.sent(&stage, &refund), 1);
        assert_eq!(
            bought.simulator(&stage).faults_landed()["timeout_after_executing"],
            1
        );
        stage.end().await;
    }
}

/// Doubled and shuffled as the gateways themselves do it.
#[tokio::test]
async fn doubled_and_shuffled_deliveries_end_the_same() {
    for seed in 0..4 {
        let stage = Stage::new().await;
        for (number, gateway) in (1..).zip(GATEWAYS) {
            let simulator = super::simulator(&stage, gateway);
            simulator.set_webhook_faults(WebhookFaults {
                hold: true,
                doubled: true,
                shuffle_seed: Some(seed),
                drop_next: 0,
            });
            let bought = buy(&stage, gateway, number).await;
            bought.fault(&stage, FaultKind::RefundPending);
            let refund = accepted(&stage, &bought.purchase, json!({})).await;
            stage.run_jobs().await;
            let at_gateway = bought.at_gateway(&stage);
            simulator.settle(&at_gateway, RefundStatus::Succeeded, None);
            simulator.settle(&at_gateway, RefundStatus::Failed, None);
            simulator.release_webhooks().await;
            stage.until_quiet().await;
            let end = status(&stage, &refund).await;
            // MercadoPago only says that something happened: who asks late has never seen the success.
            let expected = if gateway == "STRIPE" { "REVERSED" } else { "FAILED" };
            assert_eq!(end, expected, "{gateway}, seed {seed}");
            assert!(bought.may_use(&stage).await);
        }
        stage.end().await;
    }
}

/// A webhook that never comes is made up for by asking; one that comes a month late changes nothing.
#[tokio::test]
async fn a_webhook_that_comes_a_month_late_changes_nothing() {
    let stage = Stage::new().await;
    stage.sandbox.stripe.hold_webhooks();
    let bought = buy(&stage, "STRIPE", 1).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.until_quiet().await;
    let before = look(&stage, &refund).await;
    stage.pass(TimeDelta::days(30));
    stage.sandbox.stripe.release_webhooks().await;
    stage.until_quiet().await;
    let after = look(&stage, &refund).await;
    assert_eq!(after["timeline"], before["timeline"]);
    stage.end().await;
}
