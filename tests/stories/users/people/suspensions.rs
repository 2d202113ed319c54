//! S3.6–S3.8: the one switch that closes an ecosystem to everybody in it.

use serde_json::{Value, json};
use tests::{
    client::Client,
    live::Live,
    stage::{ADMIN, AGENT, PASSWORD, Stage, text},
};

use super::ecosystems::{activate, listed, refused_in_every_language, report, suspend};

/// Whether the agent can come in anew at this client's process.
async fn signs_in(client: &Client) -> bool {
    let client = Client::new(&client.url, None);
    let input = json!({ "email": AGENT, "password": PASSWORD });
    let payload = client.mutate("signIn", "SignInInput", input, "accessToken").await;
    !payload.0["accessToken"].is_null()
}

async fn is_in(client: &Client) -> bool {
    let answer = client.ask("{ viewer { user { id } } }", json!({})).await;
    answer.status == 200 && !answer.body["data"]["viewer"]["user"].is_null()
}

/// S3.6, S3.7: sign-ins, open sessions, sockets and streams, in every process, and back again.
#[tokio::test]
async fn a_suspension_is_honoured_by_every_process_and_an_activation_undoes_it() {
    let stage = Stage::new().await;
    let agent = stage.agent().await;
    let agent_row = stage.user_with(AGENT).await;
    let (ana, eva, ivo) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
        stage.customer("ivo@shop.test").await,
    );
    let members = json!([eva, agent_row.id.to_string()]);
    let input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana", "memberIds": members });
    let id = report(&stage.admin, input).await.accepted()["ecosystem"]["id"].clone();
    let rows = async || {
        [
            stage.user_with(AGENT).await,
            stage.user_with("eva@shop.test").await,
        ]
    };
    let before = rows().await;

    let elsewhere = stage.elsewhere(&agent).await;
    let (eva, ivo) = (
        stage.customer_session(&eva).await,
        stage.customer_session(&ivo).await,
    );
    assert!(is_in(&eva).await && is_in(&ivo).await && is_in(&agent).await && is_in(&elsewhere).await);
    let events = "subscription { events { topic } }";
    let mut open = Vec::new();
    for client in [&agent, &elsewhere] {
        open.push(Live::socket(client, events, json!({})).await);
        open.push(Live::stream(client, events, json!({})).await);
    }

    suspend(&stage.admin, &id, "unpaid").await.accepted();
    assert!(
        !is_in(&eva).await && !is_in(&agent).await,
        "the next request is refused"
    );
    assert!(is_in(&ivo).await, "whoever is in no ecosystem is none of it");
    let mut ends = Vec::new();
    for live in open {
        ends.push(live.ended().await);
    }
    assert_eq!(ends, ["4403", "UNAUTHENTICATED", "4403", "UNAUTHENTICATED"]);
    let eva_elsewhere = Client::new(&elsewhere.url, eva.token.clone());
    assert!(!is_in(&eva_elsewhere).await && !is_in(&elsewhere).await);
    assert!(!signs_in(&agent).await && !signs_in(&elsewhere).await);
    assert_eq!(
        listed(&stage, json!({ "active": false })).await,
        [AGENT, "ana@shop.test", "eva@shop.test"]
    );
    assert_eq!(listed(&stage, json!({ "active": true })).await, ["ivo@shop.test"]);

    activate(&stage.admin, &id).await.accepted();
    assert!(
        is_in(&eva).await && is_in(&agent).await,
        "the same sessions go on"
    );
    assert!(signs_in(&agent).await && signs_in(&elsewhere).await);
    assert_eq!(
        listed(&stage, json!({ "active": false })).await,
        Vec::<String>::new()
    );
    assert_eq!(rows().await, before, "nothing was written to its members");
    stage.end().await;
}

