//! Whoever follows a refund sees every station, in order, live or later; nobody else sees anything.

use entities::{EventTopic, RefundId};
use sandbox::FaultKind;
use serde_json::{Value, json};
use tests::{
    client::Client,
    live::Live,
    stage::{Stage, text},
};

use super::{accepted, buy, status};

const FOLLOW: &str = "subscription($id: ID) { refundUpdated(refundId: $id) { id status note } }";

/// Says again and again that something has happened until somebody hears it: a subscription has no receipt.
async fn until_heard(stage: &Stage, refund: &str, live: &mut Live) {
    let id: RefundId = refund.parse().expect("an id");
    for _ in 0..50 {
        let mut tx = stage
            .app
            .begin_as_system(stage.team)
            .await
            .expect("a transaction");
        tx.publish(EventTopic::RefundUpdated, id, json!({ "probe": true }));
        tx.commit().await.expect("a commit");
        if live.next_if_any().await.is_some() {
            return;
        }
    }
    panic!("nobody hears anything");
}

/// The stations as they come, until this one; the same one again is no other station.
async fn until(live: &mut Live, last: &str) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    loop {
        let next = live.next().await;
        let status = text(&next["data"]["refundUpdated"]["status"]);
        if seen.last() != Some(&status) {
            seen.push(status.clone());
        }
        if status == last {
            return seen;
        }
    }
}

