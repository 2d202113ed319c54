//! A planted bug: something between us and the gateways that makes a new key of each request and shows no
//! refund to who asks. Whoever sends twice through it refunds twice.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

struct Forgetful {
    gateway: String,
    http: reqwest::Client,
    requests: AtomicU64,
}

/// Stands before a gateway. Its own address.
pub async fn before(gateway: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let state = Arc::new(Forgetful {
        gateway: gateway.to_owned(),
        http: reqwest::Client::new(),
        requests: AtomicU64::new(0),
    });
    let router = Router::new().fallback(pass_on).with_state(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn pass_on(State(it): State<Arc<Forgetful>>, request: Request) -> Response {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |it| it.as_str())
        .to_owned();
    if request.method() == Method::GET && path.contains("refunds") {
        // An empty list in Stripe's words; MercadoPago's is the bare array.
        let empty = if path.starts_with("/v1/refunds") {
            r#"{"object":"list","data":[],"has_more":false,"url":"/v1/refunds"}"#
        } else {
            "[]"
        };
        return ([(header::CONTENT_TYPE, "application/json")], empty).into_response();
    }
    let number = it.requests.fetch_add(1, Ordering::Relaxed);
    let (parts, body) = request.into_parts();
    let body: Bytes = to_bytes(body, 1 << 20).await.expect("a small body");
    let mut sent = it
        .http
        .request(parts.method, format!("{}{path}", it.gateway))
        .body(body);
    for (name, value) in &parts.headers {
        match name.as_str() {
            "host" | "content-length" => {}
            "idempotency-key" | "x-idempotency-key" => sent = sent.header(name, format!("another-{number}")),
            _ => sent = sent.header(name, value),
        }
    }
    let Ok(answer) = sent.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
