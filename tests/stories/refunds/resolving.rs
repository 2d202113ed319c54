//! Staff end a refund that the gateway does not: they have looked there. The gateway is asked once more, and its word
//! goes over theirs.

use chrono::TimeDelta;
use domain::{
    clock::Clock,
    jobs::{self, Queue},
};
use entities::{UserRole, WorkerId, audit_entry};
use sandbox::{Fault, FaultKind};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, PASSWORD, Stage},
};

use super::{
    Bought, GATEWAYS, REFUND, accepted, buy, effect, follow_ups, give_credentials, look, purchase_rows,
    refund_rows, request, stations, status,
};

async fn admin(stage: &Stage) -> Client {
    Client::sign_in(&stage.url, ADMIN, PASSWORD).await
}

async fn resolve(stage: &Stage, refund: &str, outcome: &str, note: &str) -> Payload {
    let input = json!({ "refundId": refund, "outcome": outcome, "note": note });
    let selection = format!("{REFUND} decidedByGateway");
    let admin = admin(stage).await;
    admin
        .mutate("refundResolve", "RefundResolveInput", input, &selection)
        .await
}

/// The refund's new status, and whether it was the gateway's word.
async fn resolved(stage: &Stage, refund: &str, outcome: &str) -> (Value, Value) {
    let answer = resolve(stage, refund, outcome, "Looked it up at the gateway").await;
    let answer = answer.accepted();
    (
        answer["refund"]["status"].clone(),
        answer["decidedByGateway"].clone(),
    )
}

/// An order was carried out or not, nobody has heard, and all questions since were told that there is nothing.
async fn unresolved(
    stage: &Stage,
    gateway: &'static str,
    number: u32,
    carried_out: bool,
) -> (Bought, String) {
    let bought = buy(stage, gateway, number).await;
    bought.simulator(stage).hold_webhooks();
    bought.fault(
        stage,
        if carried_out {
            FaultKind::CutConnection
        } else {
            FaultKind::Error500Before
        },
    );
    silence(stage, &bought);
    let refund = accepted(stage, &bought.purchase, json!({})).await;
    for _ in 0..202 {
        stage.later(TimeDelta::minutes(6)).await;
    }
    assert_eq!(status(stage, &refund).await, "NEEDS_ATTENTION");
    (bought, refund)
}

fn silence(stage: &Stage, bought: &Bought) {
    for endpoint in ["refunds.list", "refunds.get"] {
        let fault = Fault::once(FaultKind::ForeignKey { empty_lists: false });
        bought.simulator(stage).fault(fault.on(endpoint).times(100_000));
    }
}

async fn audited(stage: &Stage) -> Vec<audit_entry::Model> {
    audit_entry::Entity::find()
        .filter(audit_entry::Column::Action.eq("refund.resolved"))
        .all(stage.app.db.connection())
        .await
        .expect("audit entries")
}

/// Where the gateway gives no answer, what staff say counts: failed, and the purchase can be refunded again.
#[tokio::test]
async fn a_refund_that_never_went_out_is_declared_failed() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let (bought, refund) = unresolved(&stage, gateway, 1, false).await;
        assert_eq!(
            resolved(&stage, &refund, "FAILED").await,
            (json!("FAILED"), json!(false))
        );
        let seen = look(&stage, &refund).await;
        assert_eq!(stations(&seen).last().expect("a station"), "FAILED");
        assert_eq!(effect(&seen, "REFUND_AT_GATEWAY"), "FAILED");
        assert!(
            seen["failureMessage"].is_null(),
            "the note is for staff: {seen:#}"
        );
        assert!(bought.may_use(&stage).await, "{gateway}: the access is back");
        let entries = audited(&stage).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].reason.as_deref(), Some("Looked it up at the gateway"));
        assert!(refund_rows(&stage).await[0].resolved_by.is_some());

        bought.simulator(&stage).clear_faults();
        let again = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        assert_eq!(status(&stage, &again).await, "SUCCEEDED", "{gateway}");
        let gone = bought.simulator(&stage).journal().total_refunded(&bought.payment);
        assert_eq!(gone, 3000, "{gateway}");
        stage.end().await;
    }
}

