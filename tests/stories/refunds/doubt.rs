//! An order without an answer is asked about; a question without an answer says nothing. Money moves once.

use chrono::TimeDelta;
use sandbox::{Fault, FaultKind, RefundStatus};
use serde_json::json;
use tests::stage::Stage;

use super::webhooks::{event, post_stripe, refund_object};
use super::{
    Bought, GATEWAYS, accepted, buy, follow_ups, give_credentials, look, refund_rows, request, status,
};

/// The key of another account: it sees nothing of what the team's own has done.
const FOREIGN: FaultKind = FaultKind::ForeignKey { empty_lists: false };

fn foreign_key(stage: &Stage, bought: &Bought, endpoint: &str, times: u64) {
    let fault = Fault::once(FOREIGN).on(endpoint).times(times);
    bought.simulator(stage).fault(fault.for_payment(&bought.payment));
}

fn gone(stage: &Stage, bought: &Bought) -> i64 {
    bought.simulator(stage).journal().total_refunded(&bought.payment)
}

/// S0.36: an order was carried out and its answer cut; then somebody enters the key of another account. What that key
/// is told is no refusal: the amount stays promised, nothing is sent a second time.
#[tokio::test]
async fn a_key_that_sees_nothing_refuses_nothing() {
    for gateway in GATEWAYS {
        for empty_lists in [false, true] {
            let stage = Stage::new().await;
            let name = format!("{gateway}, empty lists: {empty_lists}");
            let bought = buy(&stage, gateway, 1).await;
            bought.fault(&stage, FaultKind::CutConnection);
            bought.simulator(&stage).hold_webhooks();
            let foreign = Fault::once(FaultKind::ForeignKey { empty_lists }).times(1000);
            for endpoint in ["refunds.list", "refunds.get"] {
                bought.simulator(&stage).fault(foreign.clone().on(endpoint));
            }
            let refund = accepted(&stage, &bought.purchase, json!({})).await;
            stage.run_jobs().await;
            bought.simulator(&stage).fault(foreign.clone().on("payments.get"));
            for _ in 0..20 {
                stage.later(TimeDelta::minutes(1)).await;
            }
            assert_eq!(status(&stage, &refund).await, "PROCESSING", "{name}");
            let again = request(&stage, &bought.purchase, json!({})).await;
            assert_eq!(
                again.refusals(),
                ["REFUND_ALREADY_REQUESTED purchaseId"],
                "{name}"
            );
            assert_eq!(bought.sent(&stage, &refund), 1, "{name}: sent again");
            assert!(!bought.may_use(&stage).await, "{name}");

            bought.simulator(&stage).clear_faults();
            stage.until_quiet().await;
            assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{name}");
            assert_eq!(gone(&stage, &bought), 3000, "{name}");
            assert_eq!(bought.executions(&stage, &refund), 1, "{name}");
            stage.end().await;
        }
    }
}

/// A refund that the gateway will confirm is asked about with the key of another account for a while.
#[tokio::test]
async fn a_pending_refund_outlasts_a_wrong_key() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::RefundPending);
        bought.simulator(&stage).hold_webhooks();
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        foreign_key(&stage, &bought, "refunds.get", 5);
        for _ in 0..20 {
            stage.later(TimeDelta::minutes(2)).await;
        }
        assert_eq!(bought.simulator(&stage).faults_landed()["foreign_key"], 5);
        assert_eq!(status(&stage, &refund).await, "PENDING", "{gateway}");
        assert!(!bought.may_use(&stage).await, "{gateway}");
        let at_gateway = bought.at_gateway(&stage);
        bought
            .simulator(&stage)
            .settle(&at_gateway, RefundStatus::Succeeded, None);
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
        assert_eq!(bought.sent(&stage, &refund), 1);
        stage.end().await;
    }
}

