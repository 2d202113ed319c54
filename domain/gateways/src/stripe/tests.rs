//! What is really sent to Stripe, and what is made of its answers.

use entities::{Money, PaymentGateway, RefundReason};

use crate::testing::{OUR_REFUND, Reply, Script, order, our_refund};
use domain::adapters::gateways::{GatewayRefundStatus, OrderError, Unanswered};

const REFUND: &str = r#"{"id":"re_1","object":"refund","amount":1230,"currency":"eur","status":"pending",
    "created":1700000000,"metadata":{"postventa_refund":"refund_01h2xcejqtf2nbrexx3vqjhp41"}}"#;

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn an_order_is_sent_with_its_key_its_amount_and_its_reason() {
    let script = Script::of(PaymentGateway::Stripe, [Reply::Answer(200, REFUND)]).await;
    let mut order = order("pi_1", "12.30", "EUR", RefundReason::RequestedByCustomer);
    order.note = Some("ñ".repeat(600));
    let refund = script.gateway.refund(&order).await.expect("a refund");

    assert!(order.agrees_with(&refund));
    assert_eq!(refund.our_refund, Some(our_refund()));
    assert_eq!(refund.status, GatewayRefundStatus::Pending);
    let sent = &script.sent()[0];
    assert_eq!(sent.line, "POST /v1/refunds");
    assert_eq!(sent.header("idempotency-key"), Some(OUR_REFUND));
    assert_eq!(sent.header("authorization"), Some("Bearer sk_test_secret"));
    assert_eq!(sent.header("stripe-version"), Some("2026-09-30.endive"));
    let expected = [
        field("amount", "1230"),
        field("metadata[postventa_note]", &"ñ".repeat(500)),
        field("metadata[postventa_reason]", "REQUESTED_BY_CUSTOMER"),
        field("metadata[postventa_refund]", OUR_REFUND),
        field("payment_intent", "pi_1"),
        field("reason", "requested_by_customer"),
    ];
    assert_eq!(sent.form(), expected);
}

