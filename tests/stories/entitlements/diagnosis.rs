//! S0.20, S0.21: why somebody cannot open something.

use serde_json::json;
use tests::stage::{Sale, Stage};

use super::{grant, revoke};

#[tokio::test]
async fn the_most_likely_cause_comes_first() {
    let stage = Stage::new().await;
    let (ana, book) = (
        stage.customer("ana@shop.test").await,
        stage.product("Rayuela").await,
    );
    let query = "query($u: ID!, $p: ID!) { accessDiagnosis(userId: $u, productId: $p) { access { allowed } productActive \
         userActive ecosystemActive activePurchase { id } entitlement { status } reading { seconds } findings } }";
    let ask = async || {
        stage
            .admin
            .ask(query, json!({ "u": ana, "p": book }))
            .await
            .data()["accessDiagnosis"]
            .clone()
    };
    let never = ask().await;
    assert_eq!(
        (&never["access"]["allowed"], &never["entitlement"]),
        (&json!(false), &json!(null))
    );
    assert!(
        never["findings"]
            .as_array()
            .is_some_and(|findings| findings.len() >= 2)
    );

    stage.sell(&Sale::of(&ana, &book, 1)).await;
    let well = ask().await;
    assert_eq!(
        (&well["access"]["allowed"], &well["entitlement"]["status"]),
        (&json!(true), &json!("ACTIVE"))
    );
    assert!(!well["activePurchase"].is_null());

    let other = stage.product("Ficciones").await;
    let granted = grant(&stage.admin, &ana, &other, json!({})).await.accepted()["entitlement"]["id"].clone();
    revoke(&stage.admin, &granted, Some("a mistake")).await.accepted();
    let revoked = stage
        .admin
        .ask(query, json!({ "u": ana, "p": other }))
        .await
        .data()["accessDiagnosis"]
        .clone();
    assert!(
        revoked["findings"][0]
            .as_str()
            .is_some_and(|finding| finding.contains("revoked")),
        "{revoked:#}"
    );

    let input = json!({ "userId": ana, "active": false });
    stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", input, "user { active }")
        .await
        .accepted();
    let suspended = ask().await;
    assert_eq!(
        (&suspended["access"]["allowed"], &suspended["userActive"]),
        (&json!(false), &json!(false))
    );
    assert!(
        suspended["findings"][0]
            .as_str()
            .is_some_and(|finding| finding.contains("suspended")),
        "{suspended:#}"
    );
    stage.end().await;
}
