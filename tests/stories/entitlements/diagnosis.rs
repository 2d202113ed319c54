//! S0.20, S0.21: why somebody cannot open something.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{Sale, Stage, text},
};

use super::{access, grant, revoke};

const DIAGNOSIS: &str = "query($u: ID!, $p: ID!) { accessDiagnosis(userId: $u, productId: $p) { access { allowed status until } \
     productActive userActive ecosystemActive activePurchase { id } entitlement { status } reading { seconds } findings } }";

pub async fn diagnosis(by: &Client, user: &str, product: &str) -> Value {
    let variables = json!({ "u": user, "p": product });
    by.ask(DIAGNOSIS, variables).await.data()["accessDiagnosis"].clone()
}

/// S0.20, S0.21: what is on its way is named, and nobody is sent to look for a technical fault where no right is.
#[tokio::test]
async fn what_is_still_to_come_is_named() {
    let stage = Stage::new().await;
    let (ana, book, other) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
        stage.product("Ficciones").await,
    );
    let mut sale = Sale::of(&ana, &book, 1);
    sale.status = "PENDING";
    stage.sell(&sale).await;
    let later = json!({ "startsAt": "2026-03-02T18:30:00.000Z" });
    grant(&stage.admin, &ana, &other, later).await.accepted();
    for (product, expected) in [
        (
            &book,
            [
                "The user has never had access to this product.",
                "There is a purchase of this product that is not paid yet.",
                "The user has never opened it.",
            ],
        ),
        (
            &other,
            [
                "The access begins on 2 March 2026 at 19:30.",
                "There is no active purchase of this product.",
                "The user has never opened it.",
            ],
        ),
    ] {
        let query = "query($u: ID!, $p: ID!) { accessDiagnosis(userId: $u, productId: $p) { findings } }";
        let seen = stage
            .admin
            .ask(query, json!({ "u": ana, "p": product }))
            .await
            .data();
        assert_eq!(seen["accessDiagnosis"]["findings"], json!(expected));
    }
    stage.end().await;
}

#[tokio::test]
async fn the_most_likely_cause_comes_first() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let query = "query($u: ID!, $p: ID!) { accessDiagnosis(userId: $u, productId: $p) { access { allowed } productActive \
         userActive ecosystemActive activePurchase { id } entitlement { status } reading { seconds } findings } }";
    let ask = async || {
        stage
            .admin
            .ask(query, json!({ "u": ana, "p": book }))
            .await
            .data()["accessDiagnosis"]
            .clone()
    };
    let never = ask().await;
    assert_eq!(
        (&never["access"]["allowed"], &never["entitlement"]),
        (&json!(false), &json!(null))
    );
    assert!(
        never["findings"]
            .as_array()
            .is_some_and(|findings| findings.len() >= 2)
    );

    stage.sell(&Sale::of(&ana, &book, 1)).await;
    let well = ask().await;
    assert_eq!(
        (&well["access"]["allowed"], &well["entitlement"]["status"]),
        (&json!(true), &json!("ACTIVE"))
    );
    assert!(!well["activePurchase"].is_null());

    let other = stage.product("Ficciones").await;
    let granted = grant(&stage.admin, &ana, &other, json!({})).await.accepted()["entitlement"]["id"].clone();
    revoke(&stage.admin, &granted, Some("a mistake")).await.accepted();
    let revoked = stage
        .admin
        .ask(query, json!({ "u": ana, "p": other }))
        .await
        .data()["accessDiagnosis"]
        .clone();
    assert!(
        revoked["findings"][0]
            .as_str()
            .is_some_and(|finding| finding.contains("revoked")),
        "{revoked:#}"
    );

    let input = json!({ "userId": ana, "active": false });
    stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, "user { active }")
        .await
        .accepted();
    let suspended = ask().await;
    assert_eq!(
        (&suspended["access"]["allowed"], &suspended["userActive"]),
        (&json!(false), &json!(false))
    );
    assert!(
        suspended["findings"][0]
            .as_str()
            .is_some_and(|finding| finding.contains("suspended")),
        "{suspended:#}"
    );
    stage.end().await;
}

/// One product for each way in which access can stand. Their ids, by the cause.
async fn causes(stage: &Stage, user: &str) -> Vec<(&'static str, String)> {
    let by = &stage.admin;
    let soon = json!({ "expiresAt": "2026-03-02T13:00:00.000Z" });
    let mut causes = Vec::new();
    for (cause, more) in [
        ("never had access", None),
        (
            "begins on 4 March 2026",
            Some(json!({ "startsAt": "2026-03-04T12:00:00.000Z" })),
        ),
        ("expired on 2 March 2026", Some(soon.clone())),
        ("grace period until 5 March 2026", Some(soon)),
        ("revoked on 2 March 2026", Some(json!({}))),
        ("not active", Some(json!({}))),
        ("as it should be", Some(json!({}))),
    ] {
        let record = async |active: bool| {
            let days = if cause.starts_with("grace") { 3 } else { 0 };
            let input = json!({ "externalId": cause, "name": cause, "graceDays": days, "active": active });
            let made = by
                .mutate("productRecord", "ProductRecordInput", input, "product { id }")
                .await;
            text(&made.accepted()["product"]["id"])
        };
        let product = record(true).await;
        if let Some(more) = more {
            let granted = grant(by, user, &product, more).await.accepted();
            if cause.starts_with("revoked") {
                revoke(by, &granted["entitlement"]["id"], None).await.accepted();
            }
        }
        record(cause != "not active").await;
        causes.push((cause, product));
    }
    stage.pass(TimeDelta::hours(2));
    stage.announce().await;
    causes
}

