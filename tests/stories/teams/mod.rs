//! What a team decides for itself, and what it entrusts to us.

use std::collections::BTreeSet;

use entities::{Locale, UserRole};
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    dump::{changes, dump, holding},
    stage::{ADMIN, AGENT, PASSWORD, Stage},
};

const SETTINGS: &str = "team { name defaultLocale timeZone settings { supportAddress portalUrl stripeConfigured \
     mercadoPagoConfigured paypalConfigured refundReadingThresholdPercent refundRecentlyCanceledDays recentPaymentDays \
     recurringIssueCount creditLimits { tier limit { amount currency } } billingSpecialist { id } accountManager { id } externalRefundAccess } }";

async fn update(client: &Client, input: Value) -> Payload {
    client
        .mutate("teamSettingsUpdate", "TeamSettingsUpdateInput", input, SETTINGS)
        .await
}

fn limit(amount: &str, currency: &str) -> Value {
    json!([{ "tier": "VIP", "limit": { "amount": amount, "currency": currency } }])
}

#[tokio::test]
async fn each_setting_is_kept() {
    let stage = Stage::new().await;
    stage.staff(AGENT, UserRole::Agent).await;
    let agent = stage.user_with(AGENT).await.id.to_string();
    for (field, sent, path, kept) in [
        (
            "name",
            json!(" Aurora Editorial "),
            "/name",
            json!("Aurora Editorial"),
        ),
        ("defaultLocale", json!("PT"), "/defaultLocale", json!("PT")),
        (
            "timeZone",
            json!("America/Sao_Paulo"),
            "/timeZone",
            json!("America/Sao_Paulo"),
        ),
        (
            "supportAddress",
            json!("help@aurora.test"),
            "/settings/supportAddress",
            json!("help@aurora.test"),
        ),
        (
            "portalUrl",
            json!("https://my.aurora.test"),
            "/settings/portalUrl",
            json!("https://my.aurora.test/"),
        ),
        (
            "refundReadingThresholdPercent",
            json!(0),
            "/settings/refundReadingThresholdPercent",
            json!(0),
        ),
        (
            "refundReadingThresholdPercent",
            json!(100),
            "/settings/refundReadingThresholdPercent",
            json!(100),
        ),
        (
            "refundRecentlyCanceledDays",
            json!(365),
            "/settings/refundRecentlyCanceledDays",
            json!(365),
        ),
        (
            "recentPaymentDays",
            json!(1),
            "/settings/recentPaymentDays",
            json!(1),
        ),
        (
            "recurringIssueCount",
            json!(100),
            "/settings/recurringIssueCount",
            json!(100),
        ),
        (
            "creditLimits",
            limit("12.50", "EUR"),
            "/settings/creditLimits/2/limit/amount",
            json!("12.50"),
        ),
        (
            "creditLimits",
            limit("0", "EUR"),
            "/settings/creditLimits/2/limit/amount",
            json!("0.00"),
        ),
        (
            "billingSpecialistId",
            json!(agent),
            "/settings/billingSpecialist/id",
            json!(agent),
        ),
        (
            "accountManagerId",
            json!(agent),
            "/settings/accountManager/id",
            json!(agent),
        ),
        (
            "externalRefundAccess",
            json!("KEEP"),
            "/settings/externalRefundAccess",
            json!("KEEP"),
        ),
        (
            "paypalClientId",
            json!("client"),
            "/settings/paypalConfigured",
            json!(false),
        ),
        (
            "paypalClientSecret",
            json!("secret"),
            "/settings/paypalConfigured",
            json!(true),
        ),
        (
            "stripePublishableKey",
            json!("pk_live_1"),
            "/settings/stripeConfigured",
            json!(true),
        ),
    ] {
        let team = update(&stage.admin, json!({ field: sent })).await.accepted();
        assert_eq!(team["team"].pointer(path), Some(&kept), "{field}");
    }
    stage.end().await;
}

