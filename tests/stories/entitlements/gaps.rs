//! S0.45, S4.11, S4.22: access with a gap in it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{ADMIN, PASSWORD, Sale, Stage},
};

use super::{grant, history, tolerated};
use crate::refunds::{effect, request};

/// A book bought until 10 March and promised again for April.
async fn promised_again(stage: &Stage, grace_days: i64) -> (String, String, String) {
    let ana = stage.customer("ana@shop.test").await;
    let book = tolerated(stage, grace_days).await;
    let april = json!({ "startsAt": "2026-04-01T00:00:00.000Z", "expiresAt": "2026-05-01T00:00:00.000Z" });
    grant(&stage.admin, &ana, &book, april).await.accepted();
    let sale = Sale::of(&ana, &book, 1).until("2026-03-10T12:00:00.000Z");
    let purchase = stage.sell(&sale).await;
    (ana, book, purchase)
}

/// What partners, lists and the object itself say, which must be the same.
async fn seen(stage: &mut Stage, days: i64, user: &str, product: &str) -> Value {
    stage.pass(TimeDelta::days(days));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    let query = "query($u: ID!, $p: ID!) { access(userId: $u, productId: $p) { allowed status until } \
         user(id: $u) { \
         entitlements(status: [SCHEDULED, ACTIVE, GRACE_PERIOD, EXPIRED]) { nodes { status startsAt expiresAt } } \
         listed: entitlements { totalCount } } }";
    let data = stage
        .admin
        .ask(query, json!({ "u": user, "p": product }))
        .await
        .data();
    let (access, nodes) = (&data["access"], &data["user"]["entitlements"]["nodes"]);
    assert_eq!(nodes.as_array().map(Vec::len), Some(1), "{data:#}");
    assert_eq!(nodes[0]["status"], access["status"]);
    let usable = access["allowed"].as_bool().expect("a yes or a no");
    assert_eq!(
        data["user"]["listed"]["totalCount"],
        i32::from(usable),
        "{data:#}"
    );
    json!([
        access["status"],
        access["allowed"],
        access["until"],
        nodes[0]["startsAt"],
        nodes[0]["expiresAt"]
    ])
}

#[tokio::test]
async fn between_two_grants_there_is_no_access() {
    for announced in [true, false] {
        let mut stage = Stage::new().await;
        let (ana, book, _) = promised_again(&stage, 3).await;
        let query = "query($id: ID!) { user(id: $id) { entitlements { nodes { resumesAt } } } }";
        let data = stage.admin.ask(query, json!({ "id": ana })).await.data();
        let resumes = &data["user"]["entitlements"]["nodes"][0]["resumesAt"];
        assert_eq!(*resumes, "2026-04-01T00:00:00.000Z");
        let (bought, march) = ("2026-02-20T10:00:00.000Z", "2026-03-10T12:00:00.000Z");
        let (april, may) = ("2026-04-01T00:00:00.000Z", "2026-05-01T00:00:00.000Z");
        for (days, expected) in [
            (0, json!(["ACTIVE", true, march, bought, march])),
            (
                8,
                json!(["GRACE_PERIOD", true, "2026-03-13T12:00:00.000Z", bought, march]),
            ),
            (3, json!(["SCHEDULED", false, april, april, may])),
            (20, json!(["ACTIVE", true, may, april, may])),
            (
                29,
                json!(["GRACE_PERIOD", true, "2026-05-04T00:00:00.000Z", april, may]),
            ),
            (3, json!(["EXPIRED", false, null, april, may])),
        ] {
            assert_eq!(
                seen(&mut stage, days, &ana, &book).await,
                expected,
                "announced: {announced}"
            );
            if announced {
                assert_eq!(stage.announce().await, usize::from(days > 0));
                assert_eq!(stage.announce().await, 0, "once");
            }
        }
        stage.announce().await;
        let told: Vec<String> = history(&stage, &ana)
            .await
            .into_iter()
            .map(|(action, _)| action)
            .collect();
        let all = [
            "GRANTED",
            "GRANTED",
            "ENTERED_GRACE_PERIOD",
            "EXPIRED",
            "GRANTED",
            "ENTERED_GRACE_PERIOD",
            "EXPIRED",
        ];
        // Nobody has seen the tolerance, where nobody looked; beginnings and ends are told all the same.
        let seldom = ["GRANTED", "GRANTED", "EXPIRED", "GRANTED", "EXPIRED"];
        assert_eq!(told, if announced { &all[..] } else { &seldom });
        stage.end().await;
    }
}