/// S3.6: an administrator's own suspension closes the eyes that they have borrowed.
#[tokio::test]
async fn an_administrator_in_a_suspended_ecosystem_looks_through_nobodys_eyes() {
    let stage = Stage::new().await;
    let (ana, ivo) = (
        stage.customer("ana@shop.test").await,
        stage.customer("ivo@shop.test").await,
    );
    let second = stage.staff("second@aurora.test", entities::UserRole::Admin).await;
    let row = stage.user_with("second@aurora.test").await;
    let features = json!({ "userId": row.id.to_string(), "features": ["IMPERSONATION"] });
    stage
        .admin
        .mutate("userUpdate", "UserUpdateInput", features, "user { id }")
        .await
        .accepted();
    let input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana", "memberIds": [row.id.to_string()] });
    let id = report(&stage.admin, input).await.accepted()["ecosystem"]["id"].clone();
    let input = json!({ "userId": ivo, "reason": "a look" });
    let started = second
        .mutate(
            "impersonationStart",
            "ImpersonationStartInput",
            input,
            "accessToken",
        )
        .await
        .accepted();
    let through = Client::new(&stage.url, Some(text(&started["accessToken"])));
    assert!(is_in(&through).await);
    suspend(&stage.admin, &id, "unpaid").await.accepted();
    assert!(!is_in(&second).await && !is_in(&through).await);
    activate(&stage.admin, &id).await.accepted();
    assert!(is_in(&through).await);
    stage.end().await;
}

/// S3.8: a reason is required and on record, once; who may is staff.
#[tokio::test]
async fn each_switch_has_a_reason_and_is_on_record_once() {
    let stage = Stage::new().await;
    let (ana, agent) = (stage.customer("ana@shop.test").await, stage.agent().await);
    let input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana" });
    let id = report(&stage.admin, input.clone()).await.accepted()["ecosystem"]["id"].clone();
    for (reason, expected) in [
        (String::new(), "INVALID reason"),
        (" \t".into(), "INVALID reason"),
        ("x".repeat(2001), "INVALID reason"),
    ] {
        assert_eq!(suspend(&agent, &id, &reason).await.refusals(), [expected]);
    }
    let other = stage.other_team().await;
    let foreign = suspend(&other, &id, "mine now").await;
    let missing = suspend(&other, &json!("ecosystem_01h455vb4pex5vsknk084sn02q"), "mine now").await;
    assert_eq!(foreign.refusals(), ["NOT_FOUND ecosystemId"]);
    assert_eq!(foreign.0, missing.0, "a foreign id is one that does not exist");
    assert_eq!(
        activate(&other, &id).await.0,
        activate(&other, &json!("ecosystem_01h455vb4pex5vsknk084sn02q"))
            .await
            .0
    );
    let owner = stage.customer_session(&ana).await;
    let input = json!({ "ecosystemId": id, "reason": "x" });
    let denied = owner
        .try_mutate(
            "ecosystemSuspend",
            "EcosystemSuspendInput",
            input,
            "ecosystem { id }",
        )
        .await;
    assert_eq!(denied.code(), "FORBIDDEN");

    let suspended = suspend(&agent, &id, "unpaid").await.accepted()["ecosystem"].clone();
    assert_eq!(
        (&suspended["active"], &suspended["suspendedAt"]),
        (&json!(false), &json!("2026-03-02T12:00:00.000Z"))
    );
    stage.pass(chrono::TimeDelta::minutes(1));
    let again = suspend(&stage.admin, &id, "another reason").await.accepted()["ecosystem"].clone();
    assert_eq!(
        again, suspended,
        "it is suspended already, for the reason that stands"
    );
    let active = activate(&agent, &id).await.accepted()["ecosystem"].clone();
    assert_eq!(
        (
            &active["active"],
            &active["suspendedAt"],
            &active["suspensionReason"]
        ),
        (&json!(true), &Value::Null, &Value::Null)
    );
    activate(&agent, &id).await.accepted();

    let query = "query($id: ID!) { auditLog(subjectId: $id) { nodes { action reason actor { companyEmail } } } \
                 events(first: 100, topics: [ECOSYSTEM_SUSPENDED, ECOSYSTEM_ACTIVATED]) { nodes { topic subjectId actor { companyEmail } } } }";
    let seen = stage.admin.ask(query, json!({ "id": id })).await.data();
    let by = json!({ "companyEmail": AGENT });
    assert_eq!(
        seen["auditLog"]["nodes"].as_array().map(|all| &all[..2]),
        Some(
            &[
                json!({ "action": "ecosystem.activated", "reason": null, "actor": by }),
                json!({ "action": "ecosystem.suspended", "reason": "unpaid", "actor": by }),
            ][..]
        )
    );
    assert_eq!(
        seen["auditLog"]["nodes"].as_array().map(Vec::len),
        Some(3),
        "and its record"
    );
    assert_eq!(
        seen["events"]["nodes"],
        json!([
            { "topic": "ECOSYSTEM_SUSPENDED", "subjectId": id, "actor": by },
            { "topic": "ECOSYSTEM_ACTIVATED", "subjectId": id, "actor": by },
        ])
    );
    stage.end().await;
}

