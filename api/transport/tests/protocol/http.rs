//! GraphQL over HTTP: methods, media types, statuses and headers.

use reqwest::Method;
use serde_json::{Value, json};
use transport::Limits;

use crate::{GRAPHQL, JSON, Seen, Server, client, post};

#[tokio::test]
async fn a_request_has_the_status_of_its_fault() {
    let server = Server::start(Limits::default()).await;
    let cases = [
        // body, status for graphql-response+json, status for json, code
        (json!({ "query": "{ hello }" }), 200, 200, ""),
        (
            json!({ "query": "{ hello }", "variables": null, "operationName": null, "extensions": null }),
            200,
            200,
            "",
        ),
        (
            json!({ "query": "query A { hello } query B { me }", "operationName": "A" }),
            200,
            200,
            "",
        ),
        (
            json!({ "query": "query A { hello } query B { me }" }),
            400,
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            json!({ "query": "query A { hello }", "operationName": "C" }),
            400,
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (json!({ "query": "{" }), 400, 200, "GRAPHQL_PARSE_FAILED"),
        (
            json!({ "query": "{ hello(a: \"x) }" }),
            400,
            200,
            "GRAPHQL_PARSE_FAILED",
        ),
        (
            json!({ "query": "{ unknown }" }),
            400,
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            json!({ "query": "{ number(value: \"x\") }" }),
            400,
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            json!({ "query": "query($v: Int!) { number(value: $v) }" }),
            400,
            200,
            "BAD_USER_INPUT",
        ),
        (
            json!({ "query": "query($v: Int!) { number(value: $v) }", "variables": { "v": null } }),
            400,
            200,
            "BAD_USER_INPUT",
        ),
        (
            json!({ "query": "query($v: Int!) { number(value: $v) }", "variables": { "v": "x" } }),
            400,
            200,
            "BAD_USER_INPUT",
        ),
        (
            json!({ "query": "query($f: Filter!) { filtered(filter: $f) }", "variables": { "f": { "at": "yesterday" } } }),
            400,
            200,
            "BAD_USER_INPUT",
        ),
        (
            json!({ "query": "subscription { count(to: 1) }" }),
            406,
            406,
            "BAD_REQUEST",
        ),
        (json!({ "query": 1 }), 400, 400, "BAD_REQUEST"),
        (
            json!({ "query": "{ hello }", "operationName": 1 }),
            400,
            400,
            "BAD_REQUEST",
        ),
        (
            json!({ "query": "{ hello }", "variables": [] }),
            400,
            400,
            "BAD_REQUEST",
        ),
        (
            json!({ "query": "{ hello }", "variables": "{}" }),
            400,
            400,
            "BAD_REQUEST",
        ),
        (
            json!({ "query": "{ hello }", "extensions": "x" }),
            400,
            400,
            "BAD_REQUEST",
        ),
        (json!({ "qeury": "{ hello }" }), 400, 400, "BAD_REQUEST"),
        (json!({}), 400, 400, "BAD_REQUEST"),
        (json!([{ "query": "{ hello }" }]), 400, 400, "BAD_REQUEST"),
        (json!("query"), 400, 400, "BAD_REQUEST"),
    ];
    for (body, strict, legacy, code) in cases {
        for (accept, status) in [(GRAPHQL, strict), (JSON, legacy)] {
            let seen = post(&server, accept, body.clone()).await;
            assert_eq!(
                (seen.status.as_u16(), seen.code()),
                (status, code),
                "{accept}: {body} gives {}",
                seen.body
            );
            assert_eq!(
                seen.body.get("data").is_some(),
                code.is_empty(),
                "data belongs to executions: {}",
                seen.body
            );
            assert!(
                seen.header("content-type").starts_with(accept),
                "{}",
                seen.header("content-type")
            );
        }
    }
}

#[tokio::test]
async fn only_json_reaches_an_execution() {
    let server = Server::start(Limits::default()).await;
    let body = r#"{"query":"mutation { touch }"}"#;
    let cases = [
        (Some("application/json"), body, 200),
        (Some("application/json; charset=utf-8"), body, 200),
        (Some("Application/JSON;charset=\"UTF-8\""), body, 200),
        (Some("application/json; charset=latin1"), body, 415),
        (Some("text/plain"), body, 415),
        (
            Some("application/x-www-form-urlencoded"),
            "query=mutation+%7B+touch+%7D",
            415,
        ),
        (Some("multipart/form-data; boundary=x"), body, 415),
        (Some("application/graphql"), "mutation { touch }", 415),
        (None, body, 415),
        (Some("application/json"), "{ \"not a JSON", 400),
        (Some("application/json"), "", 400),
        (
            Some("application/json"),
            r#"{"query":"{ hello }","query":"{ me }"}"#,
            400,
        ),
    ];
    for (content_type, body, status) in cases {
        let mut request = client().post(server.url()).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let seen = Seen::of(request.send().await.expect("an answer")).await;
        assert_eq!(seen.status.as_u16(), status, "{content_type:?}: {body}");
    }
    let invalid = client()
        .post(server.url())
        .header("content-type", JSON)
        .body(vec![b'"', 0xff]);
    assert_eq!(invalid.send().await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn a_large_body_is_refused_whether_its_length_is_announced_or_not() {
    let server = Server::start(Limits::default()).await;
    let body = json!({ "query": "{ hello }", "variables": { "a": "x".repeat(64 * 1024) } }).to_string();
    let announced = client()
        .post(server.url())
        .header("content-type", JSON)
        .body(body.clone());
    let pieces = body
        .into_bytes()
        .chunks(1000)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
        .collect::<Vec<_>>();
    let streamed = client()
        .post(server.url())
        .header("content-type", JSON)
        .body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)));
    for request in [announced, streamed] {
        assert_eq!(request.send().await.expect("an answer").status(), 413);
    }
}

