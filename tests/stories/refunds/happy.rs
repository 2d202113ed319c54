//! A refund as it should go, at either gateway.

use serde_json::json;
use tests::stage::{Sale, Stage, text};

use super::{effect, look, request};

/// S0.25, S0.34–S0.42, S0.49.
#[tokio::test]
async fn the_money_goes_back_once_and_the_access_at_once() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let purchase = stage.sell(&Sale::of(&ana, &book, 1)).await;
    assert!(stage.may_use(&ana, &book).await);

    let refund = request(&stage, &purchase, json!({})).await.accepted()["refund"].clone();
    assert_eq!(refund["status"], "REQUESTED");
    assert!(
        !stage.may_use(&ana, &book).await,
        "access is gone before the gateway knows"
    );
    assert_eq!(stage.sandbox.stripe.journal().refunds.len(), 0);

    stage.run_jobs().await;
    stage.hear_gateways().await;
    let refund = look(&stage, &text(&refund["id"])).await;
    assert_eq!(refund["status"], "SUCCEEDED", "{refund:#}");
    assert_eq!(refund["purchase"]["status"], "REFUNDED");
    assert_eq!(refund["purchase"]["refundedAmount"]["amount"], "30.00");
    for (kind, status) in [
        ("CANCEL_PLAN", "DONE"),
        ("REVOKE_ACCESS", "DONE"),
        ("REFUND_AT_GATEWAY", "DONE"),
        ("PAUSE_SUBSCRIPTION", "SKIPPED"),
        ("UPDATE_ORDER", "DONE"),
        ("NOTIFY_CUSTOMER", "DONE"),
    ] {
        assert_eq!(effect(&refund, kind), status, "{kind}");
    }
    let journal = stage.sandbox.stripe.journal();
    assert_eq!(
        journal.refunds_with_key(&text(&refund["id"])).len(),
        1,
        "one refund at the gateway, with our id as its key"
    );
    let mails: Vec<String> = stage
        .mails()
        .await
        .into_iter()
        .map(|mail| mail.template)
        .collect();
    assert_eq!(mails, ["refund-requested", "refund-succeeded"]);
    stage.end().await;
}
