//! The transport with the small schema of its tests, for the audit and the clients in `tests/audit`:
//! `cargo run -p transport --example transport -- 127.0.0.1:4000`.

#[path = "../tests/protocol/schema.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod schema;

#[tokio::main]
async fn main() {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:4000".to_owned());
    let server = schema::Server::listen(&address, transport::Limits::default()).await;
    println!("{}", server.url());
    std::future::pending::<()>().await;
}