#[tokio::test]
async fn fraudulent_is_said_of_fraud_only_and_other_is_not_said() {
    for (reason, said) in [
        (RefundReason::Duplicate, Some("duplicate")),
        (RefundReason::Fraudulent, Some("fraudulent")),
        (RefundReason::RequestedByCustomer, Some("requested_by_customer")),
        (RefundReason::Other, None),
    ] {
        let script = Script::of(PaymentGateway::Stripe, [Reply::Answer(200, REFUND)]).await;
        script
            .gateway
            .refund(&order("ch_1", "500", "JPY", reason))
            .await
            .expect("a refund");
        let form = script.sent()[0].form();
        let value = |name: &str| {
            form.iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(
            (value("reason"), value("charge"), value("amount")),
            (said, Some("ch_1"), Some("500"))
        );
        assert_eq!(value("metadata[postventa_reason]"), Some(reason.as_str()));
    }
}

#[tokio::test]
async fn only_payments_of_stripe_are_refunded_there() {
    let script = Script::of(PaymentGateway::Stripe, []).await;
    for payment in ["cus_1", "1234"] {
        let order = order(payment, "1", "EUR", RefundReason::Other);
        assert!(script.gateway.check(&order).is_err(), "{payment}");
        let refused = script.gateway.refund(&order).await;
        assert!(matches!(refused, Err(OrderError::Refused { .. })), "{payment}");
    }
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn all_pages_of_refunds_are_read() {
    let script = Script::of(PaymentGateway::Stripe, [
        Reply::Answer(200, r#"{"has_more":true,"data":[{"id":"re_1","amount":1,"currency":"eur","status":"failed","failure_reason":"unknown"}]}"#),
        Reply::Answer(200, r#"{"has_more":false,"data":[{"id":"re_2","amount":2,"currency":"eur","status":"succeeded"}]}"#),
    ])
    .await;
    let order = order("pi_1", "1", "EUR", RefundReason::Other);
    let refunds = script
        .gateway
        .refunds_of(&order.payment())
        .await
        .expect("refunds");
    let read: Vec<_> = refunds
        .iter()
        .map(|it| (it.id.as_str(), it.status, it.amount.minor))
        .collect();
    assert_eq!(
        read,
        [
            ("re_1", GatewayRefundStatus::Failed, 1),
            ("re_2", GatewayRefundStatus::Succeeded, 2)
        ]
    );
    assert_eq!(refunds[0].failure.as_deref(), Some("unknown"));
    let lines: Vec<_> = script.sent().into_iter().map(|it| it.line).collect();
    assert_eq!(lines[0], "GET /v1/refunds?limit=100&payment_intent=pi_1");
    assert_eq!(
        lines[1],
        "GET /v1/refunds?limit=100&payment_intent=pi_1&starting_after=re_1"
    );
}

#[tokio::test]
async fn a_payment_tells_what_was_taken_and_given_back() {
    let script = Script::of(PaymentGateway::Stripe, [
        Reply::Answer(200, r#"{"id":"pi_1","status":"succeeded","currency":"kwd","amount_received":5000,"latest_charge":{"id":"ch_1","amount_refunded":1230,"disputed":true}}"#),
        Reply::Answer(200, r#"{"id":"pi_2","status":"succeeded","currency":"eur","amount_received":900,"latest_charge":"ch_2"}"#),
        Reply::Answer(404, r#"{"error":{"type":"invalid_request_error","code":"resource_missing"}}"#),
        Reply::Answer(200, r#"{"id":"py_1","status":"succeeded","currency":"clp","amount_captured":1990,"amount_refunded":0,"disputed":false}"#),
    ])
    .await;
    let kwd = script.gateway.payment("pi_1").await.expect("a payment");
    assert_eq!(
        (kwd.captured.to_string(), kwd.refunded.to_string(), kwd.disputed),
        ("5.000 KWD".into(), "1.230 KWD".into(), true)
    );
    let lean = script.gateway.payment("pi_2").await.expect("a payment");
    assert_eq!(
        (lean.captured.minor, lean.left(), lean.disputed),
        (900, 900, false)
    );
    let foreign = script.gateway.payment("pi_3").await;
    assert!(matches!(foreign, Err(Unanswered::NotFound { .. })), "{foreign:?}");
    let clp = script.gateway.payment("py_1").await.expect("a payment");
    assert_eq!(clp.captured, Money::new(1990, "CLP".parse().expect("a currency")));
    assert_eq!(script.sent()[3].line, "GET /v1/charges/py_1");
}

#[tokio::test]
async fn pausing_is_done_once_the_subscription_has_ended() {
    let script = Script::of(PaymentGateway::Stripe, [
        Reply::Answer(200, r#"{"id":"sub_1","status":"active"}"#),
        Reply::Answer(400, r#"{"error":{"type":"invalid_request_error","message":"A canceled subscription can only update its cancellation_details and metadata."}}"#),
        Reply::Answer(200, r#"{"id":"sub_1","status":"canceled"}"#),
        Reply::Answer(404, r#"{"error":{"type":"invalid_request_error","code":"resource_missing"}}"#),
        Reply::Answer(404, r#"{"error":{"type":"invalid_request_error","code":"resource_missing"}}"#),
        Reply::Answer(400, r#"{"error":{"type":"invalid_request_error","code":"subscription_locked"}}"#),
        Reply::Answer(200, r#"{"id":"sub_3","status":"active"}"#),
    ])
    .await;
    assert_eq!(script.gateway.pause_subscription("sub_1").await, Ok(()));
    assert_eq!(script.gateway.pause_subscription("sub_1").await, Ok(()));
    // Whoever does not know it cannot refuse it, either.
    assert!(matches!(
        script.gateway.pause_subscription("sub_2").await,
        Err(OrderError::Unknown { .. })
    ));
    assert!(matches!(
        script.gateway.pause_subscription("sub_3").await,
        Err(OrderError::Refused { .. })
    ));
    let sent = &script.sent()[0];
    assert_eq!(sent.line, "POST /v1/subscriptions/sub_1");
    assert_eq!(sent.form(), [field("pause_collection[behavior]", "void")]);
}
