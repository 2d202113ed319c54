//! What every adapter makes of a gateway that does not answer as it should.

use std::time::Duration;

use domain::adapters::gateways::{OrderError, RefundOrder};
use entities::{PaymentGateway, RefundReason};

use crate::testing::{Reply, Script, open, order};

/// An order at each gateway.
fn orders() -> [(PaymentGateway, RefundOrder); 2] {
    [
        (
            PaymentGateway::Stripe,
            order("pi_1", "1", "EUR", RefundReason::Other),
        ),
        (
            PaymentGateway::MercadoPago,
            order("123", "1", "BRL", RefundReason::Other),
        ),
    ]
}

#[tokio::test]
async fn a_lost_answer_is_unknown() {
    for (gateway, order) in orders() {
        for reply in [
            Reply::Cut,
            Reply::Answer(500, ""),
            Reply::Answer(500, r#"{"error":{"type":"api_error"}}"#),
            Reply::Answer(200, r#"{"object":"refund"}"#),
            Reply::Answer(201, "{}"),
            Reply::Answer(200, "<html>"),
            Reply::Answer(302, ""),
            Reply::Answer(307, ""),
        ] {
            let script = Script::of(gateway, [reply]).await;
            let lost = script.gateway.refund(&order).await;
            assert!(
                matches!(lost, Err(OrderError::Unknown { .. })),
                "{gateway}: {lost:?}"
            );
            assert_eq!(script.sent().len(), 1, "{gateway}: sent again by itself");
        }
        let silent = Script::with_timeout(gateway, [Reply::Silence], Duration::from_millis(200)).await;
        let lost = silent.gateway.refund(&order).await;
        assert!(
            matches!(lost, Err(OrderError::Unknown { .. })),
            "{gateway}: {lost:?}"
        );
    }
}

#[tokio::test]
async fn what_was_never_sent_may_be_sent_again() {
    for (gateway, order) in orders() {
        let nobody = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let base = format!("http://{}", nobody.local_addr().expect("an address"));
        drop(nobody);
        let refused = open(gateway, &base, Duration::from_secs(20)).refund(&order).await;
        assert!(
            matches!(refused, Err(OrderError::Busy { .. })),
            "{gateway}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_busy_gateway_says_when_to_come_back() {
    for (gateway, order) in orders() {
        let script = Script::of(gateway, [Reply::Answer(429, "")]).await;
        let busy = script.gateway.refund(&order).await;
        assert!(
            matches!(busy, Err(OrderError::Busy { retry_after: Some(it), .. }) if it.as_secs() == 3),
            "{gateway}"
        );
    }
}
