//! However many ask at once, the money goes back once and never more than was paid.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{Stage, text},
};

use super::{Bought, buy, purchase_rows, refund_input, refund_rows};

const CLIENTS: usize = 20;
const TIMES: usize = 50;

/// The same request from many clients, many times each: the refunds that were answered with, and how often
/// it was refused.
async fn storm(stage: &Stage, bought: &Bought, more: Value) -> (BTreeSet<String>, usize) {
    let input = refund_input(&bought.purchase, more);
    let client = |number: usize| {
        let client = Client::new(&stage.url, stage.admin.token.clone());
        let input = input.clone();
        async move {
            let mut answers = Vec::new();
            for _ in 0..TIMES {
                let payload = client
                    .mutate(
                        "refundRequest",
                        "RefundRequestInput",
                        input.clone(),
                        "refund { id }",
                    )
                    .await;
                answers.push(payload);
            }
            assert_eq!(answers.len(), TIMES, "client {number}");
            answers
        }
    };
    let answers = join_all((0..CLIENTS).map(client)).await;
    let mut refunds = BTreeSet::new();
    let mut refused = 0;
    for answer in answers.into_iter().flatten() {
        if answer.0["refund"].is_null() {
            assert_eq!(answer.refusals(), ["REFUND_ALREADY_REQUESTED purchaseId"]);
            refused += 1;
        } else {
            refunds.insert(text(&answer.accepted()["refund"]["id"]));
        }
    }
    (refunds, refused)
}

/// Several workers at once, until nothing is left to do.
async fn many_workers(stage: &Stage) {
    for _ in 0..200 {
        join_all((0..4).map(|_| stage.run_jobs())).await;
        if stage.jobs_left().await == 0 {
            break;
        }
        stage.pass(TimeDelta::seconds(1));
    }
    stage.until_quiet().await;
}

/// A thousand requests with one idempotency key: every answer is the same refund.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_refund_a_thousand_times_with_one_key() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let (refunds, refused) = storm(&stage, &bought, json!({ "idempotencyKey": "order-1" })).await;
    assert_eq!((refunds.len(), refused), (1, 0));
    many_workers(&stage).await;
    assert_eq!(refund_rows(&stage).await.len(), 1);
    assert_eq!(
        stage.sandbox.stripe.journal().total_refunded(&bought.payment),
        3000
    );
    assert_eq!(bought.executions(&stage, refunds.first().expect("one")), 1);
    stage.end().await;
}

/// The same without a key: one is accepted, the others are refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_refund_a_thousand_times_without_a_key() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "MERCADO_PAGO", 1).await;
    let (refunds, refused) = storm(&stage, &bought, json!({})).await;
    assert_eq!((refunds.len(), refused), (1, CLIENTS * TIMES - 1));
    many_workers(&stage).await;
    assert_eq!(refund_rows(&stage).await.len(), 1);
    assert_eq!(
        stage
            .sandbox
            .mercado_pago
            .journal()
            .total_refunded(&bought.payment),
        3000
    );
    assert_eq!(bought.executions(&stage, refunds.first().expect("one")), 1);
    stage.end().await;
}

/// Fifty parts of 1.70 against 30.00: seventeen fit, at either gateway, and each goes out once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_exceed_the_total_together_stop_at_the_total() {
    for gateway in super::GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        let ask = |number: usize| {
            let client = Client::new(&stage.url, stage.admin.token.clone());
            let part = json!({
                "amount": { "amount": "1.70", "currency": currency }, "idempotencyKey": format!("part-{number}"),
            });
            let input = refund_input(&bought.purchase, part);
            async move {
                let asked = client.mutate("refundRequest", "RefundRequestInput", input, "refund { id }");
                asked.await
            }
        };
        let answers = join_all((0..50).map(ask)).await;
        let accepted = answers
            .iter()
            .filter(|it| it.0["userErrors"] == json!([]))
            .count();
        assert_eq!(accepted, 17, "{gateway}");
        let refused = answers.iter().filter(|it| it.0["refund"].is_null());
        for answer in refused {
            assert_eq!(answer.refusals(), ["REFUND_AMOUNT_EXCEEDS_PAID amount"]);
        }
        many_workers(&stage).await;
        let journal = bought.simulator(&stage).journal();
        assert_eq!(journal.total_refunded(&bought.payment), 17 * 170, "{gateway}");
        let executions = journal.executions_by_key();
        assert_eq!(executions.len(), 17, "{gateway}");
        assert!(executions.values().all(|times| *times == 1), "{executions:?}");
        let purchases = purchase_rows(&stage).await;
        assert_eq!(
            (purchases[0].refunded_minor, purchases[0].reserved_minor),
            (17 * 170, 0)
        );
        assert!(bought.may_use(&stage).await, "1.10 is still paid");
        stage.end().await;
    }
}
