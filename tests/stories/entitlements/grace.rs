//! S0.45, S4.22: a grace period belongs to the grant whose end it follows, and lasts while that grant stands.

use chrono::TimeDelta;
use sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use tests::stage::{Sale, Stage, text};

use super::{access, grant, history, tolerated};
use crate::refunds::{effect, look, request};

const ONE: &str = "2026-03-02T13:00:00.000Z";
const TWO: &str = "2026-03-02T14:00:00.000Z";
/// A day after two.
const TOLERATED: &str = "2026-03-03T14:00:00.000Z";
const MAY: &str = "2026-05-01T00:00:00.000Z";

fn grace_until(until: &str) -> Value {
    json!({ "allowed": true, "status": "GRACE_PERIOD", "until": until })
}

/// A purchase reported by a store whose clock is a little ahead: it begins in five minutes.
async fn to_begin(stage: &Stage, user: &str, product: &str) -> String {
    let sale = Sale::of(user, product, 9);
    let payment = sandbox::Payment::new(&sale.payment, sale.minor, sale.currency);
    stage.sandbox.stripe.add_payments([payment]);
    let in_a_moment = stage.app.clock.now() + TimeDelta::minutes(5);
    let input = json!({
        "externalId": "order-9", "userId": user, "productId": product, "kind": "SINGLE", "gateway": "STRIPE",
        "gatewayPaymentId": sale.payment, "amount": { "amount": "30.00", "currency": "EUR" }, "status": "ACTIVE",
        "purchasedAt": domain::clock::written(in_a_moment), "accessUntil": MAY,
    });
    let sold = stage
        .admin
        .mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }");
    text(&sold.await.accepted()["purchase"]["id"])
}

/// What somebody has whose access has ended, and which of it is refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// A purchase until one, beside one until two.
    AnotherPurchase,
    /// A purchase until one, beside a grant by hand until two.
    ByHand,
    /// A purchase that is still to begin, beside one until two.
    ToBegin,
}

#[tokio::test]
async fn a_refund_of_something_else_leaves_the_grace_period() {
    for beside in [Beside::AnotherPurchase, Beside::ByHand, Beside::ToBegin] {
        let stage = Stage::new().await;
        let (ana, book) = (stage.customer("ana@shop.test").await, tolerated(&stage, 1).await);
        if beside == Beside::ByHand {
            grant(&stage.admin, &ana, &book, json!({ "expiresAt": TWO }))
                .await
                .accepted();
        } else {
            stage.sell(&Sale::of(&ana, &book, 2).until(TWO)).await;
        }
        let first = stage.sell(&Sale::of(&ana, &book, 1).until(ONE)).await;
        stage.pass(TimeDelta::hours(3));
        let purchase = if beside == Beside::ToBegin {
            to_begin(&stage, &ana, &book).await
        } else {
            first
        };
        let refund = request(&stage, &purchase, json!({ "reason": "DUPLICATE" }))
            .await
            .accepted()["refund"]
            .clone();
        assert_eq!(
            access(&stage.admin, &ana, &book).await,
            grace_until(TOLERATED),
            "{beside:?}"
        );
        assert_eq!(effect(&refund, "REVOKE_ACCESS"), "SKIPPED", "{beside:?}");
        let told = history(&stage, &ana).await;
        assert!(
            told.iter().all(|(action, _)| action != "REVOKED"),
            "{beside:?}: {told:?}"
        );
        stage.until_quiet().await;
        stage.end().await;
    }
}

