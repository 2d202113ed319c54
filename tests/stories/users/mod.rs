//! Finding people: searched, filtered, sorted, page by page, and only one's own.

mod listing;
mod paging;
mod people;
mod reading;
mod searching;

use domain::users::{self, NewUser};
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{Stage, text},
};

/// Makes customers, in this order. Their ids.
async fn people(stage: &Stage, new: Vec<NewUser>) -> Vec<String> {
    let mut tx = stage
        .app
        .begin_as_system(stage.team)
        .await
        .expect("a transaction");
    let mut ids = Vec::new();
    for person in new {
        ids.push(
            users::insert_or_find(&mut tx, person)
                .await
                .expect("a person")
                .to_string(),
        );
    }
    tx.commit().await.expect("a commit");
    ids
}

fn person(first: &str, last: &str, email: &str) -> NewUser {
    NewUser {
        first_name: first.into(),
        last_name: last.into(),
        company_email: email.into(),
        ..NewUser::default()
    }
}

/// The ids of the customers that a filter leaves.
async fn found(client: &Client, filter: Value) -> Vec<String> {
    let query = "query($f: UserFilter) { users(filter: $f, first: 100) { nodes { id } totalCount } }";
    let mut filter = filter;
    filter["role"] = json!("MEMBER");
    let users = client.ask(query, json!({ "f": filter })).await.data()["users"].clone();
    let ids: Vec<String> = users["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| text(&node["id"]))
        .collect();
    assert_eq!(users["totalCount"], ids.len(), "the total is that of the filter");
    ids
}
