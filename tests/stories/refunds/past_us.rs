//! What goes back past us: by hand in the gateway's own pages. It is booked once, limits what is left, and access
//! follows the team's setting.

use chrono::TimeDelta;
use domain::operations;
use entities::PaymentGateway;
use sandbox::{Fault, FaultKind, Payment, Refund, RefundStatus, WebhookFaults};
use serde_json::{Value, json};
use tests::stage::{Stage, text};

use super::{
    Bought, GATEWAYS, accepted, buy, look, purchase_rows, request, sale, simulator, status,
    webhooks::{event, post_stripe},
};

const PURCHASE: &str = "query($id: ID!) { node(id: $id) { ... on Purchase { status canceledAt refundedAmount { amount } \
     refundedExternally { amount currency } refundEligibility { eligible blockers refundableAmount { amount } \
     checks { item passed } } } } }";

async fn seen(stage: &Stage, purchase: &str) -> Value {
    let office = stage.office().await;
    office.ask(PURCHASE, json!({ "id": purchase })).await.data()["node"].clone()
}

/// Status, what went back past us, and what is left.
async fn figures(stage: &Stage, purchase: &str) -> [String; 3] {
    let seen = seen(stage, purchase).await;
    [
        text(&seen["status"]),
        text(&seen["refundedExternally"]["amount"]),
        text(&seen["refundEligibility"]["refundableAmount"]["amount"]),
    ]
}

/// The rules that asking the gateways finds broken.
async fn at_the_gateways(stage: &Stage) -> Vec<&'static str> {
    let found = operations::verify_with_gateway(&stage.app, 100).await;
    found.expect("an answer").iter().map(|it| it.rule).collect()
}

async fn run(stage: &Stage, sql: &str) {
    stage.app.db.execute(sql, vec![]).await.expect("a change");
}

/// The whole payment goes back by hand: the purchase says so, nothing is left, access ends as with a refund of ours,
/// nobody is mailed. When the gateway takes it back days later, all that is undone.
#[tokio::test]
async fn a_payment_that_was_given_back_by_hand_is_booked() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.refund_outside(&stage, 3000).await;
        stage.hear_gateways().await;
        assert_eq!(
            figures(&stage, &bought.purchase).await,
            ["REFUNDED", "30.00", "0.00"],
            "{gateway}"
        );
        let now = seen(&stage, &bought.purchase).await;
        assert_eq!(now["refundedAmount"]["amount"], "30.00");
        assert_eq!(now["refundEligibility"]["eligible"], false);
        let checks = now["refundEligibility"]["checks"].to_string();
        assert!(
            checks.contains(r#"{"item":"NOT_REFUNDED_BEFORE","passed":false}"#),
            "{checks}"
        );
        assert!(!bought.may_use(&stage).await, "{gateway}");
        let again = request(&stage, &bought.purchase, json!({})).await;
        assert_eq!(again.refusals(), ["REFUND_ALREADY_REQUESTED purchaseId"]);
        assert!(stage.mails().await.is_empty(), "{gateway}");
        let audit = "query($s: ID) { auditLog(subjectId: $s) { nodes { action } } }";
        let audit = stage
            .admin
            .ask(audit, json!({ "s": bought.purchase }))
            .await
            .data();
        assert!(audit.to_string().contains("purchase.external_refund"), "{audit}");
        assert_eq!(at_the_gateways(&stage).await, [""; 0], "{gateway}");

        bought
            .simulator(&stage)
            .settle(&bought.at_gateway(&stage), RefundStatus::Failed, None);
        stage.hear_gateways().await;
        assert_eq!(
            figures(&stage, &bought.purchase).await,
            ["ACTIVE", "0.00", "30.00"],
            "{gateway}"
        );
        assert!(bought.may_use(&stage).await, "{gateway}");
        assert_eq!(at_the_gateways(&stage).await, [""; 0], "{gateway}");
        stage.end().await;
    }
}

/// A part by hand keeps the access; the rest can go back through us, and takes it.
#[tokio::test]
async fn a_part_that_was_given_back_by_hand_limits_what_is_left() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.refund_outside(&stage, 1000).await;
        stage.hear_gateways().await;
        let part = ["PARTIALLY_REFUNDED", "10.00", "20.00"];
        assert_eq!(figures(&stage, &bought.purchase).await, part, "{gateway}");
        assert!(bought.may_use(&stage).await, "{gateway}");
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        let amount = json!({ "amount": { "amount": "25.00", "currency": currency } });
        let too_much = request(&stage, &bought.purchase, amount).await;
        assert_eq!(too_much.refusals(), ["REFUND_AMOUNT_EXCEEDS_PAID amount"]);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        let done = look(&stage, &refund).await;
        assert_eq!(
            (&done["status"], &done["amount"]["amount"]),
            (&json!("SUCCEEDED"), &json!("20.00"))
        );
        assert_eq!(
            figures(&stage, &bought.purchase).await,
            ["REFUNDED", "10.00", "0.00"],
            "{gateway}"
        );
        assert!(!bought.may_use(&stage).await, "{gateway}");
        assert_eq!(
            bought.simulator(&stage).journal().total_refunded(&bought.payment),
            3000
        );
        assert_eq!(at_the_gateways(&stage).await, [""; 0], "{gateway}");
        stage.end().await;
    }
}

