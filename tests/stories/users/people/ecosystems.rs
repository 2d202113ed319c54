//! S3.4, S3.5: what customers have deployed, and who is in it.

use domain::database::Sql;
use entities::{UserId, audit_entry};
use futures::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, PASSWORD, Stage, text},
};

use crate::exports::crowd;

pub(super) const ECOSYSTEM: &str = "ecosystem { id name active suspendedAt suspensionReason owner { companyEmail } \
     members(first: 100) { totalCount nodes { companyEmail } } }";

pub(super) async fn report(by: &Client, input: Value) -> Payload {
    by.mutate("ecosystemRecord", "EcosystemRecordInput", input, ECOSYSTEM)
        .await
}

pub(super) async fn suspend(by: &Client, id: &Value, reason: &str) -> Payload {
    let input = json!({ "ecosystemId": id, "reason": reason });
    by.mutate("ecosystemSuspend", "EcosystemSuspendInput", input, ECOSYSTEM)
        .await
}

pub(super) async fn activate(by: &Client, id: &Value) -> Payload {
    let input = json!({ "ecosystemId": id });
    by.mutate("ecosystemActivate", "EcosystemActivateInput", input, ECOSYSTEM)
        .await
}

/// The addresses of those whom the filter leaves, apart from the administrator.
pub(super) async fn listed(stage: &Stage, filter: Value) -> Vec<String> {
    let query = "query($f: UserFilter) { users(filter: $f) { nodes { companyEmail } } }";
    let nodes = stage.admin.ask(query, json!({ "f": filter })).await.data()["users"]["nodes"].clone();
    let emails = nodes
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| text(&node["companyEmail"]));
    emails.filter(|email| !email.starts_with("admin@")).collect()
}

/// S3.4, S3.5: a customer has deployed an ecosystem or has not; being in somebody else's is not having one.
#[tokio::test]
async fn a_customer_has_an_ecosystem_or_has_not_deployed_it_yet() {
    let stage = Stage::new().await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    stage.customer("ivo@shop.test").await;
    let deployed = async || {
        let query = "{ users(filter: { role: MEMBER }) { nodes { companyEmail ecosystem { name } } } }";
        let nodes = stage.admin.ask(query, json!({})).await.data()["users"]["nodes"].clone();
        let nodes = nodes.as_array().expect("nodes").clone();
        let named = nodes
            .iter()
            .map(|node| node["ecosystem"]["name"].as_str().map(str::to_owned));
        named.collect::<Vec<_>>()
    };
    assert_eq!(deployed().await, [None, None, None]);
    let input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana", "memberIds": [eva] });
    report(&stage.admin, input).await.accepted();
    assert_eq!(deployed().await, [Some("Casa Ana".to_owned()), None, None]);
    assert_eq!(
        listed(&stage, json!({ "hasEcosystem": true })).await,
        ["ana@shop.test"]
    );
    assert_eq!(
        listed(&stage, json!({ "hasEcosystem": false })).await,
        ["eva@shop.test", "ivo@shop.test"]
    );
    stage.end().await;
}

