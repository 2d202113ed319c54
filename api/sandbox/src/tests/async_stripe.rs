//! The client library that the product uses reads every answer.

use super::sandbox;
use stripe::{IdempotencyKey, RequestStrategy, StripeRequest};
use stripe_core::payment_intent::RetrievePaymentIntent;
use stripe_core::refund::{CreateRefund, ListRefund, RetrieveRefund};

#[tokio::test]
async fn async_stripe_reads_refunds_payments_and_errors() {
    let running = sandbox().await;
    let client = stripe::ClientBuilder::new("sk_test_sandbox")
        .url(running.sandbox.stripe.base_url())
        .build()
        .expect("a client");
    let create = |amount: i64| {
        let key = IdempotencyKey::new("refund-1").expect("a key");
        CreateRefund::new()
            .payment_intent("pi_1")
            .amount(amount)
            .metadata([("refund".to_owned(), "refund-1".to_owned())])
            .customize()
            .request_strategy(RequestStrategy::Idempotent(key))
    };
    let refund = create(2_500).send(&client).await.expect("a refund");
    assert_eq!(
        (refund.amount, refund.status.as_deref()),
        (2_500, Some("succeeded"))
    );
    let again = create(2_500).send(&client).await.expect("the same refund");
    assert_eq!(again.id, refund.id);
    let error = create(1).send(&client).await.expect_err("another amount");
    assert!(matches!(error, stripe::StripeError::Stripe(_, 400)), "{error:?}");

    let found = RetrieveRefund::new(refund.id.clone())
        .send(&client)
        .await
        .expect("the refund");
    assert_eq!(found.metadata.expect("metadata")["refund"], "refund-1");
    let list = ListRefund::new()
        .payment_intent("pi_1")
        .send(&client)
        .await
        .expect("a list");
    assert_eq!(list.data.len(), 1);
    let intent = RetrievePaymentIntent::new("pi_1")
        .expand(["latest_charge".to_owned()])
        .send(&client)
        .await
        .expect("the payment");
    let charge = intent
        .latest_charge
        .expect("a charge")
        .into_object()
        .expect("expanded");
    assert_eq!((charge.amount_captured, charge.amount_refunded), (10_000, 2_500));
}
