//! Hostile documents, built here and nowhere printed, are refused before they cost anything.

use serde_json::{Value, json};
use transport::Limits;

use crate::{GRAPHQL, Server, post, query};

fn nested(open: &str, close: &str, times: usize, core: &str) -> String {
    format!("{}{core}{}", open.repeat(times), close.repeat(times))
}

fn doubling(fragments: usize) -> String {
    let chain = (0..fragments)
        .map(|n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }} ", n + 1))
        .collect::<Vec<_>>()
        .concat();
    format!("{{ ...F0 }} {chain} fragment F{fragments} on Query {{ hello }}")
}

#[tokio::test]
async fn a_document_that_asks_for_too_much_is_refused() {
    let server = Server::start(Limits::default()).await;
    let aliases = (0..31)
        .map(|n| format!("a{n}: hello "))
        .collect::<Vec<_>>()
        .concat();
    let cases = [
        (
            format!("{{ hello }} #{}", "x".repeat(15 * 1024)),
            "QUERY_TOO_LONG",
        ),
        (format!("{{ {} }}", "hello ".repeat(1_999)), "QUERY_TOO_LONG"),
        (
            format!("{{ {} }}", nested("{ a ", "}", 2_000, "a")),
            "QUERY_TOO_LONG",
        ),
        (
            format!("{{ {} }}", nested("tree {", "}", 64, "value")),
            "QUERY_TOO_DEEP",
        ),
        (
            format!("{{ number(value: {}) }}", nested("[", "]", 64, "1")),
            "QUERY_TOO_DEEP",
        ),
        (
            format!("{{ number(value: {}) }}", nested("{a:", "}", 64, "1")),
            "QUERY_TOO_DEEP",
        ),
        (
            format!("query($v: {}) {{ hello }}", nested("[", "]", 64, "Int")),
            "QUERY_TOO_DEEP",
        ),
        (
            format!("{{ {} }}", nested("tree {", "}", 15, "value")),
            "QUERY_TOO_DEEP",
        ),
        (
            format!("{{ {} }}", nested("...{", "}", 64, "hello")),
            "QUERY_TOO_DEEP",
        ),
        (
            format!(
                "{{ __schema {{ types {} }} }}",
                nested("{ ofType ", "}", 20, "{ name }")
            ),
            "QUERY_TOO_DEEP",
        ),
        (doubling(20), "QUERY_TOO_COMPLEX"),
        (doubling(90), "QUERY_TOO_COMPLEX"),
        (format!("{{ {aliases} }}"), "QUERY_TOO_COMPLEX"),
        (
            format!("{{ hello {} }}", "@skip(if: false) ".repeat(51)),
            "QUERY_TOO_COMPLEX",
        ),
        ("mutation { a: signIn b: signIn }".to_owned(), "QUERY_TOO_COMPLEX"),
        (
            "mutation { ...F ...F } fragment F on Mutation { signIn }".to_owned(),
            "QUERY_TOO_COMPLEX",
        ),
        (
            "{ ...F } fragment F on Query { ...F }".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ];
    for (document, code) in cases {
        let seen = query(&server, &document).await;
        assert_eq!(
            (seen.status.as_u16(), seen.code()),
            (400, code),
            "{document:.60} gives {}",
            seen.body
        );
    }
}

#[tokio::test]
async fn what_is_within_the_limits_is_answered() {
    let server = Server::start(Limits::default()).await;
    let aliases = (0..30)
        .map(|n| format!("a{n}: hello "))
        .collect::<Vec<_>>()
        .concat();
    let cases = [
        format!("{{ {} }}", "hello ".repeat(1_998)),
        format!("{{ {} }}", nested("tree {", "}", 14, "value")),
        format!("{{ {} }}", nested("...{", "}", 63, "hello")),
        doubling(10),
        format!("{{ {aliases} }}"),
        "mutation { signIn touch }".to_owned(),
        format!("{{ hello }} #{}", "{".repeat(10_000)),
        format!(
            "{{ __schema {{ types {} }} }}",
            nested("{ ofType ", "}", 9, "{ name }").replacen("ofType", "fields { type ", 1) + "}"
        ),
    ];
    for document in cases {
        let seen = query(&server, &document).await;
        assert_eq!(
            (seen.status.as_u16(), &seen.body["errors"]),
            (200, &Value::Null),
            "{document:.60} gives {}",
            seen.body
        );
    }
}

#[tokio::test]
async fn deep_variables_are_refused() {
    let server = Server::start(Limits::default()).await;
    let deep = |times| serde_json::from_str::<Value>(&nested("[", "]", times, "1")).expect("JSON");
    for (times, status) in [(63, 200), (64, 400), (120, 400)] {
        let seen = post(
            &server,
            GRAPHQL,
            json!({ "query": "{ hello }", "variables": { "a": deep(times) } }),
        )
        .await;
        assert_eq!(seen.status.as_u16(), status, "{times}: {}", seen.body);
    }
    let bomb = format!(
        r#"{{"query":"{{ hello }}","variables":{{"a":{}}}}}"#,
        nested("[", "]", 30_000, "")
    );
    let request = crate::client()
        .post(server.url())
        .header("content-type", "application/json")
        .body(bomb);
    let seen = crate::Seen::of(request.header("accept", GRAPHQL).send().await.expect("an answer")).await;
    assert_eq!((seen.status.as_u16(), seen.code()), (400, "QUERY_TOO_DEEP"));
}
