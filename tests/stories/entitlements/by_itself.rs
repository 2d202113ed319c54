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

/// S4.22: a product's new tolerance reaches the access that exists; a grace period that has begun becomes longer,
/// never shorter; what is over stays over.
#[tokio::test]
async fn changed_grace_days_reach_what_has_not_ended_yet() {
    let mut stage = Stage::new().await;
    let set = async |stage: &Stage, days: i64| {
        let input = json!({ "externalId": "plan", "name": "Plan", "graceDays": days });
        let answer = stage
            .admin
            .mutate("productRecord", "ProductRecordInput", input, "product { id }");
        text(&answer.await.accepted()["product"]["id"])
    };
    let plan = set(&stage, 3).await;
    let mut people = Vec::new();
    for (name, end) in [
        ("soon", "2026-03-05"),
        ("late", "2026-03-20"),
        ("past", "2026-03-03"),
    ] {
        let person = stage.customer(&format!("{name}@shop.test")).await;
        let until = json!({ "expiresAt": format!("{end}T12:00:00.000Z") });
        grant(&stage.admin, &person, &plan, until).await.accepted();
        people.push(person);
    }
    stage.pass(TimeDelta::days(4) + TimeDelta::hours(1));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    for (days, soon, late, past) in [
        (3, "2026-03-08", Some("2026-03-23"), "2026-03-06"),
        (1, "2026-03-08", Some("2026-03-21"), "2026-03-06"),
        (0, "2026-03-08", None, "2026-03-06"),
        (10, "2026-03-15", Some("2026-03-30"), "2026-03-06"),
        (2, "2026-03-15", Some("2026-03-22"), "2026-03-06"),
    ] {
        set(&stage, days).await;
        for (person, expected) in people.iter().zip([Some(soon), late, Some(past)]) {
            let query = "query($id: ID!) { user(id: $id) { entitlements(status: [ACTIVE, GRACE_PERIOD, EXPIRED]) { nodes { \
                         graceEndsAt } } } }";
            let seen = stage.admin.ask(query, json!({ "id": person })).await.data();
            let grace = &seen["user"]["entitlements"]["nodes"][0]["graceEndsAt"];
            assert_eq!(
                *grace,
                json!(expected.map(|day| format!("{day}T12:00:00.000Z"))),
                "{days} days"
            );
        }
    }
    assert!(stage.may_use(&people[0], &plan).await, "in its grace period");
    assert!(!stage.may_use(&people[2], &plan).await, "over is over");
    // What changes the access keeps to what was said.
    set(&stage, 0).await;
    assert_eq!(stage.announce().await, 2);
    assert!(stage.may_use(&people[0], &plan).await);
    stage.end().await;
}
