//! The one queue between a socket and everything that writes to it. It is short: while the client
//! does not read, operations wait in front of it.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::{SinkExt, stream::SplitSink};
use tokio::sync::{mpsc, oneshot};

type Sink = SplitSink<WebSocket, Message>;

/// Writes until the client is gone, leaves a message unread for too long, or the socket is closed:
/// a close overtakes what is still in the queue.
pub(super) async fn write(
    mut sink: Sink,
    mut queue: mpsc::Receiver<Message>,
    mut closing: oneshot::Receiver<CloseFrame>,
    write_time: Duration,
) {
    loop {
        tokio::select! {
            biased;
            frame = &mut closing => return close(sink, frame.ok()).await,
            message = queue.recv() => {
                let Some(message) = message else { return };
                tokio::select! {
                    biased;
                    frame = &mut closing => return close(sink, frame.ok()).await,
                    sent = tokio::time::timeout(write_time, sink.send(message)) => {
                        if !matches!(sent, Ok(Ok(()))) {
                            return;
                        }
                    }
                }
            }
        }
    }
}

async fn close(mut sink: Sink, frame: Option<CloseFrame>) {
    if let Some(frame) = frame {
        // A client that is gone needs no farewell.
        let _ = sink.send(Message::Close(Some(frame))).await;
    }
}
