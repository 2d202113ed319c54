//! S4.10–S4.26 for many at once: what `entitlementGrant` and `entitlementRevoke` do for one, with a result for each.

mod under_way;

use domain::users::{self, NewUser};
use entities::{UserSegment, audit_entry};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, AGENT, Stage, text},
};

use super::{grant, history};

const BATCH: &str =
    "batch { id action status total done succeeded refused failed requestedBy { companyEmail } finishedAt }";

async fn ask(by: &Client, field: &str, product: &str, more: Value) -> Payload {
    let mut input = json!({ "productId": product });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    let kind = format!("{}Input", field.replacen('e', "E", 1));
    by.mutate(field, &kind, input, BATCH).await
}

async fn grant_many(by: &Client, product: &str, more: Value) -> Payload {
    ask(by, "entitlementsGrant", product, more).await
}

async fn revoke_many(by: &Client, product: &str, more: Value) -> Payload {
    ask(by, "entitlementsRevoke", product, more).await
}

async fn cancel(by: &Client, batch: &str) -> Payload {
    let input = json!({ "batchId": batch });
    by.mutate(
        "entitlementBatchCancel",
        "EntitlementBatchCancelInput",
        input,
        BATCH,
    )
    .await
}

fn id(payload: &Payload) -> String {
    text(&payload.accepted()["batch"]["id"])
}

/// The batch as it is now: status, total, done, succeeded, refused, failed.
async fn look(stage: &Stage, batch: &str) -> (String, [i64; 5]) {
    let query = "query($id: ID!) { node(id: $id) { ... on EntitlementBatch { status total done succeeded refused failed } } }";
    let seen = stage.admin.ask(query, json!({ "id": batch })).await.data()["node"].clone();
    let counts = ["total", "done", "succeeded", "refused", "failed"];
    (
        text(&seen["status"]),
        counts.map(|name| seen[name].as_i64().expect("a number")),
    )
}

async fn outcomes(stage: &Stage, batch: &str) -> Vec<Value> {
    let query = "query($id: ID!) { node(id: $id) { ... on EntitlementBatch { results(first: 100) { totalCount nodes { \
                 user { companyEmail } outcome entitlement { status } code message } } } } }";
    let seen = stage.admin.ask(query, json!({ "id": batch })).await.data();
    seen["node"]["results"]["nodes"]
        .as_array()
        .expect("results")
        .clone()
}

/// So many customers, in one commit.
async fn crowd(stage: &Stage, count: usize) -> Vec<String> {
    let mut tx = stage
        .app
        .begin_as_system(stage.team)
        .await
        .expect("a transaction");
    let mut ids = Vec::new();
    for n in 0..count {
        let new = NewUser {
            segment: UserSegment::Customer,
            first_name: "One".into(),
            last_name: format!("Of {count}"),
            company_email: format!("{n}@crowd.test"),
            ..NewUser::default()
        };
        let id = users::insert_or_find(&mut tx, new).await.expect("a person");
        ids.push(id.to_string());
    }
    tx.commit().await.expect("a commit");
    ids
}

