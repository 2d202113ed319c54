//! Each fault, seen from the client that meets it.

use serde_json::json;

use super::{client, mp_refund, sandbox, send, stripe_get, stripe_refund};
use crate::{Fault, FaultKind, RefundStatus, Simulator};

/// Sends a request that is never answered and gives up as soon as the fault has landed.
async fn give_up(stripe: &Simulator, kind: FaultKind) {
    let name = kind.name();
    let before = stripe.faults_landed().get(name).copied().unwrap_or_default();
    stripe.fault(Fault::once(kind));
    let waiting = tokio::spawn(stripe_refund(stripe, "k", 100).send());
    while stripe.faults_landed().get(name).copied().unwrap_or_default() == before {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    let _ = waiting.await;
}

/// Repeats while the gateway has not yet seen that the first client is gone.
async fn until_free(stripe: &Simulator) -> (u16, serde_json::Value) {
    loop {
        let answer = send(stripe_refund(stripe, "k", 100)).await;
        if answer.0 != 409 {
            return answer;
        }
    }
}

#[tokio::test]
async fn a_timeout_after_executing_leaves_a_refund_and_its_answer() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    give_up(stripe, FaultKind::TimeoutAfterExecuting).await;
    let (status, body) = until_free(stripe).await;
    assert_eq!((status, &body["status"]), (200, &json!("succeeded")));
    let journal = stripe.journal();
    assert_eq!(journal.refunds_with_key("k").len(), 1);
    assert!(journal.requests.iter().any(|it| it.replayed));
}

#[tokio::test]
async fn a_timeout_before_executing_leaves_nothing_and_keeps_the_key_busy() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::TimeoutBeforeExecuting));
    let waiting = tokio::spawn(stripe_refund(stripe, "k", 100).send());
    while stripe.faults_landed().is_empty() {
        tokio::task::yield_now().await;
    }
    let (status, body) = send(stripe_refund(stripe, "k", 100)).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (409, &json!("idempotency_key_in_use"))
    );
    assert_eq!(stripe.journal().refunds.len(), 0);
    waiting.abort();
    assert_eq!(until_free(stripe).await.0, 200);
    assert_eq!(stripe.journal().refunds.len(), 1);
}

#[tokio::test]
async fn a_cut_connection_has_executed() {
    let running = sandbox().await;
    for simulator in [&running.sandbox.stripe, &running.sandbox.mercado_pago] {
        simulator.fault(Fault::once(FaultKind::CutConnection));
    }
    let stripe = &running.sandbox.stripe;
    let error = stripe_refund(stripe, "k", 100)
        .send()
        .await
        .expect_err("no answer");
    assert!(error.is_request(), "{error:?}");
    assert_eq!(stripe.journal().refunds.len(), 1);
    assert_eq!(stripe.journal().requests[0].answered, Some(200));
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.0, 200);
    assert_eq!(stripe.journal().refunds.len(), 1);

    let mp = &running.sandbox.mercado_pago;
    mp_refund(mp, "1001", "k", json!({"amount": 1}))
        .send()
        .await
        .expect_err("no answer");
    assert_eq!(mp.journal().refunds.len(), 1);
}

#[tokio::test]
async fn a_stored_500_is_replayed_though_the_money_is_gone() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::Error500Stored));
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.0, 500);
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.0, 500);
    assert_eq!(stripe.journal().refunds.len(), 1);
}

#[tokio::test]
async fn a_500_before_and_a_429_do_nothing() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::Error500Before));
    stripe.fault(Fault::once(FaultKind::RateLimited { retry_after: 7 }));
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.0, 500);
    let limited = stripe_refund(stripe, "k", 100).send().await.expect("an answer");
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"7".parse().expect("a header"))
    );
    assert_eq!(stripe.journal().refunds.len(), 0);
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.0, 200);
}

#[tokio::test]
async fn slow_is_answered_in_the_end() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::Slow { ms: 1 }));
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.0, 200);
    assert_eq!(stripe.faults_landed()["slow"], 1);
}

