//! Serves a simulator on loopback. Written on hyper directly because a simulated gateway must be able
//! to cut a connection without an answer, which a router's infallible service cannot.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Until the next try, when the machine has nothing left for another connection.
const OUT_OF_RESOURCES: Duration = Duration::from_millis(100);

/// Put into a response's extensions: close the connection instead of sending it.
#[derive(Clone, Copy)]
pub(super) struct CutConnection;

#[derive(Debug, thiserror::Error)]
#[error("the simulated gateway cuts the connection")]
struct Cut;

/// Binds to the given port of 127.0.0.1, or to a free one.
pub(super) async fn bind(port: u16) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("the gateway simulator cannot listen on port {port}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until the token is cancelled; open connections are dropped then, like a gateway that dies.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, router.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the gateway simulator could not accept a connection");
                    tokio::time::sleep(OUT_OF_RESOURCES).await;
                }
            },
        }
    }
}

async fn serve_connection(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move { answer_or_cut(router.oneshot(request.map(Body::new)).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // With a timer a head has to come within half a minute.
    builder.http1().timer(TokioTimer::new());
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection to the gateway simulator ended");
    }
}

fn answer_or_cut(answer: Result<Response, Infallible>) -> Result<Response, Cut> {
    let Ok(response) = answer;
    if response.extensions().get::<CutConnection>().is_some() {
        return Err(Cut);
    }
    Ok(response)
}
