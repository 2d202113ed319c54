//! A process knows a token for half a second after it was revoked: whoever was let in by one makes nothing that lasts.

use entities::{Feature, UserId, UserRole, user};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set};
use serde_json::{Value, json};
use tests::{
    client::{Answer, Client},
    stage::{ADMIN, AGENT, Stage},
};

const SECOND: &str = "second@aurora.test";

/// Another administrator, who may look through other people's eyes.
async fn second(stage: &Stage) -> UserId {
    stage.staff(SECOND, UserRole::Admin).await;
    let id = stage.user_with(SECOND).await.id;
    let row = user::ActiveModel {
        id: Set(id),
        features: Set(json!([Feature::Impersonation])),
        ..Default::default()
    };
    row.update(stage.app.db.connection()).await.expect("a change");
    id
}

/// The same caller at a process that has just let them in.
async fn known_elsewhere(stage: &Stage, client: &Client) -> Client {
    let elsewhere = stage.elsewhere(client).await;
    elsewhere.ask("{ viewer { scopes } }", json!({})).await.data();
    elsewhere
}

async fn update(by: &Client, of: UserId, change: Value) -> Answer {
    let mut input = json!({ "userId": of.to_string() });
    for (name, value) in change.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    by.try_mutate("userUpdate", "UserUpdateInput", input, "user { role }")
        .await
}

async fn administrators(stage: &Stage) -> u64 {
    let all = user::Entity::find().filter(user::Column::Role.eq(UserRole::Admin));
    all.count(stage.app.db.connection()).await.expect("a count")
}

/// Sessions, keys, people, roles and passwords outlast the session that makes them.
#[tokio::test]
async fn a_revoked_administrator_makes_nothing_that_lasts() {
    let stage = Stage::new().await;
    let second = second(&stage).await;
    stage.agent().await;
    let agent = stage.user_with(AGENT).await.id.to_string();
    let ana = stage.customer("ana@shop.test").await;
    let person =
        json!({ "firstName": "Eva", "lastName": "Gil", "companyEmail": "eva@aurora.test", "role": "ADMIN" });
    for (field, input_type, input, selection) in [
        (
            "impersonationStart",
            "ImpersonationStartInput",
            json!({ "userId": ana, "reason": "a look" }),
            "accessToken",
        ),
        ("userCreate", "UserCreateInput", person, "user { id }"),
        (
            "userUpdate",
            "UserUpdateInput",
            json!({ "userId": agent, "role": "ADMIN" }),
            "user { id }",
        ),
        (
            "userUpdate",
            "UserUpdateInput",
            json!({ "userId": agent, "features": ["IMPERSONATION"] }),
            "user { id }",
        ),
        (
            "apiKeyCreate",
            "ApiKeyCreateInput",
            json!({ "name": "x", "scopes": ["users.read"] }),
            "secret",
        ),
        (
            "passwordSet",
            "PasswordSetInput",
            json!({ "userId": agent, "newPassword": "a password of mine" }),
            "",
        ),
    ] {
        let session = stage.client_of(second, None).await;
        let elsewhere = known_elsewhere(&stage, &session).await;
        let sign_out = "mutation { signOut { userErrors { code } } }";
        session.ask(sign_out, json!({})).await.data();
        let tried = elsewhere.try_mutate(field, input_type, input, selection).await;
        assert_eq!(tried.code(), "UNAUTHENTICATED", "{field}");
    }
    stage.end().await;
}

/// A key that was revoked leaves none behind.
#[tokio::test]
async fn a_revoked_key_makes_no_other() {
    let stage = Stage::new().await;
    let input = json!({ "name": "x", "scopes": ["api_keys.write"] });
    let create = async |by: &Client| {
        by.try_mutate(
            "apiKeyCreate",
            "ApiKeyCreateInput",
            input.clone(),
            "apiKey { id } secret",
        )
        .await
    };
    let made = create(&stage.admin).await.data()["apiKeyCreate"].clone();
    let key = Client::new(&stage.url, made["secret"].as_str().map(str::to_owned));
    let elsewhere = known_elsewhere(&stage, &key).await;
    create(&elsewhere).await.data();
    let input = json!({ "apiKeyId": made["apiKey"]["id"] });
    stage
        .admin
        .mutate("apiKeyRevoke", "ApiKeyRevokeInput", input, "")
        .await
        .accepted();
    assert_eq!(create(&elsewhere).await.code(), "UNAUTHENTICATED");
    stage.end().await;
}

/// Whoever was demoted does not take their role back, and not that of whoever has demoted them.
#[tokio::test]
async fn a_demoted_administrator_changes_nobodys_role() {
    let stage = Stage::new().await;
    let second = second(&stage).await;
    let first = stage.user_with(ADMIN).await.id;
    for (whose, change) in [
        (second, json!({ "role": "ADMIN" })),
        (first, json!({ "role": "AGENT" })),
        (first, json!({ "active": false })),
    ] {
        update(&stage.admin, second, json!({ "role": "ADMIN" }))
            .await
            .data();
        let session = stage.client_of(second, None).await;
        let elsewhere = known_elsewhere(&stage, &session).await;
        update(&stage.admin, second, json!({ "role": "AGENT" }))
            .await
            .data();
        let tried = update(&elsewhere, whose, change.clone()).await;
        assert_eq!(tried.code(), "UNAUTHENTICATED", "{change}");
        assert_eq!(stage.user_row(second).await.role, UserRole::Agent);
        assert_eq!(stage.user_row(first).await.role, UserRole::Admin);
    }
    stage.end().await;
}

/// Of two who take each other's role at the same moment, one keeps it.
#[tokio::test]
async fn a_team_keeps_an_administrator() {
    let stage = Stage::new().await;
    let second = second(&stage).await;
    let first = stage.user_with(ADMIN).await.id;
    for _ in 0..5 {
        let (one, other) = (
            stage.client_of(first, None).await,
            stage.client_of(second, None).await,
        );
        let (one, other) = (
            known_elsewhere(&stage, &one).await,
            known_elsewhere(&stage, &other).await,
        );
        let role = json!({ "role": "AGENT" });
        futures::join!(
            update(&one, second, role.clone()),
            update(&other, first, role.clone())
        );
        assert_eq!(administrators(&stage).await, 1);
        stage
            .sql("UPDATE users SET role = 'ADMIN' WHERE role = 'AGENT'")
            .await;
    }
    stage.end().await;
}