/// Questions that are never answered end with a person, and the amount stays promised.
#[tokio::test]
async fn nobody_asks_for_ever() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let bought = buy(&stage, gateway, number).await;
        bought.fault(&stage, FaultKind::CutConnection);
        bought.simulator(&stage).hold_webhooks();
        foreign_key(&stage, &bought, "refunds.list", 100_000);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        for _ in 0..205 {
            stage.later(TimeDelta::minutes(6)).await;
        }
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "NEEDS_ATTENTION", "{gateway}");
        assert!(!bought.may_use(&stage).await);
        assert_eq!(bought.sent(&stage, &refund), 1);
        let again = request(&stage, &bought.purchase, json!({})).await;
        assert_eq!(again.refusals(), ["REFUND_ALREADY_REQUESTED purchaseId"]);
    }
    stage.end().await;
}

/// Refused for lack of balance, topped up, asked for again: the money that goes out belongs to the second refund.
#[tokio::test]
async fn a_refund_that_was_refused_takes_nothing_from_the_next() {
    for (gateway, refusal) in [("STRIPE", "insufficient_funds"), ("MERCADO_PAGO", "2024")] {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::Refuse { code: refusal.into() });
        let first = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        assert_eq!(status(&stage, &first).await, "FAILED", "{gateway}");
        let second = accepted(&stage, &bought.purchase, json!({})).await;
        // Its answer is lost, and a notice comes before anybody asks: both refunds are looked at.
        bought.fault(&stage, FaultKind::CutConnection);
        stage.run_jobs().await;
        stage.hear_gateways().await;
        stage.until_quiet().await;
        let (first, seen) = (look(&stage, &first).await, look(&stage, &second).await);
        assert_eq!(first["status"], "FAILED", "{gateway}");
        assert!(first["gatewayRefundId"].is_null(), "{gateway}");
        assert_eq!(seen["status"], "SUCCEEDED", "{gateway}");
        assert_eq!(
            seen["gatewayRefundId"],
            json!(bought.at_gateway(&stage)),
            "{gateway}"
        );
        assert_eq!(gone(&stage, &bought), 3000, "{gateway}");
        assert!(!bought.may_use(&stage).await);
        stage.end().await;
    }
}

/// What the gateway names as this refund is known as another one: a person has to look, and no job fails for ever.
#[tokio::test]
async fn a_refund_that_is_known_as_another_one_goes_to_a_person() {
    let stage = Stage::new().await;
    let (one, two) = (buy(&stage, "STRIPE", 1).await, buy(&stage, "STRIPE", 2).await);
    let known = accepted(&stage, &one.purchase, json!({})).await;
    stage.until_quiet().await;
    two.fault(&stage, FaultKind::Error500Before);
    let refund = accepted(&stage, &two.purchase, json!({})).await;
    stage.run_jobs().await;
    let told = refund_object(&one.at_gateway(&stage), &two.payment, &refund, "succeeded");
    assert_eq!(
        post_stripe(&stage, &event("evt_odd", "refund.updated", told)).await,
        200
    );
    stage.run_jobs().await;
    let seen = look(&stage, &refund).await;
    assert_eq!(seen["status"], "NEEDS_ATTENTION", "{seen:#}");
    assert!(follow_ups(&seen)[0].contains(&known), "{seen:#}");
    assert_eq!(status(&stage, &known).await, "SUCCEEDED");
    stage.until_quiet().await;
    stage.end().await;
}

/// What was certainly never carried out is tried again for ever: a key that was revoked on Friday evening costs
/// nothing but time, and staff see why it does not go on.
#[tokio::test]
async fn a_weekend_without_credentials_costs_no_refund() {
    for (gateway, right) in [("STRIPE", "sk_test_sandbox"), ("MERCADO_PAGO", "TEST-sandbox")] {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        give_credentials(&stage, gateway, "sk_test_that_was_revoked").await;
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        for _ in 0..3 * 24 * 4 {
            stage.later(TimeDelta::minutes(15)).await;
        }
        let rows = refund_rows(&stage).await;
        assert_eq!(
            (rows[0].in_doubt_since, rows[0].inquiries),
            (None, 0),
            "{gateway}"
        );
        let why = hindrance(&stage, &refund).await;
        assert!(why.contains("credentials"), "{gateway}: {why}");
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "PROCESSING", "{gateway}");
        assert_eq!(follow_ups(&seen).len(), 1, "{gateway}: a person is told");
        assert_eq!(bought.sent(&stage, &refund), 0, "{gateway}");

        give_credentials(&stage, gateway, right).await;
        stage.later(TimeDelta::minutes(6)).await;
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
        assert_eq!(bought.executions(&stage, &refund), 1, "{gateway}");
        assert_eq!(open_tasks(&stage).await, 0, "{gateway}: nothing is left to do");
        stage.end().await;
    }
}

