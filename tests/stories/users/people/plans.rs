//! S3.9–S3.14: what a customer has subscribed to, as the store tells it.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{Stage, text},
};

use crate::exports::{exported, rows};

const PLAN: &str = "planSubscription { id interval status startsAt endsAt encounters product { name } ecosystem { name } \
     licenses { total available assigned suspended } }";

async fn record(by: &Client, input: &Value, more: Value) -> Payload {
    let mut input = input.clone();
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    by.mutate(
        "planSubscriptionRecord",
        "PlanSubscriptionRecordInput",
        input,
        PLAN,
    )
    .await
}

fn subscription(user: &str, plan: &str) -> Value {
    json!({ "externalId": "sub-1", "userId": user, "productId": plan, "interval": "MONTHLY", "status": "ACTIVE",
        "startsAt": "2026-01-01T00:00:00.000Z", "licensesTotal": 10, "licensesAssigned": 4, "licensesSuspended": 1,
        "encounters": 7 })
}

/// S3.9–S3.14: monthly or annual, status, start and end, ecosystem, encounters, licences by state.
#[tokio::test]
async fn the_detail_shows_the_plan_with_all_that_belongs_to_it() {
    let stage = Stage::new().await;
    let (ana, plan) = (stage.customer("ana@shop.test").await, stage.product("Plan").await);
    let eco = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana" });
    stage
        .admin
        .mutate("ecosystemRecord", "EcosystemRecordInput", eco, "ecosystem { id }")
        .await
        .accepted();
    let input = subscription(&ana, &plan);
    record(&stage.admin, &input, json!({})).await.accepted();
    let query = format!("query($id: ID!) {{ user(id: $id) {{ {PLAN} }} }}");
    let shown = async || {
        stage.admin.ask(&query, json!({ "id": ana })).await.data()["user"]["planSubscription"].clone()
    };
    let monthly = shown().await;
    let expected = json!({ "id": monthly["id"], "interval": "MONTHLY", "status": "ACTIVE", "startsAt": "2026-01-01T00:00:00.000Z",
        "endsAt": null, "encounters": 7, "product": { "name": "Plan" }, "ecosystem": { "name": "Casa Ana" },
        "licenses": { "total": 10, "available": 5, "assigned": 4, "suspended": 1 } });
    assert_eq!(monthly, expected);
    // A later one counts, whatever the order in which they are told; the first can still be told again.
    let annual = json!({ "externalId": "sub-2", "interval": "ANNUAL", "status": "TRIALING",
        "startsAt": "2026-02-01T00:00:00.000Z", "endsAt": "2027-02-01T00:00:00.000Z" });
    record(&stage.admin, &input, annual).await.accepted();
    record(
        &stage.admin,
        &input,
        json!({ "status": "EXPIRED", "endsAt": "2026-02-01T00:00:00.000Z" }),
    )
    .await
    .accepted();
    let annual = shown().await;
    assert_eq!(
        (&annual["interval"], &annual["status"], &annual["endsAt"]),
        (
            &json!("ANNUAL"),
            &json!("TRIALING"),
            &json!("2027-02-01T00:00:00.000Z")
        )
    );
    stage.end().await;
}

/// S3.9–S3.14, S3.17: a renewal that is paid in advance does not hide the plan that runs, in lists, pages and files.
#[tokio::test]
async fn a_renewal_counts_from_its_start_and_not_before() {
    let stage = Stage::new().await;
    let (ana, plan) = (stage.customer("ana@shop.test").await, stage.product("Plan").await);
    let input = subscription(&ana, &plan);
    let interval = async || {
        let query = "query($id: ID!) { user(id: $id) { planSubscription { interval } } \
             node(id: $id) { ... on User { planSubscription { interval } } } \
             users(filter: { segment: CUSTOMER }) { nodes { planSubscription { interval } } } \
             found: users(filter: { search: \"ana@shop\" }) { nodes { planSubscription { interval } } } }";
        let seen = stage.admin.ask(query, json!({ "id": ana })).await.data();
        let (users, found) = (&seen["users"]["nodes"][0], &seen["found"]["nodes"][0]);
        let shown = [&seen["user"], &seen["node"], users, found].map(|user| user["planSubscription"].clone());
        assert!(shown.iter().all(|one| *one == shown[0]), "{shown:?}");
        let file = exported(&stage, &stage.admin, "CUSTOMER", json!(null)).await;
        (text(&shown[0]["interval"]), rows(&file)[1][13].to_string())
    };
    // Paid in advance: it is the only one, so it is shown.
    let renewal =
        json!({ "externalId": "sub-2", "interval": "ANNUAL", "startsAt": "2026-03-02T12:00:00.001Z" });
    record(&stage.admin, &input, renewal).await.accepted();
    let (annual, monthly) = (
        ("ANNUAL".to_owned(), "Annual".to_owned()),
        ("MONTHLY".to_owned(), "Monthly".to_owned()),
    );
    assert_eq!(interval().await, annual);
    record(&stage.admin, &input, json!({})).await.accepted();
    assert_eq!(interval().await, monthly);
    // A millisecond later, at the moment of its start.
    stage.pass(TimeDelta::milliseconds(1));
    assert_eq!(interval().await, annual);
    stage.end().await;
}

