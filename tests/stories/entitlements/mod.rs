//! Access to products by hand: granted, extended, revoked, and ending by itself (S4).

mod access;
mod by_hand;
mod by_itself;
mod diagnosis;
mod gaps;
mod grace;
mod histories;
mod in_bulk;
mod purchases;
mod told;

use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{Stage, text},
};

pub const ENTITLEMENT: &str = "entitlement { id status lifetime startsAt expiresAt graceEndsAt secondsRemaining canExtend \
     revokedAt revocationReason }";

/// A book whose natural ends are tolerated for so many days (S4.22).
pub async fn tolerated(stage: &Stage, grace_days: i64) -> String {
    let input = json!({ "externalId": "book", "name": "Rayuela", "graceDays": grace_days });
    let made = stage
        .admin
        .mutate("productRecord", "ProductRecordInput", input, "product { id }");
    text(&made.await.accepted()["product"]["id"])
}

pub async fn grant(by: &Client, user: &str, product: &str, more: Value) -> Payload {
    let mut input = json!({ "userId": user, "productId": product });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    by.mutate("entitlementGrant", "EntitlementGrantInput", input, ENTITLEMENT)
        .await
}

pub async fn extend(by: &Client, id: &Value, until: &str) -> Payload {
    let input = json!({ "entitlementId": id, "expiresAt": until });
    by.mutate("entitlementExtend", "EntitlementExtendInput", input, ENTITLEMENT)
        .await
}

pub async fn revoke(by: &Client, id: &Value, reason: Option<&str>) -> Payload {
    let input = json!({ "entitlementId": id, "reason": reason });
    by.mutate("entitlementRevoke", "EntitlementRevokeInput", input, ENTITLEMENT)
        .await
}

/// The actions in a user's history, oldest first, with who did them.
pub async fn history(stage: &Stage, user: &str) -> Vec<(String, bool)> {
    let query = "query($id: ID!) { user(id: $id) { entitlementHistory(first: 100) { nodes { action actor { id } } } } }";
    let data = stage.admin.ask(query, json!({ "id": user })).await.data();
    let nodes = data["user"]["entitlementHistory"]["nodes"]
        .as_array()
        .expect("a history")
        .clone();
    let read = |node: &Value| {
        (
            node["action"].as_str().expect("an action").to_owned(),
            !node["actor"].is_null(),
        )
    };
    nodes.iter().rev().map(read).collect()
}

/// The answer to "may this user use this product now?", as partners get it.
pub async fn access(by: &Client, user: &str, product: &str) -> Value {
    let query = "query($u: ID!, $p: ID!) { access(userId: $u, productId: $p) { allowed status until } }";
    by.ask(query, json!({ "u": user, "p": product })).await.data()["access"].clone()
}
