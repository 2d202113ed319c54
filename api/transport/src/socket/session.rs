//! One socket from its first message to its last:
//!
//! ```text
//! Waiting ──connection_init──▶ Authenticating ──▶ Ready ──▶ closed by either side
//!    └─ nothing in time: 4408       └─ denied: 4403  └─ credential ended: 4403
//! ```

use std::sync::Arc;

use async_graphql::Executor;
use axum::extract::ws::{Message, WebSocket};
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{BoxStream, SplitStream},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Close,
    messages::{self, ClientMessage},
    operations::{Operations, Turn, Unavailable},
    outbox,
};
use crate::connections::InWork;
use crate::{
    GraphqlService,
    answer::Answer,
    caller::{AuthenticationError, Call, Caller},
    params::Params,
    refusal::{Refusal, codes},
    trace::TraceId,
};

enum Phase {
    Waiting {
        until: Instant,
    },
    Authenticating(BoxFuture<'static, Result<Caller, AuthenticationError>>),
    Ready {
        caller: Caller,
        ended: BoxFuture<'static, ()>,
    },
}

/// What makes a phase end by itself.
enum Change {
    Authenticated(Caller),
    Over(Close),
}

impl Phase {
    async fn change(&mut self) -> Change {
        match self {
            Self::Waiting { until } => {
                sleep_until(*until).await;
                Change::Over(Close::InitTimeout)
            }
            Self::Authenticating(answer) => match answer.await {
                Ok(caller) => Change::Authenticated(caller),
                Err(AuthenticationError::Invalid) => Change::Over(Close::Forbidden),
                Err(AuthenticationError::RateLimited { .. } | AuthenticationError::Unavailable) => {
                    Change::Over(Close::TryAgainLater)
                }
            },
            Self::Ready { ended, .. } => {
                ended.await;
                Change::Over(Close::Forbidden)
            }
        }
    }
}

/// How a session ends: with a word to the client, or without because the client is gone.
enum End {
    Close(Close),
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

pub(super) struct Session<E> {
    service: GraphqlService<E>,
    shutdown: CancellationToken,
    /// With the credential of the upgrade request, if that had one.
    call: Result<Call, AuthenticationError>,
    /// For a credential that comes with `connection_init`.
    anonymous: Call,
    phase: Phase,
    operations: Arc<Operations>,
    tasks: JoinSet<()>,
    /// What the connection is kept open for: until the caller is known, it is for nobody in particular.
    work: Option<InWork>,
    /// Whether the caller has shown a credential.
    is_known: bool,
}

impl<E: Executor> Session<E> {
    pub fn new(
        service: GraphqlService<E>,
        call: Result<Call, AuthenticationError>,
        anonymous: Call,
        work: Option<InWork>,
    ) -> Self {
        if let Some(work) = &work {
            work.is_dispensable(true);
        }
        let until = Instant::now() + service.limits.init_time;
        let operations = Arc::new(Operations::new(service.limits.operations_per_socket));
        let shutdown = service.shutdown.clone();
        Self {
            service,
            shutdown,
            call,
            anonymous,
            phase: Phase::Waiting { until },
            operations,
            tasks: JoinSet::new(),
            work,
            is_known: false,
        }
    }

    pub async fn run(mut self, socket: WebSocket) {
        let limits = Arc::clone(&self.service.limits);
        let (sink, mut incoming) = socket.split();
        let (queue, queued) = mpsc::channel(limits.socket_queue);
        let (close, closing) = oneshot::channel();
        let writer = outbox::write(sink, queued, closing, limits.write_time);
        tokio::pin!(writer);
        let end = tokio::select! {
            end = self.attend(&mut incoming, &queue) => end,
            () = &mut writer => return,
        };
        self.tasks.abort_all();
        // The client's half is read to its end, or the farewell could be lost in a reset.
        let farewell = async {
            if let End::Close(reason) = end
                && close.send(reason.into()).is_ok()
            {
                writer.await;
            }
            while let Some(Ok(_)) = incoming.next().await {}
        };
        let _ = tokio::time::timeout(limits.linger_time, farewell).await;
    }

