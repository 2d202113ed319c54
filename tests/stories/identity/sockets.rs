//! An open WebSocket ends with the token that opened it.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tests::{
    client::Client,
    stage::{ADMIN, PASSWORD, Stage, text},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A revocation acts within a second; a busy machine may take longer to say so.
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(client: &Client) -> Socket {
    let mut request = format!("{}/graphql", client.url.replace("http", "ws"))
        .into_client_request()
        .expect("a request");
    request.headers_mut().insert(
        "sec-websocket-protocol",
        "graphql-transport-ws".parse().expect("a header"),
    );
    let token = client.token.clone().expect("a token");
    let (mut socket, _) = connect_async(request).await.expect("a socket");
    send(
        &mut socket,
        json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } }),
    )
    .await;
    assert_eq!(next(&mut socket).await["type"], "connection_ack");
    let query = "subscription { events { topic } }";
    send(
        &mut socket,
        json!({ "id": "1", "type": "subscribe", "payload": { "query": query } }),
    )
    .await;
    socket
}

async fn send(socket: &mut Socket, message: Value) {
    socket
        .send(Message::text(message.to_string()))
        .await
        .expect("sent");
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        match timeout(PATIENCE, socket.next())
            .await
            .expect("in time")
            .expect("open")
            .expect("a message")
        {
            Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
            Message::Close(frame) => return json!({ "closed": frame.map(|frame| u16::from(frame.code)) }),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_signed_out_socket_is_closed() {
    let stage = Stage::new().await;
    let client = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    let mut socket = open(&client).await;
    client
        .ask("mutation { signOut { userErrors { code } } }", json!({}))
        .await
        .data();
    assert_eq!(next(&mut socket).await, json!({ "closed": 4403 }));
    stage.end().await;
}

#[tokio::test]
async fn a_revoked_or_expired_keys_socket_is_closed() {
    let stage = Stage::new().await;
    let input = json!({ "name": "x", "scopes": ["events.read"], "expiresAt": "2026-03-02T13:00:00.000Z" });
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let made = stage
            .admin
            .mutate(
                "apiKeyCreate",
                "ApiKeyCreateInput",
                input.clone(),
                "apiKey { id } secret",
            )
            .await;
        let made = made.accepted();
        let key = Client::new(&stage.url, Some(text(&made["secret"])));
        sockets.push((open(&key).await, made["apiKey"]["id"].clone()));
    }
    let (mut revoked, id) = sockets.remove(0);
    stage
        .admin
        .mutate("apiKeyRevoke", "ApiKeyRevokeInput", json!({ "apiKeyId": id }), "")
        .await
        .accepted();
    assert_eq!(next(&mut revoked).await, json!({ "closed": 4403 }));
    stage.pass(chrono::TimeDelta::hours(1));
    assert_eq!(next(&mut sockets[0].0).await, json!({ "closed": 4403 }));
    stage.end().await;
}
