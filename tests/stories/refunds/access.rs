//! What becomes of the access: it goes with the money, stays where something else gives it, and comes back
//! with the money.

use sandbox::FaultKind;
use serde_json::json;
use tests::stage::Stage;

use super::{GATEWAYS, accepted, buy, effect, look, sale, status};
use crate::entitlements::{grant, revoke};

const REFUSED: &str = "insufficient_funds";

fn refusal() -> FaultKind {
    FaultKind::Refuse { code: REFUSED.into() }
}

/// S0.45.
#[tokio::test]
async fn one_of_two_payments_goes_back_and_the_access_stays_until_both_have() {
    let stage = Stage::new().await;
    let first = buy(&stage, "STRIPE", 1).await;
    let second = stage.sell(&sale("STRIPE", &first.user, &first.product, 2)).await;

    let refund = accepted(&stage, &first.purchase, json!({ "reason": "DUPLICATE" })).await;
    assert!(first.may_use(&stage).await, "the second payment still grants it");
    let seen = look(&stage, &refund).await;
    assert_eq!(effect(&seen, "REVOKE_ACCESS"), "SKIPPED");
    assert_eq!(effect(&seen, "CANCEL_PLAN"), "DONE");
    stage.until_quiet().await;
    assert!(first.may_use(&stage).await);

    let refund = accepted(&stage, &second, json!({})).await;
    assert!(!first.may_use(&stage).await, "nothing grants it any more");
    assert_eq!(effect(&look(&stage, &refund).await, "REVOKE_ACCESS"), "DONE");
    stage.until_quiet().await;
    assert!(!first.may_use(&stage).await);
    stage.end().await;
}

/// S0.45: a partial refund keeps the access; the part that leaves nothing takes it.
#[tokio::test]
async fn parts_keep_the_access_and_the_last_one_takes_it() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let bought = buy(&stage, gateway, number).await;
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        for (amount, left, allowed, purchase) in [
            ("10.00", "20.00", true, "PARTIALLY_REFUNDED"),
            ("19.99", "0.01", true, "PARTIALLY_REFUNDED"),
            ("0.01", "0.00", false, "REFUNDED"),
        ] {
            let part = json!({ "amount": { "amount": amount, "currency": currency } });
            let refund = accepted(&stage, &bought.purchase, part).await;
            stage.until_quiet().await;
            let seen = look(&stage, &refund).await;
            assert_eq!(seen["status"], "SUCCEEDED", "{gateway} {amount}");
            assert_eq!(bought.may_use(&stage).await, allowed, "{gateway} {amount}");
            assert_eq!(seen["purchase"]["status"], purchase);
            assert_eq!(
                seen["purchase"]["refundEligibility"]["refundableAmount"]["amount"],
                left
            );
        }
        assert_eq!(
            bought.simulator(&stage).journal().total_refunded(&bought.payment),
            3000
        );
    }
    stage.end().await;
}

/// S0.46.
#[tokio::test]
async fn fraud_takes_everything_for_a_cent_and_for_good() {
    let stage = Stage::new().await;
    let first = buy(&stage, "STRIPE", 1).await;
    stage.sell(&sale("STRIPE", &first.user, &first.product, 2)).await;
    first.fault(&stage, refusal());

    let cent = json!({ "reason": "FRAUDULENT", "amount": { "amount": "0.01", "currency": "EUR" } });
    let refund = accepted(&stage, &first.purchase, cent).await;
    assert!(!first.may_use(&stage).await, "whatever else grants it");
    stage.until_quiet().await;

    let seen = look(&stage, &refund).await;
    assert_eq!(seen["status"], "FAILED");
    assert!(!first.may_use(&stage).await, "not restored after fraud");
    assert_eq!(effect(&seen, "REVOKE_ACCESS"), "DONE");
    assert_eq!(effect(&seen, "CANCEL_PLAN"), "DONE");
    assert_eq!(seen["purchase"]["status"], "CANCELED");
    stage.end().await;
}