/// S4.11: a gap can be filled, and nothing is given twice.
#[tokio::test]
async fn a_gap_can_be_filled_by_hand() {
    let mut stage = Stage::new().await;
    let (ana, book, _) = promised_again(&stage, 0).await;
    let until = |end: &str| json!({ "expiresAt": format!("2026-{end}T00:00:00.000Z") });
    let refused = grant(&stage.admin, &ana, &book, until("03-20")).await;
    assert_eq!(
        refused.refusals(),
        ["ENTITLEMENT_ALREADY_ACTIVE productId"],
        "there is access now"
    );
    assert_eq!(seen(&mut stage, 9, &ana, &book).await[0], "SCHEDULED");
    let april = json!({ "startsAt": "2026-04-10T00:00:00.000Z" });
    let refused = grant(&stage.admin, &ana, &book, april).await;
    assert_eq!(
        refused.refusals(),
        ["ENTITLEMENT_ALREADY_ACTIVE productId"],
        "April is given already"
    );
    assert!(offered(&stage, &ana).await, "there is no access now");
    let filled = grant(&stage.admin, &ana, &book, until("04-02")).await.accepted();
    assert_eq!(filled["entitlement"]["status"], "ACTIVE");
    assert_eq!(
        filled["entitlement"]["expiresAt"], "2026-05-01T00:00:00.000Z",
        "into April without a gap"
    );
    assert!(!offered(&stage, &ana).await);
    assert_eq!(stage.announce().await, 0);
    assert!(stage.may_use(&ana, &book).await);
    stage.end().await;
}

/// Whether the only product is among those that can be granted.
async fn offered(stage: &Stage, user: &str) -> bool {
    let query = "query($id: ID!) { user(id: $id) { grantableProducts(first: 5) { totalCount } } }";
    let user = stage.admin.ask(query, json!({ "id": user })).await.data()["user"].clone();
    user["grantableProducts"]["totalCount"] == 1
}

/// Nobody has looked for months, all of the second run among them: what is decided then is decided on the third.
#[tokio::test]
async fn what_comes_third_is_not_lost_when_nobody_looked() {
    let mut stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    for (from, to) in [("04", "05"), ("06", "07")] {
        let month = json!({
            "startsAt": format!("2026-{from}-01T00:00:00.000Z"), "expiresAt": format!("2026-{to}-01T00:00:00.000Z")
        });
        grant(&stage.admin, &ana, &book, month).await.accepted();
    }
    stage
        .sell(&Sale::of(&ana, &book, 1).until("2026-03-10T12:00:00.000Z"))
        .await;
    stage.pass(TimeDelta::days(100));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    let refused = grant(&stage.admin, &ana, &book, json!({})).await;
    assert_eq!(refused.refusals(), ["ENTITLEMENT_ALREADY_ACTIVE productId"]);
    assert_eq!(refused.0["entitlement"]["expiresAt"], "2026-07-01T00:00:00.000Z");
    // A purchase joins it rather than closing it.
    stage
        .sell(&Sale::of(&ana, &book, 2).until("2026-06-15T12:00:00.000Z"))
        .await;
    let seen = seen(&mut stage, 7, &ana, &book).await;
    assert_eq!(seen[2], "2026-07-01T00:00:00.000Z", "{seen}");
    stage.announce().await;
    stage.end().await;
}

/// S0.45: a refund that takes what lasts now leaves what comes later, and only that.
#[tokio::test]
async fn a_refund_opens_a_gap_until_the_next_grant() {
    let mut stage = Stage::new().await;
    let (ana, book, purchase) = promised_again(&stage, 3).await;
    let refund = request(&stage, &purchase, json!({})).await.accepted()["refund"].clone();
    assert_eq!(effect(&refund, "REVOKE_ACCESS"), "DONE");
    stage.run_jobs().await;
    stage.hear_gateways().await;
    assert!(!stage.may_use(&ana, &book).await, "paid back, and not April yet");
    assert_eq!(seen(&mut stage, 31, &ana, &book).await[0], "ACTIVE");
    assert_eq!(stage.announce().await, 1);
    stage.end().await;
}

/// S4.22: what earlier versions have written down as one run is read from its grants anew, before anybody changes it.
#[tokio::test]
async fn access_that_reached_over_its_gaps_learns_of_them() {
    let mut stage = Stage::new().await;
    let (ana, book, _) = promised_again(&stage, 0).await;
    stage
        .sql(
            "UPDATE entitlements SET expires_at = '2026-05-01 00:00:00+00:00', next_starts_at = starts_at, \
              next_expires_at = '2026-05-01 00:00:00+00:00'",
        )
        .await;
    assert_eq!(stage.announce().await, 1);
    assert_eq!(stage.announce().await, 0, "once");
    let now = seen(&mut stage, 0, &ana, &book).await;
    assert_eq!(now[2], "2026-03-10T12:00:00.000Z", "{now}");
    let in_between = seen(&mut stage, 15, &ana, &book).await;
    assert_eq!(in_between[0], "SCHEDULED", "{in_between}");
    stage.announce().await;
    stage.end().await;
}