/// Declared failed while the gateway had made it: it answers now, and its word goes over.
#[tokio::test]
async fn the_gateways_word_goes_over_that_of_staff() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let (bought, refund) = unresolved(&stage, gateway, 1, true).await;
        bought.simulator(&stage).clear_faults();
        assert_eq!(
            resolved(&stage, &refund, "FAILED").await,
            (json!("SUCCEEDED"), json!(true))
        );
        assert!(!bought.may_use(&stage).await);
        assert_eq!(purchase_rows(&stage).await[0].refunded_minor, 3000, "{gateway}");
        stage.until_quiet().await;
        stage.end().await;
    }
}

/// Staff say that it went back, and the gateway says nothing: it counts, until the gateway takes it back.
#[tokio::test]
async fn a_refund_is_declared_succeeded() {
    let stage = Stage::new().await;
    let (bought, refund) = unresolved(&stage, "STRIPE", 1, true).await;
    let faults = Fault::once(FaultKind::ForeignKey { empty_lists: false }).on("payments.get");
    bought.simulator(&stage).fault(faults.times(100_000));
    assert_eq!(
        resolved(&stage, &refund, "SUCCEEDED").await,
        (json!("SUCCEEDED"), json!(false))
    );
    let seen = look(&stage, &refund).await;
    assert_eq!(seen["purchase"]["status"], "REFUNDED");
    assert!(follow_ups(&seen).len() <= 2);
    bought.simulator(&stage).clear_faults();
    bought.simulator(&stage).release_webhooks().await;
    stage.until_quiet().await;
    let seen = look(&stage, &refund).await;
    assert_eq!(seen["status"], "SUCCEEDED");
    assert_eq!(
        seen["gatewayRefundId"],
        json!(bought.at_gateway(&stage)),
        "and the gateway says the same"
    );
    stage.end().await;
}

/// The gateway was asked, knows nothing of it, and nothing has gone back of the payment.
#[tokio::test]
async fn what_the_gateway_never_made_is_not_declared_succeeded() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let (bought, refund) = unresolved(&stage, gateway, 1, false).await;
        bought.simulator(&stage).clear_faults();
        let refused = resolve(&stage, &refund, "SUCCEEDED", "I think so").await;
        assert_eq!(refused.refusals(), ["CONFLICT outcome"], "{gateway}");
        assert_eq!(status(&stage, &refund).await, "NEEDS_ATTENTION");
        assert_eq!(
            resolved(&stage, &refund, "FAILED").await,
            (json!("FAILED"), json!(false))
        );
        stage.until_quiet().await;
        stage.end().await;
    }
}

/// Declared failed, and the gateway tells of it after all: the money has gone back, and with it the access.
#[tokio::test]
async fn what_was_declared_failed_and_was_made_after_all_counts_as_made() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let (bought, refund) = unresolved(&stage, gateway, 1, true).await;
        assert_eq!(
            resolved(&stage, &refund, "FAILED").await,
            (json!("FAILED"), json!(false))
        );
        assert!(bought.may_use(&stage).await);
        bought.simulator(&stage).clear_faults();
        bought.simulator(&stage).release_webhooks().await;
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "SUCCEEDED", "{gateway}: {seen:#}");
        assert_eq!(seen["purchase"]["status"], "REFUNDED", "{gateway}");
        assert!(!bought.may_use(&stage).await, "{gateway}");
        let again = request(&stage, &bought.purchase, json!({})).await;
        assert_eq!(again.refusals(), ["REFUND_ALREADY_REQUESTED purchaseId"]);
        stage.end().await;
    }
}

/// The same, when the amount has been refunded otherwise in the meantime: a person has to look, and the books stay
/// within what was paid.
#[tokio::test]
async fn what_was_made_twice_goes_to_a_person() {
    let stage = Stage::new().await;
    let (bought, refund) = unresolved(&stage, "STRIPE", 1, true).await;
    assert_eq!(
        resolved(&stage, &refund, "FAILED").await,
        (json!("FAILED"), json!(false))
    );
    bought.simulator(&stage).clear_faults();
    bought.simulator(&stage).add_payment(&bought.payment, 6000, "EUR");
    let second = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    assert_eq!(status(&stage, &second).await, "SUCCEEDED");
    bought.simulator(&stage).release_webhooks().await;
    stage.until_quiet().await;
    let seen = look(&stage, &refund).await;
    assert_eq!(seen["status"], "FAILED");
    assert!(
        follow_ups(&seen).iter().any(|task| task.contains("after all")),
        "{seen:#}"
    );
    stage.end().await;
}