    async fn attend(&mut self, incoming: &mut SplitStream<WebSocket>, queue: &mpsc::Sender<Message>) -> End {
        let every = self.service.limits.keep_alive;
        let mut keep_alive = interval_at(Instant::now() + every, every);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = true;
        loop {
            let outcome = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Close::GoingAway.into(),
                change = self.phase.change() => match change {
                    Change::Over(close) => return close.into(),
                    Change::Authenticated(caller) => {
                        let ended = caller.ended();
                        if let Some(work) = self.work.as_ref().filter(|_| self.is_known) {
                            work.is_dispensable(false);
                        }
                        self.phase = Phase::Ready { caller, ended };
                        self.say(queue, messages::ack()).await
                    }
                },
                Some(_) = self.tasks.join_next() => Ok(()),
                _ = keep_alive.tick() => {
                    if !std::mem::take(&mut heard) {
                        return End::Gone;
                    }
                    // Every client answers the first; the second is for scripts that look for it. If
                    // the queue is full the client has enough to read.
                    let _ = queue.try_send(Message::Ping(axum::body::Bytes::new()));
                    let _ = queue.try_send(messages::ping());
                    Ok(())
                }
                received = incoming.next() => {
                    heard = true;
                    match received {
                        Some(Ok(Message::Text(text))) => self.hear(&text, queue).await,
                        Some(Ok(Message::Binary(_))) => Err(Close::InvalidMessage("Binary messages are not supported").into()),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
                    }
                }
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    async fn hear(&mut self, text: &str, queue: &mpsc::Sender<Message>) -> Result<(), End> {
        match ClientMessage::read(text, &self.service.limits)? {
            ClientMessage::ConnectionInit { credential } => {
                if !matches!(self.phase, Phase::Waiting { .. }) {
                    return Err(Close::TooManyInits.into());
                }
                self.is_known =
                    credential.is_some() || self.call.as_ref().is_ok_and(|call| call.credential.is_some());
                self.phase = Phase::Authenticating(self.authentication(credential));
                Ok(())
            }
            ClientMessage::Ping(payload) => self.say(queue, messages::pong(payload.as_deref())).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Subscribe { id, params } => self.subscribe(id, params, queue).await,
            ClientMessage::Complete { id } => {
                self.operations.cancel(&id);
                Ok(())
            }
        }
    }

    fn authentication(
        &self,
        credential: Option<String>,
    ) -> BoxFuture<'static, Result<Caller, AuthenticationError>> {
        let call = match credential {
            Some(token) if token.is_empty() => Err(AuthenticationError::Invalid),
            Some(token) => Ok(Call {
                credential: Some(token),
                ..self.anonymous.clone()
            }),
            None => self.call.clone(),
        };
        let service = self.service.clone();
        Box::pin(async move { service.authenticate(call?).await })
    }

    async fn subscribe(
        &mut self,
        id: String,
        params: Result<Params, Refusal>,
        queue: &mpsc::Sender<Message>,
    ) -> Result<(), End> {
        let Phase::Ready { caller, .. } = &self.phase else {
            return Err(Close::Unauthorized.into());
        };
        let prepared = match self.operations.begin(&id) {
            Err(Unavailable::Taken) => return Err(Close::DuplicateSubscriber.into()),
            Err(Unavailable::Full) => {
                let refusal =
                    Refusal::document(codes::RATE_LIMITED, "Too many operations at once on this socket.");
                return self
                    .say(queue, messages::error(&id, &Answer::refused(&refusal)))
                    .await;
            }
            Ok(turn) => params
                .and_then(|params| self.service.prepare(params, caller, TraceId::generate()))
                .map(|prepared| (turn, self.service.results(prepared)))
                .inspect_err(|_| {
                    self.operations.finish(&id, turn);
                }),
        };
        let (turn, results) = match prepared {
            Ok(begun) => begun,
            Err(refusal) => {
                return self
                    .say(queue, messages::error(&id, &Answer::refused(&refusal)))
                    .await;
            }
        };
        let operations = Arc::clone(&self.operations);
        let task = self
            .tasks
            .spawn(deliver(id.clone(), turn, results, operations, queue.clone()));
        self.operations.attach(&id, turn, task);
        Ok(())
    }

    /// Waits for room in the queue, but not beyond the end of the credential or the server.
    async fn say(&mut self, queue: &mpsc::Sender<Message>, message: Message) -> Result<(), End> {
        let ready = matches!(self.phase, Phase::Ready { .. });
        tokio::select! {
            sent = queue.send(message) => sent.map_err(|_| End::Gone),
            () = self.shutdown.cancelled() => Err(Close::GoingAway.into()),
            change = self.phase.change(), if ready => match change {
                Change::Over(close) => Err(close.into()),
                Change::Authenticated(_) => Ok(()),
            },
        }
    }
}

/// Sends the results of one operation, as fast as the client reads them.
async fn deliver(
    id: String,
    turn: Turn,
    mut results: BoxStream<'static, Answer>,
    operations: Arc<Operations>,
    queue: mpsc::Sender<Message>,
) {
    while let Some(answer) = results.next().await {
        if !operations.is_current(&id, turn) {
            return;
        }
        if !answer.executed {
            if operations.finish(&id, turn) {
                // Nobody reads any more if this fails.
                let _ = queue.send(messages::error(&id, &answer)).await;
            }
            return;
        }
        if queue.send(messages::next(&id, &answer)).await.is_err() {
            return;
        }
    }
    if operations.finish(&id, turn) {
        let _ = queue.send(messages::complete(&id)).await;
    }
}