/// The store may tell of an ecosystem again and again, and everybody at once.
#[tokio::test]
async fn an_ecosystem_told_again_is_the_same_one() {
    let stage = Stage::new().await;
    let (ana, eva, ivo) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
        stage.customer("ivo@shop.test").await,
    );
    let input =
        json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana", "memberIds": [eva, eva, ana] });
    let told = join_all((0..12).map(|_| report(&stage.admin, input.clone()))).await;
    let first = told[0].accepted()["ecosystem"].clone();
    for other in told {
        assert_eq!(other.accepted()["ecosystem"], first);
    }
    assert_eq!(first["members"]["totalCount"], 2);

    let kept = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana y Eva" });
    let kept = report(&stage.admin, kept).await.accepted()["ecosystem"].clone();
    assert_eq!(
        (&kept["id"], &kept["name"]),
        (&first["id"], &json!("Casa Ana y Eva"))
    );
    assert_eq!(
        kept["members"], first["members"],
        "left out, they stay as they are"
    );
    let replaced = json!({ "externalId": "eco-1", "ownerId": ivo, "name": "Casa Ivo", "memberIds": [ana] });
    let replaced = report(&stage.admin, replaced).await.accepted()["ecosystem"].clone();
    assert_eq!(
        (&replaced["owner"]["companyEmail"], &replaced["members"]["nodes"]),
        (
            &json!("ivo@shop.test"),
            &json!([{ "companyEmail": "ana@shop.test" }, { "companyEmail": "ivo@shop.test" }])
        )
    );
    // Many who move the same people at once, in any order.
    let owners = [
        stage.customer("lea@shop.test").await,
        ivo,
        stage.customer("max@shop.test").await,
    ];
    let moves = (0..12).map(|n| {
        let members = if n % 2 == 0 { [&ana, &eva] } else { [&eva, &ana] };
        report(
            &stage.admin,
            json!({ "externalId": format!("eco-{}", n % 3), "ownerId": owners[n % 3], "name": "N", "memberIds": members }),
        )
    });
    for payload in join_all(moves).await {
        payload.accepted();
    }
    let query =
        "{ users(filter: { hasEcosystem: true }) { nodes { ecosystem { members { totalCount } } } } }";
    let nodes = stage.admin.ask(query, json!({})).await.data()["users"]["nodes"].clone();
    let nodes = nodes.as_array().expect("nodes").iter();
    let count = |node: &Value| node["ecosystem"]["members"]["totalCount"].as_i64();
    let mut counts: Vec<i64> = nodes.filter_map(count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 3], "everybody is in one at a time");
    stage.end().await;
}

/// Nobody is shut out by whom they are above: where staff are in an ecosystem, it is an administrator's.
#[tokio::test]
async fn staff_are_put_into_an_ecosystem_and_shut_out_of_it_by_administrators_only() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let query = "{ users(first: 1, filter: { role: ADMIN }) { nodes { id } } }";
    let boss = stage.admin.ask(query, json!({})).await.data()["users"]["nodes"][0]["id"].clone();
    let agent = stage.agent().await;
    let shop = stage.integration(&["users.write", "users.read"]).await;
    let with_boss = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa", "memberIds": [boss] });
    let owned = json!({ "externalId": "eco-1", "ownerId": boss, "name": "Casa" });
    for by in [&agent, &shop] {
        for input in [&with_boss, &owned] {
            let tried = by.try_mutate(
                "ecosystemRecord",
                "EcosystemRecordInput",
                input.clone(),
                ECOSYSTEM,
            );
            assert_eq!(tried.await.code(), "FORBIDDEN");
        }
    }
    let eco = report(&stage.admin, with_boss).await.accepted()["ecosystem"]["id"].clone();
    // Nor let out of it again.
    let without = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa", "memberIds": [] });
    for by in [&agent, &shop] {
        let tried = by.try_mutate(
            "ecosystemRecord",
            "EcosystemRecordInput",
            without.clone(),
            ECOSYSTEM,
        );
        assert_eq!(tried.await.code(), "FORBIDDEN");
    }
    let input = json!({ "ecosystemId": eco, "reason": "a joke" });
    let tried = agent.try_mutate("ecosystemSuspend", "EcosystemSuspendInput", input, ECOSYSTEM);
    assert_eq!(tried.await.code(), "FORBIDDEN");
    Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    stage.end().await;
}

