//! S4.25: each line of a history, and each event, is one change of what the user has, with who caused it.

use chrono::TimeDelta;
use sandbox::{Fault, FaultKind, RefundStatus};
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{ADMIN, PASSWORD, Sale, Stage, text},
};

use super::{grant, history, tolerated};
use crate::refunds::{look, request_as};

const APRIL: &str = "2026-04-01T00:00:00.000Z";
const MAY: &str = "2026-05-01T00:00:00.000Z";

fn line(action: &str, by_somebody: bool) -> (String, bool) {
    (action.to_owned(), by_somebody)
}

/// What the events of access say, oldest first.
async fn events(stage: &Stage) -> Vec<Value> {
    let query = "{ events(first: 100, topics: [ENTITLEMENT_CHANGED]) { nodes { data } } }";
    let data = stage.admin.ask(query, json!({})).await.data();
    let nodes = data["events"]["nodes"].as_array().expect("events");
    nodes.iter().map(|node| node["data"].clone()).collect()
}

/// How a gateway says that a refund comes to nothing.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    AtOnce,
    ByWebhook,
}

async fn refused(stage: &Stage, sale: &Sale, purchase: &str, how: Refusal) {
    let kind = match how {
        Refusal::AtOnce => FaultKind::Refuse {
            code: "charge_disputed".into(),
        },
        Refusal::ByWebhook => FaultKind::RefundPending,
    };
    stage
        .sandbox
        .stripe
        .fault(Fault::once(kind).for_payment(&sale.payment));
    let refund = request_as(&stage.admin, purchase, json!({ "reason": "DUPLICATE" }))
        .await
        .accepted();
    let id = text(&refund["refund"]["id"]);
    stage.run_jobs().await;
    if let Some(at_gateway) = look(stage, &id).await["gatewayRefundId"].as_str() {
        stage
            .sandbox
            .stripe
            .settle(at_gateway, RefundStatus::Failed, None);
        stage.hear_gateways().await;
    }
    assert_eq!(look(stage, &id).await["status"], "FAILED", "{how:?}");
    stage.until_quiet().await;
}

/// Nobody has restored it, however the gateway has said so; the line names the refund.
#[tokio::test]
async fn what_comes_back_names_the_refund_and_nobody() {
    for how in [Refusal::AtOnce, Refusal::ByWebhook] {
        let stage = Stage::new().await;
        let (ana, book) = (
            stage.customer("ana@shop.test").await,
            stage.product("Rayuela").await,
        );
        let sale = Sale::of(&ana, &book, 1);
        let purchase = stage.sell(&sale).await;
        refused(&stage, &sale, &purchase, how).await;
        let told = [
            line("GRANTED", false),
            line("REVOKED", true),
            line("RESTORED", false),
        ];
        assert_eq!(history(&stage, &ana).await, told, "{how:?}");
        let query = "query($id: ID!) { user(id: $id) { entitlementHistory(first: 1) { nodes { detail } } } }";
        let data = stage.admin.ask(query, json!({ "id": ana })).await.data();
        let detail = text(&data["user"]["entitlementHistory"]["nodes"][0]["detail"]);
        assert!(detail.contains("refund_"), "{detail}");
        stage.end().await;
    }
}

/// S0.45: what something else gives as well is neither taken nor given back.
#[tokio::test]
async fn a_refund_that_takes_nothing_is_not_told_of_and_gives_nothing_back() {
    for how in [Refusal::AtOnce, Refusal::ByWebhook] {
        let stage = Stage::new().await;
        let (ana, book) = (
            stage.customer("ana@shop.test").await,
            stage.product("Rayuela").await,
        );
        stage.sell(&Sale::of(&ana, &book, 2)).await;
        let sale = Sale::of(&ana, &book, 1);
        let purchase = stage.sell(&sale).await;
        let before = (history(&stage, &ana).await, events(&stage).await.len());
        refused(&stage, &sale, &purchase, how).await;
        assert_eq!(
            (history(&stage, &ana).await, events(&stage).await.len()),
            before,
            "{how:?}"
        );
        stage.end().await;
    }
}

