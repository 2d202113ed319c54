//! `graphql-transport-ws`: how a socket ends, and with which code.

use std::{sync::atomic::Ordering, time::Duration};

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};
use transport::{Limits, Origin};

use crate::{Server, socket::Socket};

#[tokio::test]
async fn what_breaks_the_protocol_closes_the_socket() {
    let server = Server::start(Limits::default()).await;
    let init = json!({ "type": "connection_init" });
    let endless = json!({ "id": "1", "type": "subscribe", "payload": { "query": "subscription { never }" } });
    let wrong = |payload: Value| json!({ "type": "connection_init", "payload": payload });
    let cases = [
        (vec![json!("x")], 4400),
        (vec![json!({ "type": "start" })], 4400),
        (vec![json!({ "id": "1" })], 4400),
        (vec![json!({ "type": "ping", "payload": 1 })], 4400),
        (vec![wrong(json!([]))], 4400),
        (
            vec![
                init.clone(),
                json!({ "type": "subscribe", "payload": { "query": "{ hello }" } }),
            ],
            4400,
        ),
        (
            vec![
                init.clone(),
                json!({ "id": "", "type": "subscribe", "payload": { "query": "{ hello }" } }),
            ],
            4400,
        ),
        (
            vec![
                init.clone(),
                json!({ "id": "1", "type": "subscribe", "payload": { "query": 1 } }),
            ],
            4400,
        ),
        (
            vec![init.clone(), json!({ "id": "1", "type": "subscribe" })],
            4400,
        ),
        (vec![init.clone(), json!({ "type": "complete" })], 4400),
        (vec![endless.clone()], 4401),
        (
            vec![wrong(json!({ "Authorization": "Bearer slow" })), endless.clone()],
            4401,
        ),
        (vec![wrong(json!({ "Authorization": "Bearer wrong" }))], 4403),
        (vec![wrong(json!({ "accessToken": "" }))], 4403),
        (vec![wrong(json!({ "accessToken": "limited" }))], 1013),
        (vec![wrong(json!({ "accessToken": "down" }))], 1013),
        (vec![init.clone(), init.clone()], 4429),
    ];
    for (messages, code) in cases {
        let mut socket = Socket::connect(&server).await;
        for message in &messages {
            socket.send(message).await;
        }
        assert_eq!(socket.close_code().await, code, "{messages:?}");
    }
    let mut socket = Socket::ready(&server).await;
    socket.send(&endless).await;
    socket.send(&endless).await;
    assert_eq!(socket.close_code().await, 4409);
    let mut socket = Socket::connect(&server).await;
    socket
        .0
        .send(Message::binary(init.to_string()))
        .await
        .expect("an open socket");
    assert_eq!(socket.close_code().await, 4400);
}

#[tokio::test]
async fn a_socket_without_the_subprotocol_is_closed() {
    let server = Server::start(Limits::default()).await;
    let mut socket = Socket::open(&server, &[]).await.expect("an upgrade");
    assert_eq!(socket.close_code().await, 4406);
    // This client hangs up by itself when its subprotocol is not taken.
    assert!(
        Socket::open(&server, &[("sec-websocket-protocol", "graphql-ws")])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let server = Server::start(Limits {
        init_time: Duration::from_millis(20),
        ..Limits::default()
    })
    .await;
    assert_eq!(Socket::connect(&server).await.close_code().await, 4408);
}

#[tokio::test]
async fn pages_of_other_hosts_open_no_socket() {
    let server = Server::start(Limits {
        allowed_origins: vec![Origin::read("https://app.test").expect("an origin")],
        ..Limits::default()
    })
    .await;
    let own = format!("http://{}", server.address);
    for (origin, opens) in [
        (own.as_str(), true),
        ("https://app.test", true),
        ("https://evil.test", false),
        ("null", false),
    ] {
        let headers = [
            ("sec-websocket-protocol", "graphql-transport-ws"),
            ("origin", origin),
        ];
        match Socket::open(&server, &headers).await {
            Ok(_) => assert!(opens, "{origin}"),
            Err(Error::Http(response)) => assert!(!opens && response.status() == 403, "{origin}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_socket_closes_with_its_credential_and_with_the_server() {
    let server = Server::start(Limits::default()).await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("a", "subscription { once }").await;
    socket.receive().await;
    server.revoke();
    assert_eq!(socket.close_code().await, 4403);

    let server = Server::start(Limits::default()).await;
    let (mut ready, mut waiting) = (Socket::ready(&server).await, Socket::connect(&server).await);
    ready.subscribe("a", "subscription { never }").await;
    server.shutdown.cancel();
    assert_eq!(
        (ready.close_code().await, waiting.close_code().await),
        (1001, 1001)
    );
}

/// A client that asks for everything and reads nothing costs what fits into the queue and into the
/// kernel, however often its operation gets a turn.
#[tokio::test]
async fn operations_wait_for_a_socket_that_is_not_read() {
    let server = Server::start(Limits::default()).await;
    let mut socket = Socket::ready(&server).await;
    socket.subscribe("a", "subscription { flood }").await;
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
    let produced = server.flood.produced.load(Ordering::Relaxed);
    assert!(
        produced > 0 && produced < 30_000,
        "{produced} kilobytes were produced"
    );
}

/// It is given up in the end.
#[tokio::test]
async fn a_socket_that_is_not_read_is_given_up() {
    let short = Duration::from_millis(50);
    let server = Server::start(Limits {
        write_time: short,
        linger_time: short,
        ..Limits::default()
    })
    .await;
    let mut socket = Socket::ready(&server).await;
    let mut dropped = server.flood.dropped.subscribe();
    socket.subscribe("a", "subscription { flood }").await;
    dropped.wait_for(|dropped| *dropped).await.expect("the server");
}

/// Its credential ends nevertheless.
#[tokio::test]
async fn a_socket_that_is_not_read_ends_with_its_credential() {
    let server = Server::start(Limits {
        linger_time: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let mut socket = Socket::ready(&server).await;
    let mut dropped = server.flood.dropped.subscribe();
    socket.subscribe("a", "subscription { flood }").await;
    socket.receive().await;
    server.revoke();
    dropped.wait_for(|dropped| *dropped).await.expect("the server");
}
