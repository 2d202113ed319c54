//! What a list of people shows: filtered, and with what hangs on each at a cost that does not grow with them.

use domain::users::NewUser;
use entities::{CustomerTier, UserSegment};
use serde_json::{Value, json};
use tests::stage::{Sale, Stage, text};

use super::{found, people, person};

#[tokio::test]
async fn filters_alone_and_together() {
    let stage = Stage::new().await;
    let ids = people(
        &stage,
        vec![
            NewUser {
                segment: UserSegment::Customer,
                tier: CustomerTier::Vip,
                ..person("A", "A", "a@shop.test")
            },
            NewUser {
                segment: UserSegment::Customer,
                ..person("B", "B", "b@shop.test")
            },
            person("C", "C", "c@shop.test"),
            person("D", "D", "d@shop.test"),
        ],
    )
    .await;
    // D has deployed an ecosystem to which C belongs; it is suspended, and so is B.
    let d: entities::UserId = ids[3].parse().expect("an id");
    let row = entities::ecosystem::ActiveModel {
        id: sea_orm::Set(entities::EcosystemId(stage.app.ids.uuid(stage.app.clock.now()))),
        team_id: sea_orm::Set(stage.team),
        external_id: sea_orm::Set("eco".into()),
        name: sea_orm::Set("Eco".into()),
        owner_id: sea_orm::Set(d),
        suspended_at: sea_orm::Set(Some(stage.app.clock.now())),
        suspension_reason: sea_orm::Set(None),
        created_at: sea_orm::Set(stage.app.clock.now()),
        updated_at: sea_orm::Set(stage.app.clock.now()),
    };
    sea_orm::ActiveModelTrait::insert(row, stage.app.db.connection())
        .await
        .expect("an ecosystem");
    stage
        .sql("UPDATE users SET suspended_at = created_at WHERE email_key = 'b@shop.test'")
        .await;
    stage.sql("UPDATE users SET ecosystem_id = (SELECT id FROM ecosystems) WHERE email_key IN ('c@shop.test', 'd@shop.test')").await;
    for (filter, expected) in [
        (json!({ "segment": "CUSTOMER" }), &[0, 1][..]),
        (json!({ "segment": "LEAD" }), &[2, 3]),
        (json!({ "tier": "VIP" }), &[0]),
        (json!({ "tier": "PREMIUM" }), &[]),
        (json!({ "active": true }), &[0]),
        (json!({ "active": false }), &[1, 2, 3]),
        (json!({ "hasEcosystem": true }), &[3]),
        (json!({ "hasEcosystem": false }), &[0, 1, 2]),
        (
            json!({ "segment": "CUSTOMER", "active": true, "search": "shop" }),
            &[0],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|at| ids[*at].clone()).collect();
        assert_eq!(found(&stage.admin, filter.clone()).await, expected, "{filter}");
        // The same among those whom a search finds.
        let mut searched = filter;
        searched["search"] = json!("shop.test");
        assert_eq!(
            found(&stage.admin, searched.clone()).await,
            expected,
            "{searched}"
        );
    }
    let staff = stage
        .admin
        .ask("{ users(filter: { role: ADMIN }) { nodes { role } } }", json!({}))
        .await
        .data();
    assert_eq!(staff["users"]["nodes"], json!([{ "role": "ADMIN" }]));
    stage.end().await;
}

/// S3.2, S3.17: staff are no leads, whatever else is asked for; a condition more never adds anybody.
#[tokio::test]
async fn staff_are_never_leads() {
    let stage = Stage::new().await;
    let ids = people(&stage, vec![person("Ana", "Gil", "ana@shop.test")]).await;
    let query = "query($f: UserFilter) { users(filter: $f) { nodes { id } totalCount } }";
    for (filter, expected) in [
        (json!({ "segment": "LEAD" }), &ids[..]),
        (json!({ "segment": "LEAD", "role": "MEMBER" }), &ids),
        (json!({ "segment": "LEAD", "role": "ADMIN" }), &[]),
        (
            json!({ "segment": "LEAD", "role": "ADMIN", "search": "aurora" }),
            &[],
        ),
    ] {
        let nodes: Vec<Value> = expected.iter().map(|id| json!({ "id": id })).collect();
        let users = stage.admin.ask(query, json!({ "f": filter })).await.data()["users"].clone();
        let found = json!({ "nodes": nodes, "totalCount": nodes.len() });
        assert_eq!(users, found, "{filter}");
    }
    let input = json!({ "segment": "LEAD", "filter": { "role": "ADMIN" } });
    let file = stage
        .admin
        .mutate("usersExport", "UsersExportInput", input, "export { id }")
        .await;
    assert_eq!(file.refusals(), ["EXPORT_EMPTY"]);
    stage.end().await;
}

const PAGE: &str = "query($n: Int) { users(first: $n, filter: { role: MEMBER }) { nodes { id \
     planSubscription { status product { name } } ecosystem { name } readingStats { totalSessions } \
     purchases(first: 3) { nodes { id product { name } refunds { status } } pageInfo { hasNextPage } } } } }";

