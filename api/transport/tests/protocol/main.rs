//! The transport as clients meet it: a real server, real HTTP, real sockets, a small schema.

mod closing;
mod errors;
mod events;
mod http;
mod identity;
mod limits;
mod persisted;
mod schema;
mod socket;

use reqwest::{Client, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

pub use schema::Server;

pub const JSON: &str = "application/json";
pub const GRAPHQL: &str = "application/graphql-response+json";

pub fn client() -> Client {
    // Only the first test installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// What a client sees of an answer.
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Seen {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            status,
            headers,
            body,
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default()
    }
}

pub async fn post(server: &Server, accept: &str, body: Value) -> Seen {
    let request = client().post(server.url()).header("accept", accept).json(&body);
    Seen::of(request.send().await.expect("an answer")).await
}

pub async fn query(server: &Server, document: &str) -> Seen {
    post(server, GRAPHQL, json!({ "query": document })).await
}