/// The grace period goes with its own grant, and comes back with it, as long as it was said to be.
#[tokio::test]
async fn a_refund_of_what_ended_last_takes_the_grace_period_until_it_fails() {
    for to_come in [false, true] {
        let stage = Stage::new().await;
        let (ana, book) = (stage.customer("ana@shop.test").await, tolerated(&stage, 1).await);
        if to_come {
            grant(&stage.admin, &ana, &book, json!({ "startsAt": MAY }))
                .await
                .accepted();
        }
        let sale = Sale::of(&ana, &book, 2).until(TWO);
        let last = stage.sell(&sale).await;
        stage.sell(&Sale::of(&ana, &book, 1).until(ONE)).await;
        stage.pass(TimeDelta::hours(3));
        let refusal = FaultKind::Refuse {
            code: "charge_disputed".into(),
        };
        stage
            .sandbox
            .stripe
            .fault(Fault::once(refusal).for_payment(&sale.payment));
        let refund = request(&stage, &last, json!({})).await.accepted()["refund"].clone();
        assert_eq!(effect(&refund, "REVOKE_ACCESS"), "DONE");
        let (status, until) = if to_come {
            (json!("SCHEDULED"), json!(MAY))
        } else {
            (Value::Null, Value::Null)
        };
        let without = json!({ "allowed": false, "status": status, "until": until });
        assert_eq!(
            access(&stage.admin, &ana, &book).await,
            without,
            "access had not ended at one"
        );
        stage.run_jobs().await;
        assert_eq!(
            text(&look(&stage, &text(&refund["id"])).await["status"]),
            "FAILED"
        );
        assert_eq!(access(&stage.admin, &ana, &book).await, grace_until(TOLERATED));
        stage.until_quiet().await;
        stage.end().await;
    }
}

/// Whichever is reported first: what is tolerated now is used now, and what begins later begins later.
#[tokio::test]
async fn the_order_of_reports_does_not_matter() {
    let mut seen = Vec::new();
    for later_first in [true, false] {
        let stage = Stage::new().await;
        let (ana, book) = (stage.customer("ana@shop.test").await, tolerated(&stage, 1).await);
        stage.pass(TimeDelta::hours(3));
        if later_first {
            grant(&stage.admin, &ana, &book, json!({ "startsAt": MAY }))
                .await
                .accepted();
        }
        stage.sell(&Sale::of(&ana, &book, 1).until(TWO)).await;
        if !later_first {
            grant(&stage.admin, &ana, &book, json!({ "startsAt": MAY }))
                .await
                .accepted();
        }
        assert_eq!(
            access(&stage.admin, &ana, &book).await,
            grace_until(TOLERATED),
            "{later_first}"
        );
        let query = "query($id: ID!) { user(id: $id) { entitlements { nodes { status expiresAt graceEndsAt resumesAt } } } }";
        let user = stage.admin.ask(query, json!({ "id": ana })).await.data()["user"].clone();
        seen.push(user["entitlements"]["nodes"].clone());
        stage.end().await;
    }
    let expected =
        json!({ "status": "GRACE_PERIOD", "expiresAt": TWO, "graceEndsAt": TOLERATED, "resumesAt": MAY });
    assert_eq!(seen, [json!([expected]), json!([expected])]);
}

/// S4.7: what has ended by itself has ended, also for partners, and whatever becomes of its purchase.
#[tokio::test]
async fn what_had_run_out_is_expired_everywhere_also_when_it_is_refunded() {
    for reason in ["DUPLICATE", "FRAUDULENT"] {
        let stage = Stage::new().await;
        let (ana, book) = (
            stage.customer("ana@shop.test").await,
            stage.product("Rayuela").await,
        );
        let purchase = stage.sell(&Sale::of(&ana, &book, 1).until(ONE)).await;
        stage.pass(TimeDelta::hours(3));
        let refund = request(&stage, &purchase, json!({ "reason": reason }))
            .await
            .accepted()["refund"]
            .clone();
        assert_eq!(effect(&refund, "REVOKE_ACCESS"), "SKIPPED");
        let expired = json!({ "allowed": false, "status": "EXPIRED", "until": null });
        assert_eq!(access(&stage.admin, &ana, &book).await, expired, "{reason}");
        let query = "query($id: ID!) { user(id: $id) { entitlements(status: [EXPIRED]) { nodes { status expiresAt } } } }";
        let user = stage.admin.ask(query, json!({ "id": ana })).await.data()["user"].clone();
        assert_eq!(
            user["entitlements"]["nodes"],
            json!([{ "status": "EXPIRED", "expiresAt": ONE }])
        );
        grant(&stage.admin, &ana, &book, json!({})).await.accepted();
        stage.until_quiet().await;
        stage.end().await;
    }
}