/// S3.5: whoever comes or goes is told of and on record; whoever stays is not.
#[tokio::test]
async fn whoever_is_moved_is_told_of_and_on_record() {
    let stage = Stage::new().await;
    let (ana, eva, ivo, lea) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
        stage.customer("ivo@shop.test").await,
        stage.customer("lea@shop.test").await,
    );
    let tell = async |external: &str, owner: &str, members: Value| {
        let input = json!({ "externalId": external, "ownerId": owner, "name": "Casa", "memberIds": members });
        let id = report(&stage.admin, input).await.accepted()["ecosystem"]["id"].clone();
        let query = "query($id: ID!) { auditLog(subjectId: $id, first: 1) { nodes { id action } } \
                     events(first: 100, topics: [USER_UPDATED]) { nodes { subjectId } } }";
        let seen = stage.admin.ask(query, json!({ "id": id })).await.data();
        assert_eq!(seen["auditLog"]["nodes"][0]["action"], "ecosystem.recorded");
        let subject = text(&id);
        let entries = audit_entry::Entity::find()
            .filter(audit_entry::Column::SubjectId.eq(subject))
            .order_by_desc(audit_entry::Column::Id);
        let entry = entries.one(stage.app.db.connection()).await.expect("rows");
        let data = entry.expect("an entry").data;
        let told = seen["events"]["nodes"].as_array().expect("events").clone();
        let told: Vec<String> = told.iter().map(|event| text(&event["subjectId"])).collect();
        (data["joined"].clone(), data["left"].clone(), told)
    };
    let (joined, left, told) = tell("eco-1", &ana, json!([eva, ivo])).await;
    assert_eq!((joined, left), (json!([ana, eva, ivo]), json!([])));
    assert_eq!(told, [&ana, &eva, &ivo].map(Clone::clone));
    let (joined, left, told) = tell("eco-1", &ana, json!([eva, lea])).await;
    assert_eq!((joined, left), (json!([lea]), json!([ivo])));
    assert_eq!(told[3..], [&ana, &ivo, &lea].map(Clone::clone));
    let (joined, left, told) = tell("eco-2", &ivo, json!([eva])).await;
    assert_eq!((joined, left), (json!([eva, ivo]), json!([])));
    assert_eq!(told[6..], [&eva, &ivo].map(Clone::clone));
    let (joined, left, told) = tell("eco-2", &ivo, json!([eva])).await;
    assert_eq!((joined, left), (json!([]), json!([])));
    assert_eq!(told[8..], [ivo], "its name may have changed");
    stage.end().await;
}

/// As many as one report may name: their events are more than one statement takes.
#[tokio::test]
async fn a_whole_school_is_moved_at_once() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    crowd(&stage, 20_000).await;
    let sql = "SELECT id FROM users WHERE company_email LIKE '%@crowd.test'";
    let rows = stage.app.db.connection().rows(sql, vec![]).await.expect("rows");
    let id = |row: &sea_orm::QueryResult| row.try_get_by_index::<UserId>(0).expect("an id").to_string();
    let pupils: Vec<String> = rows.iter().map(id).collect();
    for class in pupils.chunks(10_000) {
        let input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Escuela", "memberIds": class });
        let school = report(&stage.admin, input).await.accepted()["ecosystem"].clone();
        assert_eq!(school["members"]["totalCount"], 10_001);
    }
    let sql = "SELECT 1 FROM events WHERE topic = 'USER_UPDATED'";
    let told = stage.app.db.connection().rows(sql, vec![]).await.expect("rows");
    assert_eq!(told.len(), 10_001 + 20_001);
    stage.end().await;
}

