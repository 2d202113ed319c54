//! Pages by key: forward and backward, each person exactly once, whatever is equal or missing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::users::NewUser;
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{Stage, text},
};

use super::{people, person};

const QUERY: &str = "query($first: Int, $after: String, $last: Int, $before: String, $order: UserOrder, $f: UserFilter) { \
     users(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $f) { \
     edges { cursor node { id lastName companyName createdAt } } \
     pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn page(client: &Client, mut arguments: Value) -> Value {
    let search = arguments["search"].take();
    arguments["f"] = json!({ "role": "MEMBER", "search": search });
    client.ask(QUERY, arguments).await.data()["users"].clone()
}

/// All nodes, page by page, in the order in which the list has them.
async fn walk(client: &Client, (order, search): (&Value, &Value), size: usize, backward: bool) -> Vec<Value> {
    let (count, cursor, end, more) = if backward {
        ("last", "before", "startCursor", "hasPreviousPage")
    } else {
        ("first", "after", "endCursor", "hasNextPage")
    };
    let (mut all, mut at) = (Vec::new(), Value::Null);
    loop {
        let found = page(
            client,
            json!({ count: size, cursor: at, "order": order, "search": search }),
        )
        .await;
        let nodes = found["edges"]
            .as_array()
            .expect("edges")
            .iter()
            .map(|edge| edge["node"].clone());
        let nodes: Vec<Value> = nodes.collect();
        assert!(nodes.len() <= size);
        if backward {
            all.splice(0..0, nodes);
        } else {
            all.extend(nodes);
        }
        if found["pageInfo"][more] == false {
            return all;
        }
        at = found["pageInfo"][end].clone();
    }
}

async fn crowd(stage: &Stage) -> Vec<String> {
    let mut ids = Vec::new();
    for batch in 0..4 {
        let crowd = (0..6).map(|n| NewUser {
            company_name: [
                None,
                Some(String::new()),
                Some("Acme".into()),
                Some("2026-01-01T00:00:00Z".into()),
            ][(n + batch) % 4]
                .clone(),
            ..person(
                "Ana",
                ["Gil", "", "Ñu", "gil"][n % 4],
                &format!("ana{batch}-{n}@shop.test"),
            )
        });
        ids.extend(people(stage, crowd.collect()).await);
        stage.pass(TimeDelta::milliseconds(500));
    }
    ids
}

#[tokio::test]
async fn every_order_both_ways_visits_everybody_once() {
    let stage = Stage::new().await;
    let mut everybody = crowd(&stage).await;
    everybody.sort();
    for field in ["CREATED_AT", "LAST_NAME", "COMPANY_NAME"] {
        let mut ways = Vec::new();
        for direction in ["ASC", "DESC"] {
            let order = json!({ "field": field, "direction": direction });
            let all = walk(&stage.admin, (&order, &Value::Null), 100, false).await;
            let mut ids: Vec<String> = all.iter().map(|node| text(&node["id"])).collect();
            for (size, backward) in [(1, false), (5, false), (5, true), (24, true)] {
                assert_eq!(
                    walk(&stage.admin, (&order, &Value::Null), size, backward).await,
                    all,
                    "{order} {size} {backward}"
                );
            }
            ways.push(all);
            ids.sort();
            assert_eq!(ids, everybody, "{order}");
        }
        ways[1].reverse();
        assert_eq!(ways[0], ways[1], "{field}: one way is the other, turned round");
        if field == "CREATED_AT" {
            assert!(ways[0].is_sorted_by_key(|node| text(&node["createdAt"])));
        }
    }
    stage.end().await;
}

