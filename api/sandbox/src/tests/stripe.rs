//! Stripe's refunds, keys and books.

use std::time::Duration;

use serde_json::json;

use super::{client, config, sandbox, send, start, stripe_get, stripe_refund};
use crate::{Payment, SandboxClock};

#[tokio::test]
async fn a_key_replays_its_answer_until_it_expires() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let (status, first) = send(stripe_refund(stripe, "refund-1", 4_000)).await;
    assert_eq!((status, &first["status"]), (200, &json!("succeeded")));

    let again = stripe_refund(stripe, "refund-1", 4_000)
        .send()
        .await
        .expect("an answer");
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(super::parts(again).await, (200, first.clone()));
    assert_eq!(stripe.journal().refunds.len(), 1);

    stripe.clock().advance(Duration::from_hours(24));
    let (_, later) = send(stripe_refund(stripe, "refund-1", 4_000)).await;
    assert_ne!(
        later["id"], first["id"],
        "the key was forgotten, so the money goes twice"
    );
    assert_eq!(stripe.journal().executions_by_key()["refund-1"], 2);
    assert_eq!(stripe.journal().total_refunded("pi_1"), 8_000);
}

#[tokio::test]
async fn a_key_with_other_parameters_is_refused() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    send(stripe_refund(stripe, "refund-1", 4_000)).await;
    let (status, body) = send(stripe_refund(stripe, "refund-1", 4_001)).await;
    assert_eq!(status, 400);
    assert_eq!(body["error"]["type"], "idempotency_error");
    assert_eq!(stripe.journal().refunds.len(), 1);
}

#[tokio::test]
async fn the_order_of_parameters_does_not_matter() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let mut answers = Vec::new();
    for form in [
        "payment_intent=pi_1&amount=100&metadata[a]=1&metadata[b]=2",
        "metadata[b]=2&metadata[a]=1&amount=100&payment_intent=pi_1",
    ] {
        let request = client()
            .post(format!("{}/v1/refunds", stripe.base_url()))
            .bearer_auth("sk_test_sandbox")
            .header("idempotency-key", "k")
            .body(form);
        answers.push(send(request).await);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(stripe.journal().refunds_with_metadata("b", "2").len(), 1);
}

#[tokio::test]
async fn no_more_than_what_is_left_goes_back() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    send(stripe_refund(stripe, "a", 6_000)).await;
    let (status, refused) = send(stripe_refund(stripe, "b", 4_001)).await;
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("amount")));
    send(stripe_refund(stripe, "c", 4_000)).await;
    let (_, body) = send(stripe_refund(stripe, "d", 1)).await;
    assert_eq!(body["error"]["code"], "charge_already_refunded");

    let (_, charge) = send(stripe_get(stripe, "/v1/charges/ch_1")).await;
    assert_eq!(charge["amount_refunded"], 10_000);
    assert_eq!(charge["refunded"], true);
    stripe.add_payment("pi_1", 20_000, "USD");
    let (_, stored) = send(stripe_refund(stripe, "b", 4_001)).await;
    assert_eq!(stored, refused, "a refusal after execution began is stored");
}

#[tokio::test]
async fn wrong_requests_are_answered_as_stripe_does_and_not_stored() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let url = format!("{}/v1/refunds", stripe.base_url());
    let post = |form: &'static str| {
        client()
            .post(&url)
            .bearer_auth("sk_test_sandbox")
            .header("idempotency-key", "k")
            .body(form)
    };
    let cases = [
        (
            "payment_intent=pi_1&reason=other",
            400,
            json!("parameter_invalid"),
        ),
        (
            "payment_intent=pi_1&amount=0",
            400,
            json!("parameter_invalid_integer"),
        ),
        ("payment_intent=pi_1&colour=red", 400, json!("parameter_unknown")),
        ("amount=100", 400, json!("parameter_missing")),
        ("payment_intent=pi_2", 404, json!("resource_missing")),
    ];
    for (form, status, code) in cases {
        let (got, body) = send(post(form)).await;
        assert_eq!((got, &body["error"]["code"]), (status, &code), "{form}");
    }
    let wrong_key = client()
        .post(&url)
        .bearer_auth("sk_other")
        .body("payment_intent=pi_1");
    assert_eq!(send(wrong_key).await.0, 401);
    let journal = stripe.journal();
    assert_eq!(journal.requests.last().and_then(|it| it.answered), Some(401));
    assert_eq!(
        send(post("payment_intent=pi_1")).await.0,
        200,
        "the key was still free"
    );

    stripe.add_payment("pi_3", 100, "EUR");
    assert!(stripe.dispute("pi_3"));
    let (_, body) = send(
        client()
            .post(&url)
            .bearer_auth("sk_test_sandbox")
            .body("charge=ch_3"),
    )
    .await;
    assert_eq!(body["error"]["code"], "charge_disputed");
}

