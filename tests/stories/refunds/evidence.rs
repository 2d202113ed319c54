//! What speaks for and against a refund, kept as it was when it was decided, with who decided and why.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{AGENT, Stage},
};

use super::{GATEWAYS, accepted, buy, request, request_as, sale};

const CHECKS: [&str; 8] = [
    "KIND_IS_SINGLE",
    "GATEWAY_SUPPORTED",
    "PURCHASE_ACTIVE_OR_RECENTLY_CANCELED",
    "READ_LESS_THAN_HALF",
    "READING_RECORDED",
    "NOT_REFUNDED_BEFORE",
    "NO_DISPUTE",
    "PURCHASE_HISTORY_CLEAN",
];

async fn eligibility(client: &Client, purchase: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Purchase { refundEligibility { \
                 eligible blockers overrideRequired percentRead secondsRead refundableAmount { amount currency } \
                 duplicates { id } checks { item passed detail } } } } }";
    client.ask(query, json!({ "id": purchase })).await.data()["node"]["refundEligibility"].clone()
}

/// The items that speak against it.
fn failed(eligibility: &Value) -> Vec<&str> {
    let checks = eligibility["checks"].as_array().expect("checks");
    let items: Vec<&str> = checks.iter().filter_map(|check| check["item"].as_str()).collect();
    assert_eq!(items, CHECKS, "every item is answered, in order");
    for check in checks {
        assert!(
            check["detail"].as_str().is_some_and(|detail| detail.len() > 5),
            "{check}"
        );
    }
    let failed = checks.iter().filter(|check| check["passed"] == false);
    failed.filter_map(|check| check["item"].as_str()).collect()
}

/// S0.31, S0.51: each item answers to what it is about.
#[tokio::test]
async fn the_checklist_answers_every_item() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let ask = || eligibility(&stage.admin, &bought.purchase);
    let seen = ask().await;
    assert_eq!(failed(&seen), ["READING_RECORDED"], "S0.20: nothing read");
    assert_eq!((&seen["eligible"], &seen["blockers"]), (&json!(true), &json!([])));
    assert_eq!(
        seen["refundableAmount"],
        json!({ "amount": "30.00", "currency": "EUR" })
    );

    stage.read(&bought.user, &bought.product, 20.0, 10).await;
    let seen = ask().await;
    assert!(failed(&seen).is_empty());
    assert_eq!(
        (&seen["percentRead"], &seen["secondsRead"]),
        (&json!(20.0), &json!(600))
    );

    stage.read(&bought.user, &bought.product, 80.0, 5).await;
    let seen = ask().await;
    assert_eq!(failed(&seen), ["READ_LESS_THAN_HALF"]);
    assert_eq!(seen["overrideRequired"], true);

    let twin = stage
        .sell(&sale("STRIPE", &bought.user, &bought.product, 2))
        .await;
    let seen = ask().await;
    assert_eq!(failed(&seen), ["READ_LESS_THAN_HALF", "PURCHASE_HISTORY_CLEAN"]);
    assert_eq!(seen["duplicates"], json!([{ "id": twin }]));

    stage.sandbox.stripe.dispute(&bought.payment);
    stage.hear_gateways().await;
    assert!(failed(&ask().await).contains(&"NO_DISPUTE"));

    let against = json!({ "overridePolicy": true, "note": "Read by the cat", "amount": { "amount": "1.00", "currency": "EUR" } });
    request_as(&stage.admin, &twin, against).await.accepted();
    let seen = eligibility(&stage.admin, &twin).await;
    assert!(failed(&seen).contains(&"NOT_REFUNDED_BEFORE"));
    assert_eq!(seen["refundableAmount"]["amount"], "29.00");
    stage.until_quiet().await;
    stage.end().await;
}

/// S0.31: the checklist speaks the reader's language.
#[tokio::test]
async fn the_checklist_speaks_three_languages() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let key = stage.integration(&["users.read", "refunds.read"]).await;
    let mut details = std::collections::BTreeSet::new();
    for language in ["en", "es", "pt"] {
        let seen = eligibility(&key.speaking(language), &bought.purchase).await;
        for check in seen["checks"].as_array().expect("checks") {
            details.insert(check["detail"].to_string());
        }
    }
    assert_eq!(details.len(), 3 * CHECKS.len(), "{details:#?}");
    stage.end().await;
}

/// S0.22: what was read afterwards does not change what was known then.
#[tokio::test]
async fn the_reading_evidence_is_kept_as_it_was() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    stage.read(&bought.user, &bought.product, 40.0, 30).await;
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.pass(TimeDelta::hours(3));
    stage.read(&bought.user, &bought.product, 100.0, 60).await;
    stage.until_quiet().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Refund { percentReadAtRequest } } }";
    let seen = stage.admin.ask(query, json!({ "id": refund })).await.data();
    assert_eq!(seen["node"]["percentReadAtRequest"], 40.0);
    let rows = super::refund_rows(&stage).await;
    assert_eq!(rows[0].seconds_read_at_request, 1800);
    assert_eq!(rows[0].evidence["percentRead"], 40.0);
    let checks = rows[0].evidence["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), CHECKS.len());
    assert!(checks.iter().all(|check| check["passed"] == true), "{checks:#?}");
    stage.end().await;
}

