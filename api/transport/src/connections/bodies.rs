//! Bodies on their way: a request's must arrive in time, and an answer's tells whether its client reads it.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{BoxError, Error, body::Body, body::Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{ConnectionLimits, InWork};

/// The body has not arrived in time.
#[derive(Debug, Clone, Copy)]
pub struct TooLate;

impl fmt::Display for TooLate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body took too long to arrive")
    }
}

impl std::error::Error for TooLate {}

/// Whether a body could not be read because it has not arrived in time.
pub fn is_too_late(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<TooLate>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether a body was late.
pub(super) struct Late(Arc<AtomicBool>);

impl Late {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Marks a request as one that waits for its client, until it does not.
struct Wait {
    work: InWork,
    is_on: bool,
}

impl Wait {
    fn set(&mut self, on: bool) {
        if self.is_on != on {
            self.is_on = on;
            self.work.standing().waits(on);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// A request's body. It ends with [`TooLate`] when its time is over, which begins when somebody reads it.
pub(super) struct Arriving {
    body: Incoming,
    limits: Arc<ConnectionLimits>,
    began: Option<Instant>,
    received: u64,
    timer: Option<Pin<Box<Sleep>>>,
    late: Arc<AtomicBool>,
    wait: Wait,
}

impl Arriving {
    pub fn new(body: Incoming, work: InWork, limits: Arc<ConnectionLimits>) -> Self {
        Self {
            body,
            limits,
            began: None,
            received: 0,
            timer: None,
            late: Arc::default(),
            wait: Wait { work, is_on: false },
        }
    }

    pub fn late(&self) -> Late {
        Late(Arc::clone(&self.late))
    }

    /// Ready when it is too late.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let began = *self.began.get_or_insert_with(Instant::now);
        let until = began + self.limits.body_time + self.limits.allowance(self.received);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx)
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.wait.set(false);
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                this.received += data.map_or(0, |data| data.len() as u64);
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                this.wait.set(true);
                ready!(this.poll_time(cx));
                this.late.store(true, Ordering::Release);
                Poll::Ready(Some(Err(TooLate.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body. Between a piece and the question for the next one it is the client who reads.
pub(super) struct Departing {
    body: Body,
    wait: Wait,
}

impl Departing {
    pub fn new(body: Body, work: InWork) -> Self {
        let wait = Wait { work, is_on: false };
        Self { body, wait }
    }
}

impl HttpBody for Departing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.wait.set(false);
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let goes_on = matches!(frame, Some(Ok(_))) && !self.body.is_end_stream();
        self.wait.set(goes_on);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
