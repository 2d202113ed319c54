//! What is refused, with which code, on which field, in whose language; and that it changes nothing.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::database::Sql;
use entities::{Locale, UserRole};
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{AGENT, Sale, Stage},
};

use super::{accepted, buy, buy_changed, refund_input};

/// Everything that a refused request must leave alone.
async fn dump(stage: &Stage) -> Vec<String> {
    let mut dump = Vec::new();
    for table in [
        "refunds",
        "purchases",
        "entitlements",
        "entitlement_grants",
        "jobs",
        "events",
        "audit_entries",
        "mails",
    ] {
        let sql = format!("SELECT count(*) FROM {table}");
        let row = stage
            .app
            .db
            .connection()
            .row(&sql, vec![])
            .await
            .expect("a count");
        let count: i64 = row.expect("a row").try_get_by_index(0).expect("a number");
        dump.push(format!("{table}: {count}"));
    }
    dump.extend(
        super::purchase_rows(stage)
            .await
            .iter()
            .map(|row| format!("{row:?}")),
    );
    dump.extend(
        super::refund_rows(stage)
            .await
            .iter()
            .map(|row| format!("{row:?}")),
    );
    dump
}

/// The same request in three languages, by a key and by people: the same refusals, in other words.
async fn refused(stage: &Stage, clients: &[Client], name: &str, input: &Value, expected: &[&str]) {
    let before = dump(stage).await;
    let mut wordings = BTreeSet::new();
    for client in clients {
        let asked = client.mutate(
            "refundRequest",
            "RefundRequestInput",
            input.clone(),
            "refund { id }",
        );
        let payload = asked.await;
        assert_eq!(payload.refusals(), expected, "{name}");
        assert_eq!(payload.0["refund"], json!(null), "{name}");
        let messages: Vec<&str> = payload.0["userErrors"]
            .as_array()
            .expect("userErrors")
            .iter()
            .map(|error| error["message"].as_str().expect("a message"))
            .collect();
        for message in &messages {
            let said = message.chars().count() > 10 && message.contains(' ') && !message.contains('{');
            assert!(said, "{name}: {message:?}");
        }
        wordings.insert(messages.join("\n"));
    }
    assert_eq!(wordings.len(), 3, "{name} in three languages: {wordings:#?}");
    assert_eq!(dump(stage).await, before, "{name} has changed something");
}

/// A key that is spoken to in three languages, and three people who read one each.
async fn everybody(stage: &Stage) -> Vec<Client> {
    let key = stage.integration(&["refunds.write", "users.read"]).await;
    let mut clients: Vec<Client> = ["en", "es-MX,es;q=0.9", "pt-BR"]
        .map(|language| key.speaking(language))
        .into();
    for (email, locale) in [
        ("en@aurora.test", Locale::En),
        ("es@aurora.test", Locale::Es),
        ("pt@aurora.test", Locale::Pt),
    ] {
        // Their own language counts, not the browser's.
        let person = stage.staff_speaking(email, UserRole::Agent, locale).await;
        clients.push(person.speaking("de,en"));
    }
    clients
}

fn amount(amount: &str, currency: &str) -> Value {
    json!({ "amount": { "amount": amount, "currency": currency } })
}