/// S4.10, S4.11, S4.14, S4.21, S4.25.
#[tokio::test]
async fn many_are_granted_and_revoked_and_each_has_a_result() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let agent = stage.agent().await;
    grant(&stage.admin, &eva, &book, json!({})).await.accepted();
    let both = json!({ "userIds": [eva, ana, ana], "expiresAt": "2026-04-01T00:00:00.000Z", "note": "an apology", "notifyCustomer": true });
    let asked = grant_many(&agent, &book, both).await.accepted()["batch"].clone();
    assert_eq!(asked["status"], "REQUESTED");
    assert_eq!(
        (&asked["total"], &asked["requestedBy"]["companyEmail"]),
        (&json!(2), &json!(AGENT))
    );
    assert!(!stage.may_use(&ana, &book).await, "a worker does it");
    stage.run_jobs().await;
    let batch = text(&asked["id"]);
    assert_eq!(look(&stage, &batch).await, ("SUCCEEDED".into(), [2, 2, 1, 1, 0]));
    let results = outcomes(&stage, &batch).await;
    let of = |email: &str| {
        results
            .iter()
            .find(|it| it["user"]["companyEmail"] == email)
            .expect("a result")
    };
    let (granted, refused) = (of("ana@shop.test"), of("eva@shop.test"));
    assert_eq!(
        (&granted["outcome"], &granted["code"]),
        (&json!("GRANTED"), &json!(null))
    );
    assert_eq!(granted["entitlement"]["status"], "ACTIVE");
    assert_eq!(
        (&refused["outcome"], &refused["code"]),
        (&json!("REFUSED"), &json!("ENTITLEMENT_ALREADY_ACTIVE"))
    );
    assert!(
        text(&refused["message"]).contains("already"),
        "in the viewer's language"
    );
    assert_eq!(
        refused["entitlement"]["status"], "ACTIVE",
        "what stood in the way"
    );
    assert_eq!(history(&stage, &ana).await, [("GRANTED".to_owned(), true)]);
    assert_eq!(
        stage.mails().await.len(),
        1,
        "whoever was refused is told nothing"
    );

    let lea = stage.customer("lea@shop.test").await;
    let all = json!({ "userIds": [ana, eva, lea], "reason": "the edition is withdrawn" });
    let batch = id(&revoke_many(&agent, &book, all).await);
    stage.run_jobs().await;
    assert_eq!(look(&stage, &batch).await, ("SUCCEEDED".into(), [3, 3, 2, 1, 0]));
    assert!(!stage.may_use(&ana, &book).await && !stage.may_use(&eva, &book).await);
    let results = outcomes(&stage, &batch).await;
    let never = results
        .iter()
        .find(|it| it["user"]["companyEmail"] == "lea@shop.test")
        .expect("a result");
    assert_eq!(
        (&never["outcome"], &never["code"]),
        (&json!("REFUSED"), &json!("ENTITLEMENT_NOT_ACTIVE"))
    );
    let by_agent = "{ entitlementBatches { totalCount nodes { action } } auditLog(first: 100) { nodes { action actor { companyEmail } } } }";
    let seen = stage.admin.ask(by_agent, json!({})).await.data();
    assert_eq!(
        seen["entitlementBatches"],
        json!({ "totalCount": 2, "nodes": [{ "action": "REVOKE" }, { "action": "GRANT" }] })
    );
    let entries = seen["auditLog"]["nodes"].as_array().expect("entries").clone();
    let changes = entries
        .iter()
        .filter(|it| it["action"] == "entitlement.changed" && it["actor"]["companyEmail"] == AGENT);
    assert_eq!(
        changes.count(),
        3,
        "each change by itself, as the act of whoever asked"
    );
    stage.end().await;
}

/// Whom a filter means, and that forgetting it means nobody.
#[tokio::test]
async fn a_filter_means_whom_it_matches_and_everybody_has_to_be_said() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let batch = id(&grant_many(&stage.admin, &book, json!({ "filter": { "search": "ANA@SHOP" } })).await);
    stage.run_jobs().await;
    assert_eq!(look(&stage, &batch).await.1, [1, 1, 1, 0, 0]);
    assert!(stage.may_use(&ana, &book).await && !stage.may_use(&eva, &book).await);
    for (more, expected) in [
        (json!({ "filter": {} }), "INVALID filter"),
        (json!({ "filter": { "search": "  " } }), "INVALID filter"),
        // An accent that waits for its letter: nothing is left of it, and nothing would be asked.
        (json!({ "filter": { "search": "´" } }), "INVALID filter"),
        (json!({ "filter": { "search": "\u{7}" } }), "INVALID filter"),
        (
            json!({ "filter": { "search": "nobody of this name" } }),
            "INVALID filter",
        ),
        (
            json!({ "filter": { "search": "\u{fdfa}".repeat(10_000) } }),
            "INVALID filter",
        ),
        (json!({}), "INVALID filter"),
        (json!({ "everybody": true, "userIds": [ana] }), "INVALID filter"),
        (
            json!({ "filter": { "search": "ana" }, "userIds": [ana] }),
            "INVALID filter",
        ),
    ] {
        assert_eq!(
            grant_many(&stage.admin, &book, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
        assert_eq!(
            revoke_many(&stage.admin, &book, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
    }
    let asked = grant_many(&stage.admin, &book, json!({ "everybody": true })).await;
    stage.pass(chrono::TimeDelta::seconds(1));
    let late = stage.customer("late@shop.test").await;
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &id(&asked)).await.1,
        [3, 3, 2, 1, 0],
        "two customers and the administrator"
    );
    assert!(!stage.may_use(&late, &book).await, "who came later is not meant");
    stage.end().await;
}

/// A search takes no notice of control characters, and PostgreSQL would not keep a NUL.
#[tokio::test]
async fn a_filter_with_a_control_character_means_whom_it_means_without() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let filter = json!({ "filter": { "search": "ana@\u{0}shop\u{7}" } });
    let batch = id(&grant_many(&stage.admin, &book, filter).await);
    stage.run_jobs().await;
    assert_eq!(look(&stage, &batch).await, ("SUCCEEDED".into(), [1, 1, 1, 0, 0]));
    assert!(stage.may_use(&ana, &book).await && !stage.may_use(&eva, &book).await);
    stage.end().await;
}

