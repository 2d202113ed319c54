//! `graphql-sse`, distinct connections: what is in the stream, and how it ends.

use serde_json::{Value, json};
use transport::Limits;

use crate::{Server, client};

const EVENTS: &str = "text/event-stream";

/// The events of a stream that has ended, without comments.
fn parse(text: &str) -> Vec<(String, Value)> {
    let field = |block: &str, name: &str| {
        let prefix = format!("{name}:");
        block.lines().find_map(|line| {
            line.strip_prefix(&prefix)
                .map(|rest| rest.trim_start().to_owned())
        })
    };
    text.split("\n\n")
        .filter_map(|block| {
            let data = field(block, "data")?;
            Some((
                field(block, "event")?,
                serde_json::from_str(&data).unwrap_or(Value::Null),
            ))
        })
        .collect()
}

fn post(server: &Server, document: &str) -> reqwest::RequestBuilder {
    client()
        .post(server.url())
        .header("accept", EVENTS)
        .header("authorization", "Bearer valid")
        .json(&json!({ "query": document }))
}

async fn events(request: reqwest::RequestBuilder) -> Vec<(String, Value)> {
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], EVENTS);
    assert_eq!(response.headers()["cache-control"], "no-store");
    parse(&response.text().await.expect("a stream that ends"))
}

#[tokio::test]
async fn each_kind_of_operation_can_be_a_stream() {
    let server = Server::start(Limits::default()).await;
    let results = |events: Vec<(String, Value)>| {
        let names: Vec<_> = events.iter().map(|(name, _)| name.clone()).collect();
        let data: Vec<_> = events
            .into_iter()
            .map(|(_, event)| event["data"].clone())
            .collect();
        (names.join(" "), data)
    };
    let (names, data) = results(events(post(&server, "subscription { count(to: 2) }")).await);
    assert_eq!(names, "next next complete");
    assert_eq!(data[..2], [json!({ "count": 1 }), json!({ "count": 2 })]);
    for (document, expected) in [
        ("{ me }", json!({ "me": "valid" })),
        ("mutation { touch }", json!({ "touch": true })),
    ] {
        let (names, data) = results(events(post(&server, document)).await);
        assert_eq!((names.as_str(), &data[0]), ("next complete", &expected));
    }
    let by_get = client()
        .get(server.url())
        .header("accept", EVENTS)
        .query(&[("query", "subscription { count(to: 1) }")]);
    assert_eq!(results(events(by_get).await).0, "next complete");
    let mutation = client()
        .get(server.url())
        .header("accept", EVENTS)
        .query(&[("query", "mutation { touch }")]);
    assert_eq!(mutation.send().await.expect("an answer").status(), 405);
}

#[tokio::test]
async fn errors_are_told_in_the_stream() {
    let server = Server::start(Limits::default()).await;
    let cases = [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { unknown }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { a: signIn b: signIn }", "QUERY_TOO_COMPLEX"),
        ("subscription { denied }", "FORBIDDEN"),
        ("subscription { panics }", "INTERNAL_SERVER_ERROR"),
    ];
    for (document, code) in cases {
        let events = events(post(&server, document)).await;
        assert_eq!(
            events[0].1["errors"][0]["extensions"]["code"], code,
            "{document}: {events:?}"
        );
        assert_eq!(
            events.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["next", "complete"]
        );
        assert!(!format!("{events:?}").contains("password"));
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_credential() {
    let server = Server::start(Limits::default()).await;
    let mut response = post(&server, "subscription { once }")
        .send()
        .await
        .expect("an answer");
    let first = response.chunk().await.expect("readable").expect("an event");
    server.revoke();
    let mut text = String::from_utf8(first.to_vec()).expect("text");
    while let Some(chunk) = response.chunk().await.expect("readable") {
        text += std::str::from_utf8(&chunk).expect("text");
    }
    let events = parse(&text);
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["next", "next", "complete"]);
    assert_eq!(events[1].1["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_shutdown_ends_the_stream_without_completing_it() {
    let server = Server::start(Limits::default()).await;
    let mut response = post(&server, "subscription { once }")
        .send()
        .await
        .expect("an answer");
    response.chunk().await.expect("readable").expect("an event");
    server.shutdown.cancel();
    assert_eq!(parse(&response.text().await.expect("an end")), []);
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive() {
    let keep_alive = std::time::Duration::from_millis(10);
    let server = Server::start(Limits {
        keep_alive,
        ..Limits::default()
    })
    .await;
    let mut response = post(&server, "subscription { never }")
        .send()
        .await
        .expect("an answer");
    let comment = response.chunk().await.expect("readable").expect("a comment");
    assert!(comment.starts_with(b":"), "{comment:?}");
}