/// S3.6: a suspension is the ecosystem's, and nobody in it gets around it by being named in another one.
#[tokio::test]
async fn nobody_leaves_a_suspended_ecosystem_by_being_named_elsewhere() {
    let stage = Stage::new().await;
    let (ana, eva, ivo) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
        stage.customer("ivo@shop.test").await,
    );
    let tell = |id: &str, owner: &str, members: Value| json!({ "externalId": id, "ownerId": owner, "name": "Casa", "memberIds": members });
    let own = tell("eco-1", &ana, json!([eva]));
    let id = report(&stage.admin, own).await.accepted()["ecosystem"]["id"].clone();
    let second = tell("eco-2", &ana, json!([]));
    refused_in_every_language(&stage, &second, "CONFLICT ownerId").await;
    suspend(&stage.admin, &id, "unpaid").await.accepted();
    for (input, expected) in [
        (second, "CONFLICT ownerId"),
        (tell("eco-2", &eva, json!([])), "CONFLICT ownerId"),
        (tell("eco-2", &ivo, json!([eva])), "CONFLICT memberIds"),
        (tell("eco-2", &ivo, json!([ana])), "CONFLICT memberIds"),
    ] {
        refused_in_every_language(&stage, &input, expected).await;
    }
    assert_eq!(
        listed(&stage, json!({ "active": false })).await,
        ["ana@shop.test", "eva@shop.test"]
    );
    // What the store says of the ecosystem itself is another matter.
    let left = report(&stage.admin, tell("eco-1", &ana, json!([])))
        .await
        .accepted();
    assert_eq!(
        left["ecosystem"]["members"]["nodes"],
        json!([{ "companyEmail": "ana@shop.test" }]),
        "it has its owner"
    );
    report(&stage.admin, tell("eco-2", &eva, json!([])))
        .await
        .accepted();
    assert_eq!(
        listed(&stage, json!({ "active": false })).await,
        ["ana@shop.test"]
    );
    stage.end().await;
}

/// Nobody locks themselves out by mistake, and with them perhaps the whole team.
#[tokio::test]
async fn nobody_suspends_the_ecosystem_that_they_are_in() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let second = stage.staff("second@aurora.test", entities::UserRole::Admin).await;
    let (me, them) = (
        stage.user_with(ADMIN).await.id.to_string(),
        stage.user_with("second@aurora.test").await.id.to_string(),
    );
    let with = |members: Value| json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana", "memberIds": members });
    let id = report(&stage.admin, with(json!([me]))).await.accepted()["ecosystem"]["id"].clone();
    let refused = suspend(&stage.admin, &id, "unpaid").await;
    assert_eq!(refused.refusals(), ["CONFLICT ecosystemId"]);
    assert!(is_in(&stage.admin).await);
    suspend(&second, &id, "unpaid").await.accepted();
    assert!(!is_in(&stage.admin).await && is_in(&second).await);
    let joining = report(&second, with(json!([me, them]))).await;
    assert_eq!(
        joining.refusals(),
        ["CONFLICT externalId"],
        "nor joins one that is closed"
    );
    activate(&second, &id).await.accepted();
    report(&second, with(json!([me, them]))).await.accepted();
    stage.end().await;
}
