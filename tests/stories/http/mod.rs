//! What is served beside the answers: probes, pages, limits, and errors that tell nothing of the inside.

mod connections;
mod hanging_up;
mod limits;
mod pages;
mod prefix;

use std::sync::Arc;

use api::server::{self, Server};
use metrics_exporter_prometheus::PrometheusBuilder;
use tests::{client::Client, stage::Stage};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transport::{Limits, graphiql::Tab};

/// The stage's app on a port of its own, set up differently.
async fn server(stage: &Stage, change: impl FnOnce(&mut Server)) -> (Client, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let shutdown = CancellationToken::new();
    let server = build(stage, &shutdown, change);
    tokio::spawn(server::serve(
        listener,
        server.router().expect("the router"),
        shutdown.clone(),
    ));
    (Client::new(&url, stage.admin.token.clone()), shutdown)
}

/// What serves the stage's app, set up differently.
fn build(stage: &Stage, shutdown: &CancellationToken, change: impl FnOnce(&mut Server)) -> Server {
    let mut server = Server {
        app: stage.app.clone(),
        limits: Limits::default(),
        trusted_proxies: Vec::new(),
        introspection: true,
        tabs: Vec::<Tab>::new(),
        mailbox: true,
        metrics: Some(PrometheusBuilder::new().build_recorder().handle()),
        ready: Arc::new(|| true),
        shutdown: shutdown.clone(),
    };
    change(&mut server);
    server
}

/// Status and text of a page.
async fn get(url: &str) -> (u16, String) {
    let response = reqwest::get(url).await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a text"))
}