/// S4.25: what an integration asked for is on record as its doing, each change with the batch that it is a part of.
#[tokio::test]
async fn an_integrations_batch_is_on_record_as_its_own() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let ana = stage.customer("ana@shop.test").await;
    let key = stage
        .key_with(&["commerce.entitlements.write", "users.read"])
        .await;
    let batch = id(&grant_many(&key, &book, json!({ "userIds": [ana] })).await);
    stage.run_jobs().await;
    let query = "{ auditLog(first: 100) { nodes { action actor { id } apiKey { name } } } }";
    let seen = stage.admin.ask(query, json!({})).await.data()["auditLog"]["nodes"].clone();
    let of = |action: &str| {
        let mut entries = seen.as_array().into_iter().flatten();
        entries
            .find(|entry| entry["action"] == action)
            .cloned()
            .expect("an entry")
    };
    let asked = of("entitlement_batch.requested");
    assert!(!asked["apiKey"].is_null() && asked["actor"].is_null());
    for action in ["entitlement.changed", "entitlement_batch.finished"] {
        let entry = of(action);
        assert_eq!(
            (&entry["apiKey"], &entry["actor"]),
            (&asked["apiKey"], &Value::Null)
        );
    }
    let changes = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("entitlement.changed"));
    let changes = changes.all(stage.app.db.connection()).await.expect("rows");
    let data: Vec<&Value> = changes.iter().map(|entry| &entry.data).collect();
    assert_eq!(data, [&json!({ "action": "GRANTED", "batchId": batch })]);
    stage.end().await;
}

/// What has ended before its turn came is refused, as it would be for one.
#[tokio::test]
async fn access_that_is_over_before_the_batch_begins_is_not_granted() {
    let stage = Stage::new().await;
    let tolerant = json!({ "externalId": "book", "name": "Rayuela", "graceDays": 30 });
    let recorded = stage
        .admin
        .mutate("productRecord", "ProductRecordInput", tolerant, "product { id }");
    let book = text(&recorded.await.accepted()["product"]["id"]);
    let ana = stage.customer("ana@shop.test").await;
    let soon = json!({ "userIds": [ana], "expiresAt": "2026-03-02T13:00:00.000Z", "idempotencyKey": "once" });
    let batch = id(&grant_many(&stage.admin, &book, soon.clone()).await);
    stage.pass(chrono::TimeDelta::hours(2));
    stage.run_jobs().await;
    let again = id(&grant_many(&stage.admin, &book, soon).await);
    assert_eq!(
        again, batch,
        "whoever asks again hears of the same batch, however late it is"
    );
    assert_eq!(look(&stage, &batch).await, ("SUCCEEDED".into(), [1, 1, 0, 1, 0]));
    assert_eq!(outcomes(&stage, &batch).await[0]["code"], "INVALID");
    assert!(!stage.may_use(&ana, &book).await);
    stage.end().await;
}

