//! Seeing the platform as somebody else does (S0.1–S0.10).

mod borrowed_eyes;
mod both_names;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{Sale, Stage, text},
};

const STARTED: &str = "accessToken viewer { user { companyEmail } impersonator { companyEmail } scopes }";

async fn start(by: &Client, user: &str, reason: &str) -> Payload {
    let input = json!({ "userId": user, "reason": reason });
    by.mutate("impersonationStart", "ImpersonationStartInput", input, STARTED)
        .await
}

fn seeing(stage: &Stage, started: &Value) -> Client {
    Client::new(&stage.url, Some(text(&started["accessToken"])))
}

/// S0.1, S0.5, S0.6, S0.10.
#[tokio::test]
async fn the_administrator_sees_what_the_customer_sees_until_it_is_stopped() {
    let stage = Stage::new().await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let book = stage.product("Rayuela").await;
    let purchase = stage.sell(&Sale::of(&ana, &book, 1)).await;
    let others = stage.sell(&Sale::of(&eva, &book, 2)).await;

    let started = start(&stage.admin, &ana, "cannot open a book").await.accepted();
    assert_eq!(started["viewer"]["user"]["companyEmail"], "ana@shop.test");
    assert_eq!(
        started["viewer"]["impersonator"]["companyEmail"],
        "admin@aurora.test"
    );
    assert_eq!(
        started["viewer"]["scopes"],
        json!([]),
        "none of the administrator's own rights"
    );

    let (phone, laptop) = (seeing(&stage, &started), seeing(&stage, &started));
    let query = "query($id: ID!) { node(id: $id) { id } viewer { user { purchases { nodes { id } } } } }";
    for device in [&phone, &laptop] {
        let own = device.ask(query, json!({ "id": purchase })).await.data();
        assert_eq!(own["node"]["id"], json!(purchase));
        assert_eq!(
            own["viewer"]["user"]["purchases"]["nodes"],
            json!([{ "id": purchase }])
        );
        assert_eq!(
            device.ask(query, json!({ "id": others })).await.data()["node"],
            json!(null)
        );
        assert_eq!(
            device.ask("{ users { nodes { id } } }", json!({})).await.code(),
            "FORBIDDEN"
        );
    }
    let input = json!({ "userId": ana, "lastName": "Changed" });
    phone
        .mutate("userUpdate", "UserUpdateInput", input, "user { lastName }")
        .await
        .accepted();
    let audit =
        "{ auditLog(first: 1) { nodes { action actor { companyEmail } impersonator { companyEmail } } } }";
    let entry = stage.admin.ask(audit, json!({})).await.data()["auditLog"]["nodes"][0].clone();
    assert_eq!(
        entry["actor"]["companyEmail"], "ana@shop.test",
        "it counts as the customer's action"
    );
    assert_eq!(
        entry["impersonator"]["companyEmail"], "admin@aurora.test",
        "and the administrator stands beside it"
    );

    let stop = "mutation { impersonationStop { viewer { user { companyEmail } } userErrors { code } } }";
    let stopped = phone.ask(stop, json!({})).await.data()["impersonationStop"].clone();
    assert_eq!(stopped["viewer"]["user"]["companyEmail"], "admin@aurora.test");
    for device in [&phone, &laptop] {
        assert_eq!(
            device.ask("{ viewer { scopes } }", json!({})).await.status,
            401,
            "dead everywhere"
        );
    }
    stage.end().await;
}

