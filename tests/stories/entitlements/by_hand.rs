//! S4.7–S4.21, S4.23–S4.27.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    client::Client,
    database::is_postgres,
    stage::{ADMIN, PASSWORD, Sale, Stage, text},
};

use super::{extend, grant, history, revoke, tolerated};
use crate::refunds::request;

/// S4.10, S4.13, S4.14, S4.25, S4.27.
#[tokio::test]
async fn access_is_granted_extended_and_revoked_and_all_of_it_is_in_the_history() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let agent = stage.agent().await;
    let granted = grant(
        &agent,
        &ana,
        &book,
        json!({ "expiresAt": "2026-03-10T12:00:00.000Z", "note": "a present" }),
    )
    .await;
    let granted = granted.accepted()["entitlement"].clone();
    assert_eq!(
        (&granted["status"], &granted["canExtend"]),
        (&json!("ACTIVE"), &json!(true))
    );
    assert_eq!(granted["secondsRemaining"], 8 * 24 * 3600);
    assert!(stage.may_use(&ana, &book).await);

    let longer = extend(&agent, &granted["id"], "2026-04-10T12:00:00.000Z")
        .await
        .accepted()["entitlement"]
        .clone();
    assert_eq!(longer["expiresAt"], "2026-04-10T12:00:00.000Z");
    assert_eq!(longer["startsAt"], granted["startsAt"], "without an interruption");

    let revoked = revoke(&agent, &granted["id"], None).await.accepted()["entitlement"].clone();
    assert_eq!(revoked["status"], "REVOKED");
    assert!(
        !text(&revoked["revocationReason"]).is_empty(),
        "a standard sentence"
    );
    assert!(!stage.may_use(&ana, &book).await, "at once");
    let by_somebody = |action: &str| (action.to_owned(), true);
    assert_eq!(
        history(&stage, &ana).await,
        ["GRANTED", "EXTENDED", "REVOKED"].map(by_somebody)
    );
    stage.end().await;
}

/// S4.11–S4.13, S4.15, S4.26.
#[tokio::test]
async fn what_cannot_be_done_is_refused_with_the_access_as_it_is() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let by = &stage.admin;
    let granted = grant(by, &ana, &book, json!({})).await.accepted()["entitlement"].clone();
    assert_eq!(
        (&granted["lifetime"], &granted["canExtend"]),
        (&json!(true), &json!(false))
    );

    let twice = grant(by, &ana, &book, json!({})).await;
    assert_eq!(twice.refusals(), ["ENTITLEMENT_ALREADY_ACTIVE productId"]);
    assert_eq!(twice.0["entitlement"]["id"], granted["id"], "as it is now");
    let lifetime = extend(by, &granted["id"], "2027-01-01T00:00:00.000Z").await;
    assert_eq!(lifetime.refusals(), ["ENTITLEMENT_LIFETIME entitlementId"]);
    revoke(by, &granted["id"], Some("by mistake")).await.accepted();
    let gone = revoke(by, &granted["id"], None).await;
    assert_eq!(gone.refusals(), ["ENTITLEMENT_NOT_ACTIVE entitlementId"]);
    assert_eq!(gone.0["entitlement"]["revocationReason"], "by mistake");
    let dead = extend(by, &granted["id"], "2027-01-01T00:00:00.000Z").await;
    assert_eq!(dead.refusals(), ["ENTITLEMENT_NOT_ACTIVE entitlementId"]);
    grant(by, &ana, &book, json!({})).await.accepted();

    let other = stage.product("Ficciones").await;
    for (more, expected) in [
        (
            json!({ "expiresAt": "2026-03-01T00:00:00.000Z" }),
            "INVALID expiresAt",
        ),
        (
            json!({ "startsAt": "2026-05-01T00:00:00.000Z", "expiresAt": "2026-04-01T00:00:00.000Z" }),
            "INVALID expiresAt",
        ),
        (
            json!({ "userId": "user_01h455vb4pex5vsknk084sn02q" }),
            "NOT_FOUND userId",
        ),
        (json!({ "productId": "nonsense" }), "INVALID productId"),
        (json!({ "note": "x".repeat(2001) }), "INVALID note"),
    ] {
        assert_eq!(
            grant(by, &ana, &other, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
    }
    let input = json!({ "externalId": "product-Ficciones", "name": "Ficciones", "active": false });
    by.mutate("productRecord", "ProductRecordInput", input, "product { id }")
        .await
        .accepted();
    assert_eq!(
        grant(by, &ana, &other, json!({})).await.refusals(),
        ["PRODUCT_INACTIVE productId"]
    );
    stage.end().await;
}

/// S4.23: however many ask at once.
#[tokio::test]
async fn of_many_who_grant_extend_or_revoke_at_once_one_wins() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let until = json!({ "expiresAt": "2026-03-10T12:00:00.000Z" });
    let grants = join_all((0..20).map(|_| grant(&stage.admin, &ana, &book, until.clone()))).await;
    let won: Vec<&Value> = grants
        .iter()
        .map(|it| &it.0)
        .filter(|it| it["userErrors"] == json!([]))
        .collect();
    assert_eq!(won.len(), 1);
    let id = won[0]["entitlement"]["id"].clone();
    let revokes = join_all((0..20).map(|_| revoke(&stage.admin, &id, None))).await;
    assert_eq!(
        revokes
            .iter()
            .filter(|it| it.0["userErrors"] == json!([]))
            .count(),
        1
    );
    let (ended, extended) = {
        let again = grant(&stage.admin, &ana, &book, until).await.accepted()["entitlement"]["id"].clone();
        futures::join!(
            revoke(&stage.admin, &again, None),
            extend(&stage.admin, &again, "2026-05-10T12:00:00.000Z")
        )
    };
    ended.accepted();
    assert!(
        extended.refusals().is_empty() || extended.refusals() == ["ENTITLEMENT_NOT_ACTIVE entitlementId"]
    );
    assert!(
        !stage.may_use(&ana, &book).await,
        "whoever was first, it is revoked"
    );
    stage.end().await;
}