#[tokio::test]
async fn each_mistake_is_told_in_three_languages_and_changes_nothing() {
    let stage = Stage::new().await;
    stage.other_team().await;
    let ana = stage.customer("ana@shop.test").await;
    let foreign = stage.user_with("admin@boreal.test").await.id.to_string();
    let mut viewers = Vec::new();
    for locale in [Locale::En, Locale::Es, Locale::Pt] {
        let email = format!("admin-{}@aurora.test", locale.as_str().to_lowercase());
        let client = stage.staff(&email, UserRole::Admin).await;
        stage.speaks(stage.user_with(&email).await.id, locale).await;
        viewers.push((client, locale));
    }
    let before = dump(&stage.app.db).await;
    let long = "x".repeat(501);
    for (field, wrong, code) in [
        ("name", json!(" "), "INVALID"),
        ("name", json!("x".repeat(201)), "INVALID"),
        ("timeZone", json!("Mars/Olympus"), "INVALID"),
        ("supportAddress", json!("help"), "INVALID"),
        ("supportAddress", json!("a@b.test\r\nBcc: c@d.test"), "INVALID"),
        ("portalUrl", json!("javascript:alert(1)"), "INVALID"),
        ("portalUrl", json!("my.aurora.test"), "INVALID"),
        ("refundReadingThresholdPercent", json!(101), "INVALID"),
        ("refundReadingThresholdPercent", json!(-1), "INVALID"),
        ("refundRecentlyCanceledDays", json!(366), "INVALID"),
        ("recentPaymentDays", json!(0), "INVALID"),
        ("recurringIssueCount", json!(0), "INVALID"),
        ("creditLimits", limit("-1", "EUR"), "INVALID"),
        ("creditLimits", limit("1.001", "EUR"), "INVALID"),
        ("creditLimits", limit("1", "USD"), "INVALID"),
        ("creditLimits", limit("1", "XYZZY"), "INVALID"),
        ("creditLimits", limit("much", "EUR"), "INVALID"),
        ("billingSpecialistId", json!("nobody"), "INVALID"),
        ("billingSpecialistId", json!(ana), "NOT_FOUND"),
        ("accountManagerId", json!(foreign), "NOT_FOUND"),
        ("stripeSecretKey", json!(""), "INVALID"),
        ("stripeWebhookSecret", json!("whsec_1 "), "INVALID"),
        ("mercadoPagoAccessToken", json!(long), "INVALID"),
    ] {
        let mut said = BTreeSet::new();
        for (viewer, locale) in &viewers {
            // Something good beside it must not be kept either.
            let input = json!({ "recentPaymentDays": 30, "paypalClientId": "half", field: wrong });
            let refused = update(viewer, input).await;
            assert_eq!(
                refused.refusals(),
                [format!("{code} {field}")],
                "{field} {wrong} {locale:?}"
            );
            assert!(refused.0["team"].is_null());
            said.insert(refused.0["userErrors"][0]["message"].to_string());
        }
        assert_eq!(said.len(), 3, "{field}: {said:?}");
    }
    assert_eq!(
        changes(&before, &dump(&stage.app.db).await),
        Vec::<String>::new(),
        "nothing was kept by half"
    );
    stage.end().await;
}

#[tokio::test]
async fn several_mistakes_are_told_at_once() {
    let stage = Stage::new().await;
    let input = json!({ "name": "", "timeZone": "x", "recentPaymentDays": 0, "paypalClientId": "" });
    let refused = update(&stage.admin, input).await.refusals();
    let expected = [
        "INVALID name",
        "INVALID timeZone",
        "INVALID recentPaymentDays",
        "INVALID paypalClientId",
    ];
    assert_eq!(refused, expected);
    stage.end().await;
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let stage = Stage::new().await;
    let names = [
        "stripeSecretKey",
        "stripePublishableKey",
        "stripeWebhookSecret",
        "mercadoPagoAccessToken",
        "mercadoPagoWebhookSecret",
        "paypalClientId",
        "paypalClientSecret",
    ];
    let input: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(format!("very-secret-{name}"))))
        .collect();
    let answer = update(&stage.admin, Value::Object(input)).await.accepted();
    assert!(!answer.to_string().contains("very-secret"));
    let stored = dump(&stage.app.db).await;
    assert_eq!(holding(&stored, "very-secret"), Vec::<String>::new());
    let own = stored["team_secrets"]
        .iter()
        .filter(|row| names.iter().any(|name| row.contains(name)));
    assert_eq!(own.count(), names.len(), "they are there, sealed");

    // No field of any type that can be read has the name of a secret.
    let query = "{ __schema { types { kind name fields { name } } } }";
    let schema = stage.admin.ask(query, json!({})).await.data();
    for definition in schema["__schema"]["types"].as_array().expect("types") {
        for field in definition["fields"].as_array().into_iter().flatten() {
            assert!(
                !names.contains(&field["name"].as_str().unwrap_or_default()),
                "{definition:#}"
            );
        }
    }
    let audit = stage
        .admin
        .ask("{ auditLog { nodes { action } } }", json!({}))
        .await;
    assert_eq!(
        audit.data()["auditLog"]["nodes"][0]["action"],
        "team.settings_updated"
    );
    let entry = stored["audit_entries"]
        .iter()
        .find(|row| row.contains("paypalClientSecret"));
    assert!(
        entry.is_some_and(|row| !row.contains("very-secret")),
        "the names of what changed, no values"
    );
    stage.end().await;
}