/// S0.26–S0.30 and everything else that can be wrong with a request.
#[tokio::test]
async fn bad_requests_are_refused_by_name_in_three_languages() {
    let stage = Stage::new().await;
    let clients = everybody(&stage).await;
    let good = buy(&stage, "STRIPE", 1).await.purchase;
    let promised = buy(&stage, "STRIPE", 2).await.purchase;
    accepted(&stage, &promised, json!({ "idempotencyKey": "once" })).await;
    let sold = async |number: u32, change: &dyn Fn(&mut Sale)| {
        buy_changed(&stage, "STRIPE", number, change).await.purchase
    };
    let pending = sold(3, &|sale| sale.status = "PENDING").await;
    let refunded = sold(4, &|sale| sale.status = "REFUNDED").await;
    let recurring = sold(5, &|sale| sale.kind = "RECURRING").await;
    let by_paypal = sold(6, &|sale| sale.gateway = "PAYPAL").await;
    let by_hand = sold(7, &|sale| sale.gateway = "MANUAL").await;
    let user = clients[0]
        .ask("{ users(first: 1) { nodes { id } } }", json!({}))
        .await
        .data()["users"]["nodes"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    stage.until_quiet().await;

    let unknown = "pur_01h2xcejqtf2nbrexx3vqjhp41";
    let unknown = format!("{}{}", &good[..good.len() - 26], &unknown[4..]);
    let whole = json!({});
    let too_long = "x".repeat(2001);
    for (name, purchase, more, expected) in [
        (
            "unknown",
            unknown.as_str(),
            whole.clone(),
            &["NOT_FOUND purchaseId"][..],
        ),
        ("no id", "order-1", whole.clone(), &["INVALID purchaseId"]),
        ("empty id", "", whole.clone(), &["INVALID purchaseId"]),
        ("a person's id", &user, whole.clone(), &["INVALID purchaseId"]),
        (
            "recurring",
            &recurring,
            whole.clone(),
            &["REFUND_KIND_NOT_SUPPORTED purchaseId"],
        ),
        (
            "PayPal",
            &by_paypal,
            whole.clone(),
            &["REFUND_GATEWAY_NOT_SUPPORTED purchaseId"],
        ),
        (
            "by hand",
            &by_hand,
            whole.clone(),
            &["REFUND_GATEWAY_NOT_SUPPORTED purchaseId"],
        ),
        (
            "not paid",
            &pending,
            whole.clone(),
            &["REFUND_PURCHASE_NOT_ACTIVE purchaseId"],
        ),
        (
            "refunded by the store",
            &refunded,
            whole.clone(),
            &["REFUND_ALREADY_REQUESTED purchaseId"],
        ),
        (
            "refunded by us",
            &promised,
            whole.clone(),
            &["REFUND_ALREADY_REQUESTED purchaseId"],
        ),
        (
            "OTHER, no note",
            &good,
            json!({ "reason": "OTHER" }),
            &["REFUND_NOTE_REQUIRED note"],
        ),
        (
            "OTHER, blank",
            &good,
            json!({ "reason": "OTHER", "note": " \n\t " }),
            &["REFUND_NOTE_REQUIRED note"],
        ),
        (
            "override, no note",
            &good,
            json!({ "overridePolicy": true }),
            &["REFUND_NOTE_REQUIRED note"],
        ),
        ("long note", &good, json!({ "note": too_long }), &["INVALID note"]),
        (
            "long key",
            &good,
            json!({ "idempotencyKey": "k".repeat(201) }),
            &["INVALID idempotencyKey"],
        ),
        (
            "a cent too much",
            &good,
            amount("30.01", "EUR"),
            &["REFUND_AMOUNT_EXCEEDS_PAID amount"],
        ),
        (
            "other currency",
            &good,
            amount("30.00", "USD"),
            &["INVALID amount"],
        ),
        ("no currency", &good, amount("30.00", "XYZ"), &["INVALID amount"]),
        ("empty currency", &good, amount("30.00", ""), &["INVALID amount"]),
        ("zero", &good, amount("0.00", "EUR"), &["INVALID amount"]),
        ("minus zero", &good, amount("-0", "EUR"), &["INVALID amount"]),
        ("negative", &good, amount("-1.00", "EUR"), &["INVALID amount"]),
        ("too precise", &good, amount("10.001", "EUR"), &["INVALID amount"]),
        (
            "huge",
            &good,
            amount("999999999999999999999999", "EUR"),
            &["INVALID amount"],
        ),
        (
            "just countable",
            &good,
            amount("92233720368547758.07", "EUR"),
            &["REFUND_AMOUNT_EXCEEDS_PAID amount"],
        ),
        (
            "one too many",
            &good,
            amount("92233720368547758.08", "EUR"),
            &["INVALID amount"],
        ),
        (
            "several at once",
            &good,
            json!({ "note": too_long, "amount": { "amount": "0", "currency": "EUR" } }),
            &["INVALID note", "INVALID amount"],
        ),
        (
            "another body under a known key",
            &promised,
            json!({ "idempotencyKey": "once", "reason": "DUPLICATE" }),
            &["CONFLICT idempotencyKey"],
        ),
        (
            "another purchase under a known key",
            &good,
            json!({ "idempotencyKey": "once" }),
            &["CONFLICT idempotencyKey"],
        ),
    ] {
        refused(&stage, &clients, name, &refund_input(purchase, more), expected).await;
    }
    stage.end().await;
}

/// What is no amount at all: refused by name or by the schema, never accepted.
#[tokio::test]
async fn what_is_no_amount_is_never_accepted() {
    let stage = Stage::new().await;
    let good = buy(&stage, "STRIPE", 1).await.purchase;
    let before = dump(&stage).await;
    for nonsense in [
        "ten", "", " ", "1e1", "1,00", "0x10", "１０", "NaN", "Infinity", "+1.00", "1.0.0", "10 EUR", "--1",
        ".",
    ] {
        let input = refund_input(&good, amount(nonsense, "EUR"));
        let answer = stage
            .admin
            .try_mutate("refundRequest", "RefundRequestInput", input, "refund { id }")
            .await;
        let refused = answer.body.get("errors").is_some()
            || answer.body["data"]["refundRequest"]["userErrors"][0]["code"] == "INVALID";
        assert!(refused, "{nonsense:?}: {:#}", answer.body);
    }
    assert_eq!(dump(&stage).await, before);
    stage.end().await;
}

/// Everyone: a purchase of another team answers like one that does not exist, word for word.
#[tokio::test]
async fn a_foreign_purchase_is_none() {
    let stage = Stage::new().await;
    let other = stage.other_team().await;
    let bought = buy(&stage, "STRIPE", 1).await;
    let before = dump(&stage).await;
    let mut answers = Vec::new();
    let unknown = format!(
        "{}01h2xcejqtf2nbrexx3vqjhp41",
        &bought.purchase[..bought.purchase.len() - 26]
    );
    for purchase in [bought.purchase.as_str(), &unknown] {
        let input = refund_input(purchase, json!({}));
        answers.push(
            other
                .try_mutate("refundRequest", "RefundRequestInput", input, "refund { id }")
                .await
                .body["data"]
                .clone(),
        );
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0]["refundRequest"]["userErrors"][0]["code"], "NOT_FOUND");
    assert_eq!(dump(&stage).await, before);
    stage.end().await;
}

