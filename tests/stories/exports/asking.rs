//! Who may ask for an export, what is refused, and who sees whose.

use entities::UserRole;
use serde_json::{Value, json};
use tests::stage::{ADMIN, Stage, text};

use super::{address, ask, cancel, customer, get, lead, leads, people, seen};

async fn listed(client: &tests::client::Client) -> Vec<String> {
    let query = "{ exports { nodes { id } totalCount } }";
    let found = client.ask(query, json!(null)).await.data()["exports"].clone();
    let ids: Vec<String> = (found["nodes"].as_array().expect("nodes").iter())
        .map(|node| text(&node["id"]))
        .collect();
    assert_eq!(found["totalCount"], ids.len());
    ids
}

/// S3.17: nothing to export is said, and a contradiction names its field.
#[tokio::test]
async fn what_cannot_be_written_is_refused_with_the_field() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    let none = ask(&stage.admin, "CUSTOMER", json!(null)).await;
    assert_eq!(none.refusals(), ["EXPORT_EMPTY"]);
    let none = ask(&stage.admin, "LEAD", json!({ "search": "nobody is called so" })).await;
    assert_eq!(none.refusals(), ["EXPORT_EMPTY"]);
    let both = ask(&stage.admin, "LEAD", json!({ "segment": "CUSTOMER" })).await;
    assert_eq!(both.refusals(), ["INVALID segment"]);
    assert_eq!(
        both.0["userErrors"][0]["field"],
        json!(["input", "filter", "segment"])
    );
    assert_eq!(listed(&stage.admin).await, [""; 0], "nothing was begun");
    stage.end().await;
}

/// It takes the scope to export, and the one that shows what is in the file.
#[tokio::test]
async fn it_takes_both_scopes() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    for scopes in [vec!["exports.write"], vec!["users.read"]] {
        let key = stage.key_with(&scopes).await;
        let input = json!({ "segment": "LEAD" });
        let refused = key
            .try_mutate("usersExport", "UsersExportInput", input, "export { id }")
            .await;
        assert_eq!(refused.code(), "FORBIDDEN", "{scopes:?}");
    }
    let key = stage.key_with(&["exports.write", "users.read"]).await;
    leads(&key).await;
    stage.run_jobs().await;
    stage.end().await;
}

/// One's own, or as an administrator the team's. A foreign one answers like one that does not exist.
#[tokio::test]
async fn each_sees_their_own_and_administrators_all() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    let (agent, other) = (
        stage.agent().await,
        stage.staff("other@aurora.test", UserRole::Agent).await,
    );
    let (key, boreal) = (
        stage.key_with(&["exports.write", "users.read"]).await,
        stage.other_team().await,
    );
    let (of_agent, of_key) = (leads(&agent).await, leads(&key).await);
    let of_admin = leads(&stage.admin).await;
    stage.run_jobs().await;
    let id = |export: &Value| text(&export["id"]);
    assert_eq!(listed(&agent).await, [id(&of_agent)]);
    assert_eq!(listed(&key).await, [id(&of_key)]);
    assert_eq!(listed(&other).await, [""; 0]);
    assert_eq!(listed(&boreal).await, [""; 0]);
    let mut all = [id(&of_admin), id(&of_key), id(&of_agent)];
    all.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(listed(&stage.admin).await, all);
    for stranger in [&other, &boreal, &key] {
        assert_eq!(seen(stranger, &of_agent).await, json!(null));
        assert_eq!(
            cancel(stranger, &of_agent).await.refusals(),
            ["NOT_FOUND exportId"]
        );
    }
    // The administrator's link is the administrator's own.
    let link = seen(&stage.admin, &of_agent).await["downloadUrl"].clone();
    assert!(text(&link).contains(&stage.user_with(ADMIN).await.id.to_string()));
    assert_eq!(get(&address(&stage, &link), &[]).await.status(), 200);
    stage.end().await;
}