/// S0.29, S0.46: Stripe blocks the card of whoever is called fraudulent; it knows no "other".
#[tokio::test]
async fn stripe_hears_of_fraud_only_where_there_was_fraud() {
    let stage = Stage::new().await;
    for (number, (reason, sent)) in (1..).zip([
        ("DUPLICATE", Some("reason=duplicate")),
        ("FRAUDULENT", Some("reason=fraudulent")),
        ("REQUESTED_BY_CUSTOMER", Some("reason=requested_by_customer")),
        ("OTHER", None),
    ]) {
        let bought = buy(&stage, "STRIPE", number).await;
        let asked = json!({ "reason": reason, "note": "The fraudulent invoice was a mistake" });
        let refund = accepted(&stage, &bought.purchase, asked).await;
        stage.until_quiet().await;
        let journal = stage.sandbox.stripe.journal();
        let mut requests = journal.requests.iter();
        let body = requests
            .find(|it| it.idempotency_key.as_deref() == Some(&refund))
            .map(|it| it.body.clone())
            .expect("it was sent");
        let parameter = body.split('&').find(|it| it.starts_with("reason"));
        assert_eq!(parameter, sent, "{reason}: {body}");
        let at_gateway = journal.refunds_with_key(&refund)[0];
        assert_eq!(
            at_gateway.metadata["postventa_note"],
            "The fraudulent invoice was a mistake"
        );
        assert_eq!(at_gateway.metadata["postventa_refund"], refund);
    }
    stage.end().await;
}

/// A refund that is refused for good gives plan, access and status back.
#[tokio::test]
async fn what_was_taken_comes_back_after_a_refusal() {
    let stage = Stage::new().await;
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let bought = buy(&stage, gateway, number).await;
        let code = if gateway == "STRIPE" { REFUSED } else { "2024" };
        bought.fault(&stage, FaultKind::Refuse { code: code.into() });
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        assert!(!bought.may_use(&stage).await);
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "FAILED");
        assert!(bought.may_use(&stage).await, "{gateway}: restored");
        assert_eq!(effect(&seen, "REVOKE_ACCESS"), "UNDONE");
        assert_eq!(effect(&seen, "CANCEL_PLAN"), "UNDONE");
        assert_eq!(seen["purchase"]["status"], "ACTIVE");
        assert_eq!(seen["purchase"]["canceledAt"], json!(null));
        assert_eq!(seen["purchase"]["refundEligibility"]["eligible"], true);
    }
    stage.end().await;
}

/// The access that comes back joins what a new purchase has granted meanwhile; each then goes with its own
/// money.
#[tokio::test]
async fn what_comes_back_joins_what_was_bought_meanwhile() {
    let stage = Stage::new().await;
    let first = buy(&stage, "STRIPE", 1).await;
    first.fault(&stage, refusal());
    let refused = accepted(&stage, &first.purchase, json!({})).await;
    let second = stage.sell(&sale("STRIPE", &first.user, &first.product, 2)).await;
    assert!(first.may_use(&stage).await, "bought anew");
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refused).await, "FAILED");

    accepted(&stage, &second, json!({})).await;
    assert!(first.may_use(&stage).await, "the first purchase grants it again");
    accepted(&stage, &first.purchase, json!({})).await;
    assert!(!first.may_use(&stage).await);
    stage.until_quiet().await;
    stage.end().await;
}

/// S0.45: of two refunded payments the one that is refused gives the access back, whichever it is.
#[tokio::test]
async fn the_access_comes_back_with_either_of_two_payments() {
    for refused in [0, 1] {
        let stage = Stage::new().await;
        let first = buy(&stage, "STRIPE", 1).await;
        let second = stage.sell(&sale("STRIPE", &first.user, &first.product, 2)).await;
        let payment = ["pi_story00000001", "pi_story00000002"][refused];
        let fault = sandbox::Fault::once(refusal()).for_payment(payment);
        stage.sandbox.stripe.fault(fault);
        accepted(&stage, &first.purchase, json!({ "reason": "DUPLICATE" })).await;
        accepted(&stage, &second, json!({})).await;
        assert!(!first.may_use(&stage).await);
        stage.until_quiet().await;
        assert!(first.may_use(&stage).await, "payment {refused} stays paid");
        stage.end().await;
    }
}