/// S3.2, S3.18: customers and leads are lists of their own, each page by page; staff are neither.
#[tokio::test]
async fn customers_and_leads_go_page_by_page_apart() {
    let stage = Stage::new().await;
    let ids = crowd(&stage).await;
    for segment in ["CUSTOMER", "LEAD"] {
        stage
            .sql("UPDATE users SET segment = 'CUSTOMER' WHERE company_name = 'Acme' AND role = 'MEMBER'")
            .await;
        let query = "query($s: UserSegment, $at: String) { users(first: 4, after: $at, filter: { segment: $s }) { \
                     totalCount nodes { id segment } pageInfo { hasNextPage endCursor } } }";
        let (mut all, mut at) = (Vec::new(), Value::Null);
        let total = loop {
            let found = stage
                .admin
                .ask(query, json!({ "s": segment, "at": at }))
                .await
                .data()["users"]
                .clone();
            all.extend(found["nodes"].as_array().expect("nodes").clone());
            if found["pageInfo"]["hasNextPage"] == false {
                break found["totalCount"].as_u64();
            }
            at = found["pageInfo"]["endCursor"].clone();
        };
        assert!(all.iter().all(|node| node["segment"] == segment));
        let mut seen: Vec<String> = all.iter().map(|node| text(&node["id"])).collect();
        seen.dedup();
        assert_eq!(total, u64::try_from(seen.len()).ok());
        assert_eq!(seen.len(), if segment == "LEAD" { ids.len() - 6 } else { 6 });
    }
    stage.end().await;
}

/// A cursor is a place in an order: with another team's one sees one's own people from there on.
#[tokio::test]
async fn another_teams_cursor_shows_nobody_of_theirs() {
    let stage = Stage::new().await;
    crowd(&stage).await;
    let other = stage.other_team().await;
    let cursor = page(&stage.admin, json!({ "first": 1 })).await["edges"][0]["cursor"].clone();
    let found = page(&other, json!({ "first": 100, "after": cursor })).await;
    assert_eq!(found["edges"], json!([]));
    stage.end().await;
}

/// S3.16, S3.18: what many have fills a page while the list is walked, what few have is looked up in the index.
/// Both ways lead through the same list.
#[tokio::test]
async fn a_searched_list_is_the_same_in_pages_of_any_size() {
    let stage = Stage::new().await;
    crowd(&stage).await;
    for (search, expected) in [("shop", 24), ("-3@s", 4), ("a2-", 6), ("acme", 6), ("nobody", 0)] {
        let search = json!(search);
        for field in ["CREATED_AT", "LAST_NAME", "COMPANY_NAME"] {
            for direction in ["ASC", "DESC"] {
                let order = json!({ "field": field, "direction": direction });
                let asked = (&order, &search);
                let all = walk(&stage.admin, asked, 100, false).await;
                assert_eq!(all.len(), expected, "{search} {order}");
                for (size, backward) in [(1, false), (3, false), (1, true), (5, true)] {
                    let paged = walk(&stage.admin, asked, size, backward).await;
                    assert_eq!(paged, all, "{search} {order} {size} {backward}");
                }
            }
        }
    }
    stage.end().await;
}

/// S3.16: somebody whom a walk through the list would reach only after thousands of others.
#[tokio::test]
async fn one_among_thousands_is_found() {
    let stage = Stage::new().await;
    let mut crowd: Vec<NewUser> = (0..2100)
        .map(|n| person("Ana", "Gil", &format!("ana{n}@shop.test")))
        .collect();
    crowd.push(person("Zoe", "Okafor", "zoe@shop.test"));
    let ids = people(&stage, crowd).await;
    for search in ["okafor", "zoe", "e okafor"] {
        let found = page(&stage.admin, json!({ "search": search })).await;
        assert_eq!(found["edges"].as_array().map(Vec::len), Some(1), "{search}");
        assert_eq!(found["edges"][0]["node"]["id"], ids[2100]);
    }
    stage.end().await;
}