/// Exports hold workers for minutes: nobody may take them all.
#[tokio::test]
async fn nobody_has_more_than_five_under_way() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    let asked: Vec<Value> = futures::future::join_all((0..5).map(|_| leads(&stage.admin))).await;
    let refused = ask(&stage.admin, "LEAD", json!(null)).await;
    assert_eq!(refused.refusals(), ["RATE_LIMITED"]);
    assert!(text(&refused.0["userErrors"][0]["message"]).contains("5 exports"));
    // A key is somebody else, though the administrator has made it.
    leads(&stage.key_with(&["exports.write", "users.read"]).await).await;
    cancel(&stage.admin, &asked[0]).await.accepted();
    leads(&stage.admin).await;
    stage.run_jobs().await;
    leads(&stage.admin).await;
    stage.run_jobs().await;
    stage.end().await;
}

/// Canceling twice is canceling once; what is finished stays, and the refusal shows it.
#[tokio::test]
async fn what_waits_is_canceled_and_what_is_finished_is_not() {
    let stage = Stage::new().await;
    people(&stage, vec![lead("Ana", "ana@shop.test")]).await;
    let export = leads(&stage.admin).await;
    for _ in 0..2 {
        let canceled = cancel(&stage.admin, &export).await.accepted();
        assert_eq!(canceled["export"]["status"], "CANCELED");
    }
    stage.run_jobs().await;
    let canceled = seen(&stage.admin, &export).await;
    assert_eq!(
        (&canceled["status"], &canceled["downloadUrl"]),
        (&json!("CANCELED"), &json!(null))
    );
    assert!(super::files(&stage).await.is_empty());

    let export = leads(&stage.admin).await;
    stage.run_jobs().await;
    let refused = cancel(&stage.admin, &export).await;
    assert_eq!(refused.refusals(), ["EXPORT_NOT_CANCELABLE exportId"]);
    assert_eq!(refused.0["export"]["status"], "READY");
    let audit = "query($id: ID!) { auditLog(subjectId: $id) { nodes { action } } }";
    let entries = stage
        .admin
        .ask(audit, json!({ "id": canceled["id"] }))
        .await
        .data();
    let actions = entries["auditLog"]["nodes"].clone();
    assert_eq!(
        actions,
        json!([{ "action": "export.canceled" }, { "action": "export.requested" }])
    );
    stage.end().await;
}

/// S0.6: through somebody's eyes it is theirs, and the administrator stands beside it everywhere.
#[tokio::test]
async fn an_export_through_borrowed_eyes_names_both() {
    let stage = Stage::new().await;
    people(&stage, vec![customer("Ana", "ana@shop.test")]).await;
    let agent = stage.agent().await;
    let (admin_id, agent_id) = (
        stage.user_with(ADMIN).await.id,
        stage.user_with(tests::stage::AGENT).await.id,
    );
    let eyes = stage.client_of(agent_id, Some(admin_id)).await;
    let export = ask(&eyes, "CUSTOMER", json!(null)).await.accepted()["export"].clone();
    stage.run_jobs().await;
    assert_eq!(seen(&agent, &export).await["status"], "READY");
    let link = seen(&eyes, &export).await["downloadUrl"].clone();
    assert_eq!(get(&address(&stage, &link), &[]).await.status(), 200);
    let audit =
        "query($id: ID!) { auditLog(subjectId: $id) { nodes { action actor { id } impersonator { id } } } }";
    let entries = stage.admin.ask(audit, json!({ "id": export["id"] })).await.data();
    let entries = entries["auditLog"]["nodes"].clone();
    let actions: Vec<String> = (entries.as_array().expect("entries").iter())
        .map(|entry| {
            assert_eq!(entry["actor"]["id"], agent_id.to_string(), "{entry}");
            assert_eq!(entry["impersonator"]["id"], admin_id.to_string(), "{entry}");
            text(&entry["action"])
        })
        .collect();
    assert_eq!(
        actions,
        [
            "export.downloaded",
            "export.completed",
            "export.started",
            "export.requested"
        ]
    );
    stage.end().await;
}