/// S0.28: 30 days after its cancellation a purchase can be refunded, a second later it cannot.
#[tokio::test]
async fn what_was_canceled_too_long_ago_is_refused() {
    let stage = Stage::new().await;
    let key = stage.integration(&["refunds.write"]).await;
    let clients: Vec<Client> = ["en", "es", "pt"].map(|language| key.speaking(language)).into();
    let old = buy_changed(&stage, "STRIPE", 1, |sale| sale.status = "CANCELED")
        .await
        .purchase;
    stage.pass(TimeDelta::days(30) + TimeDelta::seconds(1));
    refused(
        &stage,
        &clients,
        "too old",
        &refund_input(&old, json!({})),
        &["REFUND_PURCHASE_NOT_ACTIVE purchaseId"],
    )
    .await;
    stage.end().await;
}

/// Without the gateway's credentials nothing is promised to anybody.
#[tokio::test]
async fn a_gateway_that_is_not_set_up_is_refused() {
    let stage = Stage::new().await;
    let boreal = stage.other_team().await;
    let team = boreal
        .ask("{ viewer { team { id } user { id } } }", json!({}))
        .await
        .data()["viewer"]
        .clone();
    let product = boreal
        .mutate(
            "productRecord",
            "ProductRecordInput",
            json!({ "externalId": "p", "name": "Book" }),
            "product { id }",
        )
        .await
        .accepted()["product"]["id"]
        .clone();
    let mut clients = vec![boreal.clone()];
    for (language, scopes) in [("es", ["refunds.write"]), ("pt", ["refunds.write"])] {
        let input = json!({ "name": language, "scopes": scopes });
        let made = boreal
            .mutate("apiKeyCreate", "ApiKeyCreateInput", input, "secret")
            .await
            .accepted();
        clients.push(Client::new(&stage.url, made["secret"].as_str().map(str::to_owned)).speaking(language));
    }
    for gateway in super::GATEWAYS {
        let input = json!({
            "externalId": gateway, "userId": team["user"]["id"], "productId": product, "kind": "SINGLE",
            "gateway": gateway, "gatewayPaymentId": "4711", "amount": { "amount": "1.00", "currency": "EUR" },
            "purchasedAt": "2026-02-20T10:00:00Z",
        });
        let sold = boreal
            .mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }")
            .await;
        let purchase = sold.accepted()["purchase"]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        refused(
            &stage,
            &clients,
            gateway,
            &refund_input(&purchase, json!({})),
            &["GATEWAY_NOT_CONFIGURED purchaseId"],
        )
        .await;
    }
    stage.end().await;
}

