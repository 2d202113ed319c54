//! Who is calling, and which trace the call belongs to.

use serde_json::json;
use transport::Limits;

use crate::{GRAPHQL, JSON, Seen, Server, client, post};

#[tokio::test]
async fn identity_decides_before_anything_is_read() {
    let server = Server::start(Limits::default()).await;
    let cases = [
        ("Bearer valid", 200, "", "", ""),
        ("bearer  valid", 200, "", "", ""),
        ("Bearer wrong", 401, "UNAUTHENTICATED", "Bearer", ""),
        ("Bearer ", 401, "UNAUTHENTICATED", "Bearer", ""),
        ("Basic dmFsaWQ=", 401, "UNAUTHENTICATED", "Bearer", ""),
        ("Bearer limited", 429, "RATE_LIMITED", "", "7"),
        ("Bearer down", 503, "SERVICE_UNAVAILABLE", "", ""),
    ];
    for (credential, status, code, challenge, retry) in cases {
        for accept in [GRAPHQL, JSON, "text/event-stream"] {
            let request = client()
                .post(server.url())
                .header("authorization", credential)
                .header("accept", accept)
                .json(&json!({ "query": "{ me }" }));
            let seen = Seen::of(request.send().await.expect("an answer")).await;
            assert_eq!(
                (seen.status.as_u16(), seen.code()),
                (status, code),
                "{credential}"
            );
            assert_eq!(
                (seen.header("www-authenticate"), seen.header("retry-after")),
                (challenge, retry),
                "{credential}"
            );
        }
    }
    let anonymous = post(&server, JSON, json!({ "query": "{ me }" })).await;
    assert_eq!(anonymous.body["data"], json!({ "me": null }));
}

#[tokio::test]
async fn every_answer_has_a_trace_and_is_not_stored() {
    let server = Server::start(Limits::default()).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = client()
        .post(server.url())
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .json(&json!({ "query": "{ trace }" }));
    let seen = Seen::of(request.send().await.expect("an answer")).await;
    assert_eq!(seen.header("x-trace-id"), trace);
    assert_eq!(seen.body["data"]["trace"], trace);

    for request in [
        client().get(server.url()),
        client().put(server.url()),
        client().post(server.url()),
    ] {
        let seen = Seen::of(request.send().await.expect("an answer")).await;
        assert_eq!(seen.header("x-trace-id").len(), 32);
        assert_eq!(seen.header("cache-control"), "no-store");
    }
}