#[tokio::test]
async fn a_page_says_where_it_stands() {
    let stage = Stage::new().await;
    crowd(&stage).await;
    let first = page(&stage.admin, json!({ "first": 10 })).await;
    let info = |page: &Value| {
        (
            page["pageInfo"]["hasPreviousPage"] == true,
            page["pageInfo"]["hasNextPage"] == true,
        )
    };
    assert_eq!(info(&first), (false, true));
    assert_eq!(first["pageInfo"]["endCursor"], first["edges"][9]["cursor"]);
    let rest = page(
        &stage.admin,
        json!({ "first": 100, "after": first["edges"][9]["cursor"] }),
    )
    .await;
    assert_eq!(
        (info(&rest), rest["edges"].as_array().map(Vec::len)),
        ((true, false), Some(14))
    );
    let none = page(&stage.admin, json!({ "first": 0 })).await;
    assert_eq!(
        (none["edges"].clone(), none["pageInfo"]["startCursor"].clone()),
        (json!([]), Value::Null)
    );
    let between =
        json!({ "first": 100, "after": first["edges"][2]["cursor"], "before": first["edges"][6]["cursor"] });
    let between = page(&stage.admin, between).await;
    assert_eq!(
        between["edges"].as_array().map(Vec::as_slice),
        first["edges"].as_array().map(|all| &all[3..6])
    );
    let usual = page(&stage.admin, json!({})).await;
    assert_eq!(usual["edges"].as_array().map(Vec::len), Some(20));
    stage.end().await;
}

/// A list of names is read like a directory: accents and case do not send anybody behind Z.
#[tokio::test]
async fn names_are_in_the_order_in_which_people_look_for_them() {
    let stage = Stage::new().await;
    let alphabet = [
        "abad",
        "Ærø",
        "Álvarez",
        "Alves",
        "de la Cruz",
        "Đỗ",
        "Duarte",
        "Łukasz",
        "Oñate",
        "Ozores",
        "Zapata",
    ];
    let strangers = [4, 10, 1, 6, 0, 8, 3, 9, 5, 2, 7].map(|n: usize| NewUser {
        company_name: Some(format!("{} y Cía", alphabet[n])),
        ..person("Ana", alphabet[n], &format!("ana{n}@shop.test"))
    });
    people(&stage, strangers.into()).await;
    for field in ["LAST_NAME", "COMPANY_NAME"] {
        let order = json!({ "field": field });
        for (size, backward, search) in [
            (2, false, json!(null)),
            (3, true, json!(null)),
            (2, false, json!("ana")),
        ] {
            let found = walk(&stage.admin, (&order, &search), size, backward).await;
            let names: Vec<String> = found.iter().map(|person| text(&person["lastName"])).collect();
            assert_eq!(names, alphabet, "{field}");
        }
    }
    stage.end().await;
}

#[tokio::test]
async fn what_is_no_page_or_no_cursor_of_this_list_is_refused() {
    let stage = Stage::new().await;
    crowd(&stage).await;
    let cursor = page(&stage.admin, json!({ "first": 1 })).await["edges"][0]["cursor"].clone();
    let by_name = json!({ "field": "LAST_NAME" });
    let forge = |value: Value| json!(BASE64_URL_SAFE_NO_PAD.encode(value.to_string()));
    let nil = "00000000-0000-0000-0000-000000000000";
    for arguments in [
        json!({ "first": -1 }),
        json!({ "first": 101 }),
        json!({ "last": 1000 }),
        json!({ "last": -5 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "after": "" }),
        json!({ "after": "nonsense" }),
        json!({ "before": "ünïcode" }),
        json!({ "after": "A".repeat(5000) }),
        json!({ "after": cursor, "order": by_name }),
        json!({ "after": forge(json!(["users by creation", "not a time", nil])) }),
        json!({ "after": forge(json!(["users by creation", 7, nil])) }),
        json!({ "after": forge(json!(["users by creation", "+200000-01-01T00:00:00Z", nil])) }),
        json!({ "after": forge(json!(["users by last name", 7, nil])), "order": by_name }),
        json!({ "after": forge(json!(["users by last name", "a\u{0}", nil])), "order": by_name }),
        json!({ "after": forge(json!(["products", "x", nil])) }),
        json!({ "after": forge(json!({ "a": 1 })) }),
    ] {
        let answer = stage.admin.ask(QUERY, arguments.clone()).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{arguments}");
    }
    stage.end().await;
}