/// S0.15: no query per row.
#[tokio::test]
async fn fifty_people_cost_as_many_statements_as_ten() {
    let stage = Stage::new().await;
    let crowd = (0..50)
        .map(|n| person("Ana", "Gil", &format!("ana{n}@shop.test")))
        .collect();
    let ids = people(&stage, crowd).await;
    let product = stage.product("Rayuela").await;
    for (number, user) in (1..).zip(&ids) {
        stage.sell(&Sale::of(user, &product, number)).await;
    }
    let mut counts = Vec::new();
    for size in [10, 50] {
        let agent = stage
            .client_of(stage.user_with("admin@aurora.test").await.id, None)
            .await;
        agent.ask("{ viewer { scopes } }", json!({})).await.data();
        stage.statements.take();
        let nodes = agent.ask(PAGE, json!({ "n": size })).await.data()["users"]["nodes"].clone();
        let asked = stage.statements.take();
        let whole = |node: &Value| {
            node["purchases"]["nodes"][0]["product"]["name"] == "Rayuela" && node["readingStats"].is_object()
        };
        assert_eq!(
            nodes
                .as_array()
                .map(|all| all.iter().filter(|node| whole(node)).count()),
            Some(size)
        );
        // Whose token it is may be asked again at any time.
        counts.push(
            asked
                .into_iter()
                .filter(|sql| !sql.contains("FROM sessions"))
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{counts:#?}");
    stage.run_jobs().await;
    stage.end().await;
}

/// S0.31: the context check of everything that somebody has bought, in as many statements as of one.
#[tokio::test]
async fn twenty_purchases_are_checked_in_as_many_statements_as_one() {
    let stage = Stage::new().await;
    let product = stage.product("Rayuela").await;
    let mut asked = Vec::new();
    for (name, bought) in [("one", 1), ("twenty", 20)] {
        let email = format!("{name}@shop.test");
        let user = people(&stage, vec![person("Ana", "Gil", &email)]).await.remove(0);
        for number in 0..bought {
            stage
                .sell(&Sale::of(&user, &product, 100 * bought + number))
                .await;
        }
        let query = "query($id: ID!) { user(id: $id) { purchases { nodes { id amount { amount currency } \
                     refundEligibility { eligible refundableAmount { amount currency } checks { item passed } } } } } }";
        let ask = || stage.admin.ask(query, json!({ "id": user }));
        ask().await.data();
        stage.statements.take();
        let data = ask().await.data();
        let statements = stage.statements.take().into_iter();
        asked.push(statements.filter(|sql| !sql.contains("FROM sessions")).count());
        let purchases = data["user"]["purchases"]["nodes"].as_array().expect("purchases");
        let own = purchases
            .iter()
            .filter(|it| it["refundEligibility"]["refundableAmount"] == it["amount"]);
        assert_eq!(own.count(), usize::try_from(bought).expect("few"));
    }
    assert_eq!(asked[0], asked[1]);
    stage.run_jobs().await;
    stage.end().await;
}

#[tokio::test]
async fn the_total_is_counted_only_if_it_is_asked_for() {
    let stage = Stage::new().await;
    people(&stage, vec![person("Ana", "Gil", "ana@shop.test")]).await;
    for (query, counted) in [("{ users { nodes { id } } }", 0), ("{ users { totalCount } }", 1)] {
        stage.statements.take();
        stage.admin.ask(query, json!({})).await.data();
        let counts = stage
            .statements
            .take()
            .into_iter()
            .filter(|sql| sql.contains("count(*)"));
        assert_eq!(counts.count(), counted, "{query}");
    }
    stage.end().await;
}

/// The batched way answers what the other one does, for each person by themselves.
#[tokio::test]
async fn purchases_of_many_are_those_of_each() {
    let stage = Stage::new().await;
    let ids = people(
        &stage,
        (0..3)
            .map(|n| person("Ana", "Gil", &format!("ana{n}@shop.test")))
            .collect(),
    )
    .await;
    let mut number = 0;
    for (user, bought) in ids.iter().zip([0, 2, 5]) {
        for _ in 0..bought {
            number += 1;
            let product = stage.product(&format!("Book {number}")).await;
            stage.sell(&Sale::of(user, &product, number)).await;
        }
    }
    let fields = "nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount";
    let query = format!(
        "{{ users(filter: {{ role: MEMBER }}) {{ nodes {{ id purchases(first: 2) {{ {fields} }} single: purchases(kind: SINGLE) {{ {fields} }} \
         none: purchases(first: 0) {{ {fields} }} }} }} }}"
    );
    let listed = stage.admin.ask(&query, json!({})).await.data()["users"]["nodes"].clone();
    for (node, bought) in listed.as_array().expect("nodes").iter().zip([0, 2, 5]) {
        let rows = |list: &str| node[list]["nodes"].as_array().map(Vec::len);
        assert_eq!(
            (rows("purchases"), rows("single"), rows("none")),
            (Some(bought.min(2)), Some(bought), Some(0))
        );
        assert_eq!(node["purchases"]["pageInfo"]["hasNextPage"], bought > 2);
        assert_eq!(node["purchases"]["totalCount"], bought);
        if bought == 5 {
            let query = "query($u: ID!, $c: String) { user(id: $u) { purchases(first: 2, after: $c) { nodes { id } } } }";
            let more = json!({ "u": node["id"], "c": node["purchases"]["pageInfo"]["endCursor"] });
            let more = stage.admin.ask(query, more).await.data()["user"]["purchases"]["nodes"].clone();
            let all: Vec<String> = node["single"]["nodes"]
                .as_array()
                .expect("nodes")
                .iter()
                .map(|it| text(&it["id"]))
                .collect();
            assert_eq!(
                [text(&more[0]["id"]), text(&more[1]["id"])],
                all[2..4],
                "the cursors go on"
            );
        }
    }
    let wrong = stage
        .admin
        .ask(
            "{ users { nodes { purchases(first: 101) { totalCount } } } }",
            json!({}),
        )
        .await;
    assert_eq!(wrong.code(), "BAD_USER_INPUT");
    stage.run_jobs().await;
    stage.end().await;
}
