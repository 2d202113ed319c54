//! One HTTP request: who may send it in which form, and the answer in the form that the client
//! reads.

use std::panic::AssertUnwindSafe;

use async_graphql::{Executor, parser::types::OperationType};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use futures::{FutureExt, StreamExt};
use tracing::Instrument;

use super::{
    GraphqlService,
    answer::{Answer, refuse},
    caller::Call,
    errors, events,
    negotiation::{Accepted, Media, require_json},
    params::Params,
    refusal::{Refusal, codes},
    socket,
    trace::TraceId,
};
use crate::connections::is_too_late;

const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");

pub(super) async fn serve<E: Executor>(
    State(service): State<GraphqlService<E>>,
    request: Request,
) -> Response {
    let trace = TraceId::of(request.headers());
    let span = tracing::info_span!("graphql", trace_id = %trace);
    let answered = AssertUnwindSafe(dispatch(service, request, &trace))
        .catch_unwind()
        .instrument(span)
        .await;
    let mut response =
        answered.unwrap_or_else(|panic| errors::panicked(&*panic, &trace).into_http(Media::LegacyJson));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(trace.as_str()) {
        headers.insert(TRACE_HEADER, value);
    }
    response
}

async fn dispatch<E: Executor>(service: GraphqlService<E>, request: Request, trace: &TraceId) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::CONNECT || (parts.method == Method::GET && asks_for_websocket(&parts.headers))
    {
        return socket::upgrade(service, parts, trace).await;
    }
    let accepted = match Accepted::read(&parts.headers) {
        Ok(accepted) => accepted,
        Err(refusal) => return refuse(&refusal, Media::LegacyJson),
    };
    match answer(&service, &parts, body, accepted, trace).await {
        Ok(response) => response,
        // A page that reads events cannot read the body of another status; it learns what is wrong
        // with its document from the stream.
        Err(refusal) if refusal.status.is_none() && accepted.prefers_events() => {
            events::single(&Answer::refused(&refusal))
        }
        Err(refusal) => refuse(&refusal, accepted.media()),
    }
}

async fn answer<E: Executor>(
    service: &GraphqlService<E>,
    parts: &Parts,
    body: Body,
    accepted: Accepted,
    trace: &TraceId,
) -> Result<Response, Refusal> {
    let by_get = match parts.method {
        Method::GET => true,
        Method::POST => false,
        _ => {
            return Err(Refusal::method(
                "GET, POST",
                "Send GraphQL requests by GET or POST.",
            ));
        }
    };
    if !by_get {
        require_json(&parts.headers)?;
    }
    let call = Call::read(parts, trace)?;
    let most = if call.credential.is_some() {
        service.limits.known_body_bytes
    } else {
        service.limits.body_bytes
    };
    let caller = service.authenticate(call).await?;
    let params = if by_get {
        Params::from_query_string(parts.uri.query().unwrap_or_default(), &service.limits)?
    } else {
        Params::from_json(
            &read_body(service, &parts.headers, body, most).await?,
            &service.limits,
        )?
    };
    let prepared = service.prepare(params, &caller, trace.clone())?;
    match prepared.kind {
        OperationType::Mutation if by_get => return Err(Refusal::method("POST", "Send mutations by POST.")),
        OperationType::Subscription if !accepted.takes_events() => {
            return Err(Refusal::http(
                StatusCode::NOT_ACCEPTABLE,
                codes::BAD_REQUEST,
                "Subscriptions are served as text/event-stream, or over a WebSocket with graphql-transport-ws.",
            ));
        }
        OperationType::Subscription => {}
        OperationType::Query | OperationType::Mutation if accepted.prefers_events() => {}
        OperationType::Query | OperationType::Mutation => {
            return Ok(service.execute(prepared).await.into_http(accepted.media()));
        }
    }
    Ok(events::stream(service, prepared, &caller))
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers
        .get(header::UPGRADE)
        .is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

async fn read_body<E: Executor>(
    service: &GraphqlService<E>,
    headers: &HeaderMap,
    body: Body,
    most: usize,
) -> Result<Vec<u8>, Refusal> {
    let too_large = || {
        let message = format!("The body is larger than {most} bytes.");
        Refusal::http(StatusCode::PAYLOAD_TOO_LARGE, codes::QUERY_TOO_LONG, message)
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|len| len > most) {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let reading = async {
        let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                if is_too_late(&error) {
                    too_slow()
                } else {
                    Refusal::malformed("The body was cut off.")
                }
            })?;
            if bytes.len() + chunk.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(service.limits.request_time, reading)
        .await
        .unwrap_or_else(|_| Err(too_slow()))
}

fn too_slow() -> Refusal {
    let message = "The body took too long to arrive.";
    Refusal::http(StatusCode::REQUEST_TIMEOUT, codes::TIMEOUT, message)
}
