//! Access that comes and goes with what was bought (S0.25, S0.35, S0.45, S4.22).

use chrono::TimeDelta;
use sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{ADMIN, PASSWORD, Sale, Stage, text},
};

use super::{access, grant, history, tolerated};
use crate::refunds::{effect, look, request};

/// Days go by, and with them the office's session.
async fn pass(stage: &mut Stage, days: i64) {
    stage.pass(TimeDelta::days(days));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
}

/// What is said about one effect of a refund.
fn detail(refund: &Value, kind: &str) -> String {
    let effects = refund["effects"].as_array().expect("effects");
    let found = effects.iter().find(|effect| effect["kind"] == kind);
    text(&found.expect("the effect")["detail"])
}

/// S0.25: a transfer that takes its time is reported again when it has arrived, perhaps with another end.
#[tokio::test]
async fn the_report_of_the_payment_says_how_long_its_access_lasts() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let april = "2026-04-01T00:00:00.000Z";
    for (number, awaited, paid) in [
        (1, None, Some(april)),
        (2, Some("2026-02-25T00:00:00.000Z"), Some(april)),
        (3, Some(april), None),
    ] {
        let book = stage.product(&format!("Book {number}")).await;
        let mut sale = Sale::of(&ana, &book, number);
        (sale.status, sale.access_until) = ("PENDING", awaited);
        stage.sell(&sale).await;
        assert!(!stage.may_use(&ana, &book).await, "{number}: not paid yet");
        (sale.status, sale.access_until) = ("ACTIVE", paid);
        stage.sell(&sale).await;
        let seen = access(&stage.admin, &ana, &book).await;
        assert_eq!(
            (&seen["status"], &seen["until"]),
            (&json!("ACTIVE"), &json!(paid)),
            "{number}"
        );
    }
    stage.end().await;
}

/// S0.36, S4.22: what has ended by itself is not revoked by a refund, whatever becomes of that.
#[tokio::test]
async fn a_refund_after_the_end_takes_no_access_and_gives_none() {
    for refused in [false, true] {
        let mut stage = Stage::new().await;
        let (ana, book) = (
            stage.customer("ana@shop.test").await,
            stage.product("Rayuela").await,
        );
        let sale = Sale::of(&ana, &book, 1).until("2026-03-10T12:00:00.000Z");
        let purchase = stage.sell(&sale).await;
        pass(&mut stage, 10).await;
        let before = access(&stage.admin, &ana, &book).await;
        if refused {
            let refusal = Fault::once(FaultKind::Refuse {
                code: "charge_disputed".into(),
            })
            .for_payment(&sale.payment);
            stage.sandbox.stripe.fault(refusal);
        }
        let refund = request(&stage, &purchase, json!({})).await.accepted()["refund"].clone();
        assert_eq!(effect(&refund, "REVOKE_ACCESS"), "SKIPPED");
        let said = detail(&refund, "REVOKE_ACCESS");
        assert!(said.contains("10 March 2026"), "{said}");
        stage.until_quiet().await;
        let refund = look(&stage, &text(&refund["id"])).await;
        let expected = if refused { "FAILED" } else { "SUCCEEDED" };
        assert_eq!(
            (
                text(&refund["status"]).as_str(),
                effect(&refund, "REVOKE_ACCESS").as_str()
            ),
            (expected, "SKIPPED")
        );
        assert_eq!(before["allowed"], false);
        assert_eq!(stage.announce().await, 0, "nothing is left to tell");
        let told: Vec<String> = history(&stage, &ana)
            .await
            .into_iter()
            .map(|(action, _)| action)
            .collect();
        assert_eq!(told, ["GRANTED", "EXPIRED"]);
        stage.end().await;
    }
}

/// S0.35, S4.22: grace follows a natural end only, so a refund does not lead into it.
#[tokio::test]
async fn what_was_over_before_the_purchase_that_goes_is_not_tolerated_again() {
    let mut stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let book = tolerated(&stage, 7).await;
    for present in [
        json!({ "startsAt": "2026-05-01T00:00:00.000Z" }),
        json!({ "expiresAt": "2026-03-08T12:00:00.000Z" }),
    ] {
        grant(&stage.admin, &ana, &book, present).await.accepted();
    }
    let sale = Sale::of(&ana, &book, 1).until("2026-04-05T12:00:00.000Z");
    let purchase = stage.sell(&sale).await;
    pass(&mut stage, 10).await;
    let refund = request(&stage, &purchase, json!({})).await.accepted()["refund"].clone();
    assert_eq!(effect(&refund, "REVOKE_ACCESS"), "DONE");
    assert!(!stage.may_use(&ana, &book).await);
    stage.until_quiet().await;
    stage.end().await;
}

/// S0.34: dates that people read are the team's.
#[tokio::test]
async fn a_plan_that_was_canceled_in_the_evening_was_canceled_that_day() {
    let mut stage = Stage::new().await;
    stage.set_up(json!({ "timeZone": "America/Bogota" })).await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let mut sale = Sale::of(&ana, &book, 1);
    stage.sell(&sale).await;
    // Noon of 2 March at first; then 3 March in London, and still the second in Bogotá.
    stage.pass(TimeDelta::hours(13));
    stage.admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    sale.status = "CANCELED";
    let purchase = stage.sell(&sale).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Purchase { refundEligibility { checks { item detail } } } } }";
    let seen = stage.admin.ask(query, json!({ "id": purchase })).await.data();
    let checks = seen["node"]["refundEligibility"]["checks"].to_string();
    assert!(checks.contains("2 March 2026"), "{checks}");
    let refund = request(&stage, &purchase, json!({})).await.accepted()["refund"].clone();
    let said = detail(&refund, "CANCEL_PLAN");
    assert!(said.contains("2 March 2026"), "{said}");
    stage.until_quiet().await;
    stage.end().await;
}
