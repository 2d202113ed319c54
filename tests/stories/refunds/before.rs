//! What is known before money moves: the payment as the gateway has it, and what the gateway can move at all.

use chrono::TimeDelta;
use entities::Money;
use serde_json::{Value, json};
use tests::stage::Stage;

use super::{Bought, GATEWAYS, accepted, buy, buy_changed, look, request, status};

/// Nothing was ordered, and what was taken is given back.
async fn refused_before(stage: &Stage, bought: &Bought, refund: &str, why: &str) {
    let seen = look(stage, refund).await;
    assert_eq!(seen["status"], "FAILED", "{why}: {seen:#}");
    let message = seen["failureMessage"].as_str().unwrap_or_default();
    assert!(message.contains(why), "{message}");
    assert_eq!(bought.sent(stage, refund), 0, "{why}: no order was sent");
    assert!(bought.may_use(stage).await, "{why}");
}

/// A purchase recorded in one currency, the payment taken in another: 30.00 would move of either.
#[tokio::test]
async fn a_payment_in_another_currency_is_not_refunded() {
    let stage = Stage::new().await;
    for (number, (gateway, taken)) in (1..).zip([("STRIPE", "USD"), ("MERCADO_PAGO", "ARS")]) {
        let bought = buy(&stage, gateway, number).await;
        bought.simulator(&stage).add_payment(&bought.payment, 3000, taken);
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.until_quiet().await;
        refused_before(&stage, &bought, &refund, taken).await;
    }
    stage.end().await;
}

/// A dispute that we have not heard of: the bank may give the money back without us. Whoever may override the policy
/// leaves it to the gateway to judge.
#[tokio::test]
async fn a_disputed_payment_is_not_refunded_beside_the_bank() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.simulator(&stage).hold_webhooks();
        assert!(bought.simulator(&stage).dispute(&bought.payment));
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        refused_before(&stage, &bought, &refund, "disputed").await;
        bought.simulator(&stage).release_webhooks().await;
        stage.until_quiet().await;
        stage.end().await;
    }
}

fn part(amount: &str, currency: &str) -> Value {
    json!({ "amount": { "amount": amount, "currency": currency } })
}

/// Stripe moves three-decimal currencies in tens of their smallest unit only. It is said when it is asked for.
#[tokio::test]
async fn an_amount_that_the_gateway_cannot_move_is_refused_at_the_request() {
    let stage = Stage::new().await;
    for (number, currency) in (1..).zip(["BHD", "JOD", "KWD", "OMR", "TND"]) {
        let bought = buy_changed(&stage, "STRIPE", number, |sale| sale.currency = currency).await;
        let refused = request(&stage, &bought.purchase, part("1.234", currency)).await;
        assert_eq!(
            refused.refusals(),
            ["REFUND_AMOUNT_NOT_POSSIBLE amount"],
            "{currency}"
        );
        let message = refused.0["userErrors"][0]["message"].as_str().expect("words");
        let step = Money::new(10, currency.parse().expect("a currency")).to_string();
        assert!(message.contains(&step), "{message}");
        let refund = accepted(&stage, &bought.purchase, part("1.230", currency)).await;
        stage.until_quiet().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{currency}");
        let gone = bought.simulator(&stage).journal().total_refunded(&bought.payment);
        assert_eq!(gone, 1230, "{currency}");
    }
    // MercadoPago has no such rule, nor has Stripe for other currencies.
    let bought = buy_changed(&stage, "STRIPE", 9, |sale| sale.currency = "HUF").await;
    accepted(&stage, &bought.purchase, part("1.23", "HUF")).await;
    stage.until_quiet().await;
    stage.end().await;
}

/// Without webhooks: when the gateway is asked about a refund that it will confirm.
#[tokio::test]
async fn a_pending_refund_is_asked_about_soon_and_then_ever_more_rarely() {
    for gateway in GATEWAYS {
        let stage = Stage::new().await;
        let bought = buy(&stage, gateway, 1).await;
        bought.fault(&stage, sandbox::FaultKind::RefundPending);
        bought.simulator(&stage).hold_webhooks();
        accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        let asked = || {
            let requests = bought.simulator(&stage).journal().requests;
            let by_id = requests.iter().filter(|it| {
                let last = it.path.rsplit('/').next().unwrap_or_default();
                it.method == "GET" && it.path.contains("/refunds/") && last != "refunds"
            });
            by_id.count()
        };
        let mut looks = Vec::new();
        let mut now = 0;
        for minute in (1..=70).chain((120..=40 * 60).step_by(60)) {
            let before = asked();
            stage.later(TimeDelta::minutes(minute - now)).await;
            now = minute;
            if asked() > before {
                looks.push(minute);
            }
        }
        assert_eq!(looks[..6], [1, 5, 15, 60, 120, 180], "{gateway}");
        let of_the_first_day = looks.iter().filter(|minute| **minute <= 24 * 60).count();
        assert_eq!(of_the_first_day, 27, "{gateway}");
        assert_eq!(looks[27..], [30 * 60, 36 * 60], "{gateway}");
        let at_gateway = bought.at_gateway(&stage);
        let done = sandbox::RefundStatus::Succeeded;
        bought.simulator(&stage).settle(&at_gateway, done, None);
        bought.simulator(&stage).release_webhooks().await;
        stage.until_quiet().await;
        stage.end().await;
    }
}
