//! The bytes of one connection, with an eye on the clock: whoever says nothing, or reads nothing, is left.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{ConnectionLimits, door::Place, standing::Standing};

/// Keeps its place at the door, also when it has become a WebSocket.
pub(super) struct Watched {
    stream: TcpStream,
    limits: Arc<ConnectionLimits>,
    standing: Arc<Standing>,
    given_up: Pin<Box<WaitForCancellationFutureOwned>>,
    reading: Timer,
    writing: Timer,
    /// How long the client may still leave unread what is written; reading earns it back.
    left: Duration,
    stuck_since: Option<Instant>,
    _place: Place,
}

/// A timer that is made when it is needed first.
#[derive(Default)]
struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    fn poll(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() != until {
            sleep.as_mut().reset(until);
        }
        sleep.as_mut().poll(cx)
    }
}

impl Watched {
    pub fn new(stream: TcpStream, place: Place, limits: Arc<ConnectionLimits>) -> Self {
        let standing = place.standing();
        Self {
            stream,
            given_up: Box::pin(standing.given_up.clone().cancelled_owned()),
            standing,
            reading: Timer::default(),
            writing: Timer::default(),
            left: limits.write_time,
            stuck_since: None,
            limits,
            _place: place,
        }
    }

    fn poll_given_up(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.given_up.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    fn poll_writing(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            if let Some(since) = self.stuck_since.take() {
                self.left = self.left.saturating_sub(since.elapsed());
                self.standing.is_stuck(false);
            }
            let bytes = written.as_ref().map_or(0, |bytes| *bytes as u64);
            self.left = self
                .limits
                .write_time
                .min(self.left + self.limits.allowance(bytes));
            return Poll::Ready(written);
        }
        self.poll_given_up(cx)?;
        let since = *self.stuck_since.get_or_insert_with(|| {
            self.standing.is_stuck(true);
            Instant::now()
        });
        match self.writing.poll(since + self.left, cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            if buf.filled().len() > before {
                self.standing.hears();
            }
            return read;
        }
        self.poll_given_up(cx)?;
        match self.standing.patience_ends(&self.limits) {
            Some(until) if self.reading.poll(until, cx).is_ready() => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            _ => Poll::Pending,
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.poll_writing(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.poll_writing(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