/// A team that decides itself what becomes of access.
#[tokio::test]
async fn a_team_may_keep_access_that_was_paid_back_by_hand() {
    let stage = Stage::new().await;
    stage.set_up(json!({ "externalRefundAccess": "KEEP" })).await;
    let bought = buy(&stage, "STRIPE", 1).await;
    bought.refund_outside(&stage, 3000).await;
    stage.hear_gateways().await;
    assert_eq!(
        figures(&stage, &bought.purchase).await,
        ["REFUNDED", "30.00", "0.00"]
    );
    assert!(bought.may_use(&stage).await);
    stage.end().await;
}

/// Once, in any order: doubled, shuffled, the failure before the success.
#[tokio::test]
async fn the_order_of_the_news_does_not_matter() {
    for seed in 0..3 {
        let stage = Stage::new().await;
        for (number, gateway) in (1..).zip(GATEWAYS) {
            let faults = WebhookFaults {
                hold: true,
                doubled: true,
                shuffle_seed: Some(seed),
                drop_next: 0,
            };
            simulator(&stage, gateway).set_webhook_faults(faults);
            let bought = buy(&stage, gateway, number).await;
            bought.refund_outside(&stage, 3000).await;
            bought
                .simulator(&stage)
                .settle(&bought.at_gateway(&stage), RefundStatus::Failed, None);
            bought.simulator(&stage).release_webhooks().await;
            stage.until_quiet().await;
            assert_eq!(
                figures(&stage, &bought.purchase).await,
                ["ACTIVE", "0.00", "30.00"],
                "{gateway} {seed}"
            );
            assert!(bought.may_use(&stage).await, "{gateway} {seed}");
        }
        stage.end().await;
    }
}

/// Somebody gives a part back by hand while a refund of ours is in doubt: each is what it is, whichever is told first.
#[tokio::test]
async fn a_refund_by_hand_is_not_taken_for_ours_nor_ours_for_one_by_hand() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        let currency = if gateway == "STRIPE" { "EUR" } else { "BRL" };
        // Executed, and nobody hears of it but by the webhook.
        bought.fault(&stage, FaultKind::CutConnection);
        let down = Fault::once(FaultKind::Error500Before).on("refunds.list").times(3);
        bought.simulator(&stage).fault(down);
        let part = json!({ "amount": { "amount": "10.00", "currency": currency } });
        let refund = accepted(&stage, &bought.purchase, part).await;
        bought.simulator(&stage).hold_webhooks();
        stage.run_jobs().await;
        assert_eq!(status(&stage, &refund).await, "PROCESSING", "{gateway}");
        bought.refund_outside(&stage, 700).await;
        bought.simulator(&stage).release_webhooks().await;
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
        let both = ["PARTIALLY_REFUNDED", "7.00", "13.00"];
        assert_eq!(figures(&stage, &bought.purchase).await, both, "{gateway}");
        assert_eq!(at_the_gateways(&stage).await, [""; 0], "{gateway}");
        stage.end().await;
    }
}

/// Two books, one payment.
async fn cart(stage: &Stage, gateway: &'static str, number: u32, minor: [i64; 2]) -> [Bought; 2] {
    let user = stage.customer(&format!("cart{number}@shop.test")).await;
    let mut bought = Vec::new();
    for (part, minor) in (0..).zip(minor) {
        let product = stage.product(&format!("Book {number}-{part}")).await;
        let mut sale = sale(gateway, &user, &product, number * 10 + part);
        sale.payment = super::sale(gateway, &user, &product, number * 10).payment;
        sale.minor = minor;
        bought.push(Bought {
            purchase: stage.sell(&sale).await,
            payment: sale.payment.clone(),
            user: user.clone(),
            product,
            gateway,
        });
        let whole = Payment::new(&sale.payment, minor + 5000, sale.currency);
        simulator(stage, gateway).add_payments([whole]);
    }
    let whole = Payment::new(
        &bought[0].payment,
        minor[0] + minor[1],
        if gateway == "STRIPE" { "EUR" } else { "BRL" },
    );
    simulator(stage, gateway).add_payments([whole]);
    bought.try_into().unwrap_or_else(|_| panic!("two"))
}