/// S3.2: a lead becomes a customer with the first subscription, once, and stays one.
#[tokio::test]
async fn a_lead_becomes_a_customer_once() {
    let stage = Stage::new().await;
    let (ana, plan) = (stage.customer("ana@shop.test").await, stage.product("Plan").await);
    let input = subscription(&ana, &plan);
    for payload in join_all((0..8).map(|_| record(&stage.admin, &input, json!({})))).await {
        payload.accepted();
    }
    record(&stage.admin, &input, json!({ "status": "CANCELED" }))
        .await
        .accepted();
    let query = "{ customers: users(filter: { segment: CUSTOMER }) { nodes { companyEmail planSubscription { status } } } \
                 leads: users(filter: { segment: LEAD, role: MEMBER }) { totalCount } \
                 events(first: 100, topics: [USER_UPDATED]) { nodes { data } } }";
    let seen = stage.admin.ask(query, json!({})).await.data();
    assert_eq!(
        seen["customers"]["nodes"],
        json!([{ "companyEmail": "ana@shop.test", "planSubscription": { "status": "CANCELED" } }])
    );
    assert_eq!(seen["leads"]["totalCount"], 0);
    let events = seen["events"]["nodes"].as_array().expect("events");
    let turned = events
        .iter()
        .filter(|event| event["data"]["changed"].to_string().contains("segment"));
    assert_eq!(turned.count(), 1, "it is told once");
    stage.end().await;
}

#[tokio::test]
async fn a_report_of_a_subscription_names_what_is_wrong_with_it() {
    let stage = Stage::new().await;
    let (ana, eva, plan) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
        stage.product("Plan").await,
    );
    let other = stage.other_team().await;
    let made = json!({ "externalId": "theirs", "name": "Theirs" });
    let made = other
        .mutate("productRecord", "ProductRecordInput", made, "product { id }")
        .await;
    let foreign = made.accepted()["product"]["id"].clone();
    let input = subscription(&ana, &plan);
    for (more, expected) in [
        (json!({ "externalId": " " }), &["INVALID externalId"][..]),
        (
            json!({ "endsAt": "2025-12-31T00:00:00.000Z" }),
            &["INVALID endsAt"],
        ),
        (
            json!({ "endsAt": "2026-01-01T00:00:00.000Z" }),
            &["INVALID endsAt"],
        ),
        (json!({ "encounters": -1 }), &["INVALID encounters"]),
        (json!({ "licensesAssigned": -1 }), &["INVALID licensesAssigned"]),
        (json!({ "licensesSuspended": -4 }), &["INVALID licensesSuspended"]),
        (json!({ "licensesTotal": -10 }), &["INVALID licensesTotal"]),
        (
            json!({ "licensesTotal": -10, "licensesSuspended": -1 }),
            &["INVALID licensesTotal", "INVALID licensesSuspended"],
        ),
        (json!({ "licensesTotal": 4 }), &["INVALID licensesAssigned"]),
        (json!({ "licensesSuspended": 7 }), &["INVALID licensesAssigned"]),
        (json!({ "userId": "nonsense" }), &["INVALID userId"]),
        (
            json!({ "userId": "user_01h455vb4pex5vsknk084sn02q", "productId": foreign }),
            &["NOT_FOUND userId", "NOT_FOUND productId"],
        ),
    ] {
        let payload = record(&stage.admin, &input, more.clone()).await;
        assert_eq!(payload.refusals(), expected, "{more}");
    }
    let query = "query($id: ID!) { user(id: $id) { segment planSubscription { id } } }";
    let seen = stage.admin.ask(query, json!({ "id": ana })).await.data();
    assert_eq!(
        seen["user"],
        json!({ "segment": "LEAD", "planSubscription": null }),
        "nothing was kept"
    );

    // One id for two customers at the same moment: it belongs to one of them.
    let told = join_all((0..8).map(|n| {
        let user = if n % 2 == 0 { &ana } else { &eva };
        record(&stage.admin, &input, json!({ "userId": user }))
    }));
    let told = told.await;
    let refused: Vec<_> = told.iter().filter(|it| !it.refusals().is_empty()).collect();
    assert_eq!(refused.len(), 4);
    for payload in refused {
        assert_eq!(payload.refusals(), ["CONFLICT externalId"]);
    }
    stage.end().await;
}