#[tokio::test]
async fn refunds_are_listed_newest_first_in_pages() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    let mut ids = Vec::new();
    for key in ["a", "b", "c"] {
        ids.push(send(stripe_refund(stripe, key, 100)).await.1["id"].clone());
    }
    let path = "/v1/refunds?payment_intent=pi_1&limit=2";
    let (_, page) = send(stripe_get(stripe, path)).await;
    assert_eq!(
        (&page["data"][0]["id"], &page["data"][1]["id"]),
        (&ids[2], &ids[1])
    );
    assert_eq!(page["has_more"], true);
    let after = format!("{path}&starting_after={}", ids[1].as_str().expect("an id"));
    let (_, page) = send(stripe_get(stripe, &after)).await;
    assert_eq!(
        (&page["data"][0]["id"], &page["has_more"]),
        (&ids[0], &json!(false))
    );
}

#[tokio::test]
async fn a_subscription_is_paused() {
    let running = sandbox().await;
    let stripe = &running.sandbox.stripe;
    stripe.add_subscription("sub_1", "USD");
    let request = client()
        .post(format!("{}/v1/subscriptions/sub_1", stripe.base_url()))
        .bearer_auth("sk_test_sandbox")
        .form(&[("pause_collection[behavior]", "void")]);
    let (status, body) = send(request).await;
    assert_eq!(
        (status, &body["pause_collection"]["behavior"]),
        (200, &json!("void"))
    );
    let (_, body) = send(stripe_get(stripe, "/v1/subscriptions/sub_1")).await;
    assert_eq!(body["pause_collection"]["behavior"], "void");
}

#[tokio::test]
async fn unknown_payments_are_made_up_if_so_set() {
    let mut config = config();
    config.stripe.accept_unknown_payments = true;
    let running = start(config).await;
    let stripe = &running.sandbox.stripe;
    let (status, intent) = send(stripe_get(stripe, "/v1/payment_intents/pi_demo7")).await;
    assert_eq!((status, &intent["amount_received"]), (200, &json!(100_000_000)));
    assert_eq!(send(stripe_get(stripe, "/v1/payment_intents/42")).await.0, 404);
}

#[tokio::test]
async fn the_journal_file_survives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.stripe.journal = Some(folder.path().join("stripe.jsonl"));
    let running = start(config.clone()).await;
    running.sandbox.stripe.add_subscription("sub_1", "USD");
    let first = send(stripe_refund(&running.sandbox.stripe, "refund-1", 4_000)).await;
    running.stop().await;

    let path = folder.path().join("stripe.jsonl");
    let mut torn = std::fs::read(&path).expect("the journal");
    torn.extend_from_slice(b"[{\"refund\":{\"id\":\"re_torn");
    std::fs::write(&path, torn).expect("a torn last line");

    config.clock = SandboxClock::fixed(super::noon());
    let running = crate::Sandbox::start(config.clone()).await.expect("starts again");
    let stripe = &running.sandbox.stripe;
    assert_eq!(send(stripe_refund(stripe, "refund-1", 4_000)).await, first);
    let journal = stripe.journal();
    assert_eq!(journal.refunds.len(), 1);
    assert_eq!(
        journal.requests.len(),
        2,
        "the request of the former life, and this one"
    );
    assert!(stripe.subscription("sub_1").is_some());
    let second = send(stripe_refund(stripe, "refund-2", 6_000)).await;
    assert_ne!(second.1["id"], first.1["id"]);
    running.stop().await;

    let running = crate::Sandbox::start(config)
        .await
        .expect("the torn line is gone");
    assert_eq!(running.sandbox.stripe.journal().refunds.len(), 2);
    running
        .sandbox
        .stripe
        .add_payments([Payment::new("ch_9", 5, "USD")]);
    assert_eq!(
        send(stripe_get(&running.sandbox.stripe, "/v1/payment_intents/pi_9"))
            .await
            .0,
        200
    );
}