/// Tenancy: the answer to a sign-in speaks of another team than that of whoever asks.
#[tokio::test]
async fn an_administrators_token_shows_no_other_teams_settings() {
    let stage = Stage::new().await;
    stage.other_team().await;
    let input = json!({ "email": "admin@boreal.test", "password": PASSWORD });
    let sign_in = async |selection: &str| {
        stage
            .admin
            .try_mutate("signIn", "SignInInput", input.clone(), selection)
            .await
    };
    let name = sign_in("viewer { team { name } }").await.data();
    assert_eq!(name["signIn"]["viewer"]["team"]["name"], "Boreal");
    let settings = sign_in("viewer { team { settings { supportAddress } } }").await;
    assert_eq!(settings.code(), "FORBIDDEN");
    let own = "{ viewer { team { settings { supportAddress } } } }";
    stage.admin.ask(own, json!({})).await.data();
    stage.end().await;
}

#[tokio::test]
async fn only_administrators_decide() {
    let stage = Stage::new().await;
    let agent = stage.staff(AGENT, UserRole::Agent).await;
    let scopes: Vec<&str> = domain::actor::Scope::ALL
        .iter()
        .map(|scope| scope.as_str())
        .collect();
    let (admin, agents) = (stage.user_with(ADMIN).await.id, stage.user_with(AGENT).await.id);
    let callers = [
        agent,
        stage.key_with(&scopes).await,
        stage.customer_client("ana@shop.test").await,
        stage.client_of(agents, Some(admin)).await,
    ];
    for client in callers {
        let input = json!({ "recentPaymentDays": 9 });
        let answer = client
            .try_mutate(
                "teamSettingsUpdate",
                "TeamSettingsUpdateInput",
                input,
                "team { id }",
            )
            .await;
        assert_eq!(answer.code(), "FORBIDDEN");
        let answer = client
            .ask("{ viewer { team { settings { supportAddress } } } }", json!({}))
            .await;
        assert_eq!(answer.code(), "FORBIDDEN");
    }
    stage.end().await;
}

/// Each tier's limit is a setting of its own, although they are kept together.
#[tokio::test]
async fn administrators_who_change_different_limits_at_once_do_not_undo_each_other() {
    let stage = Stage::new().await;
    let tiers = ["STANDARD", "PREMIUM", "VIP", "ENTERPRISE"];
    let mut administrators = Vec::new();
    for tier in tiers {
        let address = format!("{tier}@aurora.test");
        administrators.push(stage.staff(&address, UserRole::Admin).await);
    }
    for amount in ["1.00", "2.00", "3.00"] {
        let changes = tiers.iter().zip(&administrators).map(|(tier, administrator)| {
            let limit = json!([{ "tier": tier, "limit": { "amount": amount, "currency": "EUR" } }]);
            update(administrator, json!({ "creditLimits": limit }))
        });
        for change in join_all(changes).await {
            change.accepted();
        }
        let query = "{ viewer { team { settings { creditLimits { limit { amount } } } } } }";
        let seen = stage.admin.ask(query, json!(null)).await.data();
        let limits = &seen["viewer"]["team"]["settings"]["creditLimits"];
        assert_eq!(*limits, json!(vec![json!({ "limit": { "amount": amount } }); 4]));
    }
    stage.end().await;
}
