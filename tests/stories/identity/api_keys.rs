//! API keys: how integrations come in, and how they stay within what they were given.

use chrono::TimeDelta;
use entities::UserRole;
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{AGENT, Stage, text},
};

use super::is_in;

async fn create(client: &Client, input: Value) -> Payload {
    client
        .mutate(
            "apiKeyCreate",
            "ApiKeyCreateInput",
            input,
            "apiKey { id name scopes expiresAt revokedAt } secret",
        )
        .await
}

async fn revoke(client: &Client, key: &Value) -> Payload {
    client
        .mutate(
            "apiKeyRevoke",
            "ApiKeyRevokeInput",
            json!({ "apiKeyId": key }),
            "apiKey { id revokedAt }",
        )
        .await
}

fn with(stage: &Stage, made: &Value) -> Client {
    Client::new(&stage.url, Some(text(&made["secret"])))
}

#[tokio::test]
async fn a_key_is_shown_once_used_and_revoked() {
    let stage = Stage::new().await;
    let made = create(
        &stage.admin,
        json!({ "name": " The store ", "scopes": ["users.read"] }),
    )
    .await
    .accepted();
    assert!(text(&made["secret"]).starts_with("pvk_"));
    assert_eq!(
        (&made["apiKey"]["name"], &made["apiKey"]["scopes"]),
        (&json!("The store"), &json!(["users.read"]))
    );
    let key = with(&stage, &made);
    let viewer = key
        .ask(
            "{ viewer { user { id } scopes } users { totalCount } }",
            json!({}),
        )
        .await
        .data();
    assert_eq!(
        viewer["viewer"],
        json!({ "user": null, "scopes": ["users.read"] })
    );

    let listed = stage
        .admin
        .ask("{ apiKeys { id name lastUsedAt } }", json!({}))
        .await;
    assert_eq!(
        listed.data()["apiKeys"][0]["lastUsedAt"],
        "2026-03-02T12:00:00.000Z"
    );
    assert!(
        !listed.body.to_string().contains(&text(&made["secret"])),
        "the secret is shown once"
    );

    let revoked = revoke(&stage.admin, &made["apiKey"]["id"]).await.accepted();
    assert_eq!(revoked["apiKey"]["revokedAt"], "2026-03-02T12:00:00.000Z");
    assert!(!is_in(&key).await, "it is dead at once");
    stage.pass(TimeDelta::hours(1));
    assert_eq!(
        revoke(&stage.admin, &made["apiKey"]["id"]).await.accepted(),
        revoked,
        "again changes nothing"
    );
    stage.end().await;
}

#[tokio::test]
async fn a_key_ends_when_it_was_told_to() {
    let stage = Stage::new().await;
    let input = json!({ "name": "x", "scopes": ["users.read"], "expiresAt": "2026-03-02T13:00:00.000Z" });
    let key = with(&stage, &create(&stage.admin, input).await.accepted());
    assert!(is_in(&key).await);
    stage.pass(TimeDelta::hours(1));
    assert!(!is_in(&key).await);
    stage.end().await;
}

#[tokio::test]
async fn nobody_hands_out_more_than_they_have() {
    let stage = Stage::new().await;
    let key = stage.key_with(&["api_keys.write", "users.read"]).await;
    create(&key, json!({ "name": "child", "scopes": ["users.read"] }))
        .await
        .accepted();
    for scopes in [json!(["users.write"]), json!(["users.read", "refunds.override"])] {
        assert_eq!(
            create(&key, json!({ "name": "x", "scopes": scopes }))
                .await
                .refusals(),
            ["INVALID scopes"]
        );
    }
    let agent = stage.staff(AGENT, UserRole::Agent).await;
    for client in [
        agent,
        stage.customer_client("ana@shop.test").await,
        stage.key_with(&["users.read"]).await,
    ] {
        let input = json!({ "name": "x", "scopes": ["users.read"] });
        let answer = client
            .try_mutate("apiKeyCreate", "ApiKeyCreateInput", input, "secret")
            .await;
        assert_eq!(answer.code(), "FORBIDDEN");
    }
    let (admin, ana) = (
        stage.user_with("admin@aurora.test").await.id,
        stage.customer("ana@shop.test").await,
    );
    let through = stage.client_of(ana.parse().expect("an id"), Some(admin)).await;
    let answer = through.ask("{ apiKeys { id } }", json!({})).await;
    assert_eq!(
        answer.code(),
        "FORBIDDEN",
        "an administrator has only what the customer has"
    );
    stage.end().await;
}

#[tokio::test]
async fn a_form_with_mistakes_makes_no_key() {
    let stage = Stage::new().await;
    for (input, refusals) in [
        (
            json!({ "name": " ", "scopes": ["users.read"] }),
            vec!["INVALID name"],
        ),
        (
            json!({ "name": "x".repeat(101), "scopes": ["users.read"] }),
            vec!["INVALID name"],
        ),
        (json!({ "name": "x", "scopes": [] }), vec!["INVALID scopes"]),
        (
            json!({ "name": "x", "scopes": ["everything"] }),
            vec!["INVALID scopes"],
        ),
        (
            json!({ "name": "", "scopes": ["USERS.READ"] }),
            vec!["INVALID name", "INVALID scopes"],
        ),
        (
            json!({ "name": "x", "scopes": ["users.read"], "expiresAt": "2026-03-02T12:00:00.000Z" }),
            vec!["INVALID expiresAt"],
        ),
    ] {
        assert_eq!(
            create(&stage.admin, input.clone()).await.refusals(),
            refusals,
            "{input}"
        );
    }
    let listed = stage.admin.ask("{ apiKeys { id } }", json!({})).await.data();
    assert_eq!(listed["apiKeys"], json!([]));
    stage.end().await;
}

#[tokio::test]
async fn a_foreign_key_is_revoked_as_little_as_a_missing_one() {
    let stage = Stage::new().await;
    let other = stage.other_team().await;
    let made = create(&stage.admin, json!({ "name": "x", "scopes": ["users.read"] }))
        .await
        .accepted();
    let foreign = revoke(&other, &made["apiKey"]["id"]).await;
    assert_eq!(foreign.refusals(), ["NOT_FOUND apiKeyId"]);
    let missing = revoke(&other, &json!("api_key_01h455vb4pex5vsknk084sn02q")).await;
    assert!(
        missing.0 == foreign.0 || missing.refusals() == ["INVALID apiKeyId"],
        "{:#}",
        missing.0
    );
    for malformed in ["", "x", "refund_01h455vb4pex5vsknk084sn02q"] {
        assert_eq!(
            revoke(&other, &json!(malformed)).await.refusals(),
            ["INVALID apiKeyId"]
        );
    }
    assert!(is_in(&with(&stage, &made)).await);
    stage.end().await;
}