/// S0.43: more than the team's threshold speaks against it; exactly the threshold does not.
#[tokio::test]
async fn the_threshold_is_the_teams_own() {
    let stage = Stage::new().await;
    let mut number = 0;
    for (threshold, read, accepted) in [
        (50, 50.0, true),
        (50, 50.5, false),
        (20, 20.0, true),
        (20, 21.0, false),
        (100, 100.0, true),
        (0, 0.5, false),
    ] {
        number += 1;
        stage
            .set_up(json!({ "refundReadingThresholdPercent": threshold }))
            .await;
        let bought = buy(
            &stage,
            GATEWAYS[number % 2],
            u32::try_from(number).expect("small"),
        )
        .await;
        stage.read(&bought.user, &bought.product, read, 5).await;
        let answer = request(&stage, &bought.purchase, json!({})).await;
        let expected: &[&str] = if accepted {
            &[]
        } else {
            &["REFUND_POLICY_OVERRIDE_REQUIRED overridePolicy"]
        };
        assert_eq!(answer.refusals(), expected, "{read} % of {threshold} %");
    }
    stage.until_quiet().await;
    stage.end().await;
}

/// S0.28: so is the time after a cancellation.
#[tokio::test]
async fn the_time_after_a_cancellation_is_the_teams_own() {
    let stage = Stage::new().await;
    stage.set_up(json!({ "refundRecentlyCanceledDays": 3 })).await;
    let mut purchases = Vec::new();
    for number in [1, 2] {
        let bought = super::buy_changed(&stage, "STRIPE", number, |sale| sale.status = "CANCELED");
        purchases.push(bought.await.purchase);
    }
    stage.pass(TimeDelta::days(3));
    accepted(&stage, &purchases[0], json!({})).await;
    stage.pass(TimeDelta::seconds(1));
    let answer = request(&stage, &purchases[1], json!({})).await;
    assert_eq!(answer.refusals(), ["REFUND_PURCHASE_NOT_ACTIVE purchaseId"]);
    stage.until_quiet().await;
    stage.end().await;
}

/// S0.44, S0.48: who decided against the policy, and why.
#[tokio::test]
async fn who_and_why_are_recorded() {
    let stage = Stage::new().await;
    let agent = stage.staff(AGENT, entities::UserRole::Agent).await;
    let key = stage
        .integration(&["refunds.write", "refunds.read", "refunds.override", "users.read"])
        .await;
    let me = |client: Client| async move {
        let viewer = client.ask("{ viewer { user { id } } }", json!({})).await.data();
        viewer["viewer"]["user"]["id"].clone()
    };
    let (admin, agents) = (me(stage.admin.clone()).await, me(agent.clone()).await);
    for (number, (client, by, keyed)) in (1..).zip([
        (&stage.admin, &admin, false),
        (&agent, &agents, false),
        (&key, &admin, true),
    ]) {
        let bought = buy(&stage, "STRIPE", number).await;
        if client.token != agent.token {
            stage.read(&bought.user, &bought.product, 90.0, 30).await;
        }
        let note = format!("They were ill ({number})");
        let more = json!({ "reason": "OTHER", "note": note, "overridePolicy": client.token != agent.token });
        let query = super::refund_input(&bought.purchase, more);
        let payload = client
            .mutate(
                "refundRequest",
                "RefundRequestInput",
                query,
                "refund { id note reason requestedBy { id } }",
            )
            .await
            .accepted();
        let refund = &payload["refund"];
        assert_eq!(&refund["requestedBy"]["id"], by);
        assert_eq!(
            (&refund["note"], &refund["reason"]),
            (&json!(note), &json!("OTHER"))
        );

        stage.until_quiet().await;
        let query = "query($id: ID!) { auditLog(first: 50, subjectId: $id) { nodes { action reason actor { id } apiKey { id } } } }";
        let log = stage.admin.ask(query, json!({ "id": refund["id"] })).await.data();
        let entries = log["auditLog"]["nodes"].as_array().expect("entries").clone();
        let requested = entries
            .iter()
            .find(|entry| entry["action"] == "refund.requested")
            .expect("an entry");
        assert_eq!(requested["reason"], json!(note));
        assert_eq!(requested["apiKey"].is_null(), !keyed, "{requested}");
        if !keyed {
            assert_eq!(&requested["actor"]["id"], by);
        }
        let updates = entries.iter().filter(|entry| entry["action"] == "refund.updated");
        assert_eq!(updates.count(), 2, "processing, succeeded: {entries:#?}");
    }
    stage.end().await;
}