/// A refund that was never sent, for want of credentials, need not wait for them.
#[tokio::test]
async fn a_refund_that_waits_for_credentials_is_ended() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    give_credentials(&stage, "STRIPE", "sk_test_that_was_revoked").await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    let early = resolve(&stage, &refund, "FAILED", "No key").await;
    assert_eq!(
        early.refusals(),
        ["REFUND_NOT_RESOLVABLE refundId"],
        "it has only begun"
    );
    stage.later(TimeDelta::minutes(16)).await;
    assert_eq!(
        resolved(&stage, &refund, "FAILED").await,
        (json!("FAILED"), json!(false))
    );
    assert!(bought.may_use(&stage).await);
    stage.until_quiet().await;
    assert_eq!(bought.sent(&stage, &refund), 0);
    stage.end().await;
}

/// One that the gateway keeps in its hands: it still says so, and that counts; without its word staff decide.
#[tokio::test]
async fn a_stuck_pending_refund_is_ended() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, FaultKind::RefundPending);
        bought.simulator(&stage).hold_webhooks();
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        for _ in 0..10 {
            stage.later(TimeDelta::days(1)).await;
        }
        assert_eq!(
            resolved(&stage, &refund, "FAILED").await,
            (json!("PENDING"), json!(true))
        );
        silence(&stage, &bought);
        assert_eq!(
            resolved(&stage, &refund, "FAILED").await,
            (json!("FAILED"), json!(false))
        );
        assert!(bought.may_use(&stage).await, "{gateway}");
        bought.simulator(&stage).clear_faults();
        stage.until_quiet().await;
        stage.end().await;
    }
}

/// Everything that stands in the way is said by name, and changes nothing.
#[tokio::test]
async fn what_cannot_be_resolved_is_refused() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    bought.fault(&stage, FaultKind::WrongAmount { amount: None });
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.until_quiet().await;
    let before = look(&stage, &refund).await;
    assert_eq!(before["status"], "NEEDS_ATTENTION");

    let blank = resolve(&stage, &refund, "FAILED", " \n ").await;
    assert_eq!(blank.refusals(), ["REFUND_NOTE_REQUIRED note"]);
    let long = resolve(&stage, &refund, "FAILED", &"x".repeat(100_000)).await;
    assert_eq!(long.refusals(), ["INVALID note"]);
    let unknown = resolve(&stage, "refund_01h2xcejqtf2nbrexx3vqjhp41", "FAILED", "x").await;
    assert_eq!(unknown.refusals(), ["NOT_FOUND refundId"]);
    let agent = stage.staff("agent2@aurora.test", UserRole::Agent).await;
    let query = "mutation($id: ID!) { refundResolve(input: { refundId: $id, outcome: FAILED, note: \"x\" }) \
                 { refund { id } userErrors { code } } }";
    let denied = agent.ask(query, json!({ "id": refund })).await;
    assert_eq!(denied.code(), "FORBIDDEN");
    assert_eq!(look(&stage, &refund).await, before);

    // The gateway answers with another amount than was ordered: that is no word on this refund, and staff decide.
    assert_eq!(
        resolved(&stage, &refund, "SUCCEEDED").await,
        (json!("SUCCEEDED"), json!(false))
    );
    let settled = resolve(&stage, &refund, "FAILED", "x").await;
    assert_eq!(settled.refusals(), ["REFUND_NOT_RESOLVABLE refundId"]);
    stage.until_quiet().await;
    stage.end().await;
}

/// Not while a worker is at it: its call may end either way.
#[tokio::test]
async fn a_refund_that_a_worker_is_at_is_left_to_it() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    give_credentials(&stage, "STRIPE", "sk_test_that_was_revoked").await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.later(TimeDelta::minutes(16)).await;
    stage.pass(TimeDelta::minutes(6));
    let (db, now) = (&stage.app.db, stage.clock.now());
    let worker = WorkerId(stage.app.ids.uuid(now));
    let claimed = jobs::store::claim(db, Queue::Refunds, worker, 1, now).await;
    let held: Vec<_> = claimed
        .expect("a claim")
        .iter()
        .map(domain::jobs::ClaimedJob::held)
        .collect();
    assert_eq!(held.len(), 1);
    let refused = resolve(&stage, &refund, "FAILED", "x").await;
    assert_eq!(refused.refusals(), ["REFUND_NOT_RESOLVABLE refundId"]);
    jobs::store::release(db, &held).await.expect("given back");
    assert_eq!(
        resolved(&stage, &refund, "FAILED").await,
        (json!("FAILED"), json!(false))
    );
    stage.until_quiet().await;
    stage.end().await;
}