#[tokio::test]
async fn a_refusal_comes_with_the_code_that_was_ordered() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::Refuse {
        code: "insufficient_funds".into(),
    }));
    let (status, body) = send(stripe_refund(stripe, "k", 100)).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &json!("insufficient_funds"))
    );
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.0, 400, "stored");

    let mp = &running.sandbox.mercado_pago;
    for (code, status) in [("15016", 404), ("4296", 404), ("2085", 400)] {
        mp.fault(Fault::once(FaultKind::Refuse { code: code.into() }));
        let (got, body) = send(mp_refund(mp, "1001", "k", json!({"amount": 1}))).await;
        assert_eq!(
            (got, body["cause"][0]["code"].to_string()),
            (status, code.to_owned())
        );
    }
    for status in [409, 423, 424, 429] {
        mp.fault(Fault::once(FaultKind::Refuse {
            code: status.to_string(),
        }));
        assert_eq!(
            send(mp_refund(mp, "1001", "k", json!({"amount": 1}))).await.0,
            status
        );
    }
    assert_eq!(
        send(mp_refund(mp, "1001", "k", json!({"amount": 1}))).await.0,
        201
    );
}

#[tokio::test]
async fn a_pending_refund_is_settled_on_command() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::RefundPending));
    let (_, refund) = send(stripe_refund(stripe, "k", 10_000)).await;
    assert_eq!(refund["status"], "pending");
    let id = refund["id"].as_str().expect("an id");
    let url = format!("{}/_control/refunds/{id}/settle", stripe.base_url());
    let (status, _) = send(client().post(url).json(&json!({"status": "failed"}))).await;
    assert_eq!(status, 200);
    let (_, refund) = send(stripe_get(stripe, &format!("/v1/refunds/{id}"))).await;
    assert_eq!(refund["status"], "failed");
    assert_eq!(refund["failure_reason"], "expired_or_canceled_card");
    let (_, charge) = send(stripe_get(stripe, "/v1/charges/ch_1")).await;
    assert_eq!(
        (&charge["amount_refunded"], &charge["refunded"]),
        (&json!(0), &json!(false))
    );
}

#[tokio::test]
async fn pending_refunds_settle_by_themselves_in_the_demonstration() {
    let mut config = super::config();
    config.stripe.settle_after = Some(std::time::Duration::from_millis(1));
    let running = super::start(config).await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::RefundPending));
    send(stripe_refund(stripe, "k", 100)).await;
    while stripe.journal().refunds[0].status == RefundStatus::Pending {
        tokio::task::yield_now().await;
    }
    assert_eq!(stripe.journal().refunds[0].status, RefundStatus::Succeeded);
}

#[tokio::test]
async fn a_success_fails_late() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::LateFailure));
    let (_, refund) = send(stripe_refund(stripe, "k", 100)).await;
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(stripe.fail_late_refunds().len(), 1);
    assert_eq!(stripe.fail_late_refunds().len(), 0);
    assert_eq!(stripe.journal().refunds[0].status, RefundStatus::Failed);
}

#[tokio::test]
async fn another_amount_is_executed() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.fault(Fault::once(FaultKind::WrongAmount { amount: None }));
    assert_eq!(send(stripe_refund(stripe, "k", 100)).await.1["amount"], 99);
}

#[tokio::test]
async fn faults_are_ordered_over_http_and_land_where_they_should() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let faults = json!([
        {"kind": "error_500_before", "payment": "pi_other"},
        {"kind": "rate_limited", "retry_after": 1, "endpoint": "refunds.list", "times": 2},
        {"kind": "error_500_stored", "probability": 1.0, "seed": 3, "times": 1},
    ]);
    let url = format!("{}/_control/faults", stripe.base_url());
    assert_eq!(send(client().post(&url).json(&faults)).await.0, 200);
    for expected in [429, 429, 200] {
        assert_eq!(send(stripe_get(stripe, "/v1/refunds")).await.0, expected);
    }
    assert_eq!(send(stripe_refund(stripe, "a", 100)).await.0, 500);
    assert_eq!(send(stripe_refund(stripe, "b", 100)).await.0, 200);
    let (_, landed) = send(client().get(&url)).await;
    assert_eq!(
        landed["landed"],
        json!({"rate_limited": 2, "error_500_stored": 1})
    );
}