/// One payment for two purchases: what is exactly one of them is that one; anything else is spread over both, so that
/// nobody loses access by a guess.
#[tokio::test]
async fn a_cart_that_was_given_back_by_hand_is_shared_out() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        for (number, by_hand, expected, access) in [
            (
                1,
                2000,
                [["ACTIVE", "0.00", "30.00"], ["REFUNDED", "20.00", "0.00"]],
                [true, false],
            ),
            (
                2,
                1000,
                [
                    ["PARTIALLY_REFUNDED", "6.00", "24.00"],
                    ["PARTIALLY_REFUNDED", "4.00", "16.00"],
                ],
                [true, true],
            ),
            (
                3,
                5000,
                [["REFUNDED", "30.00", "0.00"], ["REFUNDED", "20.00", "0.00"]],
                [false, false],
            ),
        ] {
            let books = cart(&stage, gateway, number, [3000, 2000]).await;
            books[0].refund_outside(&stage, by_hand).await;
            stage.hear_gateways().await;
            for ((book, expected), access) in books.iter().zip(expected).zip(access) {
                assert_eq!(
                    figures(&stage, &book.purchase).await,
                    expected,
                    "{gateway} {by_hand}"
                );
                assert_eq!(book.may_use(&stage).await, access, "{gateway} {by_hand}");
            }
        }
        assert_eq!(at_the_gateways(&stage).await, [""; 0], "{gateway}");
        stage.end().await;
    }
}

/// Room that a refund of ours takes and gives back: what was more than fitted is booked then.
#[tokio::test]
async fn what_did_not_fit_is_booked_when_ours_has_failed() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    bought.fault(&stage, FaultKind::RefundPending);
    let refund = accepted(&stage, &bought.purchase, json!({})).await;
    stage.run_jobs().await;
    let at_gateway = bought.at_gateway(&stage);
    // As if the gateway did not count what is pending.
    let object = json!({ "id": "re_by_hand", "object": "refund", "amount": 3000, "currency": "eur", "status": "succeeded",
        "payment_intent": bought.payment, "charge": bought.payment.replacen("pi_", "ch_", 1), "created": 1_772_452_800 });
    assert_eq!(
        post_stripe(&stage, &event("evt_1", "refund.created", object)).await,
        200
    );
    stage.run_jobs().await;
    assert_eq!(
        seen(&stage, &bought.purchase).await["refundedExternally"]["amount"],
        "0.00"
    );
    stage
        .sandbox
        .stripe
        .settle(&at_gateway, RefundStatus::Failed, None);
    stage.until_quiet().await;
    assert_eq!(status(&stage, &refund).await, "FAILED");
    assert_eq!(
        figures(&stage, &bought.purchase).await,
        ["REFUNDED", "30.00", "0.00"]
    );
    assert!(!bought.may_use(&stage).await);
    stage.end().await;
}

/// `verify --gateway` finds what no webhook has told.
#[tokio::test]
async fn a_refund_by_hand_that_was_never_told_is_found_by_asking() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.simulator(&stage).hold_webhooks();
        bought.refund_outside(&stage, 1000).await;
        assert_eq!(
            at_the_gateways(&stage).await,
            ["at-gateway-known", "at-gateway-total"],
            "{gateway}"
        );
        bought.simulator(&stage).release_webhooks().await;
        stage.until_quiet().await;
        assert_eq!(at_the_gateways(&stage).await, [""; 0], "{gateway}");
        stage.end().await;
    }
}