/// S0.21: each cause is found and comes first, in three languages.
#[tokio::test]
async fn each_cause_is_named_in_three_languages() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let desk = stage
        .integration(&["commerce.entitlements.read", "stats.read"])
        .await;
    let mut said = BTreeSet::new();
    let mut first = async |product: &str| {
        let mut english = String::new();
        for language in ["es", "pt", "en"] {
            let seen = diagnosis(&desk.speaking(language), &ana, product).await;
            english = text(&seen["findings"][0]);
            assert!(said.insert(english.clone()), "said before: {english}");
        }
        english
    };
    let causes = causes(&stage, &ana).await;
    for (cause, product) in &causes {
        let finding = first(product).await;
        assert!(finding.contains(cause), "{cause}: {finding}");
        let seen = diagnosis(&desk, &ana, product).await;
        assert_eq!(
            seen["access"],
            access(&desk, &ana, product).await,
            "{cause}: as partners get it"
        );
        let allowed = ["grace", "not active", "as it"]
            .iter()
            .any(|begin| cause.starts_with(begin));
        assert_eq!(seen["access"]["allowed"], allowed, "{cause}");
        assert_eq!(seen["productActive"], *cause != "not active");
    }
    // A suspension hides everything else, whatever it is.
    let (_, well) = causes.last().expect("causes");
    let eco = json!({ "externalId": "eco", "ownerId": ana, "name": "Casa Ana" });
    let eco = stage
        .admin
        .mutate("ecosystemRecord", "EcosystemRecordInput", eco, "ecosystem { id }")
        .await
        .accepted()["ecosystem"]["id"]
        .clone();
    assert_eq!(diagnosis(&desk, &ana, well).await["ecosystemActive"], true);
    let input = json!({ "ecosystemId": eco, "reason": "unpaid" });
    stage
        .admin
        .mutate(
            "ecosystemSuspend",
            "EcosystemSuspendInput",
            input,
            "ecosystem { id }",
        )
        .await
        .accepted();
    assert!(first(well).await.contains("ecosystem is suspended"));
    let seen = diagnosis(&desk, &ana, well).await;
    assert_eq!(
        (
            &seen["ecosystemActive"],
            &seen["userActive"],
            &seen["access"]["allowed"]
        ),
        (&json!(false), &json!(false), &json!(false))
    );
    let input = json!({ "userId": ana, "active": false });
    stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, "user { id }")
        .await
        .accepted();
    assert!(
        first(well).await.contains("user is suspended"),
        "the user before the ecosystem"
    );
    stage.run_jobs().await;
    stage.end().await;
}

/// S0.20, S0.21: whether it was ever opened tells a missing right from a technical fault.
#[tokio::test]
async fn whether_it_was_opened_is_always_said() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    stage.sell(&Sale::of(&ana, &book, 1)).await;
    let last = async || {
        let seen = diagnosis(&stage.admin, &ana, &book).await;
        let findings = seen["findings"].as_array().expect("findings").clone();
        (text(findings.last().expect("one")), seen["reading"].clone())
    };
    let (finding, reading) = last().await;
    assert!(
        finding.contains("technical fault") && reading.is_null(),
        "{finding}"
    );
    stage.read(&ana, &book, 10.0, 5).await;
    let (finding, reading) = last().await;
    assert!(finding.contains("opened it last on 2 March 2026"), "{finding}");
    assert_eq!(reading, json!({ "seconds": 300 }));
    stage.end().await;
}

/// S0.21: what counts is the access that stands, though a newer one has ended.
#[tokio::test]
async fn access_that_a_failed_refund_gives_back_is_the_one_that_counts() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let sale = Sale::of(&ana, &book, 1);
    let purchase = stage.sell(&sale).await;
    let refused = FaultKind::Refuse {
        code: "charge_disputed".into(),
    };
    stage
        .sandbox
        .stripe
        .fault(Fault::once(refused).for_payment(&sale.payment));
    crate::refunds::accepted(&stage, &purchase, json!({})).await;
    stage.pass(TimeDelta::minutes(1));
    let for_a_while = json!({ "expiresAt": "2026-03-02T12:30:00.000Z" });
    grant(&stage.admin, &ana, &book, for_a_while).await.accepted();
    stage.pass(TimeDelta::hours(1));
    stage.announce().await;
    assert!(!stage.may_use(&ana, &book).await, "the newer one is over");
    stage.until_quiet().await;
    assert!(stage.may_use(&ana, &book).await, "the refund has failed");
    let seen = diagnosis(&stage.admin, &ana, &book).await;
    assert_eq!(seen["entitlement"]["status"], "ACTIVE", "{seen:#}");
    assert!(text(&seen["findings"][0]).contains("as it should be"), "{seen:#}");
    stage.end().await;
}
