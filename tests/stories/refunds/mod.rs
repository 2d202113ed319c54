//! Refunds: the payment goes back, once, and the access with it.

mod happy;

use serde_json::{Value, json};
use tests::{client::Payload, stage::Stage};

/// What a refund request selects in these stories.
pub const REFUND: &str = "refund { id status amount { amount currency } gatewayRefundId failureMessage \
     purchase { status refundedAmount { amount } } effects { kind status } timeline { status } }";

/// Requests a refund as the administrator.
pub async fn request(stage: &Stage, purchase: &str, more: Value) -> Payload {
    let mut input = json!({ "purchaseId": purchase, "reason": "REQUESTED_BY_CUSTOMER" });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    stage
        .admin
        .mutate("refundRequest", "RefundRequestInput", input, REFUND)
        .await
}

/// A refund as it is now.
pub async fn look(stage: &Stage, refund: &str) -> Value {
    let query = format!(
        "query($id: ID!) {{ node(id: $id) {{ ... on Refund {{ {} }} }} }}",
        &REFUND[9..REFUND.len() - 2]
    );
    stage.admin.ask(&query, json!({ "id": refund })).await.data()["node"].clone()
}

/// The status of one effect.
pub fn effect(refund: &Value, kind: &str) -> String {
    let effects = refund["effects"].as_array().expect("effects");
    let found = effects.iter().find(|effect| effect["kind"] == kind);
    found
        .and_then(|effect| effect["status"].as_str())
        .expect("a status")
        .to_owned()
}
