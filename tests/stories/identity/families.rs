//! A key ends with whatever it comes from: the person for whom it stands, and the key that has made it.

use chrono::TimeDelta;
use entities::UserRole;
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{ADMIN, Stage, text},
};

use super::is_in;

const MAKER: &str = "maker@aurora.test";
const KEY: &str = "apiKey { id name active expiresAt createdBy { companyEmail } parent { id } } secret";
const ALL: &[&str] = &["api_keys.write", "users.read", "audit.read", "events.read"];

/// The key and its client.
async fn make(stage: &Stage, by: &Client, more: Value) -> (Value, Client) {
    let mut input = json!({ "name": "key", "scopes": ALL });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    let made = by.mutate("apiKeyCreate", "ApiKeyCreateInput", input, KEY).await;
    let made = made.accepted();
    let client = Client::new(&stage.url, Some(text(&made["secret"])));
    (made["apiKey"].clone(), client)
}

async fn change(stage: &Stage, user: &str, change: Value) -> Value {
    let mut input = json!({ "userId": user });
    for (name, value) in change.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    stage
        .admin
        .mutate(
            "userUpdate",
            "UserUpdateInput",
            input,
            "affectedApiKeys { id active }",
        )
        .await
        .accepted()["affectedApiKeys"]
        .clone()
}

/// Nobody's integrations stop by surprise: the keys are listed beforehand, and named by what ends them.
#[tokio::test]
async fn a_key_counts_while_its_maker_could_make_it() {
    let stage = Stage::new().await;
    let maker = stage.staff(MAKER, UserRole::Admin).await;
    let id = stage.user_with(MAKER).await.id.to_string();
    let (key, own) = make(&stage, &maker, json!({ "scopes": ALL })).await;
    let (child, its_child) = make(&stage, &own, json!({ "name": "child" })).await;
    let (_, others) = make(&stage, &stage.admin, json!({})).await;
    assert_eq!(
        (&key["active"], &key["createdBy"]["companyEmail"], &key["parent"]),
        (&json!(true), &json!(MAKER), &json!(null))
    );
    assert_eq!(
        (&child["createdBy"]["companyEmail"], &child["parent"]["id"]),
        (&json!(MAKER), &key["id"]),
        "what a key makes stands for the same person"
    );
    let query = "query($by: ID) { apiKeys(createdBy: $by) { id active } }";
    let listed = stage.admin.ask(query, json!({ "by": id })).await.data();
    assert_eq!(
        listed["apiKeys"],
        json!([{ "id": child["id"], "active": true }, { "id": key["id"], "active": true }])
    );

    let elsewhere = stage.elsewhere(&own).await;
    for (ends, comes_back) in [
        (json!({ "active": false }), json!({ "active": true })),
        (json!({ "role": "AGENT" }), json!({ "role": "ADMIN" })),
        (json!({ "role": "MEMBER" }), json!({ "role": "ADMIN" })),
    ] {
        let named = |active: bool| json!([{ "id": key["id"], "active": active }, { "id": child["id"], "active": active }]);
        assert!(is_in(&own).await && is_in(&its_child).await, "{ends}");
        assert_eq!(change(&stage, &id, ends.clone()).await, named(false), "{ends}");
        assert!(!is_in(&own).await && !is_in(&its_child).await, "{ends}");
        assert!(!is_in(&stage.elsewhere(&own).await).await, "{ends}");
        assert!(is_in(&others).await, "{ends}");
        let log = "query($id: ID!) { auditLog(subjectId: $id, first: 1) { nodes { action } } \
                   events(first: 100, topics: [USER_UPDATED]) { nodes { data } } }";
        let told = stage.admin.ask(log, json!({ "id": id })).await.data();
        assert_eq!(told["auditLog"]["nodes"][0]["action"], "user.updated");
        let last = told["events"]["nodes"]
            .as_array()
            .and_then(|all| all.last())
            .cloned();
        assert_eq!(
            last.expect("an event")["data"]["apiKeys"],
            json!([key["id"], child["id"]]),
            "{ends}"
        );
        assert_eq!(change(&stage, &id, comes_back).await, named(true));
        assert!(is_in(&own).await && is_in(&its_child).await, "and back again");
    }
    drop(elsewhere);
    let nothing = change(&stage, &id, json!({ "firstName": "Eva" })).await;
    assert_eq!(nothing, json!([]));
    stage.end().await;
}

