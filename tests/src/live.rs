//! Following live, as a partner does: over `graphql-transport-ws` and over event streams.

use std::time::Duration;

use futures::{SinkExt, StreamExt, stream::BoxStream};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::client::Client;

/// Longer than anything takes: what has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a message that must not come is waited for.
const SILENCE: Duration = Duration::from_millis(300);

/// An open subscription of either kind.
pub enum Live {
    Socket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    Stream {
        bytes: BoxStream<'static, Vec<u8>>,
        read: String,
    },
}

impl Live {
    /// Subscribes over a WebSocket with `graphql-transport-ws`.
    pub async fn socket(client: &Client, query: &str, variables: Value) -> Self {
        let url = format!("{}/graphql", client.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("an address");
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (mut socket, _) = connect_async(request).await.expect("a socket");
        let token = client.token.clone().unwrap_or_default();
        let init =
            json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } });
        send(&mut socket, &init).await;
        let mut live = Self::Socket(Box::new(socket));
        assert_eq!(live.message().await["type"], "connection_ack");
        if let Self::Socket(socket) = &mut live {
            let payload = json!({ "query": query, "variables": variables });
            send(
                socket,
                &json!({ "type": "subscribe", "id": "1", "payload": payload }),
            )
            .await;
        }
        live
    }

    /// Subscribes over server-sent events.
    pub async fn stream(client: &Client, query: &str, variables: Value) -> Self {
        let request = reqwest::Client::new()
            .post(format!("{}/graphql", client.url))
            .header("accept", "text/event-stream")
            .bearer_auth(client.token.clone().unwrap_or_default())
            .json(&json!({ "query": query, "variables": variables }));
        let response = request.send().await.expect("an answer");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let bytes = response
            .bytes_stream()
            .map(|chunk| chunk.expect("a chunk").to_vec());
        Self::Stream {
            bytes: bytes.boxed(),
            read: String::new(),
        }
    }

    /// The next result: `{"data": …}` or `{"errors": …}`.
    pub async fn next(&mut self) -> Value {
        let message = self.message().await;
        match message["type"].as_str() {
            Some("next") => message["payload"].clone(),
            Some("error") => json!({ "errors": message["payload"] }),
            _ => panic!("not a result: {message}"),
        }
    }

    /// The next result, unless there is silence.
    pub async fn next_if_any(&mut self) -> Option<Value> {
        tokio::time::timeout(SILENCE, self.next()).await.ok()
    }

    /// Waits for the server's end of it, whatever comes before: a socket's close code, a stream's error code.
    pub async fn ended(mut self) -> String {
        let ending = async {
            loop {
                match &mut self {
                    Self::Socket(socket) => {
                        let message = socket.next().await.expect("an end").expect("a message");
                        if let Message::Close(frame) = message {
                            return frame.expect("a code").code.to_string();
                        }
                    }
                    Self::Stream { .. } => {
                        let message = self.receive().await;
                        if let Some(code) = message["payload"]["errors"][0]["extensions"]["code"].as_str() {
                            return code.to_owned();
                        }
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, ending).await.expect("it goes on")
    }

    async fn message(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.receive())
            .await
            .expect("nothing comes")
    }

    async fn receive(&mut self) -> Value {
        match self {
            Self::Socket(socket) => loop {
                match socket
                    .next()
                    .await
                    .expect("the socket is open")
                    .expect("a message")
                {
                    Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("the socket says {other:?}"),
                }
            },
            Self::Stream { bytes, read } => loop {
                if let Some((event, rest)) = read.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    *read = rest;
                    if let Some(data) = event.strip_prefix("event: next\ndata: ") {
                        let payload: Value = serde_json::from_str(data).expect("JSON");
                        return json!({ "type": "next", "payload": payload });
                    }
                    assert!(event.starts_with(':'), "the stream says {event}");
                    continue;
                }
                let more = bytes.next().await.expect("the stream is open");
                read.push_str(&String::from_utf8_lossy(&more));
            },
        }
    }
}

async fn send(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, message: &Value) {
    let message = Message::text(message.to_string());
    socket.send(message).await.expect("the socket takes it");
}