#[tokio::test]
async fn a_known_caller_may_send_more() {
    let server = Server::start(Limits::default()).await;
    let most = Limits::default().known_body_bytes;
    for (token, length, status) in [
        ("valid", 64 * 1024, 200),
        ("valid", most, 413),
        ("wrong", 64 * 1024, 401),
    ] {
        let body = json!({ "query": "{ hello }", "variables": { "a": "x".repeat(length) } }).to_string();
        let request = client().post(server.url()).header("content-type", JSON);
        let request = request.bearer_auth(token).body(body);
        assert_eq!(
            request.send().await.expect("an answer").status(),
            status,
            "{token} {length}"
        );
    }
}

#[tokio::test]
async fn get_executes_queries_only() {
    let server = Server::start(Limits::default()).await;
    let cases = [
        (vec![("query", "{ hello }")], 200, ""),
        (
            vec![
                ("query", "query($v: Int!) { number(value: $v) }"),
                ("variables", "{\"v\":1}"),
            ],
            200,
            "",
        ),
        (
            vec![
                ("query", "query A { hello } mutation B { touch }"),
                ("operationName", "A"),
            ],
            200,
            "",
        ),
        (
            vec![
                ("query", "query A { hello } mutation B { touch }"),
                ("operationName", "B"),
            ],
            405,
            "POST",
        ),
        (vec![("query", "mutation { touch }")], 405, "POST"),
        (vec![("query", "{ hello }"), ("variables", "[]")], 400, ""),
        (vec![("query", "{ hello }"), ("query", "{ me }")], 400, ""),
        (vec![("query", "")], 400, ""),
        (vec![], 400, ""),
    ];
    for (parameters, status, allow) in cases {
        let request = client()
            .get(server.url())
            .query(&parameters)
            .header("accept", GRAPHQL);
        let seen = Seen::of(request.send().await.expect("an answer")).await;
        assert_eq!(
            (seen.status.as_u16(), seen.header("allow")),
            (status, allow),
            "{parameters:?}: {}",
            seen.body
        );
    }
    for method in [
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
    ] {
        let request = client()
            .request(method.clone(), server.url())
            .query(&[("query", "{ hello }")]);
        let seen = Seen::of(request.send().await.expect("an answer")).await;
        assert_eq!(
            (seen.status.as_u16(), seen.header("allow")),
            (405, "GET, POST"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn what_nobody_can_read_is_not_sent() {
    let server = Server::start(Limits::default()).await;
    for (accept, status) in [
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("*/*", 200),
        ("text/html,*/*;q=0.1", 200),
    ] {
        let seen = post(&server, accept, json!({ "query": "{ hello }" })).await;
        assert_eq!(seen.status.as_u16(), status, "{accept}");
    }
}

#[tokio::test]
async fn the_cost_is_told() {
    let server = Server::start(Limits::default()).await;
    let document = "{ tree { ...F } leaf { value } } fragment F on Tree { value tree { value } }";
    let seen = post(&server, JSON, json!({ "query": document })).await;
    let expected = json!({ "fields": 7, "depth": 3, "maxFields": 5000, "maxDepth": 15 });
    assert_eq!(seen.body["extensions"]["cost"], expected);
    assert_eq!(seen.body["errors"], Value::Null);
}