/// S3.6: the switch of an ecosystem reaches the keys of the staff in it.
#[tokio::test]
async fn a_key_ends_with_its_makers_ecosystem() {
    let stage = Stage::new().await;
    let maker = stage.staff(MAKER, UserRole::Admin).await;
    let id = stage.user_with(MAKER).await.id.to_string();
    let (key, own) = make(&stage, &maker, json!({})).await;
    let ana = stage.customer("ana@shop.test").await;
    let input = json!({ "externalId": "eco", "ownerId": ana, "name": "Casa", "memberIds": [id] });
    let recorded = stage
        .admin
        .mutate(
            "ecosystemRecord",
            "EcosystemRecordInput",
            input,
            "ecosystem { id }",
        )
        .await
        .accepted();
    let ecosystem = &recorded["ecosystem"]["id"];
    for (field, input_type, input, active) in [
        (
            "ecosystemSuspend",
            "EcosystemSuspendInput",
            json!({ "ecosystemId": ecosystem, "reason": "unpaid" }),
            false,
        ),
        (
            "ecosystemActivate",
            "EcosystemActivateInput",
            json!({ "ecosystemId": ecosystem }),
            true,
        ),
    ] {
        let switched = stage
            .admin
            .mutate(field, input_type, input, "affectedApiKeys { id active }")
            .await
            .accepted();
        assert_eq!(
            switched["affectedApiKeys"],
            json!([{ "id": key["id"], "active": active }])
        );
        assert_eq!(is_in(&own).await, active, "{field}");
    }
    stage.end().await;
}

#[tokio::test]
async fn a_revoked_key_takes_all_that_come_from_it() {
    let stage = Stage::new().await;
    let (first, first_client) = make(&stage, &stage.admin, json!({})).await;
    let (second, second_client) = make(&stage, &first_client, json!({})).await;
    let (third, third_client) = make(&stage, &second_client, json!({})).await;
    let (_, beside) = make(&stage, &first_client, json!({})).await;
    let revoke = async |key: &Value| {
        stage
            .admin
            .mutate(
                "apiKeyRevoke",
                "ApiKeyRevokeInput",
                json!({ "apiKeyId": key["id"] }),
                "apiKey { id active revokedAt } revokedWithIt { id active revokedAt }",
            )
            .await
            .accepted()
    };
    let ended =
        |key: &Value| json!({ "id": key["id"], "active": false, "revokedAt": "2026-03-02T12:00:00.000Z" });
    let revoked = revoke(&second).await;
    assert_eq!(revoked["apiKey"], ended(&second));
    assert_eq!(revoked["revokedWithIt"], json!([ended(&third)]));
    assert!(!is_in(&second_client).await && !is_in(&third_client).await);
    assert!(is_in(&first_client).await && is_in(&beside).await);
    let log = "query($id: ID!) { auditLog(subjectId: $id, first: 1) { nodes { action } } }";
    let told = stage.admin.ask(log, json!({ "id": third["id"] })).await.data();
    assert_eq!(told["auditLog"]["nodes"][0]["action"], "api_key.revoked");
    assert_eq!(
        revoke(&second).await["revokedWithIt"],
        json!([]),
        "again changes nothing"
    );

    revoke(&first).await;
    assert!(!is_in(&first_client).await && !is_in(&beside).await);
    stage.end().await;
}

#[tokio::test]
async fn no_key_outlives_the_one_that_has_made_it() {
    let stage = Stage::new().await;
    let end = "2026-03-02T13:00:00.000Z";
    let (_, parent) = make(&stage, &stage.admin, json!({ "expiresAt": end })).await;
    for (asked, given) in [
        (json!(null), end),
        (json!("2026-03-02T14:00:00.000Z"), end),
        (json!("2026-03-02T12:30:00.000Z"), "2026-03-02T12:30:00.000Z"),
    ] {
        let (child, client) = make(&stage, &parent, json!({ "expiresAt": asked })).await;
        assert_eq!(child["expiresAt"], given, "{asked}");
        let (grandchild, _) = make(&stage, &client, json!({})).await;
        assert_eq!(grandchild["expiresAt"], given, "{asked}");
    }
    let (child, client) = make(&stage, &parent, json!({})).await;
    stage.pass(TimeDelta::hours(1));
    assert!(!is_in(&client).await);
    let found = "query($id: ID!) { node(id: $id) { ... on ApiKey { active revokedAt } } }";
    let admin = stage.user_with(ADMIN).await.id;
    let later = stage.client_of(admin, None).await;
    assert_eq!(
        later.ask(found, json!({ "id": child["id"] })).await.data()["node"],
        json!({ "active": false, "revokedAt": null })
    );
    stage.end().await;
}

/// Of a key that is revoked while it makes others, nothing is left, in whatever order the two come.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_is_revoked_meanwhile_leaves_none_behind() {
    let stage = Stage::new().await;
    for _ in 0..8 {
        let (first, client) = make(&stage, &stage.admin, json!({})).await;
        let (_, second) = make(&stage, &client, json!({})).await;
        let input = json!({ "name": "late", "scopes": ["users.read"] });
        let (one, other, _) = futures::join!(
            client.try_mutate("apiKeyCreate", "ApiKeyCreateInput", input.clone(), "secret"),
            second.try_mutate("apiKeyCreate", "ApiKeyCreateInput", input.clone(), "secret"),
            stage.admin.mutate(
                "apiKeyRevoke",
                "ApiKeyRevokeInput",
                json!({ "apiKeyId": first["id"] }),
                ""
            ),
        );
        for answer in [one, other] {
            if let Some(secret) = answer.body["data"]["apiKeyCreate"]["secret"].as_str() {
                let late = Client::new(&stage.url, Some(secret.to_owned()));
                assert!(!is_in(&stage.elsewhere(&late).await).await);
            }
        }
    }
    stage.end().await;
}
