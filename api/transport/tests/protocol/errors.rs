//! What a client learns of an error: the code that is meant for it, or a trace id.

use std::time::Duration;

use serde_json::json;
use transport::Limits;

use crate::{GRAPHQL, JSON, Server, post, query};

#[tokio::test]
async fn what_is_not_meant_for_clients_is_masked() {
    let server = Server::start(Limits::default()).await;
    for (document, status) in [
        ("{ hello broken }", 200),
        ("{ tree { broken } }", 200),
        ("{ hello panics }", 500),
    ] {
        let seen = query(&server, document).await;
        assert_eq!(
            (seen.status.as_u16(), seen.code()),
            (status, "INTERNAL_SERVER_ERROR"),
            "{}",
            seen.body
        );
        assert!(!seen.body.to_string().contains("password"), "{}", seen.body);
        assert_eq!(
            seen.body["errors"][0]["extensions"]["traceId"],
            seen.header("x-trace-id")
        );
    }
    let partial = query(&server, "{ hello broken }").await;
    assert_eq!(partial.body["data"], json!({ "hello": "world", "broken": null }));
    assert_eq!(partial.body["errors"][0]["path"], json!(["broken"]));
    // A field that may not be null takes its parent with it.
    let partial = query(&server, "{ hello tree { value tree { value broken } } }").await;
    assert_eq!(partial.body["data"], json!({ "hello": "world", "tree": null }));
}

#[tokio::test]
async fn a_document_that_is_wrong_everywhere_has_a_short_answer() {
    let server = Server::start(Limits::default()).await;
    let seen = query(&server, &format!("{{ {} }}", "unknown ".repeat(900))).await;
    assert_eq!(seen.body["errors"].as_array().map(Vec::len), Some(20));
}

#[tokio::test]
async fn what_a_resolver_says_is_kept() {
    let server = Server::start(Limits::default()).await;
    let seen = query(&server, "{ hello forbidden }").await;
    assert_eq!((seen.status.as_u16(), seen.code()), (200, "FORBIDDEN"));
    assert_eq!(seen.body["errors"][0]["message"], "Not yours.");
    assert_eq!(seen.body["data"]["hello"], "world");
}

#[tokio::test]
async fn a_request_has_its_time() {
    let server = Server::start(Limits {
        request_time: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    for accept in [GRAPHQL, JSON] {
        let seen = post(&server, accept, json!({ "query": "{ never }" })).await;
        assert_eq!((seen.status.as_u16(), seen.code()), (504, "TIMEOUT"));
    }
}
