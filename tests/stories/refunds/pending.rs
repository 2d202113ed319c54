//! Refunds that a gateway confirms, refuses or takes back later: hours, days, by webhook or when asked.

use chrono::TimeDelta;
use sandbox::{FaultKind, RefundStatus};
use serde_json::json;
use tests::stage::Stage;

use super::{GATEWAYS, accepted, buy, buy_changed, effect, follow_ups, look, stations, status};

/// S0.36: what the gateway says in the end, told by a webhook or found out by asking.
#[tokio::test]
async fn a_pending_refund_ends_as_the_gateway_says() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let mut number = 0;
        for told in [true, false] {
            for (end, last, restored) in [
                (RefundStatus::Succeeded, "SUCCEEDED", false),
                (RefundStatus::Failed, "FAILED", true),
                (RefundStatus::Canceled, "FAILED", true),
            ] {
                number += 1;
                let name = format!("{gateway}, told: {told}, {end:?}");
                let bought = buy(&stage, gateway, number).await;
                bought.fault(&stage, FaultKind::RefundPending);
                if !told {
                    bought.simulator(&stage).hold_webhooks();
                }
                let refund = accepted(&stage, &bought.purchase, json!({})).await;
                stage.run_jobs().await;
                stage.hear_gateways().await;
                assert_eq!(status(&stage, &refund).await, "PENDING", "{name}");

                let at_gateway = bought.at_gateway(&stage);
                bought.simulator(&stage).settle(&at_gateway, end, None);
                if told {
                    stage.hear_gateways().await;
                } else {
                    stage.later(TimeDelta::hours(13)).await;
                }
                let seen = look(&stage, &refund).await;
                assert_eq!(seen["status"], last, "{name}");
                assert_eq!(
                    stations(&seen),
                    ["REQUESTED", "PROCESSING", "PENDING", last],
                    "{name}"
                );
                assert_eq!(bought.may_use(&stage).await, restored, "{name}");
                assert_eq!(bought.sent(&stage, &refund), 1, "{name}");
                bought.simulator(&stage).release_webhooks().await;
                stage.until_quiet().await;
                assert_eq!(status(&stage, &refund).await, last, "{name}, told too late");
            }
        }
        stage.end().await;
    }
}

/// A Pix refund is accepted, rendered only on request, and confirmed later.
#[tokio::test]
async fn a_refund_by_pix_is_in_process_first() {
    let stage = Stage::new().await;
    let bought = buy_changed(&stage, "MERCADO_PAGO", 1, |sale| sale.slow = true).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    stage.hear_gateways().await;
    assert_eq!(status(&stage, &refund).await, "PENDING");
    let at_gateway = bought.at_gateway(&stage);
    bought
        .simulator(&stage)
        .settle(&at_gateway, RefundStatus::Succeeded, None);
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    assert_eq!(bought.executions(&stage, &refund), 1);
    stage.end().await;
}

/// A gateway that decides after weeks is still asked.
#[tokio::test]
async fn a_refund_that_takes_weeks_is_not_forgotten() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::RefundPending);
        bought.simulator(&stage).hold_webhooks();
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        for _ in 0..40 {
            stage.later(TimeDelta::hours(13)).await;
        }
        let at_gateway = bought.at_gateway(&stage);
        bought
            .simulator(&stage)
            .settle(&at_gateway, RefundStatus::Succeeded, None);
        stage.later(TimeDelta::hours(13)).await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
        assert_eq!(bought.sent(&stage, &refund), 1);
        stage.end().await;
    }
}

/// A success that is taken back days later: REVERSED, the access is back, and the purchase can be refunded
/// again, as another refund with another key.
#[tokio::test]
async fn a_success_that_is_taken_back_days_later() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::LateFailure);
        let first = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        assert_eq!(status(&stage, &first).await, "SUCCEEDED");
        assert!(!bought.may_use(&stage).await);

        stage.pass(TimeDelta::hours(11));
        assert_eq!(bought.simulator(&stage).fail_late_refunds().len(), 1);
        stage.until_quiet().await;
        let seen = look(&stage, &first).await;
        assert_eq!(seen["status"], "REVERSED", "{gateway}");
        assert!(bought.may_use(&stage).await, "{gateway}: the access is back");
        assert_eq!(effect(&seen, "REVOKE_ACCESS"), "UNDONE");
        assert_eq!(effect(&seen, "REFUND_AT_GATEWAY"), "UNDONE");
        assert_eq!(follow_ups(&seen).len(), 1);
        assert_eq!(seen["purchase"]["status"], "ACTIVE");
        assert_eq!(
            seen["purchase"]["refundEligibility"]["refundableAmount"]["amount"],
            "30.00"
        );

        let second = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        assert_eq!(status(&stage, &second).await, "SUCCEEDED", "{gateway}: again");
        assert!(!bought.may_use(&stage).await);
        assert_eq!(
            bought.simulator(&stage).journal().total_refunded(&bought.payment),
            3000
        );
        assert_eq!(bought.executions(&stage, &first), 1);
        assert_eq!(bought.executions(&stage, &second), 1);
        stage.end().await;
    }
}

