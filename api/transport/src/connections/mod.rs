//! Connections and those who hold them: nobody who sends slowly, reads slowly or says nothing takes the place of
//! somebody who asks. Written on hyper directly, because axum's own `serve` has no time-outs and no bounds.
//!
//! ```text
//! accepted ──head──▶ in work ──answer taken──▶ idle ──head──▶ …
//!    │ head_time       │ body_time, write_time    │ idle_time, head_time from the first byte on
//!    └─────────────────┴────────── closed ────────┘
//! ```
//!
//! While a connection waits for its client it may have to make room: when a bound is reached, the one that has
//! waited longest is closed for the newcomer.

mod bodies;
mod door;
mod limits;
mod standing;
mod stream;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, Request, Response, StatusCode, Version, header},
};
use hyper::body::{Body as _, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::Service;

pub use self::{
    bodies::is_too_late,
    limits::{ConnectionLimits, raise_open_files},
    standing::InWork,
};
use self::{
    bodies::{Arriving, Departing},
    door::{Door, Place},
    standing::Standing,
    stream::Watched,
};

/// Until the next try, when the machine has no descriptor or no memory for another connection.
const OUT_OF_RESOURCES: Duration = Duration::from_millis(20);
/// For clients of connections on which nothing is asked to take notice of the end.
const FAREWELL: Duration = Duration::from_millis(500);

/// Serves until `shutdown`, then lets what has begun come to its end within [`ConnectionLimits::grace`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: CancellationToken,
) {
    let limits = Arc::new(limits.within_open_files());
    let builder = Arc::new(protocols(&limits));
    let door = Arc::new(Door::new(Arc::clone(&limits)));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(place) = door.admit(peer.ip()) else {
                    continue;
                };
                // Answers are small: waiting to fill a packet would only make them late.
                let _ = stream.set_nodelay(true);
                let attended = Attended {
                    builder: Arc::clone(&builder),
                    router: router.clone(),
                    limits: Arc::clone(&limits),
                    shutdown: shutdown.clone(),
                };
                tokio::spawn(attended.until_the_end(stream, peer, place));
            }
            // The client has changed its mind meanwhile.
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                door.make_room(&error);
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = tokio::time::sleep(OUT_OF_RESOURCES) => {}
                }
            }
        }
    }
    drop(listener);
    door.close().await;
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// HTTP/1.1 and HTTP/2 with little memory for what is not a request yet. The heads' time is watched in [`Watched`]:
/// hyper's own takes a connection that is idle for one whose head is late.
fn protocols(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(limits.head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        // WebSockets over HTTP/2.
        .enable_connect_protocol()
        .keep_alive_interval(limits.ping_every)
        .keep_alive_timeout(limits.head_time)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .initial_connection_window_size(limits.window_bytes)
        .initial_stream_window_size(limits.window_bytes)
        .max_send_buf_size(limits.head_bytes);
    builder
}

/// What one connection is served with.
struct Attended {
    builder: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    limits: Arc<ConnectionLimits>,
    shutdown: CancellationToken,
}

impl Attended {
    async fn until_the_end(self, stream: TcpStream, peer: SocketAddr, place: Place) {
        let standing = place.standing();
        let given_up = standing.given_up.clone();
        let io = TokioIo::new(Watched::new(stream, place, Arc::clone(&self.limits)));
        let (router, limits, requests) = (self.router, self.limits, Arc::clone(&standing));
        let service = hyper::service::service_fn(move |request| {
            answer(
                router.clone(),
                Arc::clone(&requests),
                Arc::clone(&limits),
                peer,
                request,
            )
        });
        let serving = async {
            let connection = self.builder.serve_connection_with_upgrades(io, service);
            tokio::pin!(connection);
            tokio::select! {
                ended = connection.as_mut() => return ended,
                () = self.shutdown.cancelled() => {}
            }
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(FAREWELL, connection.as_mut()).await {
                Ok(ended) => ended,
                // Half a head is nothing that has begun.
                Err(_) if standing.is_idle() => Ok(()),
                Err(_) => connection.await,
            }
        };
        tokio::select! {
            ended = serving => if let Err(error) = ended {
                tracing::debug!(%error, %peer, "a connection ended");
            },
            () = given_up.cancelled() => {}
        }
    }
}

async fn answer(
    mut router: Router,
    standing: Arc<Standing>,
    limits: Arc<ConnectionLimits>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Departing>, Infallible> {
    let version = request.version();
    let work = InWork::begin(standing, version == Version::HTTP_2);
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(ConnectInfo(peer));
    parts.extensions.insert(work.clone());
    let (body, late) = if body.is_end_stream() {
        (Body::empty(), None)
    } else {
        let body = Arriving::new(body, work.clone(), limits);
        let late = body.late();
        (Body::new(body), Some(late))
    };
    let Ok(mut response) = router.call(Request::from_parts(parts, body)).await;
    if late.is_some_and(|late| late.is_set()) && is_error(response.status()) {
        response = too_late(response, version);
    }
    Ok(response.map(|body| Departing::new(body, work)))
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Whoever reads a body cannot tell a slow client from one that is gone; here it is known.
fn too_late(mut response: Response<Body>, version: Version) -> Response<Body> {
    if response.status() != StatusCode::REQUEST_TIMEOUT {
        response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    }
    if version != Version::HTTP_2 {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