/// S3.4: whoever has an ecosystem is in it, and is not taken out of it by being named elsewhere.
#[tokio::test]
async fn the_owner_of_an_ecosystem_is_nobody_elses_member() {
    let stage = Stage::new().await;
    let (ana, eva) = (
        stage.customer("ana@shop.test").await,
        stage.customer("eva@shop.test").await,
    );
    let own = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana" });
    let id = report(&stage.admin, own).await.accepted()["ecosystem"]["id"].clone();
    let other = json!({ "externalId": "eco-2", "ownerId": eva, "name": "Casa Eva", "memberIds": [ana] });
    let mut sentences = std::collections::BTreeSet::new();
    for locale in [entities::Locale::En, entities::Locale::Es, entities::Locale::Pt] {
        let admin = stage.user_with(ADMIN).await.id;
        stage.speaks(admin, locale).await;
        let refused = report(&stage.client_of(admin, None).await, other.clone()).await;
        assert_eq!(refused.refusals(), ["CONFLICT memberIds"]);
        sentences.insert(text(&refused.0["userErrors"][0]["message"]));
    }
    assert_eq!(sentences.len(), 3, "{sentences:?}");
    assert_eq!(
        listed(&stage, json!({ "hasEcosystem": true })).await,
        ["ana@shop.test"],
        "nothing was begun"
    );
    suspend(&stage.admin, &id, "unpaid").await.accepted();
    assert_eq!(
        listed(&stage, json!({ "active": false })).await,
        ["ana@shop.test"]
    );
    activate(&stage.admin, &id).await.accepted();
    let handed =
        json!({ "externalId": "eco-1", "ownerId": eva, "name": "Casa Eva", "memberIds": [ana, eva] });
    report(&stage.admin, handed).await.accepted();
    let now = json!({ "externalId": "eco-2", "ownerId": ana, "name": "Casa Ana", "memberIds": [] });
    report(&stage.admin, now).await.accepted();
    stage.end().await;
}

/// The sentences with which a report is refused, one for each language.
pub(super) async fn refused_in_every_language(stage: &Stage, input: &Value, expected: &str) {
    let admin = stage.user_with(ADMIN).await.id;
    let mut sentences = std::collections::BTreeSet::new();
    for locale in [entities::Locale::En, entities::Locale::Es, entities::Locale::Pt] {
        stage.speaks(admin, locale).await;
        let refused = report(&stage.client_of(admin, None).await, input.clone()).await;
        assert_eq!(refused.refusals(), [expected], "{input}");
        sentences.insert(text(&refused.0["userErrors"][0]["message"]));
    }
    assert_eq!(sentences.len(), 3, "{sentences:?}");
}

#[tokio::test]
async fn a_report_of_an_ecosystem_names_what_is_wrong_with_it() {
    let stage = Stage::new().await;
    let ana = stage.customer("ana@shop.test").await;
    let other = stage.other_team().await;
    let made = json!({ "firstName": "Eva", "lastName": "Gil", "companyEmail": "eva@boreal.test" });
    let made = other
        .mutate("userCreate", "UserCreateInput", made, "user { id }")
        .await;
    let foreign = made.accepted()["user"]["id"].clone();
    let missing = "user_01h455vb4pex5vsknk084sn02q";
    for (more, expected) in [
        (json!({ "externalId": "" }), "INVALID externalId"),
        (json!({ "externalId": "x".repeat(201) }), "INVALID externalId"),
        (json!({ "name": " " }), "INVALID name"),
        (json!({ "ownerId": "nonsense" }), "INVALID ownerId"),
        (json!({ "ownerId": missing }), "NOT_FOUND ownerId"),
        (json!({ "ownerId": foreign }), "NOT_FOUND ownerId"),
        (json!({ "memberIds": [ana, missing] }), "NOT_FOUND memberIds"),
        (json!({ "memberIds": [foreign] }), "NOT_FOUND memberIds"),
        (json!({ "memberIds": ["nonsense"] }), "INVALID memberIds"),
        (json!({ "memberIds": vec![&ana; 10_001] }), "INVALID memberIds"),
    ] {
        let mut input = json!({ "externalId": "eco-1", "ownerId": ana, "name": "Casa Ana" });
        for (name, value) in more.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        assert_eq!(report(&stage.admin, input).await.refusals(), [expected]);
    }
    let query = "{ users(filter: { hasEcosystem: true }) { totalCount } }";
    assert_eq!(
        stage.admin.ask(query, json!({})).await.data()["users"]["totalCount"],
        0
    );
    stage.end().await;
}