/// S4.12, and what else cannot be asked; after a refusal nothing is begun.
#[tokio::test]
async fn what_cannot_be_asked_is_refused_as_a_whole() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let ana = stage.customer("ana@shop.test").await;
    let other = stage.other_team().await;
    let theirs =
        other.ask("{ viewer { user { id } } }", json!({})).await.data()["viewer"]["user"]["id"].clone();
    let many: Vec<&str> = vec![&ana; 1001];
    for (more, expected) in [
        (
            json!({ "userIds": [ana], "productId": "product_01h455vb4pex5vsknk084sn02q" }),
            "NOT_FOUND productId",
        ),
        (
            json!({ "userIds": [ana], "productId": "nonsense" }),
            "INVALID productId",
        ),
        (
            json!({ "userIds": [ana, "user_01h455vb4pex5vsknk084sn02q"] }),
            "NOT_FOUND userIds",
        ),
        (json!({ "userIds": [ana, theirs] }), "NOT_FOUND userIds"),
        (json!({ "userIds": [ana, book] }), "INVALID userIds"),
        (json!({ "userIds": [] }), "INVALID userIds"),
        (json!({ "userIds": many }), "INVALID userIds"),
        (
            json!({ "userIds": [ana], "expiresAt": "2026-03-01T00:00:00.000Z" }),
            "INVALID expiresAt",
        ),
        (
            json!({ "userIds": [ana], "startsAt": "2026-05-01T00:00:00.000Z", "expiresAt": "2026-04-01T00:00:00.000Z" }),
            "INVALID expiresAt",
        ),
        (
            json!({ "userIds": [ana], "note": "x".repeat(2001) }),
            "INVALID note",
        ),
    ] {
        assert_eq!(
            grant_many(&stage.admin, &book, more.clone()).await.refusals(),
            [expected],
            "{more}"
        );
    }
    let named = json!({ "userIds": [ana] });
    assert_eq!(
        grant_many(&other, &book, named.clone()).await.refusals(),
        ["NOT_FOUND productId", "NOT_FOUND userIds"]
    );
    let key = stage.integration(&["commerce.entitlements.write"]).await;
    let input = json!({ "productId": book, "everybody": true });
    let blind = key
        .try_mutate("entitlementsGrant", "EntitlementsGrantInput", input, BATCH)
        .await;
    assert_eq!(
        blind.code(),
        "FORBIDDEN",
        "whoever means people by what they are must see them"
    );

    let keyed = json!({ "userIds": [ana], "idempotencyKey": "once" });
    let first = id(&grant_many(&stage.admin, &book, keyed.clone()).await);
    assert_eq!(
        id(&grant_many(&stage.admin, &book, keyed).await),
        first,
        "the same batch"
    );
    let another = json!({ "userIds": [ana], "note": "else", "idempotencyKey": "once" });
    assert_eq!(
        grant_many(&stage.admin, &book, another).await.refusals(),
        ["CONFLICT idempotencyKey"]
    );
    stage.run_jobs().await;
    let off = json!({ "externalId": "product-Rayuela", "name": "Rayuela", "active": false });
    stage
        .admin
        .mutate("productRecord", "ProductRecordInput", off, "product { id }")
        .await
        .accepted();
    assert_eq!(
        grant_many(&stage.admin, &book, named.clone()).await.refusals(),
        ["PRODUCT_INACTIVE productId"]
    );
    let revoked = id(&revoke_many(&stage.admin, &book, named).await);
    stage.run_jobs().await;
    assert_eq!(
        look(&stage, &revoked).await.1,
        [1, 1, 1, 0, 0],
        "what is inactive can be taken"
    );
    stage.end().await;
}

/// S0.6: the administrator stands beside the agent whose eyes were borrowed.
#[tokio::test]
async fn what_is_asked_through_borrowed_eyes_says_whose_they_were() {
    let stage = Stage::new().await;
    let book = stage.product("Rayuela").await;
    let ana = stage.customer("ana@shop.test").await;
    stage.agent().await;
    let query = "query($s: String!) { users(filter: { search: $s }) { nodes { id } } }";
    let found = stage.admin.ask(query, json!({ "s": AGENT })).await.data();
    let input = json!({ "userId": found["users"]["nodes"][0]["id"], "reason": "a look" });
    let started = stage.admin.mutate(
        "impersonationStart",
        "ImpersonationStartInput",
        input,
        "accessToken",
    );
    let eyes = Client::new(&stage.url, Some(text(&started.await.accepted()["accessToken"])));
    grant_many(&eyes, &book, json!({ "userIds": [ana] }))
        .await
        .accepted();
    stage.run_jobs().await;
    let log =
        "{ auditLog(first: 100) { nodes { action actor { companyEmail } impersonator { companyEmail } } } }";
    let log = stage.admin.ask(log, json!({})).await.data()["auditLog"]["nodes"].clone();
    for action in [
        "entitlement_batch.requested",
        "entitlement.changed",
        "entitlement_batch.finished",
    ] {
        let entry = log
            .as_array()
            .expect("entries")
            .iter()
            .find(|it| it["action"] == action);
        let entry = entry.unwrap_or_else(|| panic!("{action}: {log:#}"));
        let who = (
            &entry["actor"]["companyEmail"],
            &entry["impersonator"]["companyEmail"],
        );
        assert_eq!(who, (&json!(AGENT), &json!(ADMIN)), "{action}");
    }
    stage.end().await;
}
