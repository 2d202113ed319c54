//! Partners follow changes over a WebSocket with `graphql-transport-ws`: who may open one, and what
//! it is called when it ends.

mod messages;
mod operations;
mod outbox;
mod session;

use async_graphql::Executor;
use axum::{
    extract::{
        FromRequestParts, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{StatusCode, request::Parts},
    response::Response,
};

use super::{
    GraphqlService,
    answer::refuse,
    caller::Call,
    negotiation::Media,
    refusal::{Refusal, codes},
    trace::TraceId,
};
use crate::{connections::InWork, origin};
use session::Session;

const PROTOCOL: &str = "graphql-transport-ws";

/// Why a socket is closed, as `graphql-transport-ws` numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    /// The server shuts down; connect again.
    GoingAway,
    /// Too many calls, or identity does not answer; try again later.
    TryAgainLater,
    InvalidMessage(&'static str),
    Unauthorized,
    Forbidden,
    SubprotocolNotAcceptable,
    InitTimeout,
    DuplicateSubscriber,
    TooManyInits,
}

impl From<Close> for CloseFrame {
    fn from(close: Close) -> Self {
        let (code, reason) = match close {
            Close::GoingAway => (1001, "Going away"),
            Close::TryAgainLater => (1013, "Try again later"),
            Close::InvalidMessage(what) => (4400, what),
            Close::Unauthorized => (4401, "Unauthorized"),
            Close::Forbidden => (4403, "Forbidden"),
            Close::SubprotocolNotAcceptable => (4406, "Subprotocol not acceptable"),
            Close::InitTimeout => (4408, "Connection initialisation timeout"),
            Close::DuplicateSubscriber => (4409, "Subscriber already exists"),
            Close::TooManyInits => (4429, "Too many initialisation requests"),
        };
        Self {
            code,
            reason: reason.into(),
        }
    }
}

pub(super) async fn upgrade<E: Executor>(
    service: GraphqlService<E>,
    mut parts: Parts,
    trace: &TraceId,
) -> Response {
    if !origin::allowed(&parts, &service.limits.allowed_origins) {
        let message = "Pages of this origin may not open a WebSocket.";
        return refuse(
            &Refusal::http(StatusCode::FORBIDDEN, codes::FORBIDDEN, message),
            Media::LegacyJson,
        );
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let refusal = Refusal::http(rejection.status(), codes::BAD_REQUEST, rejection.body_text());
            return refuse(&refusal, Media::LegacyJson);
        }
    };
    let limits = &service.limits;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(limits.socket_buffer_bytes)
        .write_buffer_size(limits.socket_buffer_bytes)
        .max_message_size(limits.body_bytes)
        .max_frame_size(limits.body_bytes);
    let work = parts.extensions.remove::<InWork>();
    if upgrade.selected_protocol().is_none() {
        return upgrade.on_upgrade(async move |socket| {
            reject(socket, service.limits.linger_time).await;
            drop(work);
        });
    }
    let call = Call::read(&parts, trace);
    let anonymous = Call::anonymous(&parts, trace);
    upgrade.on_upgrade(move |socket| Session::new(service, call, anonymous, work).run(socket))
}

async fn reject(mut socket: WebSocket, linger: std::time::Duration) {
    let farewell = async {
        let frame = CloseFrame::from(Close::SubprotocolNotAcceptable);
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    // A client that is gone needs no farewell.
    let _ = tokio::time::timeout(linger, farewell).await;
}