/// What was to begin later, and is paid back, is told of.
#[tokio::test]
async fn a_purchase_that_was_to_begin_later_does_not_disappear_without_a_word() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let soon = json!({ "expiresAt": "2026-03-02T12:02:00.000Z" });
    grant(&stage.admin, &ana, &book, soon).await.accepted();
    let sale = Sale::of(&ana, &book, 1);
    let payment = sandbox::Payment::new(&sale.payment, sale.minor, sale.currency);
    stage.sandbox.stripe.add_payments([payment]);
    let input = json!({
        "externalId": "order-1", "userId": ana, "productId": book, "kind": "SINGLE", "gateway": "STRIPE",
        "gatewayPaymentId": sale.payment, "amount": { "amount": "30.00", "currency": "EUR" }, "status": "ACTIVE",
        "purchasedAt": "2026-03-02T12:05:00.000Z", "accessUntil": MAY,
    });
    let sold = stage
        .admin
        .mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }");
    let purchase = text(&sold.await.accepted()["purchase"]["id"]);
    assert_eq!(events(&stage).await[1]["resumesAt"], "2026-03-02T12:05:00.000Z");
    request_as(&stage.admin, &purchase, json!({})).await.accepted();
    let told = [
        line("GRANTED", true),
        line("GRANTED", true),
        line("EXTENDED", true),
    ];
    assert_eq!(history(&stage, &ana).await, told);
    let query = "query($id: ID!) { user(id: $id) { entitlementHistory(first: 1) { nodes { previousExpiresAt expiresAt detail } } } }";
    let data = stage.admin.ask(query, json!({ "id": ana })).await.data();
    let last = &data["user"]["entitlementHistory"]["nodes"][0];
    assert_eq!(last["previousExpiresAt"], MAY);
    assert_eq!(last["expiresAt"], "2026-03-02T12:02:00.000Z");
    assert!(text(&last["detail"]).contains("refund_"), "{last}");
    let events = events(&stage).await;
    assert_eq!(
        (&events[2]["status"], &events[2]["resumesAt"]),
        (&json!("ACTIVE"), &Value::Null)
    );
    stage.until_quiet().await;
    stage.announce().await;
    stage.end().await;
}

/// `data` is the state right after the change, in the words and the times of the lists.
#[tokio::test]
async fn an_event_says_what_was_true_right_after_it() {
    let mut stage = Stage::new().await;
    let (ana, book) = (stage.customer("ana@shop.test").await, tolerated(&stage, 1).await);
    stage.pass(TimeDelta::milliseconds(11_250));
    let until = json!({ "expiresAt": "2026-03-02T13:00:11Z" });
    grant(&stage.admin, &ana, &book, until).await.accepted();
    // Over long ago, beside access that is active: nothing has changed, and nothing is told.
    stage
        .sell(&Sale::of(&ana, &book, 1).until("2026-02-25T00:00:00.000Z"))
        .await;
    stage.pass(TimeDelta::hours(2));
    stage.announce().await;
    // In its grace period, with more to come.
    let april = json!({ "startsAt": APRIL, "expiresAt": MAY });
    grant(&stage.admin, &ana, &book, april).await.accepted();
    // Nobody looks until April.
    stage.pass(TimeDelta::days(40));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    stage.announce().await;
    let events = events(&stage).await;
    let seen: Vec<Value> = events
        .iter()
        .map(|it| {
            json!([
                it["action"],
                it["status"],
                it["startsAt"],
                it["expiresAt"],
                it["graceEndsAt"],
                it["resumesAt"]
            ])
        })
        .collect();
    let (noon, one) = ("2026-03-02T12:00:11.250Z", "2026-03-02T13:00:11.000Z");
    let (grace, last) = ("2026-03-03T13:00:11.000Z", "2026-05-02T00:00:00.000Z");
    assert_eq!(
        seen,
        [
            json!(["GRANTED", "ACTIVE", noon, one, grace, null]),
            json!(["ENTERED_GRACE_PERIOD", "GRACE_PERIOD", noon, one, grace, null]),
            json!(["GRANTED", "GRACE_PERIOD", noon, one, grace, APRIL]),
            json!(["EXPIRED", "SCHEDULED", APRIL, MAY, last, null]),
            json!(["GRANTED", "ACTIVE", APRIL, MAY, last, null]),
        ]
    );
    let query = "query($id: ID!) { user(id: $id) { entitlements { nodes { status startsAt expiresAt graceEndsAt resumesAt } } } }";
    let data = stage.admin.ask(query, json!({ "id": ana })).await.data();
    let listed = data["user"]["entitlements"]["nodes"][0]
        .as_object()
        .expect("an entitlement")
        .clone();
    let last = events.last().expect("an event");
    assert!(
        listed.iter().all(|(name, value)| last[name] == *value),
        "{last} {listed:?}"
    );
    stage.end().await;
}