/// The same with a limit, a key of the wrong mode, and a gateway that answers nothing before the order: for longer than
/// a key lasts, and more often than what is in doubt is asked for.
#[tokio::test]
async fn what_keeps_an_order_from_being_sent_is_waited_for() {
    for (gateway, kind, endpoint, tries) in [
        (
            "STRIPE",
            FaultKind::RateLimited { retry_after: 60 },
            "refunds.create",
            30,
        ),
        (
            "MERCADO_PAGO",
            FaultKind::RateLimited { retry_after: 60 },
            "refunds.create",
            30,
        ),
        ("STRIPE", FOREIGN, "payments.get", 210),
        ("MERCADO_PAGO", FOREIGN, "payments.get", 30),
        ("STRIPE", FaultKind::Error500Before, "payments.get", 30),
        ("MERCADO_PAGO", FaultKind::Error500Before, "payments.get", 210),
    ] {
        let stage = Stage::new().await;
        let name = format!("{gateway}: {} on {endpoint}", kind.name());
        let bought = buy(&stage, gateway, 1).await;
        let fault = Fault::once(kind).on(endpoint).times(100_000);
        bought.simulator(&stage).fault(fault);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        for _ in 0..tries {
            stage.later(TimeDelta::hours(1)).await;
        }
        assert_eq!(status(&stage, &refund).await, "PROCESSING", "{name}");
        assert_eq!(bought.executions(&stage, &refund), 0, "{name}");
        bought.simulator(&stage).clear_faults();
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{name}");
        assert_eq!(bought.executions(&stage, &refund), 1, "{name}");
        stage.end().await;
    }
}

/// The 23 hours of the key begin with the first order that may have been carried out, not with the days before.
#[tokio::test]
async fn the_keys_time_begins_with_the_doubt() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    give_credentials(&stage, "STRIPE", "sk_test_that_was_revoked").await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    for _ in 0..48 {
        stage.later(TimeDelta::hours(1)).await;
    }
    bought.fault(&stage, FaultKind::Error500Before);
    give_credentials(&stage, "STRIPE", "sk_test_sandbox").await;
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    assert_eq!(bought.sent(&stage, &refund), 2);
    assert_eq!(bought.executions(&stage, &refund), 1);
    stage.end().await;
}

/// All calls of an attempt share its time, and the order keeps its part of it: after slow questions, each of them
/// within the time of a call, it is left for the next attempt rather than cut short.
#[tokio::test]
async fn slow_questions_leave_no_time_for_the_order() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::Error500Before);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        for endpoint in ["refunds.list", "payments.get"] {
            let slow = Fault::once(FaultKind::Slow { ms: 400 }).on(endpoint);
            bought.simulator(&stage).fault(slow);
        }
        stage.later(TimeDelta::minutes(1)).await;
        assert_eq!(bought.simulator(&stage).faults_landed()["slow"], 2, "{gateway}");
        assert_eq!(bought.sent(&stage, &refund), 1, "{gateway}");
        assert_eq!(status(&stage, &refund).await, "PROCESSING", "{gateway}");
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
        assert_eq!(bought.executions(&stage, &refund), 1, "{gateway}");
        stage.end().await;
    }
}

/// What the timeline says of the station where the refund is.
async fn hindrance(stage: &Stage, refund: &str) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Refund { timeline { detail } } } }";
    let seen = stage
        .office()
        .await
        .ask(query, json!({ "id": refund }))
        .await
        .data();
    let timeline = seen["node"]["timeline"].as_array().expect("a timeline").clone();
    tests::stage::text(&timeline.last().expect("a station")["detail"])
}

async fn open_tasks(stage: &Stage) -> usize {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let open = entities::follow_up::Entity::find().filter(entities::follow_up::Column::DoneAt.is_null());
    open.all(stage.app.db.connection()).await.expect("tasks").len()
}