/// Does one job and lets the followers look before the next.
async fn step_by_step(stage: &Stage) {
    let handlers = worker::Handlers::default();
    while worker::run_next(&stage.app, &handlers)
        .await
        .expect("a job runs")
        .is_some()
    {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_station_comes_over_either_transport() {
    let stage = Stage::new().await;
    stage.sandbox.stripe.hold_webhooks();
    for (number, over_socket) in (1..).zip([true, false]) {
        let bought = buy(&stage, "STRIPE", number).await;
        bought.fault(&stage, FaultKind::RefundPending);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        let (query, variables) = (FOLLOW, json!({ "id": refund }));
        let mut live = if over_socket {
            Live::socket(&stage.admin, query, variables).await
        } else {
            Live::stream(&stage.admin, query, variables).await
        };
        until_heard(&stage, &refund, &mut live).await;
        step_by_step(&stage).await;
        assert_eq!(
            until(&mut live, "PENDING").await.last().map(String::as_str),
            Some("PENDING")
        );
        let at_gateway = bought.at_gateway(&stage);
        let settled = sandbox::RefundStatus::Succeeded;
        stage.sandbox.stripe.settle(&at_gateway, settled, None);
        stage.later(chrono::TimeDelta::minutes(1)).await;
        // A station that is read late shows what has become of the refund since.
        let stations = until(&mut live, "SUCCEEDED").await;
        let (last, before) = stations.split_last().expect("a station");
        assert_eq!(last, "SUCCEEDED");
        assert!(before.iter().all(|status| status == "PENDING"), "{before:?}");
    }
    stage.end().await;
}

async fn events(client: &Client, after: Option<&str>) -> Vec<Value> {
    let query = "query($after: String) { events(first: 100, after: $after, topics: [REFUND_UPDATED]) \
                 { nodes { cursor subjectId data } } }";
    let page = client.ask(query, json!({ "after": after })).await.data();
    page["events"]["nodes"].as_array().expect("events").clone()
}

/// No station is missing in the events, also where several workers settle many refunds at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_station_is_missing_when_many_workers_settle() {
    let stage = Stage::new().await;
    let mut refunds = Vec::new();
    for number in 1..=8 {
        let bought = buy(&stage, super::GATEWAYS[number as usize % 2], number).await;
        refunds.push(accepted(&stage, &bought.purchase, json!({})).await);
    }
    futures::future::join_all((0..4).map(|_| stage.run_jobs())).await;
    stage.until_quiet().await;
    let all = events(&stage.admin, None).await;
    for refund in &refunds {
        let of_it = all.iter().filter(|event| event["subjectId"] == json!(refund));
        let mut stations: Vec<String> = of_it.map(|event| text(&event["data"]["status"])).collect();
        stations.dedup();
        assert_eq!(stations, ["REQUESTED", "PROCESSING", "SUCCEEDED"]);
    }
    // From any cursor on the rest comes, no more and no less, in a page and live.
    for (position, event) in all.iter().enumerate().step_by(7) {
        let rest = events(&stage.admin, event["cursor"].as_str()).await;
        assert_eq!(rest, all[position + 1..]);
    }
    let query = "subscription($after: String) { events(after: $after, topics: [REFUND_UPDATED]) { cursor subjectId data } }";
    for over_socket in [true, false] {
        let all = events(&stage.admin, None).await;
        let variables = json!({ "after": all[3]["cursor"] });
        let mut live = if over_socket {
            Live::socket(&stage.admin, query, variables).await
        } else {
            Live::stream(&stage.admin, query, variables).await
        };
        for expected in &all[4..] {
            assert_eq!(&live.next().await["data"]["events"], expected);
        }
        let more = buy(&stage, "STRIPE", if over_socket { 91 } else { 92 }).await;
        let refund = accepted(&stage, &more.purchase, json!({})).await;
        let next = live.next().await["data"]["events"].clone();
        assert_eq!(next["subjectId"], json!(refund), "no gap at the seam");
        stage.until_quiet().await;
    }
    stage.end().await;
}

/// Tenancy: another team hears nothing, and cannot follow what it cannot see; nor can a customer follow all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_hears_of_it() {
    let stage = Stage::new().await;
    let boreal = stage.other_team().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    let curious = stage.customer("curious@shop.test").await;
    let reader = stage.customer_session(&curious).await;
    for client in [&boreal, &reader] {
        let mut live = Live::socket(client, FOLLOW, json!({ "id": refund })).await;
        let answer = live.next().await;
        assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
        assert!(answer["data"].is_null() || answer["data"]["refundUpdated"].is_null());
    }
    let mut all = Live::socket(&reader, FOLLOW, json!({})).await;
    assert_eq!(all.next().await["errors"][0]["extensions"]["code"], "FORBIDDEN");

    let mut foreign = Live::socket(&boreal, FOLLOW, json!({})).await;
    let mut ours = Live::socket(&stage.admin, FOLLOW, json!({})).await;
    until_heard(&stage, &refund, &mut ours).await;
    stage.until_quiet().await;
    until(&mut ours, "SUCCEEDED").await;
    assert!(foreign.next_if_any().await.is_none());
    let query = "subscription { events(after: null) { cursor } }";
    let mut foreign_events = Live::socket(&boreal, query, json!({})).await;
    assert!(foreign_events.next_if_any().await.is_none());
    assert!(events(&boreal, None).await.is_empty());
    stage.end().await;
}

/// A customer follows their own refund, and does not read what the staff has noted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_follows_their_own_refund_without_the_note() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let reader = stage.customer_session(&bought.user).await;
    let more = json!({ "reason": "OTHER", "note": "A difficult customer" });
    let refund = accepted(&stage, &bought.purchase, more).await;
    let mut live = Live::socket(&reader, FOLLOW, json!({ "id": refund })).await;
    until_heard(&stage, &refund, &mut live).await;
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "SUCCEEDED");
    loop {
        let next = live.next().await["data"]["refundUpdated"].clone();
        assert_eq!(next["note"], json!(null), "{next}");
        assert_eq!(next["id"], json!(refund));
        if next["status"] == "SUCCEEDED" {
            break;
        }
    }
    let query = "query($id: ID!) { node(id: $id) { ... on Refund { status note } } }";
    let seen = reader.ask(query, json!({ "id": refund })).await.data();
    assert_eq!(seen["node"], json!({ "status": "SUCCEEDED", "note": null }));
    let seen = reader.ask("{ refunds { nodes { id } } }", json!({})).await;
    assert_eq!(seen.code(), "FORBIDDEN");
    stage.end().await;
}
