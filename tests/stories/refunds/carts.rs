//! A cart: one payment for several purchases. Its refunds go to the gateway one after the other, as those of one
//! purchase do, and none is taken for another.

use chrono::TimeDelta;
use domain::jobs::{Queue, store};
use entities::WorkerId;
use futures::future::join_all;
use sandbox::{Fault, FaultKind};
use serde_json::json;
use tests::stage::Stage;
use uuid::Uuid;
use worker::{Finished, Verdict};

use super::{Bought, GATEWAYS, accepted, buy, buy_changed, look, status};

/// Two purchases of 30.00 that one payment of 60.00 has paid for.
async fn cart(stage: &Stage, gateway: &'static str) -> (Bought, Bought) {
    let one = buy(stage, gateway, 1).await;
    let two = buy_changed(stage, gateway, 2, |sale| sale.payment.clone_from(&one.payment)).await;
    let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
    one.simulator(stage).add_payment(&one.payment, 6000, currency);
    (one, two)
}

/// The first order is lost before it is carried out, and nobody knows; the second waits for it. Both are made, each
/// once, though the two have the same amount and, at MercadoPago, no name.
#[tokio::test]
async fn two_purchases_of_one_payment_go_back_one_after_the_other() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let (one, two) = cart(&stage, gateway).await;
        one.fault(&stage, FaultKind::Error500Before);
        let down = Fault::once(FaultKind::Error500Before).on("refunds.list");
        one.simulator(&stage).fault(down);
        let first = accepted(&stage, &one.purchase, json!({})).await;
        let second = accepted(&stage, &two.purchase, json!({})).await;
        stage.run_jobs().await;
        stage.hear_gateways().await;
        assert_eq!(status(&stage, &first).await, "PROCESSING", "{gateway}");
        assert_eq!(status(&stage, &second).await, "REQUESTED", "{gateway}: it waits");
        assert_eq!(two.sent(&stage, &second), 0, "{gateway}");
        stage.until_quiet().await;
        let (first_seen, second_seen) = (look(&stage, &first).await, look(&stage, &second).await);
        assert_eq!(
            (&first_seen["status"], &second_seen["status"]),
            (&json!("SUCCEEDED"), &json!("SUCCEEDED")),
            "{gateway}"
        );
        assert_ne!(
            first_seen["gatewayRefundId"], second_seen["gatewayRefundId"],
            "{gateway}"
        );
        assert_eq!(one.executions(&stage, &first), 1, "{gateway}");
        assert_eq!(two.executions(&stage, &second), 1, "{gateway}: really made");
        let gone = one.simulator(&stage).journal().total_refunded(&one.payment);
        assert_eq!(gone, 6000, "{gateway}");
        assert!(!one.may_use(&stage).await && !two.may_use(&stage).await);
        stage.end().await;
    }
}

/// Two workers ask for the payment at the same moment, and neither has seen the other's refund begin. The question is
/// not answered; one of them is on its way from then on, and the other waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_are_held_up_at_once_do_not_both_set_out() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let (one, two) = cart(&stage, gateway).await;
        for _ in 0..2 {
            one.simulator(&stage)
                .fault(Fault::once(FaultKind::Error500Before).on("payments.get"));
        }
        let first = accepted(&stage, &one.purchase, json!({})).await;
        let second = accepted(&stage, &two.purchase, json!({})).await;
        let (app, worker) = (&stage.app, WorkerId(Uuid::from_u128(1)));
        let jobs = store::claim(&app.db, Queue::Refunds, worker, 2, app.clock.now()).await;
        let jobs = jobs.expect("jobs");
        let run = |job| async move { domain::work::run(app, job).await.expect("an ending") };
        join_all(jobs.iter().map(run)).await;
        let mut seen = [status(&stage, &first).await, status(&stage, &second).await];
        seen.sort();
        assert_eq!(seen, ["PROCESSING", "REQUESTED"], "{gateway}");
        stage.until_quiet().await;
        assert_eq!(status(&stage, &first).await, "SUCCEEDED", "{gateway}");
        assert_eq!(status(&stage, &second).await, "SUCCEEDED", "{gateway}");
        stage.end().await;
    }
}

/// A notice of the payment comes while the answer to one order is lost: it is heard by that one, not by the one that
/// has succeeded before, nor by the one that waits.
#[tokio::test]
async fn a_notice_of_a_cart_is_heard_by_the_one_that_it_is_of() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let (one, two) = cart(&stage, gateway).await;
        let first = accepted(&stage, &one.purchase, json!({})).await;
        stage.until_quiet().await;
        one.fault(&stage, FaultKind::CutConnection);
        let second = accepted(&stage, &two.purchase, json!({})).await;
        stage.run_jobs().await;
        stage.hear_gateways().await;
        assert_eq!(status(&stage, &second).await, "SUCCEEDED", "{gateway}: heard");
        let (first, second_seen) = (look(&stage, &first).await, look(&stage, &second).await);
        assert_eq!(first["status"], "SUCCEEDED", "{gateway}");
        assert_ne!(
            first["gatewayRefundId"], second_seen["gatewayRefundId"],
            "{gateway}"
        );
        assert_eq!(two.executions(&stage, &second), 1, "{gateway}");
        stage.until_quiet().await;
        stage.end().await;
    }
}

fn waits(done: &[Finished]) -> usize {
    let waits = done.iter().filter(
        |job| matches!(&job.verdict, Verdict::Snooze { note, .. } if note.starts_with("another refund")),
    );
    waits.count()
}

/// Whoever waits is woken by the one that moves on, and looks by itself only once in a while.
#[tokio::test]
async fn a_refund_that_waits_is_woken() {
    let stage = Stage::new().await;
    let (one, two) = cart(&stage, "STRIPE").await;
    one.fault(&stage, FaultKind::CutConnection);
    one.simulator(&stage).hold_webhooks();
    let down = Fault::once(FaultKind::RateLimited { retry_after: 240 }).on("refunds.list");
    one.simulator(&stage).fault(down);
    let first = accepted(&stage, &one.purchase, json!({})).await;
    let second = accepted(&stage, &two.purchase, json!({})).await;
    let mut looks = waits(&stage.run_jobs().await);
    for _ in 0..230 {
        looks += waits(&stage.later(TimeDelta::seconds(1)).await);
    }
    assert_eq!(looks, 1, "it waits and does not ask");
    assert_eq!(status(&stage, &second).await, "REQUESTED");
    stage.later(TimeDelta::seconds(15)).await;
    assert_eq!(status(&stage, &first).await, "SUCCEEDED");
    assert_eq!(
        status(&stage, &second).await,
        "SUCCEEDED",
        "woken in the same moment"
    );
    one.simulator(&stage).release_webhooks().await;
    stage.until_quiet().await;
    stage.end().await;
}