/// Fraud that is taken back by the gateway does not open the door again.
#[tokio::test]
async fn a_fraud_that_is_taken_back_restores_nothing() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    bought.fault(&stage, FaultKind::LateFailure);
    let refund = accepted(&stage, &bought.purchase, json!({ "reason": "FRAUDULENT" })).await;
    stage.until_quiet().await;
    stage.sandbox.stripe.fail_late_refunds();
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "REVERSED");
    assert!(!bought.may_use(&stage).await);
    stage.end().await;
}

/// The part that took the access stands, but an earlier one comes to nothing: something stays paid, and with it the
/// access.
#[tokio::test]
async fn a_part_that_fails_gives_back_what_the_last_part_took() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        let part = |amount: &str| json!({ "amount": { "amount": amount, "currency": currency } });
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::RefundPending);
        let failing = accepted(&stage, &bought.purchase, part("12.00")).await;
        stage.run_jobs().await;
        stage.hear_gateways().await;
        assert_eq!(status(&stage, &failing).await, "PENDING", "{gateway}");
        let at_gateway = bought.at_gateway(&stage);
        let last = accepted(&stage, &bought.purchase, part("18.00")).await;
        stage.run_jobs().await;
        stage.hear_gateways().await;
        assert_eq!(status(&stage, &last).await, "SUCCEEDED", "{gateway}");
        assert!(!bought.may_use(&stage).await, "nothing would stay paid");

        let settled = bought.simulator(&stage);
        settled.settle(&at_gateway, RefundStatus::Failed, None);
        stage.until_quiet().await;
        assert_eq!(status(&stage, &failing).await, "FAILED", "{gateway}");
        assert!(bought.may_use(&stage).await, "{gateway}: 12.00 are still paid");
        let seen = look(&stage, &last).await;
        assert_eq!(seen["status"], "SUCCEEDED");
        assert_eq!(effect(&seen, "REVOKE_ACCESS"), "UNDONE", "{gateway}");
        assert_eq!(effect(&seen, "CANCEL_PLAN"), "UNDONE", "{gateway}");
        assert_eq!(seen["purchase"]["status"], "PARTIALLY_REFUNDED");

        accepted(&stage, &bought.purchase, part("12.00")).await;
        stage.until_quiet().await;
        assert!(!bought.may_use(&stage).await, "{gateway}: now nothing is");
        stage.end().await;
    }
}

/// One part is taken back, the other stays: the sums follow.
#[tokio::test]
async fn a_part_that_is_taken_back_leaves_the_other_part_alone() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        let part = |amount: &str| json!({ "amount": { "amount": amount, "currency": currency } });
        let bought = buy(&stage, gateway, 1).await;
        let kept = accepted(&stage, &bought.purchase, part("12.00")).await;
        stage.until_quiet().await;
        bought.fault(&stage, FaultKind::LateFailure);
        let lost = accepted(&stage, &bought.purchase, part("18.00")).await;
        stage.until_quiet().await;
        assert!(!bought.may_use(&stage).await, "all of it has gone");
        bought.simulator(&stage).fail_late_refunds();
        stage.until_quiet().await;
        assert_eq!(status(&stage, &kept).await, "SUCCEEDED", "{gateway}");
        let seen = look(&stage, &lost).await;
        assert_eq!(seen["status"], "REVERSED", "{gateway}");
        assert_eq!(seen["purchase"]["status"], "PARTIALLY_REFUNDED");
        assert_eq!(seen["purchase"]["refundedAmount"]["amount"], "12.00");
        assert!(
            bought.may_use(&stage).await,
            "{gateway}: a partial refund keeps it"
        );
        stage.end().await;
    }
}
