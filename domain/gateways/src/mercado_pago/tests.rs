//! What is really sent to MercadoPago, and what is made of its answers.

use entities::{PaymentGateway, RefundReason};

use crate::testing::{OUR_REFUND, Reply, Script, order};
use domain::adapters::gateways::{GatewayRefundStatus, Unanswered};

#[tokio::test]
async fn an_order_is_sent_with_its_key_and_its_exact_amount() {
    let refund = r#"{"id":987,"payment_id":123,"amount":12.3,"status":"in_process","date_created":"2021-11-24T13:58:49.312-04:00","reason":null}"#;
    let script = Script::of(PaymentGateway::MercadoPago, [Reply::Answer(201, refund)]).await;
    let order = order("123", "12.30", "BRL", RefundReason::Other);
    let refund = script.gateway.refund(&order).await.expect("a refund");

    assert!(order.agrees_with(&refund));
    assert_eq!(
        (refund.id.as_str(), refund.status, refund.our_refund),
        ("987", GatewayRefundStatus::Pending, None)
    );
    assert_eq!(
        refund.created_at.map(|it| it.to_rfc3339()),
        Some("2021-11-24T17:58:49.312+00:00".to_owned())
    );
    let sent = &script.sent()[0];
    assert_eq!(sent.line, "POST /v1/payments/123/refunds");
    assert_eq!(sent.body, r#"{"amount":12.30}"#);
    assert_eq!(sent.header("x-idempotency-key"), Some(OUR_REFUND));
    assert_eq!(sent.header("x-render-in-process-refunds"), Some("true"));
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("authorization"), Some("Bearer sk_test_secret"));
}

#[tokio::test]
async fn amounts_are_written_with_the_decimals_of_their_currency() {
    for (major, currency, body) in [
        ("1990", "CLP", r#"{"amount":1990}"#),
        ("0.10", "ARS", r#"{"amount":0.10}"#),
        ("90071992547409.93", "MXN", r#"{"amount":90071992547409.93}"#),
        ("1.234", "KWD", r#"{"amount":1.234}"#),
    ] {
        let written = super::refund_body(order("1", major, currency, RefundReason::Other).amount);
        assert_eq!(written.expect(major), body.as_bytes());
    }
}

#[tokio::test]
async fn refunds_and_payments_are_read_exactly() {
    let script = Script::of(PaymentGateway::MercadoPago, [
        Reply::Answer(200, r#"[{"id":"1","amount":10.10,"status":"approved"},{"id":2,"amount":1e1,"status":"rejected"},{"id":3,"amount":1}]"#),
        Reply::Answer(200, r#"{"id":1,"amount":0.3,"status":"cancelled","reason":"no funds"}"#),
        Reply::Answer(404, r#"{"error":"not_found","cause":[{"code":2032}]}"#),
Reply::Answer(200, r#"{"id":123,"status":"charged_back","currency_id":"CLP","transaction_amount":1990.0,"transaction_amount_refunded":null}"#),
        Reply::Answer(200, r#"{"id":123,"status":"pending","currency_id":"BRL","transaction_amount":10}"#),
    ])
    .await;
    let payment = order("123", "1", "BRL", RefundReason::Other).payment();
    let refunds = script.gateway.refunds_of(&payment).await.expect("refunds");
    let read: Vec<_> = refunds
        .iter()
        .map(|it| (it.id.as_str(), it.amount.minor, it.status))
        .collect();
    let expected = [
        ("1", 1010, GatewayRefundStatus::Succeeded),
        ("2", 1000, GatewayRefundStatus::Failed),
        ("3", 100, GatewayRefundStatus::Pending),
    ];
    assert_eq!(read, expected);
    let one = script
        .gateway
        .refund_by_id(&payment, "1")
        .await
        .expect("a refund");
    assert_eq!(
        (one.amount.minor, one.failure.as_deref()),
        (30, Some("cancelled: no funds"))
    );
    let unknown = script.gateway.refund_by_id(&payment, "9").await;
    assert!(matches!(unknown, Err(Unanswered::NotFound { .. })), "{unknown:?}");
    let disputed = script.gateway.payment("123").await.expect("a payment");
    assert_eq!(
        (
            disputed.captured.minor,
            disputed.refunded.minor,
            disputed.disputed
        ),
        (1990, 0, true)
    );
    let unpaid = script.gateway.payment("123").await.expect("a payment");
    assert_eq!((unpaid.captured.minor, unpaid.disputed), (0, false));
    let sent = script.sent();
    assert_eq!(sent[1].line, "GET /v1/payments/123/refunds/1");
    assert_eq!(sent[0].header("x-render-in-process-refunds"), Some("true"));
}

#[tokio::test]
async fn pausing_is_done_if_it_was_before() {
    let script = Script::of(PaymentGateway::MercadoPago, [
        Reply::Answer(400, r#"{"message":"You can not modify a cancelled preapproval.","status":400,"error":"bad_request"}"#),
        Reply::Answer(200, r#"{"id":"2c93","status":"cancelled"}"#),
    ])
    .await;
    assert_eq!(script.gateway.pause_subscription("2c93").await, Ok(()));
    let sent = script.sent();
    assert_eq!(
        (sent[0].line.as_str(), sent[0].body.as_str()),
        ("PUT /preapproval/2c93", r#"{"status":"paused"}"#)
    );
}
