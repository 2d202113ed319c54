//! Links: signed, short-lived, one reader's; and what they lead to, whole or in part.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{
    client::Client,
    stage::{ADMIN, AGENT, Stage, text},
};

use super::{address, get, lead, leads, people, round, seen};

/// A file that is ready, and the address under which its requester fetches it.
async fn ready(stage: &Stage, client: &Client) -> (Value, String) {
    people(stage, vec![lead("Ana", "ana@shop.test")]).await;
    let export = leads(client).await;
    stage.run_jobs().await;
    let ready = seen(client, &export).await;
    let link = address(stage, &ready["downloadUrl"]);
    (ready, link)
}

async fn status(address: &str) -> u16 {
    get(address, &[]).await.status().as_u16()
}

async fn downloads(stage: &Stage, export: &Value) -> usize {
    let query = "query($id: ID!) { auditLog(subjectId: $id) { nodes { action } } }";
    let found = stage.admin.ask(query, json!({ "id": export["id"] })).await.data();
    let entries = found["auditLog"]["nodes"].as_array().expect("entries").clone();
    entries
        .iter()
        .filter(|entry| entry["action"] == "export.downloaded")
        .count()
}

/// Downloads support ranges, and say what they are.
#[tokio::test]
async fn a_file_is_fetched_whole_or_in_part() {
    let stage = Stage::new().await;
    let (export, link) = ready(&stage, &stage.admin).await;
    let whole = get(&link, &[]).await;
    assert_eq!(whole.status(), 200);
    let tag = format!("\"{}\"", text(&export["sha256"]));
    for (name, value) in [
        (
            "content-type",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (
            "content-disposition",
            "attachment; filename=\"leads-2026-03-02.xlsx\"; filename*=UTF-8''leads-2026-03-02.xlsx",
        ),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
        ("accept-ranges", "bytes"),
        ("referrer-policy", "no-referrer"),
        ("etag", tag.as_str()),
    ] {
        assert_eq!(whole.headers()[name], value, "{name}");
    }
    let file = whole.bytes().await.expect("a file");
    let size = file.len();
    assert_eq!(export["sizeBytes"], size);
    assert_eq!(export["sha256"], hex::encode(Sha256::digest(&file)));

    for (range, more, from, to) in [
        ("bytes=0-9", None, 0, 10),
        ("bytes=100-", Some(tag.as_str()), 100, size),
        ("bytes=-7", None, size - 7, size),
    ] {
        let mut headers = vec![("range", range)];
        headers.extend(more.map(|tag| ("if-range", tag)));
        let some = get(&link, &headers).await;
        assert_eq!(some.status(), 206, "{range}");
        let said = format!("bytes {from}-{}/{size}", to - 1);
        assert_eq!(some.headers()["content-range"], said.as_str());
        assert_eq!(some.bytes().await.expect("a part"), file.slice(from..to));
    }
    let changed = get(&link, &[("range", "bytes=0-9"), ("if-range", "\"another\"")]).await;
    assert_eq!(changed.status(), 200, "a part of another file is of no use");
    let beyond = get(&link, &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(
        beyond.headers()["content-range"],
        format!("bytes */{size}").as_str()
    );
    let head = reqwest::Client::new()
        .head(&link)
        .send()
        .await
        .expect("an answer");
    assert_eq!(head.headers()["content-length"], size.to_string().as_str());
    assert_eq!(head.bytes().await.expect("nothing").len(), 0);
    stage.end().await;
}

/// S3.17: days are the team's: at noon in London the next one has begun on Kiritimati.
#[tokio::test]
async fn a_file_is_named_after_the_teams_day() {
    let stage = Stage::new().await;
    stage.set_up(json!({ "timeZone": "Pacific/Kiritimati" })).await;
    let (_, link) = ready(&stage, &stage.admin).await;
    assert!(link.contains("/leads-2026-03-03.xlsx?"), "{link}");
    // The name stays, whatever the team calls its day later.
    stage.set_up(json!({ "timeZone": "Europe/Madrid" })).await;
    let file = get(&link, &[]).await;
    assert_eq!(file.status(), 200);
    let name = "attachment; filename=\"leads-2026-03-03.xlsx\"; filename*=UTF-8''leads-2026-03-03.xlsx";
    assert_eq!(file.headers()["content-disposition"], name);
    stage.end().await;
}

/// Each reader's first time is recorded, looking at the head is no fetching.
#[tokio::test]
async fn the_first_time_that_somebody_fetches_it_is_recorded() {
    let stage = Stage::new().await;
    let agent = stage.agent().await;
    let (export, link) = ready(&stage, &agent).await;
    reqwest::Client::new()
        .head(&link)
        .send()
        .await
        .expect("an answer");
    assert_eq!(downloads(&stage, &export).await, 0);
    for _ in 0..3 {
        assert_eq!(get(&link, &[("range", "bytes=0-1")]).await.status(), 206);
        assert_eq!(downloads(&stage, &export).await, 1);
    }
    let other = address(&stage, &seen(&stage.admin, &export).await["downloadUrl"]);
    assert_eq!(status(&other).await, 200);
    assert_eq!(downloads(&stage, &export).await, 2);
    stage.end().await;
}

#[tokio::test]
async fn a_link_lives_for_ten_minutes_and_a_file_for_a_day() {
    let stage = Stage::new().await;
    let key = stage.key_with(&["exports.write", "users.read"]).await;
    let (export, link) = ready(&stage, &key).await;
    stage.pass(TimeDelta::seconds(599));
    assert_eq!(status(&link).await, 200);
    stage.pass(TimeDelta::seconds(1));
    let over = get(&link, &[("accept-language", "es-AR,es;q=0.9")]).await;
    assert_eq!(over.status(), 410);
    assert_eq!(over.headers()["content-language"], "es");
    let page = over.text().await.expect("a page");
    assert!(page.contains("Este enlace ha caducado") && !page.contains(&text(&export["id"])));
    let anew = async || address(&stage, &seen(&key, &export).await["downloadUrl"]);
    assert_eq!(status(&anew().await).await, 200);
    stage.pass(TimeDelta::hours(24) - TimeDelta::minutes(15));
    let last = anew().await;
    assert_eq!(status(&last).await, 200);
    // Nobody has cleared the file away yet, and it is over all the same.
    stage.pass(TimeDelta::minutes(5));
    assert_eq!(status(&last).await, 410);
    assert_eq!(seen(&key, &export).await["downloadUrl"], json!(null));
    round(&stage).await;
    assert_eq!(status(&last).await, 410);
    stage.end().await;
}

/// Whatever is changed in a link, it is not ours any more, and nothing is told.
#[tokio::test]
async fn a_link_that_was_changed_is_refused_alike() {
    let stage = Stage::new().await;
    let agent = stage.agent().await;
    let (export, link) = ready(&stage, &agent).await;
    let id = text(&export["id"]);
    let (admin_id, agent_id) = (
        stage.user_with(ADMIN).await.id.to_string(),
        stage.user_with(AGENT).await.id.to_string(),
    );
    let other = format!("{}zzzz", &id[..id.len() - 4]);
    let (before, signature) = link.split_once("&signature=").expect("a signature");
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let changed = [
        link.replace(&agent_id, &admin_id),
        link.replace("expires=", "expires=9"),
        link.replace(&id, &other),
        link.replace(".xlsx", ".html"),
        format!("{before}&through={admin_id}&signature={signature}"),
        format!("{before}&signature={first}{}", &signature[1..]),
        format!("{before}&signature="),
        before.to_owned(),
        link.replace("expires=", "expires=x"),
        link.replace(&format!("for={agent_id}"), "for=everybody"),
    ];
    assert_eq!(status(&link).await, 200);
    let mut pages = std::collections::BTreeSet::new();
    for changed in changed {
        assert_ne!(changed, link);
        let answer = get(&changed, &[]).await;
        assert_eq!(answer.status(), 403, "{changed}");
        pages.insert(answer.text().await.expect("a page"));
    }
    assert_eq!(pages.len(), 1, "all alike: {pages:?}");
    stage.end().await;
}

/// A link is worth no more than whoever it was made for.
#[tokio::test]
async fn the_link_of_somebody_who_may_no_longer_come_in_is_dead() {
    let stage = Stage::new().await;
    let (agent, key) = (
        stage.agent().await,
        stage.key_with(&["exports.write", "users.read"]).await,
    );
    let (export, link) = ready(&stage, &agent).await;
    let (_, of_key) = ready(&stage, &key).await;
    let agent_id = stage.user_with(AGENT).await.id;
    let eyes = stage
        .client_of(agent_id, Some(stage.user_with(ADMIN).await.id))
        .await;
    let borrowed = address(&stage, &seen(&eyes, &export).await["downloadUrl"]);
    let change = async |what: Value| {
        let mut input = what;
        input["userId"] = json!(agent_id.to_string());
        let done = stage
            .admin
            .mutate("userUpdate", "UserUpdateInput", input, "user { id }");
        done.await.accepted();
    };
    assert_eq!((status(&link).await, status(&borrowed).await), (200, 200));
    change(json!({ "active": false })).await;
    assert_eq!((status(&link).await, status(&borrowed).await), (403, 403));
    change(json!({ "active": true })).await;
    assert_eq!(status(&link).await, 200);
    change(json!({ "role": "MEMBER" })).await;
    assert_eq!(status(&link).await, 403, "a member exports nothing");
    assert_eq!(status(&of_key).await, 200);
    let keys = stage.admin.ask("{ apiKeys { id } }", json!({})).await.data();
    let input = json!({ "apiKeyId": keys["apiKeys"][0]["id"] });
    let revoked = stage
        .admin
        .mutate("apiKeyRevoke", "ApiKeyRevokeInput", input, "apiKey { id }");
    revoked.await.accepted();
    assert_eq!(status(&of_key).await, 403);
    stage.end().await;
}

/// S3.6: the switch that ends an administrator's borrowed session ends the links that were made with it.
#[tokio::test]
async fn a_link_through_borrowed_eyes_ends_with_the_administrators_ecosystem() {
    let stage = Stage::new().await;
    let (ana, agent) = (stage.customer("ana@shop.test").await, stage.agent().await);
    stage.staff("second@aurora.test", entities::UserRole::Admin).await;
    let second = stage.user_with("second@aurora.test").await.id;
    let (export, link) = ready(&stage, &agent).await;
    let eyes = stage
        .client_of(stage.user_with(AGENT).await.id, Some(second))
        .await;
    let borrowed = address(&stage, &seen(&eyes, &export).await["downloadUrl"]);
    let input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana", "memberIds": [second.to_string()] });
    let made = stage.admin.mutate(
        "ecosystemRecord",
        "EcosystemRecordInput",
        input,
        "ecosystem { id }",
    );
    let ecosystem = made.await.accepted()["ecosystem"]["id"].clone();
    assert_eq!((status(&borrowed).await, status(&link).await), (200, 200));
    let input = json!({ "ecosystemId": ecosystem, "reason": "unpaid" });
    let suspended = stage.admin.mutate(
        "ecosystemSuspend",
        "EcosystemSuspendInput",
        input,
        "ecosystem { id }",
    );
    suspended.await.accepted();
    assert_eq!((status(&borrowed).await, status(&link).await), (403, 200));
    let input = json!({ "ecosystemId": ecosystem });
    let opened = stage.admin.mutate(
        "ecosystemActivate",
        "EcosystemActivateInput",
        input,
        "ecosystem { id }",
    );
    opened.await.accepted();
    assert_eq!(status(&borrowed).await, 200);
    stage.end().await;
}
