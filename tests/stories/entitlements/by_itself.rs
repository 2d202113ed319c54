//! S4.10, S4.22: what happens by the clock alone.

use chrono::TimeDelta;
use serde_json::json;
use tests::{
    client::Client,
    stage::{ADMIN, PASSWORD, Stage, text},
};

use super::{grant, history};

/// The status is right at once; the announcement comes once, from whoever is first.
#[tokio::test]
async fn access_begins_runs_into_its_grace_period_and_ends_and_each_is_announced_once() {
    let mut stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let input = json!({ "externalId": "plan", "name": "Plan", "graceDays": 3 });
    let plan = stage
        .admin
        .mutate("productRecord", "ProductRecordInput", input, "product { id }")
        .await;
    let plan = text(&plan.accepted()["product"]["id"]);
    let span = json!({ "startsAt": "2026-03-03T12:00:00.000Z", "expiresAt": "2026-03-05T12:00:00.000Z" });
    let granted = grant(&stage.admin, &ana, &plan, span).await.accepted()["entitlement"].clone();
    assert_eq!(granted["status"], "SCHEDULED");
    assert_eq!(granted["graceEndsAt"], "2026-03-08T12:00:00.000Z");

    for (days, status, allowed) in [
        (0, "SCHEDULED", false),
        (1, "ACTIVE", true),
        (2, "GRACE_PERIOD", true),
        (3, "EXPIRED", false),
    ] {
        stage.pass(TimeDelta::days(days));
        // Nobody stays signed in for days.
        stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
        let query = "query($u: ID!, $p: ID!) { access(userId: $u, productId: $p) { allowed status } }";
        let access = stage
            .admin
            .ask(query, json!({ "u": ana, "p": plan }))
            .await
            .data()["access"]
            .clone();
        assert_eq!(
            access,
            json!({ "allowed": allowed, "status": status }),
            "before anybody has announced it"
        );
        let announced = usize::from(days > 0);
        let (first, second) = (stage.announce().await, stage.announce().await);
        assert_eq!((first, second), (announced, 0), "{status}");
    }
    let actions: Vec<String> = history(&stage, &ana)
        .await
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    assert_eq!(actions, ["GRANTED", "GRANTED", "ENTERED_GRACE_PERIOD", "EXPIRED"]);
    let events = "{ events(first: 100, topics: [ENTITLEMENT_CHANGED]) { nodes { data } } }";
    let events = stage.admin.ask(events, json!({})).await.data()["events"]["nodes"].clone();
    assert_eq!(events.as_array().map(Vec::len), Some(4));
    // A new grant is possible after the end.
    grant(&stage.admin, &ana, &plan, json!({})).await.accepted();
    stage.end().await;
}
