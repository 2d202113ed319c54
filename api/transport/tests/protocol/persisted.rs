//! Automatic persisted queries: clients send a hash until the server asks for the text.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use transport::Limits;

use crate::{GRAPHQL, JSON, Seen, Server, client, post};

fn extension(text: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hex::encode(Sha256::digest(text)) } })
}

#[tokio::test]
async fn a_hash_is_enough_once_the_text_is_known() {
    let server = Server::start(Limits::default()).await;
    let text = "query($v: Int!) { number(value: $v) }";
    let only_hash = json!({ "extensions": extension(text), "variables": { "v": 7 } });
    for (accept, status) in [(GRAPHQL, 400), (JSON, 200)] {
        let unknown = post(&server, accept, only_hash.clone()).await;
        assert_eq!(
            (unknown.status.as_u16(), unknown.code()),
            (status, "PERSISTED_QUERY_NOT_FOUND")
        );
        assert_eq!(unknown.body["errors"][0]["message"], "PersistedQueryNotFound");
    }
    let with_text = json!({ "query": text, "extensions": extension(text), "variables": { "v": 7 } });
    assert_eq!(post(&server, GRAPHQL, with_text).await.body["data"]["number"], 7);
    assert_eq!(post(&server, GRAPHQL, only_hash).await.body["data"]["number"], 7);

    let by_get = client().get(server.url()).query(&[
        ("extensions", extension(text).to_string()),
        ("variables", r#"{"v":8}"#.to_owned()),
    ]);
    assert_eq!(
        Seen::of(by_get.send().await.expect("an answer")).await.body["data"]["number"],
        8
    );
}

#[tokio::test]
async fn a_wrong_hash_registers_nothing() {
    let server = Server::start(Limits::default()).await;
    let hash = |extension: &Value| extension["persistedQuery"]["sha256Hash"].clone();
    let other = extension("{ me }");
    let cases = [
        other.clone(),
        json!({ "persistedQuery": { "version": 2, "sha256Hash": hash(&extension("{ hello }")) } }),
        json!({ "persistedQuery": { "version": 1, "sha256Hash": "abc" } }),
        json!({ "persistedQuery": { "version": 1 } }),
        json!({ "persistedQuery": 1 }),
    ];
    for extensions in cases {
        for accept in [GRAPHQL, JSON] {
            let seen = post(
                &server,
                accept,
                json!({ "query": "{ hello }", "extensions": extensions }),
            )
            .await;
            assert_eq!(seen.status.as_u16(), 400, "{extensions}: {}", seen.body);
        }
    }
    assert_eq!(
        post(&server, GRAPHQL, json!({ "extensions": other }))
            .await
            .code(),
        "PERSISTED_QUERY_NOT_FOUND"
    );
}

#[tokio::test]
async fn a_refused_document_is_not_persisted() {
    let server = Server::start(Limits::default()).await;
    let text = "mutation { a: signIn b: signIn }";
    for _ in 0..2 {
        let seen = post(
            &server,
            GRAPHQL,
            json!({ "query": text, "extensions": extension(text) }),
        )
        .await;
        assert_eq!(seen.code(), "QUERY_TOO_COMPLEX");
    }
    assert_eq!(
        post(&server, GRAPHQL, json!({ "extensions": extension(text) }))
            .await
            .code(),
        "PERSISTED_QUERY_NOT_FOUND"
    );
}