/// S4.11, S4.23: whoever waits for another's grant has begun earlier, and is refused all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_had_to_wait_is_refused_what_was_granted_meanwhile() {
    let stage = Stage::new().await;
    // Writers to SQLite wait for their turn before they look at the clock.
    if !is_postgres(&stage.app.db) {
        return stage.end().await;
    }
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    // Behind the product, which both may look at, and before the customer, whose lock decides.
    let mut held = stage.statements.hold("FROM \"products\"");
    let late = tokio::spawn({
        let (admin, ana, book) = (stage.admin.clone(), ana.clone(), book.clone());
        async move { grant(&admin, &ana, &book, json!({})).await }
    });
    held.reached().await;
    stage.pass(TimeDelta::seconds(10));
    let until = json!({ "expiresAt": "2026-03-10T12:00:00.000Z" });
    grant(&stage.admin, &ana, &book, until).await.accepted();
    drop(held);
    let late = late.await.expect("an answer");
    assert_eq!(late.refusals(), ["ENTITLEMENT_ALREADY_ACTIVE productId"]);
    assert_eq!(late.0["entitlement"]["expiresAt"], "2026-03-10T12:00:00.000Z");
    assert_eq!(history(&stage, &ana).await.len(), 1);
    stage.end().await;
}

/// S4.23: a machine whose clock is two seconds ahead has granted it.
#[tokio::test]
async fn what_another_clock_has_written_is_not_in_the_future() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    grant(&stage.admin, &ana, &book, json!({})).await.accepted();
    let soon = "'2026-03-02 12:00:02+00:00'";
    stage
        .sql(&format!("UPDATE entitlement_grants SET starts_at = {soon}"))
        .await;
    let ahead = format!("UPDATE entitlements SET starts_at = {soon}, updated_at = {soon}");
    stage.sql(&ahead).await;
    let again = grant(&stage.admin, &ana, &book, json!({})).await;
    assert_eq!(again.refusals(), ["ENTITLEMENT_ALREADY_ACTIVE productId"]);
    stage.end().await;
}