/// S0.2–S0.4, S0.7.
#[tokio::test]
async fn it_takes_a_role_a_feature_and_a_reason_and_each_is_said_beforehand() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let agent = stage.agent().await;
    let second = stage.staff("second@aurora.test", entities::UserRole::Admin).await;
    let me = text(
        &stage
            .admin
            .ask("{ viewer { user { id } } }", json!({}))
            .await
            .data()["viewer"]["user"]["id"],
    );
    let other =
        text(&second.ask("{ viewer { user { id } } }", json!({})).await.data()["viewer"]["user"]["id"]);

    assert_eq!(
        start(&stage.admin, &ana, " ").await.refusals(),
        ["INVALID reason"]
    );
    assert_eq!(
        start(&stage.admin, &me, "x").await.refusals(),
        ["IMPERSONATION_NOT_ALLOWED userId"]
    );
    assert_eq!(
        start(&stage.admin, &other, "x").await.refusals(),
        ["IMPERSONATION_NOT_ALLOWED userId"]
    );
    assert_eq!(
        start(&second, &ana, "x").await.refusals(),
        ["IMPERSONATION_NOT_ALLOWED userId"],
        "no feature"
    );
    let input = json!({ "userId": ana, "reason": "x" });
    let denied = agent
        .try_mutate("impersonationStart", "ImpersonationStartInput", input, STARTED)
        .await;
    assert_eq!(denied.code(), "FORBIDDEN");
    assert_eq!(
        start(&stage.admin, "user_01h455vb4pex5vsknk084sn02q", "x")
            .await
            .refusals(),
        ["NOT_FOUND userId"]
    );

    let query = "query($id: ID!) { user(id: $id) { impersonationBlocker } }";
    for (client, user, expected) in [
        (&stage.admin, &ana, json!(null)),
        (&stage.admin, &me, json!("IMPERSONATION_NOT_ALLOWED")),
        (&stage.admin, &other, json!("IMPERSONATION_NOT_ALLOWED")),
        (&second, &ana, json!("IMPERSONATION_NOT_ALLOWED")),
        (&agent, &ana, json!("IMPERSONATION_NOT_ALLOWED")),
    ] {
        assert_eq!(
            client.ask(query, json!({ "id": user })).await.data()["user"]["impersonationBlocker"],
            expected
        );
    }
    stage.end().await;
}

/// S0.7: sixty minutes, and nothing that only the person themself or the administrator should do.
#[tokio::test]
async fn some_things_are_refused_while_it_lasts_and_it_ends_by_itself() {
    let stage = Stage::new().await;
    let agent = stage.agent().await;
    let id = text(&agent.ask("{ viewer { user { id } } }", json!({})).await.data()["viewer"]["user"]["id"]);
    let seen_as = seeing(
        &stage,
        &start(&stage.admin, &id, "to see the desk").await.accepted(),
    );
    let refund = json!({ "purchaseId": "purchase_01h455vb4pex5vsknk084sn02q", "reason": "DUPLICATE" });
    let expected = ["NOT_ALLOWED_WHILE_IMPERSONATING"];
    assert_eq!(
        seen_as
            .mutate("refundRequest", "RefundRequestInput", refund, "refund { id }")
            .await
            .refusals(),
        expected
    );
    let password = json!({ "currentPassword": "x", "newPassword": "long enough for us" });
    assert_eq!(
        seen_as
            .mutate("passwordSet", "PasswordSetInput", password, "")
            .await
            .refusals(),
        expected
    );
    assert_eq!(start(&seen_as, &id, "on and on").await.refusals(), expected);
    stage.pass(TimeDelta::minutes(59));
    assert_eq!(seen_as.ask("{ viewer { scopes } }", json!({})).await.status, 200);
    stage.pass(TimeDelta::minutes(1));
    assert_eq!(seen_as.ask("{ viewer { scopes } }", json!({})).await.status, 401);
    stage.end().await;
}

/// Who looks at whom can be seen, and ended, by administrators.
#[tokio::test]
async fn live_impersonations_can_be_seen_and_ended() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let seen_as = seeing(&stage, &start(&stage.admin, &ana, "a look").await.accepted());
    let query = "{ impersonations { totalCount nodes { id reason user { companyEmail } administrator { companyEmail } } } }";
    let live = stage.admin.ask(query, json!({})).await.data()["impersonations"].clone();
    assert_eq!(
        (&live["totalCount"], &live["nodes"][0]["reason"]),
        (&json!(1), &json!("a look"))
    );
    assert_eq!(seen_as.ask(query, json!({})).await.code(), "FORBIDDEN");
    let input = json!({ "impersonationId": live["nodes"][0]["id"] });
    stage
        .admin
        .mutate("impersonationEnd", "ImpersonationEndInput", input, "")
        .await
        .accepted();
    assert_eq!(seen_as.ask("{ viewer { scopes } }", json!({})).await.status, 401);
    assert_eq!(
        stage.admin.ask(query, json!({})).await.data()["impersonations"]["totalCount"],
        0
    );
    stage.end().await;
}
