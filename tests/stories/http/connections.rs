//! Clients that take their time: whoever sends slowly, reads slowly or says nothing loses the connection, and takes
//! nobody's place.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tests::{client::Client, live::Live, stage::Stage};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use transport::connections::{self, ConnectionLimits};

use super::{build, get};

/// Short enough for a test, long enough for a busy machine to answer in.
const SHORT: Duration = Duration::from_millis(300);
/// Longer than a story takes.
const LONG: Duration = Duration::from_mins(10);

fn patient() -> ConnectionLimits {
    ConnectionLimits {
        head_time: LONG,
        idle_time: LONG,
        body_time: LONG,
        write_time: LONG,
        grace: LONG,
        ..ConnectionLimits::default()
    }
}

struct Served {
    address: String,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

impl Served {
    async fn with(stage: &Stage, limits: ConnectionLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let stop = CancellationToken::new();
        let router = build(stage, &stop, |_| {}).router().expect("the router");
        let ended = tokio::spawn(connections::serve(listener, router, limits, stop.clone()));
        Self { address, stop, ended }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.expect("a connection")
    }

    /// A connection on which this was sent.
    async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream
            .write_all(bytes.as_bytes())
            .await
            .expect("an open connection");
        stream
    }

    async fn is_alive(&self) {
        let healthy = get(&format!("http://{}/healthz", self.address)).await;
        assert_eq!(healthy, (200, "ok\n".into()));
    }
}