/// Each fault that once went unseen is planted, and named.
#[tokio::test]
async fn asking_the_gateways_finds_each_planted_fault() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        let part = |amount| json!({ "amount": { "amount": amount, "currency": if gateway == "STRIPE" { "EUR" } else { "BRL" } } });
        let refund = accepted(&stage, &bought.purchase, part("10.00")).await;
        stage.until_quiet().await;
        let at_gateway = bought.at_gateway(&stage);
        assert_eq!(at_the_gateways(&stage).await, [""; 0], "{gateway}");
        for (name, plant, mend, expected) in [
            (
                "called failed, and it stands",
                "UPDATE refunds SET status = 'FAILED'",
                "UPDATE refunds SET status = 'SUCCEEDED'",
                &["at-gateway-agrees", "at-gateway-total"][..],
            ),
            (
                "called reversed, and it stands",
                "UPDATE refunds SET status = 'REVERSED'",
                "UPDATE refunds SET status = 'SUCCEEDED'",
                &["at-gateway-agrees", "at-gateway-total"],
            ),
            (
                "waits for a person, and was executed",
                "UPDATE refunds SET status = 'NEEDS_ATTENTION'",
                "UPDATE refunds SET status = 'SUCCEEDED'",
                &["at-gateway-agrees"],
            ),
            (
                "of another amount",
                "UPDATE refunds SET amount_minor = 900",
                "UPDATE refunds SET amount_minor = 1000",
                &["at-gateway-agrees", "at-gateway-total"],
            ),
        ] {
            run(&stage, plant).await;
            assert_eq!(at_the_gateways(&stage).await, expected, "{gateway}: {name}");
            run(&stage, mend).await;
        }
        // Refunded twice for one of ours: a second one of the gateway's with our id, or with nobody's.
        let first = bought.simulator(&stage).journal().refunds[0].clone();
        let second = Refund {
            id: format!("{at_gateway}7"),
            ..first
        };
        bought.simulator(&stage).add_refunds([second]);
        let twice = match gateway {
            "STRIPE" => ["at-gateway-once", "at-gateway-total"],
            _ => ["at-gateway-known", "at-gateway-total"],
        };
        assert_eq!(at_the_gateways(&stage).await, twice, "{gateway}");
        bought
            .simulator(&stage)
            .settle(&format!("{at_gateway}7"), RefundStatus::Failed, None);
        // One that was called done and never made: the one that is there is another's.
        run(&stage, "UPDATE refunds SET gateway_refund_id = 'never-made'").await;
        if gateway == "MERCADO_PAGO" {
            assert!(at_the_gateways(&stage).await.contains(&"at-gateway-once"));
        }
        run(
            &stage,
            &format!("UPDATE refunds SET gateway_refund_id = '{at_gateway}'"),
        )
        .await;
        stage.until_quiet().await;
        let _ = refund;
        stage.end().await;
    }
}

/// A team's own refunds are none of another's: nothing is booked for a payment of somebody else.
#[tokio::test]
async fn what_is_nobodys_payment_here_concerns_no_purchase() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let object = json!({ "id": "re_of_somebody_else", "object": "refund", "amount": 500, "currency": "eur",
        "status": "succeeded", "payment_intent": "pi_unknown", "charge": "ch_unknown" });
    assert_eq!(
        post_stripe(&stage, &event("evt_1", "refund.created", object)).await,
        200
    );
    stage.run_jobs().await;
    assert_eq!(
        figures(&stage, &bought.purchase).await,
        ["ACTIVE", "0.00", "30.00"]
    );
    // It is kept: once the store records the purchase of that payment, it is known what went back.
    let user = stage.customer("late@shop.test").await;
    let product = stage.product("Late").await;
    let mut late = sale("STRIPE", &user, &product, 2);
    late.payment = "pi_unknown".into();
    let purchase = stage.sell(&late).await;
    assert_eq!(
        figures(&stage, &purchase).await,
        ["PARTIALLY_REFUNDED", "5.00", "25.00"]
    );
    stage.pass(TimeDelta::hours(1));
    stage.until_quiet().await;
    stage.end().await;
}

/// A payment id that another team on the same account at the gateway has recorded is refused, and the answer is the
/// one for any wrong id. Teams with accounts of their own do not meet.
#[tokio::test]
async fn teams_on_one_account_do_not_refund_each_others_payments() {
    let stage = Stage::new().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let boreal = stage.other_team().await;
    let record = async |payment: &str, external_id: &str| {
        let user = json!({ "firstName": "B", "lastName": "C", "companyEmail": format!("{external_id}@boreal.test") });
        let user = boreal
            .mutate("userCreate", "UserCreateInput", user, "user { id }")
            .await
            .accepted();
        let product = json!({ "externalId": external_id, "name": external_id });
        let product = boreal.mutate("productRecord", "ProductRecordInput", product, "product { id }");
        let input = json!({
            "externalId": external_id, "userId": user["user"]["id"], "productId": product.await.accepted()["product"]["id"],
            "kind": "SINGLE", "gateway": "STRIPE", "gatewayPaymentId": payment,
            "amount": { "amount": "30.00", "currency": "EUR" }, "purchasedAt": "2026-02-20T10:00:00.000Z",
        });
        let made = boreal.mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }");
        made.await.refusals()
    };
    let key = async |key: &str| {
        let input = json!({ "stripeSecretKey": key });
        let set = boreal.mutate(
            "teamSettingsUpdate",
            "TeamSettingsUpdateInput",
            input,
            "team { id }",
        );
        set.await.accepted();
    };
    key("sk_test_sandbox").await;
    assert_eq!(
        record(&bought.payment, "order-1").await,
        ["CONFLICT gatewayPaymentId"]
    );
    assert_eq!(record("pi_boreal_1", "order-2").await, [""; 0]);
    key("sk_test_boreal").await;
    assert_eq!(record(&bought.payment, "order-3").await, [""; 0]);
    let rows = purchase_rows(&stage).await;
    assert_eq!(
        rows.iter()
            .filter(|row| row.gateway == PaymentGateway::Stripe)
            .count(),
        3
    );
    stage.end().await;
}
