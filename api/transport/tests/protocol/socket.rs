//! `graphql-transport-ws`: what runs on a socket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};
use transport::Limits;

use crate::Server;

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(server: &Server, headers: &[(&'static str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{}/graphql", server.address).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value)?);
        }
        Ok(Self(connect_async(request).await?.0))
    }

    pub async fn connect(server: &Server) -> Self {
        Self::open(server, &[("sec-websocket-protocol", "graphql-transport-ws")])
            .await
            .expect("a socket")
    }

    pub async fn ready(server: &Server) -> Self {
        let mut socket = Self::connect(server).await;
        socket
            .send(&json!({ "type": "connection_init", "payload": { "Authorization": "Bearer valid" } }))
            .await;
        assert_eq!(socket.receive().await, json!({ "type": "connection_ack" }));
        socket
    }

    pub async fn send(&mut self, message: &Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .expect("an open socket");
    }

    pub async fn subscribe(&mut self, id: &str, document: &str) {
        self.send(&json!({ "id": id, "type": "subscribe", "payload": { "query": document } }))
            .await;
    }

    pub async fn receive(&mut self) -> Value {
        loop {
            match self.0.next().await.expect("an open socket").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Reads to the end.
    pub async fn close_code(&mut self) -> u16 {
        while let Some(Ok(message)) = self.0.next().await {
            if let Message::Close(frame) = message {
                return frame.expect("a code").code.into();
            }
        }
        0
    }
}

#[tokio::test]
async fn each_kind_of_operation_runs_on_a_socket() {
    let server = Server::start(Limits::default()).await;
    let mut socket = Socket::ready(&server).await;
    let cases = [
        ("{ me }", vec![json!({ "me": "valid" })]),
        ("mutation { touch }", vec![json!({ "touch": true })]),
        (
            "subscription { count(to: 3) }",
            (1..=3).map(|n| json!({ "count": n })).collect(),
        ),
    ];
    for (document, expected) in cases {
        // The id is free again as soon as its operation has completed.
        socket.subscribe("a", document).await;
        for data in expected {
            let message = socket.receive().await;
            assert_eq!(
                (&message["type"], &message["payload"]["data"]),
                (&json!("next"), &data),
                "{document}"
            );
        }
        assert_eq!(
            socket.receive().await,
            json!({ "id": "a", "type": "complete" }),
            "{document}"
        );
    }
}

#[tokio::test]
async fn the_upgrade_request_may_bring_the_credential() {
    let server = Server::start(Limits::default()).await;
    for (credential, expected) in [("Bearer valid", Some("valid")), ("Basic x", None)] {
        let headers = [
            ("sec-websocket-protocol", "graphql-transport-ws"),
            ("authorization", credential),
        ];
        let mut socket = Socket::open(&server, &headers).await.expect("a socket");
        socket.send(&json!({ "type": "connection_init" })).await;
        let Some(name) = expected else {
            assert_eq!(socket.close_code().await, 4403);
            continue;
        };
        socket.receive().await;
        socket.subscribe("a", "{ me }").await;
        assert_eq!(socket.receive().await["payload"]["data"]["me"], name);
    }
}

#[tokio::test]
async fn what_cannot_be_executed_is_an_error_of_its_operation() {
    let server = Server::start(Limits::default()).await;
    let mut socket = Socket::ready(&server).await;
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    let cases = [
        (json!({ "query": "{" }), "GRAPHQL_PARSE_FAILED"),
        (json!({ "query": "{ unknown }" }), "GRAPHQL_VALIDATION_FAILED"),
        (
            json!({ "query": "subscription { unknown }" }),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            json!({ "query": "query($v: Int!) { number(value: $v) }" }),
            "BAD_USER_INPUT",
        ),
        (
            json!({ "query": "mutation { a: signIn b: signIn }" }),
            "QUERY_TOO_COMPLEX",
        ),
        (
            json!({ "query": format!("{{ {} }}", "...{".repeat(64)) }),
            "QUERY_TOO_DEEP",
        ),
        (
            json!({ "query": "{ hello }", "variables": { "a": serde_json::from_str::<Value>(&deep).expect("JSON") } }),
            "QUERY_TOO_DEEP",
        ),
        (json!({ "query": "{ panics }" }), "INTERNAL_SERVER_ERROR"),
        (
            json!({ "query": "subscription { panics }" }),
            "INTERNAL_SERVER_ERROR",
        ),
    ];
    for (payload, code) in cases {
        socket
            .send(&json!({ "id": "a", "type": "subscribe", "payload": payload }))
            .await;
        let message = socket.receive().await;
        assert_eq!(message["type"], "error", "{message}");
        assert_eq!(message["payload"][0]["extensions"]["code"], code, "{message}");
        assert!(!message.to_string().contains("password"), "{message}");
    }
    // A resolver's own refusal is a result.
    socket.subscribe("a", "subscription { denied }").await;
    let message = socket.receive().await;
    assert_eq!(
        (
            &message["type"],
            &message["payload"]["errors"][0]["extensions"]["code"]
        ),
        (&json!("next"), &json!("FORBIDDEN"))
    );
}

#[tokio::test]
async fn complete_from_the_client_frees_the_id() {
    let server = Server::start(Limits {
        operations_per_socket: 2,
        ..Limits::default()
    })
    .await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("a", "subscription { never }").await;
    socket.subscribe("b", "subscription { never }").await;
    socket.subscribe("c", "{ hello }").await;
    let refused = socket.receive().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!("c"), &json!("error")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "RATE_LIMITED");
    socket.send(&json!({ "id": "a", "type": "complete" })).await;
    socket.subscribe("a", "{ hello }").await;
    assert_eq!(socket.receive().await["payload"]["data"]["hello"], "world");
}

#[tokio::test]
async fn pings_go_both_ways() {
    let server = Server::start(Limits {
        keep_alive: Duration::from_millis(20),
        ..Limits::default()
    })
    .await;
    let mut socket = Socket::connect(&server).await;
    assert_eq!(socket.receive().await, json!({ "type": "ping" }));
    socket.send(&json!({ "type": "pong" })).await;
    socket
        .send(&json!({ "type": "ping", "payload": { "a": 1 } }))
        .await;
    loop {
        let message = socket.receive().await;
        if message["type"] == "pong" {
            assert_eq!(message["payload"], json!({ "a": 1 }));
            break;
        }
    }
}