/// What comes until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is cut has no more to say either.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer without a body that could be longer than this.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let length = stream.read(&mut bytes).await.expect("an answer");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nhost: shop.test\r\n\r\n";

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let stage = Stage::new().await;
    let limits = ConnectionLimits {
        head_time: SHORT,
        ..patient()
    };
    let served = Served::with(&stage, limits).await;
    for begun in [
        "",
        "G",
        "GET /healthz HTTP/1.1\r\n",
        "GET /healthz HTTP/1.1\r\nhost: shop.test\r\nx-pad: ",
        "POST /webhooks/stripe HTTP/1.1\r\ncontent-length: 5\r\n",
        "PRI * HTTP/2.0",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = served.send(begun).await;
        let said = rest(&mut stream).await;
        assert!(!said.contains("200 OK"), "{begun:?}: {said}");
    }
    // The second on a connection has no more time than the first.
    let mut stream = served.send(HEALTHZ).await;
    assert!(answer(&mut stream).await.contains("200 OK"));
    stream.write_all(b"GET /he").await.expect("an open connection");
    assert_eq!(rest(&mut stream).await, "");
    // A byte now and then is not a head either.
    let mut stream = served.send("GET /healthz HTTP/1.1\r\nx-pad: ").await;
    let mut now_and_then = tokio::time::interval(SHORT / 10);
    let mut sent = 0_u32;
    while stream.write_all(b"x").await.is_ok() {
        sent += 1;
        now_and_then.tick().await;
    }
    assert!(sent > 2, "it was open at first");
    served.is_alive().await;
    stage.end().await;
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_head_may_take() {
    let stage = Stage::new().await;
    let limits = ConnectionLimits {
        head_time: SHORT,
        idle_time: SHORT * 4,
        ..patient()
    };
    let served = Served::with(&stage, limits).await;
    let mut idle = served.send(HEALTHZ).await;
    answer(&mut idle).await;
    let mut silent = served.connect().await;
    rest(&mut silent).await;
    // The other one was begun later, had to say something at once, and is closed already.
    idle.write_all(HEALTHZ.as_bytes())
        .await
        .expect("an open connection");
    assert!(answer(&mut idle).await.contains("200 OK"));
    assert_eq!(rest(&mut idle).await, "", "but not for ever");
    stage.end().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_told_so() {
    let stage = Stage::new().await;
    let limits = ConnectionLimits {
        body_time: SHORT,
        ..patient()
    };
    let served = Served::with(&stage, limits).await;
    let json = "content-type: application/json\r\n";
    for (path, how) in [
        ("/webhooks/stripe", "content-length: 500\r\n\r\n{\"id\":"),
        (
            "/webhooks/stripe",
            "transfer-encoding: chunked\r\n\r\n3\r\n{\"i\r\n",
        ),
        ("/webhooks/mercadopago", "content-length: 500\r\n\r\n"),
        (
            "/webhooks/mercadopago",
            "transfer-encoding: chunked\r\n\r\n500\r\n{",
        ),
        ("/graphql", "content-length: 500\r\n\r\n{\"query\":"),
        ("/graphql", "transfer-encoding: chunked\r\n\r\n"),
    ] {
        let mut stream = served
            .send(&format!("POST {path} HTTP/1.1\r\nhost: shop.test\r\n{json}{how}"))
            .await;
        let said = rest(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 408 "), "{path} {how:?}: {said}");
        assert_eq!(path == "/graphql", said.contains("TIMEOUT"), "{said}");
    }
    served.is_alive().await;
    stage.end().await;
}

/// Time-outs are long here: it is the newcomer for whom they have to go.
#[tokio::test]
async fn whoever_waits_for_nothing_makes_room_for_who_asks() {
    let stage = Stage::new().await;
    let limits = ConnectionLimits {
        total: 16,
        per_address: 8,
        ..patient()
    };
    let served = Served::with(&stage, limits).await;
    let admin = Client::new(&format!("http://{}", served.address), stage.admin.token.clone());
    let created = "subscription { events(topics: [USER_CREATED]) { topic } }";
    let mut socket = Live::socket(&admin, created, json!({})).await;
    let mut stream = Live::stream(&admin, created, json!({})).await;
    for begun in [
        "",
        "GET /healthz HTTP/1.1\r\nhost: shop.test\r\n",
        "POST /webhooks/stripe HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 500\r\n\r\n{",
        "POST /graphql HTTP/1.1\r\nhost: shop.test\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{",
        // Sockets of nobody: the upgrade, and nothing after it.
        "GET /graphql HTTP/1.1\r\nhost: shop.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: graphql-transport-ws\r\n\r\n",
    ] {
        let mut held = Vec::new();
        for _ in 0..40 {
            held.push(served.send(begun).await);
        }
        served.is_alive().await;
        let ready = get(&format!("http://{}/readyz", served.address)).await;
        assert_eq!(ready, (200, "ready\n".into()), "{begun:?}");
        // The first to come was the first to go.
        rest(&mut held[0]).await;
    }
    // Whom we know has kept the connection through all of it.
    stage.customer("ana@shop.test").await;
    stage.announce().await;
    for live in [&mut socket, &mut stream] {
        assert_eq!(live.next().await["data"]["events"]["topic"], "USER_CREATED");
    }
    stage.end().await;
}

#[tokio::test]
async fn whoever_does_not_read_the_answer_is_left() {
    let stage = Stage::new().await;
    let limits = ConnectionLimits {
        write_time: SHORT,
        ..patient()
    };
    let served = Served::with(&stage, limits).await;
    let page = get(&format!("http://{}/", served.address)).await.1;
    let script = page
        .split('"')
        .find(|part| part.contains("/graphiql.min.js"))
        .expect("the largest file");
    let request = format!("GET {script} HTTP/1.1\r\nhost: shop.test\r\n\r\n");
    let mut stream = served.connect().await;
    // Until our questions are no longer taken, because the answers are not.
    while stream.write_all(request.as_bytes()).await.is_ok() {}
    served.is_alive().await;
    stage.end().await;
}

#[tokio::test]
async fn the_end_does_not_wait_for_those_who_hang() {
    let stage = Stage::new().await;
    let limits = ConnectionLimits {
        grace: SHORT * 3,
        ..patient()
    };
    let served = Served::with(&stage, limits).await;
    let mut held = Vec::new();
    for begun in [
        "",
        "GET /healthz HT",
        "POST /webhooks/stripe HTTP/1.1\r\nhost: shop.test\r\ncontent-length: 500\r\n\r\n{",
        "POST /webhooks/stripe HTTP/1.1\r\nhost: shop.test\r\ntransfer-encoding: chunked\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        held.push(served.send(begun).await);
    }
    served.is_alive().await;
    served.stop.cancel();
    served.ended.await.expect("the end");
    assert!(
        TcpStream::connect(&served.address).await.is_err(),
        "nobody listens any more"
    );
    for stream in &mut held {
        rest(stream).await;
    }
    stage.end().await;
}

#[tokio::test]
async fn the_end_waits_for_what_has_begun() {
    let stage = Stage::new().await;
    let served = Served::with(&stage, patient()).await;
    let document = json!({ "query": "{ viewer { scopes } }" }).to_string();
    let (first, second) = document.split_at(9);
    let mut stream = served
        .send(&format!(
            "POST /graphql HTTP/1.1\r\nhost: shop.test\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{first}",
            document.len()
        ))
        .await;
    let mut idle = served.send(HEALTHZ).await;
    answer(&mut idle).await;
    served.stop.cancel();
    // Whoever asks for nothing is told first.
    assert_eq!(rest(&mut idle).await, "");
    stream
        .write_all(second.as_bytes())
        .await
        .expect("an open connection");
    let said = rest(&mut stream).await;
    assert!(
        said.starts_with("HTTP/1.1 200 ") && said.contains("viewer"),
        "{said}"
    );
    served.ended.await.expect("the end");
    stage.end().await;
}

/// The address of a proxy is that of many people.
#[tokio::test]
async fn a_trusted_proxy_is_not_counted_as_one_address() {
    let stage = Stage::new().await;
    let limits = ConnectionLimits {
        per_address: 2,
        unbounded: vec!["127.0.0.0/8".parse().expect("a network")],
        ..patient()
    };
    let served = Arc::new(Served::with(&stage, limits).await);
    let mut kept = Vec::new();
    for _ in 0..20 {
        let mut stream = served.send(HEALTHZ).await;
        answer(&mut stream).await;
        kept.push(stream);
    }
    for stream in &mut kept {
        stream
            .write_all(HEALTHZ.as_bytes())
            .await
            .expect("an open connection");
        assert!(answer(stream).await.contains("200 OK"));
    }
    stage.end().await;
}
