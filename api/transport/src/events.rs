//! Subscriptions for clients behind proxies that know only HTTP: `graphql-sse` in its mode of
//! distinct connections, one stream for one operation.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_graphql::Executor;
use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use futures::{FutureExt, Stream, StreamExt, future, stream};

use super::{GraphqlService, answer::Answer, caller::Caller, operation::Prepared};

/// All results of an operation. The stream ends early without `complete` when the server shuts down,
/// which makes clients come back, and with a last error when the credential ends.
pub(super) fn stream<E: Executor>(
    service: &GraphqlService<E>,
    prepared: Prepared,
    caller: &Caller,
) -> Response {
    let shutdown = service.shutdown.clone();
    let revoked = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&revoked);
    let ended = caller.ended().map(move |()| mark.store(true, Ordering::Relaxed));
    let stop = future::select(shutdown.clone().cancelled_owned().boxed(), ended);

    let last = stream::once(async move {
        if shutdown.is_cancelled() {
            Vec::new()
        } else if revoked.load(Ordering::Relaxed) {
            vec![next(&Answer::credential_ended()), complete()]
        } else {
            vec![complete()]
        }
    });
    let events = service
        .results(prepared)
        .map(|answer| next(&answer))
        .take_until(stop)
        .chain(last.flat_map(stream::iter));
    respond(kept_alive(events, service.limits.keep_alive))
}

/// A result that is known already.
pub(super) fn single(answer: &Answer) -> Response {
    respond(stream::iter([next(answer), complete()]))
}

fn next(answer: &Answer) -> Bytes {
    format!("event: next\ndata: {}\n\n", answer.to_json()).into()
}

/// With an empty `data`: browsers drop an event that has none.
fn complete() -> Bytes {
    Bytes::from_static(b"event: complete\ndata:\n\n")
}

/// Comments while there is no event, so that nobody in between takes the stream for dead.
fn kept_alive(
    events: impl Stream<Item = Bytes> + Send + 'static,
    interval: Duration,
) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::unfold(Box::pin(events), move |mut events| async move {
        let event = match tokio::time::timeout(interval, events.next()).await {
            Ok(event) => event?,
            Err(_) => Bytes::from_static(b":\n\n"),
        };
        Some((event, events))
    })
}

fn respond(events: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(events.map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    // nginx would keep events back until its buffer is full.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}