/// S0.43–S0.44: more than half read, and no permission to go against the policy.
#[tokio::test]
async fn going_against_the_policy_takes_its_own_permission() {
    let stage = Stage::new().await;
    let clients: Vec<Client> = everybody(&stage).await;
    let bought = buy(&stage, "STRIPE", 1).await;
    stage.read(&bought.user, &bought.product, 51.0, 30).await;
    let code = &["REFUND_POLICY_OVERRIDE_REQUIRED overridePolicy"];
    let plain = refund_input(&bought.purchase, json!({}));
    refused(&stage, &clients, "more than half read", &plain, code).await;
    let keys = &clients[..3];
    let against = json!({ "overridePolicy": true, "note": "They were ill" });
    refused(
        &stage,
        keys,
        "no scope",
        &refund_input(&bought.purchase, against),
        code,
    )
    .await;
    stage.end().await;
}

/// Nobody, somebody whose token has ended, and somebody without the scope.
#[tokio::test]
async fn whoever_may_not_ask_gets_an_error_and_changes_nothing() {
    let stage = Stage::new().await;
    let purchase = buy(&stage, "STRIPE", 1).await.purchase;
    let agent = stage.staff(AGENT, UserRole::Agent).await;
    let reader = stage.integration(&["refunds.read", "users.read"]).await;
    let input = json!({ "name": "Ends", "scopes": ["refunds.write"], "expiresAt": "2026-03-02T13:00:00Z" });
    let made = stage
        .admin
        .mutate("apiKeyCreate", "ApiKeyCreateInput", input, "secret apiKey { id }")
        .await
        .accepted();
    let ending = Client::new(&stage.url, made["secret"].as_str().map(str::to_owned));
    let revoked = stage.integration(&["refunds.write"]).await;
    let keys = stage
        .admin
        .ask("{ apiKeys { id name scopes } }", json!({}))
        .await
        .data();
    let key = keys["apiKeys"]
        .as_array()
        .expect("keys")
        .iter()
        .find(|key| key["name"] == "Shop" && key["scopes"] == json!(["refunds.write"]));
    let input = json!({ "apiKeyId": key.expect("the key")["id"] });
    stage
        .admin
        .mutate("apiKeyRevoke", "ApiKeyRevokeInput", input, "apiKey { id }")
        .await
        .accepted();
    agent
        .ask("mutation { signOut { userErrors { code } } }", json!({}))
        .await
        .data();
    stage.pass(TimeDelta::hours(2));

    let before = dump(&stage).await;
    for (name, client, codes) in [
        ("nobody", stage.anonymous(), [200, 401]),
        ("signed out", agent, [401, 401]),
        ("expired", ending, [401, 401]),
        ("revoked", revoked, [401, 401]),
        (
            "made up",
            Client::new(&stage.url, Some("pvs_made_up".into())),
            [401, 401],
        ),
    ] {
        let asked = client.try_mutate(
            "refundRequest",
            "RefundRequestInput",
            refund_input(&purchase, json!({})),
            "refund { id }",
        );
        let answer = asked.await;
        assert_eq!(answer.code(), "UNAUTHENTICATED", "{name}");
        assert!(codes.contains(&answer.status), "{name}: {}", answer.status);
    }
    let asked = reader.try_mutate(
        "refundRequest",
        "RefundRequestInput",
        refund_input(&purchase, json!({})),
        "refund { id }",
    );
    assert_eq!(asked.await.code(), "FORBIDDEN");
    assert_eq!(dump(&stage).await, before);
    stage.end().await;
}