/// S0.28: a purchase that was canceled before keeps its cancellation when its refund is refused.
#[tokio::test]
async fn a_canceled_purchase_stays_canceled_after_a_refusal() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let mut again = sale("STRIPE", &bought.user, &bought.product, 1);
    again.status = "CANCELED";
    stage.sell(&again).await;
    bought.fault(&stage, refusal());
    stage.pass(chrono::TimeDelta::days(29));
    let asked = super::request(&stage, &bought.purchase, json!({})).await;
    let refund = asked.accepted()["refund"].clone();
    assert_eq!(effect(&refund, "CANCEL_PLAN"), "SKIPPED");
    stage.until_quiet().await;
    let rows = super::purchase_rows(&stage).await;
    assert_eq!(rows[0].status, entities::PurchaseStatus::Canceled);
    assert!(rows[0].canceled().is_some());
    stage.end().await;
}

/// S4.15: what staff took while the refund was under way stays taken, whatever becomes of the refund.
#[tokio::test]
async fn what_was_revoked_by_hand_meanwhile_does_not_come_back() {
    for granted_anew in [false, true] {
        let stage = Stage::new().await;
        let bought = buy(&stage, "STRIPE", 1).await;
        let mut kept = sale("STRIPE", &bought.user, &bought.product, 2);
        kept.gateway = "MANUAL";
        if !granted_anew {
            // Something else still gives the access when the refund has taken its part.
            stage.sell(&kept).await;
        }
        bought.fault(&stage, refusal());
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        if granted_anew {
            grant(&stage.admin, &bought.user, &bought.product, json!({}))
                .await
                .accepted();
        }
        let open = entitlement(&stage, &bought.user).await;
        revoke(&stage.admin, &open, Some("by a person")).await.accepted();
        assert!(!bought.may_use(&stage).await);
        stage.until_quiet().await;
        let seen = look(&stage, &refund).await;
        assert_eq!(seen["status"], "FAILED");
        assert!(
            !bought.may_use(&stage).await,
            "a refund that failed does not overrule a person"
        );
        let expected = if granted_anew { "DONE" } else { "SKIPPED" };
        assert_eq!(effect(&seen, "REVOKE_ACCESS"), expected);
        assert_eq!(
            effect(&seen, "CANCEL_PLAN"),
            "UNDONE",
            "the money stays, and so does the plan"
        );
        grant(&stage.admin, &bought.user, &bought.product, json!({}))
            .await
            .accepted();
        assert!(bought.may_use(&stage).await, "a new grant is the way back");
        stage.end().await;
    }
}

/// S0.46: what fraud took stays taken, too, although another refund that fails had taken part of it before.
#[tokio::test]
async fn what_fraud_took_does_not_come_back_with_another_refund() {
    let stage = Stage::new().await;
    let first = buy(&stage, "STRIPE", 1).await;
    let second = stage.sell(&sale("STRIPE", &first.user, &first.product, 2)).await;
    let fault = sandbox::Fault::once(refusal()).for_payment("pi_story00000001");
    stage.sandbox.stripe.fault(fault);
    accepted(&stage, &first.purchase, json!({ "reason": "DUPLICATE" })).await;
    accepted(&stage, &second, json!({ "reason": "FRAUDULENT" })).await;
    assert!(!first.may_use(&stage).await);
    stage.until_quiet().await;
    assert!(!first.may_use(&stage).await, "everything goes after fraud");
    stage.end().await;
}

/// The id of the user's entitlement that counts.
async fn entitlement(stage: &Stage, user: &str) -> serde_json::Value {
    let query = "query($id: ID!) { user(id: $id) { entitlements { nodes { id } } } }";
    let data = stage.admin.ask(query, json!({ "id": user })).await.data();
    data["user"]["entitlements"]["nodes"][0]["id"].clone()
}
