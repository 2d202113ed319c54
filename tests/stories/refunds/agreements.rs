//! S0.37: the recurring agreement of a refunded purchase is paused at the gateway, and only then.

use sandbox::{Fault, FaultKind, RefundStatus};
use serde_json::json;
use tests::stage::Stage;

use super::{Bought, GATEWAYS, accepted, buy_changed, effect, follow_ups, look, status};

async fn subscribed(stage: &Stage, gateway: &'static str, number: u32) -> (Bought, String) {
    let subscription = match gateway {
        "STRIPE" => format!("sub_story{number}"),
        _ => format!("2c93808490{number:04}"),
    };
    let bought = buy_changed(stage, gateway, number, |sale| {
        sale.subscription = Some(subscription.clone());
    });
    let bought = bought.await;
    bought.simulator(stage).add_subscription(&subscription, "EUR");
    (bought, subscription)
}

fn is_paused(stage: &Stage, bought: &Bought, subscription: &str) -> bool {
    let found = bought
        .simulator(stage)
        .subscription(subscription)
        .expect("it is known");
    found.paused.is_some() || found.status == "paused"
}

#[tokio::test]
async fn the_agreement_is_paused_after_the_refund_was_taken() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let (bought, subscription) = subscribed(&stage, gateway, number).await;
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        assert!(!is_paused(&stage, &bought, &subscription));
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(effect(&seen, "PAUSE_SUBSCRIPTION"), "DONE", "{gateway}");
        assert!(is_paused(&stage, &bought, &subscription), "{gateway}");
        assert!(follow_ups(&seen).is_empty());
    }
    stage.end().await;
}

/// Its job was dead-lettered, whatever for: the agreement still runs, and a person has to pause it.
#[tokio::test]
async fn a_pause_that_no_job_makes_goes_to_a_person() {
    let stage = Stage::new().await;
    let (bought, subscription) = subscribed(&stage, "STRIPE", 1).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    let dead = "UPDATE jobs SET status = 'DEAD', finished_at = created_at WHERE kind = 'pause_subscription'";
    // One job at a time, until the pause is wanted and has not begun.
    while stage
        .app
        .db
        .execute(dead, vec![])
        .await
        .expect("jobs")
        .rows_affected()
        == 0
    {
        let next = worker::run_next(&stage.app, &worker::Handlers::default()).await;
        next.expect("a job runs").expect("there is one");
    }
    stage.until_quiet().await;
    assert!(!is_paused(&stage, &bought, &subscription));
    assert_eq!(
        domain::work::tell_of_dead_letters(&stage.app)
            .await
            .expect("told"),
        1
    );
    assert_eq!(
        domain::work::tell_of_dead_letters(&stage.app)
            .await
            .expect("told"),
        0
    );
    let seen = look(&stage, &refund).await;
    assert_eq!(effect(&seen, "PAUSE_SUBSCRIPTION"), "FAILED");
    assert_eq!(follow_ups(&seen).len(), 1);
    stage.end().await;
}

#[tokio::test]
async fn a_hiccup_does_not_keep_it_running() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let (bought, subscription) = subscribed(&stage, gateway, number).await;
        let fault = Fault::once(FaultKind::Error500Before).on("subscriptions.update");
        bought.simulator(&stage).fault(fault.times(3));
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        assert!(is_paused(&stage, &bought, &subscription), "{gateway}");
        assert_eq!(effect(&look(&stage, &refund).await, "PAUSE_SUBSCRIPTION"), "DONE");
        assert_eq!(bought.simulator(&stage).faults_landed()["error_500_before"], 3);
    }
    stage.end().await;
}

#[tokio::test]
async fn what_cannot_be_paused_is_given_to_a_person() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let (bought, subscription) = subscribed(&stage, gateway, number).await;
        let code = if gateway == "STRIPE" {
            "resource_missing"
        } else {
            "2085"
        };
        let fault = Fault::once(FaultKind::Refuse { code: code.into() }).on("subscriptions.update");
        bought.simulator(&stage).fault(fault);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(
            seen["status"], "SUCCEEDED",
            "{gateway}: the money went back all the same"
        );
        assert_eq!(effect(&seen, "PAUSE_SUBSCRIPTION"), "FAILED", "{gateway}");
        let tasks = follow_ups(&seen);
        assert_eq!(tasks.len(), 1, "{gateway}");
        assert!(tasks[0].contains(&subscription), "{tasks:?}");
        assert_eq!(bought.simulator(&stage).faults_landed()["refuse"], 1);
    }
    stage.end().await;
}

#[tokio::test]
async fn it_goes_on_where_the_refund_was_refused_or_partial() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let (bought, subscription) = subscribed(&stage, gateway, number).await;
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        let part = json!({ "amount": { "amount": "1.00", "currency": currency } });
        let partial = accepted(&stage, &bought.purchase, part).await;
        stage.until_quiet().await;
        assert_eq!(
            effect(&look(&stage, &partial).await, "PAUSE_SUBSCRIPTION"),
            "SKIPPED"
        );

        bought.fault(&stage, FaultKind::Refuse { code: "2024".into() });
        let refused = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        let seen = look(&stage, &refused).await;
        assert_eq!(seen["status"], "FAILED", "{gateway}");
        assert_eq!(effect(&seen, "PAUSE_SUBSCRIPTION"), "SKIPPED", "{gateway}");
        assert!(!is_paused(&stage, &bought, &subscription), "{gateway}");
    }
    stage.end().await;
}

/// The refund is accepted, pausing has to wait, and meanwhile the gateway refuses the refund after all.
#[tokio::test]
async fn it_goes_on_where_the_refund_is_refused_while_pausing_waits() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let (bought, subscription) = subscribed(&stage, gateway, number).await;
        bought.fault(&stage, FaultKind::RefundPending);
        let busy = Fault::once(FaultKind::Error500Before).on("subscriptions.update");
        bought.simulator(&stage).fault(busy);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        stage.hear_gateways().await;
        assert_eq!(status(&stage, &refund).await, "PENDING");
        let at_gateway = bought.at_gateway(&stage);
        bought
            .simulator(&stage)
            .settle(&at_gateway, RefundStatus::Failed, None);
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "FAILED", "{gateway}");
        assert!(!is_paused(&stage, &bought, &subscription), "{gateway}");
        assert_eq!(effect(&seen, "PAUSE_SUBSCRIPTION"), "SKIPPED", "{gateway}");
    }
    stage.end().await;
}

/// It was paused when the gateway takes the refund back: a person has to set it going again.
#[tokio::test]
async fn what_was_paused_for_nothing_is_given_to_a_person() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        for (offset, kind, end) in [
            (0, FaultKind::RefundPending, "FAILED"),
            (10, FaultKind::LateFailure, "REVERSED"),
        ] {
            let (bought, subscription) = subscribed(&stage, gateway, number + offset).await;
            bought.fault(&stage, kind);
            let refund = accepted(&stage, &bought.purchase, json!({})).await;
            stage.run_jobs().await;
            stage.hear_gateways().await;
            assert!(is_paused(&stage, &bought, &subscription), "{gateway} {end}");
            let at_gateway = bought.at_gateway(&stage);
            bought
                .simulator(&stage)
                .settle(&at_gateway, RefundStatus::Failed, None);
            stage.until_quiet().await;
            let seen = look(&stage, &refund).await;
            assert_eq!(seen["status"], end, "{gateway}");
            let tasks = follow_ups(&seen);
            let named = tasks.iter().filter(|task| task.contains(&subscription));
            assert_eq!(named.count(), 1, "{gateway} {end}: {tasks:?}");
        }
    }
    stage.end().await;
}
