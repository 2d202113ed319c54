//! What the store reports of a purchase that is known already: applied, or refused with a code; never dropped.

use sandbox::{FaultKind, RefundStatus};
use serde_json::{Value, json};
use tests::stage::{Sale, Stage, text};

use super::{accepted, buy_changed, request, status};

const SELECTION: &str =
    "purchase { id status canceledAt refundedAmount { amount } refundedExternally { amount } }";

/// A purchase with the report that made it.
async fn sold(stage: &Stage, number: u32) -> (super::Bought, Sale) {
    let mut report = None;
    let bought = buy_changed(stage, "STRIPE", number, |sale| report = Some(sale.clone())).await;
    (bought, report.expect("a report"))
}

async fn report(stage: &Stage, sale: &Sale, status: &str) -> tests::client::Payload {
    let input = json!({
        "externalId": sale.external_id, "userId": sale.user, "productId": sale.product, "kind": sale.kind,
        "gateway": sale.gateway, "gatewayPaymentId": sale.payment, "gatewaySubscriptionId": sale.subscription,
        "amount": { "amount": "30.00", "currency": "EUR" }, "status": status, "purchasedAt": "2026-02-20T10:00:00.000Z",
    });
    let office = stage.office().await;
    office
        .mutate("purchaseRecord", "PurchaseRecordInput", input, SELECTION)
        .await
}

fn figures(purchase: &Value) -> (String, bool, String) {
    (
        text(&purchase["status"]),
        !purchase["canceledAt"].is_null(),
        text(&purchase["refundedExternally"]["amount"]),
    )
}

async fn applied(stage: &Stage, sale: &Sale, status: &str) -> (String, bool, String) {
    figures(&report(stage, sale, status).await.accepted()["purchase"])
}

fn is(status: &str, canceled: bool, externally: &str) -> (String, bool, String) {
    (status.to_owned(), canceled, externally.to_owned())
}

/// The store has given the money back itself: so says the purchase, nothing is left, and access follows.
#[tokio::test]
async fn a_refund_of_the_stores_is_booked() {
    let stage = Stage::new().await;
    let (bought, sale) = sold(&stage, 1).await;
    let refunded = is("REFUNDED", true, "30.00");
    assert_eq!(applied(&stage, &sale, "REFUNDED").await, refunded);
    assert!(!bought.may_use(&stage).await);
    // It may be told again, and so may what came before it on the way; nothing leads back.
    assert_eq!(applied(&stage, &sale, "REFUNDED").await, refunded);
    assert_eq!(applied(&stage, &sale, "CANCELED").await, refunded);
    for back in ["ACTIVE", "PENDING"] {
        assert_eq!(
            report(&stage, &sale, back).await.refusals(),
            ["CONFLICT status"],
            "{back}"
        );
    }
    let refund = request(&stage, &bought.purchase, json!({})).await;
    assert_eq!(refund.refusals(), ["REFUND_ALREADY_REQUESTED purchaseId"]);
    // The gateway tells of the same money: it is the same money.
    bought.refund_outside(&stage, 3000).await;
    stage.hear_gateways().await;
    assert_eq!(applied(&stage, &sale, "REFUNDED").await, refunded);
    stage.end().await;
}

/// Canceled after a part went back, and refunded while a part is on its way.
#[tokio::test]
async fn what_is_reported_of_a_purchase_with_refunds_is_applied() {
    let stage = Stage::new().await;
    let (bought, sale) = sold(&stage, 1).await;
    let part = json!({ "amount": { "amount": "10.00", "currency": "EUR" } });
    accepted(&stage, &bought.purchase, part.clone()).await;
    stage.until_quiet().await;
    assert_eq!(
        applied(&stage, &sale, "ACTIVE").await,
        is("PARTIALLY_REFUNDED", false, "0.00")
    );
    assert_eq!(
        applied(&stage, &sale, "CANCELED").await,
        is("PARTIALLY_REFUNDED", true, "0.00")
    );
    assert_eq!(
        report(&stage, &sale, "ACTIVE").await.refusals(),
        ["CONFLICT status"]
    );

    bought.fault(&stage, FaultKind::RefundPending);
    let pending = accepted(&stage, &bought.purchase, part).await;
    stage.run_jobs().await;
    assert_eq!(
        applied(&stage, &sale, "REFUNDED").await,
        is("PARTIALLY_REFUNDED", true, "10.00")
    );
    let journal = stage.sandbox.stripe.journal();
    let at_gateway = journal.refunds.last().expect("a refund").id.clone();
    stage
        .sandbox
        .stripe
        .settle(&at_gateway, RefundStatus::Failed, None);
    stage.until_quiet().await;
    assert_eq!(status(&stage, &pending).await, "FAILED");
    assert_eq!(
        applied(&stage, &sale, "REFUNDED").await,
        is("REFUNDED", true, "20.00")
    );
    stage.end().await;
}

/// A refund that fails gives back what it took. What the store has canceled since, it did not take.
#[tokio::test]
async fn a_cancellation_of_the_stores_outlives_a_refund_that_fails() {
    for reported in ["before", "meanwhile"] {
        let stage = Stage::new().await;
        let (bought, sale) = sold(&stage, 1).await;
        bought.fault(
            &stage,
            FaultKind::Refuse {
                code: "charge_disputed".into(),
            },
        );
        if reported == "before" {
            assert_eq!(
                applied(&stage, &sale, "CANCELED").await,
                is("CANCELED", true, "0.00")
            );
        }
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        assert_eq!(
            applied(&stage, &sale, "CANCELED").await,
            is("CANCELED", true, "0.00"),
            "{reported}"
        );
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "FAILED", "{reported}");
        assert_eq!(
            applied(&stage, &sale, "CANCELED").await,
            is("CANCELED", true, "0.00"),
            "{reported}"
        );
        assert!(bought.may_use(&stage).await, "{reported}");
        stage.end().await;
    }
}

/// Without the store's word the plan is back, as before.
#[tokio::test]
async fn a_refund_that_fails_gives_the_plan_back_that_only_it_took() {
    let stage = Stage::new().await;
    let (bought, sale) = sold(&stage, 1).await;
    bought.fault(
        &stage,
        FaultKind::Refuse {
            code: "charge_disputed".into(),
        },
    );
    accepted(&stage, &bought.purchase, json!({})).await;
    stage.until_quiet().await;
    assert_eq!(
        applied(&stage, &sale, "ACTIVE").await,
        is("ACTIVE", false, "0.00")
    );
    // Another agreement than the one that is known is another sale.
    let known = Sale {
        subscription: Some("sub_1".into()),
        ..sale.clone()
    };
    report(&stage, &known, "ACTIVE").await.accepted();
    let other = Sale {
        subscription: Some("sub_2".into()),
        ..sale
    };
    assert_eq!(
        report(&stage, &other, "ACTIVE").await.refusals(),
        ["CONFLICT externalId"]
    );
    stage.end().await;
}
