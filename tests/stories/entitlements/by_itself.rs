//! S4.10, S4.22: what happens by the clock alone.

use chrono::TimeDelta;
use serde_json::json;
use tests::{
    client::Client,
    stage::{ADMIN, PASSWORD, Stage, text},
};

use super::{extend, grant, history};

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

/// S4.22, S4.25: whoever changes access before the periodic task has told of its end or its beginning tells of it: by itself,
/// and not as their own doing.
#[tokio::test]
async fn what_happened_by_itself_is_told_by_whoever_comes_first() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let hours = |from: u32, to: u32| json!({ "startsAt": format!("2026-03-02T{from}:00:00.000Z"), "expiresAt": format!("2026-03-02T{to}:00:00.000Z") });
    let first = grant(&stage.admin, &ana, &book, hours(13, 15)).await.accepted();
    stage.pass(TimeDelta::minutes(90));
    extend(
        &stage.admin,
        &first["entitlement"]["id"],
        "2026-03-02T16:00:00.000Z",
    )
    .await
    .accepted();
    stage.pass(TimeDelta::hours(3));
    grant(&stage.admin, &ana, &book, json!({})).await.accepted();
    let told = history(&stage, &ana).await;
    let told: Vec<(&str, bool)> = told.iter().map(|(action, by)| (action.as_str(), *by)).collect();
    let all = [
        ("GRANTED", true),
        ("GRANTED", false),
        ("EXTENDED", true),
        ("EXPIRED", false),
        ("GRANTED", true),
    ];
    assert_eq!(told, all);
    let query =
        "{ events(first: 100, topics: [ENTITLEMENT_CHANGED]) { nodes { data actor { companyEmail } } } }";
    let events = stage.admin.ask(query, json!({})).await.data()["events"]["nodes"].clone();
    let mut seen: Vec<(&str, bool)> = Vec::new();
    for event in events.as_array().expect("events") {
        let action = event["data"]["action"].as_str().expect("an action");
        seen.push((action, !event["actor"].is_null()));
    }
    assert_eq!(seen, all);
    assert_eq!(stage.announce().await, 0, "all is told");
    stage.end().await;
}

/// Workers were away while access came and went, and more of it is promised: it is told once, and nothing goes
/// round in circles over it.
#[tokio::test]
async fn access_that_came_and_went_unseen_is_told_once() {
    let mut stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    for (from, to) in [(3, 4), (8, 9)] {
        let day = json!({ "startsAt": format!("2026-03-0{from}T00:00:00.000Z"), "expiresAt": format!("2026-03-0{to}T00:00:00.000Z") });
        grant(&stage.admin, &ana, &book, day).await.accepted();
    }
    stage.pass(TimeDelta::days(3));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    assert_eq!((stage.announce().await, stage.announce().await), (1, 0));
    let query =
        "query($id: ID!) { user(id: $id) { entitlementHistory(first: 9) { nodes { action expiresAt } } } }";
    let nodes =
        stage.admin.ask(query, json!({ "id": ana })).await.data()["user"]["entitlementHistory"]["nodes"]
            .clone();
    let (first, second) = ("2026-03-04T00:00:00.000Z", "2026-03-09T00:00:00.000Z");
    assert_eq!(
        nodes,
        json!([
            { "action": "EXPIRED", "expiresAt": first },
            { "action": "GRANTED", "expiresAt": first },
            { "action": "GRANTED", "expiresAt": second },
            { "action": "GRANTED", "expiresAt": first },
        ])
    );
    stage.end().await;
}

/// A batch gives thousands the same end. They are told of together, or the last would wait for minutes.
#[tokio::test]
async fn many_who_end_together_are_announced_together() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    for n in 0..30 {
        let person = stage.customer(&format!("{n}@shop.test")).await;
        let until = json!({ "expiresAt": "2026-03-02T13:00:00.000Z" });
        grant(&stage.admin, &person, &book, until).await.accepted();
    }
    stage.pass(TimeDelta::hours(2));
    stage.statements.take();
    assert_eq!(stage.announce().await, 30);
    let statements = stage.statements.take().len();
    assert!(statements < 30, "{statements} statements for thirty");
    let query = "{ events(first: 100, topics: [ENTITLEMENT_CHANGED]) { nodes { data } } }";
    let events = stage.admin.ask(query, json!({})).await.data()["events"]["nodes"].clone();
    let expired = |event: &&serde_json::Value| event["data"]["action"] == "EXPIRED";
    assert_eq!(
        events.as_array().expect("events").iter().filter(expired).count(),
        30
    );
    stage.end().await;
}

/// S4.11: tolerance is no active access: what is granted in it begins at once, without a gap.
#[tokio::test]
async fn a_grace_period_can_be_made_good() {
    let mut stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let input = json!({ "externalId": "plan", "name": "Plan", "graceDays": 3 });
    let recorded = stage
        .admin
        .mutate("productRecord", "ProductRecordInput", input, "product { id }");
    let plan = text(&recorded.await.accepted()["product"]["id"]);
    let soon = json!({ "expiresAt": "2026-03-03T12:00:00.000Z" });
    grant(&stage.admin, &ana, &plan, soon).await.accepted();
    stage.pass(TimeDelta::days(2));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    assert_eq!(stage.announce().await, 1);
    let renewed = grant(&stage.admin, &ana, &plan, json!({})).await.accepted();
    assert_eq!(renewed["entitlement"]["status"], "ACTIVE");
    assert_eq!(
        grant(&stage.admin, &ana, &plan, json!({})).await.refusals(),
        ["ENTITLEMENT_ALREADY_ACTIVE productId"]
    );
    assert_eq!(stage.announce().await, 0);
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