/// S4.10, S4.22, S4.25: access that has not begun, or is only tolerated, begins with a grant.
#[tokio::test]
async fn access_that_begins_is_granted_and_what_is_longer_is_extended() {
    let mut stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let book = tolerated(&stage, 7).await;
    let (march, april) = ("2026-03-20T00:00:00.000Z", "2026-04-01T00:00:00.000Z");
    let soon = json!({ "startsAt": "2026-03-10T00:00:00.000Z", "expiresAt": march });
    let soon = grant(&stage.admin, &ana, &book, soon).await.accepted()["entitlement"].clone();
    let refused = extend(&stage.admin, &soon["id"], april).await;
    assert_eq!(refused.refusals(), ["ENTITLEMENT_NOT_ACTIVE entitlementId"]);
    assert!(text(&refused.0["userErrors"][0]["message"]).contains("not begun"));
    grant(&stage.admin, &ana, &book, json!({ "expiresAt": march }))
        .await
        .accepted();
    stage.pass(TimeDelta::days(20));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    stage.announce().await;
    grant(&stage.admin, &ana, &book, json!({ "expiresAt": april }))
        .await
        .accepted();
    stage
        .sell(&Sale::of(&ana, &book, 1).until("2026-05-01T00:00:00.000Z"))
        .await;
    let query = "query($id: ID!) { user(id: $id) { entitlementHistory { nodes { action previousExpiresAt expiresAt } } } }";
    let data = stage.admin.ask(query, json!({ "id": ana })).await.data();
    let nodes = data["user"]["entitlementHistory"]["nodes"]
        .as_array()
        .expect("a history");
    let told: Vec<_> = (nodes.iter().rev())
        .map(|node| json!([node["action"], node["previousExpiresAt"], node["expiresAt"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["GRANTED", null, march]),
            json!(["GRANTED", march, march]),
            json!(["ENTERED_GRACE_PERIOD", null, march]),
            json!(["GRANTED", march, april]),
            json!(["EXTENDED", april, "2026-05-01T00:00:00.000Z"]),
        ]
    );
    stage.end().await;
}

/// S0.45: what one reason loses does not take what another still gives.
#[tokio::test]
async fn a_refund_leaves_what_was_extended_by_hand() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let purchase = stage
        .sell(&Sale::of(&ana, &book, 1).until("2026-04-01T00:00:00.000Z"))
        .await;
    let query = "query($id: ID!) { user(id: $id) { entitlements { nodes { id } } } }";
    let data = stage.admin.ask(query, json!({ "id": ana })).await.data();
    let id = data["user"]["entitlements"]["nodes"][0]["id"].clone();
    extend(&stage.admin, &id, "2026-06-01T00:00:00.000Z")
        .await
        .accepted();
    let refund = request(&stage, &purchase, json!({})).await.accepted()["refund"].clone();
    let effects = refund["effects"].as_array().expect("effects").clone();
    let kept = effects.iter().find(|effect| effect["kind"] == "REVOKE_ACCESS");
    let kept = kept.expect("an effect");
    assert_eq!(kept["status"], "SKIPPED");
    assert!(text(&kept["detail"]).contains("by hand"), "{kept}");
    stage.run_jobs().await;
    stage.hear_gateways().await;
    assert!(
        stage.may_use(&ana, &book).await,
        "the extension by hand still stands"
    );
    stage.end().await;
}

/// S4.9, S4.12: what is listed, and what is offered.
#[tokio::test]
async fn lists_show_what_counts_and_offer_what_can_be_granted() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let (first, second) = (stage.product("Aleph").await, stage.product("Bestiario").await);
    let gone = grant(&stage.admin, &ana, &first, json!({})).await.accepted()["entitlement"]["id"].clone();
    revoke(&stage.admin, &gone, None).await.accepted();
    grant(&stage.admin, &ana, &second, json!({})).await.accepted();
    let query = "query($id: ID!) { user(id: $id) { usual: entitlements { totalCount nodes { product { name } } } \
         all: entitlements(status: [ACTIVE, REVOKED, EXPIRED, SCHEDULED, GRACE_PERIOD]) { totalCount } \
         grantableProducts { totalCount nodes { name } } } }";
    let user = stage.admin.ask(query, json!({ "id": ana })).await.data()["user"].clone();
    assert_eq!(
        user["usual"],
        json!({ "totalCount": 1, "nodes": [{ "product": { "name": "Bestiario" } }] })
    );
    assert_eq!(user["all"]["totalCount"], 2);
    assert_eq!(
        user["grantableProducts"],
        json!({ "totalCount": 1, "nodes": [{ "name": "Aleph" }] })
    );
    stage.end().await;
}

/// S4.21: each grant is an occasion of its own, also if it begins when another did.
#[tokio::test]
async fn whoever_is_granted_the_same_days_again_is_told_again() {
    let mut stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let book = tolerated(&stage, 7).await;
    for end in ["2026-03-10T12:00:00.000Z", "2026-04-10T12:00:00.000Z"] {
        let from_march =
            json!({ "startsAt": "2026-03-01T00:00:00.000Z", "expiresAt": end, "notifyCustomer": true });
        grant(&stage.admin, &ana, &book, from_march).await.accepted();
        stage.run_jobs().await;
        stage.pass(TimeDelta::days(10));
        stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    }
    assert_eq!(stage.mails().await.len(), 2);
    stage.end().await;
}

/// S4.21: the customer is told only where staff want it, and in their language.
#[tokio::test]
async fn the_customer_is_told_only_if_it_is_wanted() {
    let stage = Stage::new().await;
    let (ana, book, other) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
        stage.product("Ficciones").await,
    );
    grant(&stage.admin, &ana, &book, json!({})).await.accepted();
    stage.run_jobs().await;
    assert!(stage.mails().await.is_empty());
    grant(&stage.admin, &ana, &other, json!({ "notifyCustomer": true }))
        .await
        .accepted();
    stage.run_jobs().await;
    let mails = stage.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains("Ficciones"), "{}", mails[0].subject);
    stage.end().await;
}
