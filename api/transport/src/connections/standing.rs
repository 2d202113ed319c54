//! What a connection is doing: whether it waits for its client, and since when.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ConnectionLimits;

/// Shared by everybody who works on a connection.
pub(super) struct Standing {
    state: Mutex<State>,
    /// Cancelled when it has to make room for another.
    pub given_up: CancellationToken,
}

struct State {
    /// Bytes between requests are no head there.
    http2: bool,
    /// Whether it has ever asked for something.
    asked: bool,
    /// Requests in work.
    requests: usize,
    /// Those of them that wait for the client to send or to read on.
    waiting: usize,
    /// Those of them that go on and on for somebody whom we do not know.
    dispensable: usize,
    /// The client does not read what was written.
    stuck: bool,
    /// When one of these has changed.
    since: Instant,
    /// The first byte of a head that is not complete.
    heard: Option<Instant>,
}

impl Standing {
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State {
                http2: false,
                asked: false,
                requests: 0,
                waiting: 0,
                dispensable: 0,
                stuck: false,
                since: Instant::now(),
                heard: None,
            }),
            given_up: CancellationToken::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.since = Instant::now();
    }

    /// Nothing is asked, or not yet.
    pub fn is_idle(&self) -> bool {
        self.state().requests == 0
    }

    /// Since when it waits for its client and for nothing else.
    pub fn waits_since(&self) -> Option<Instant> {
        let state = self.state();
        let waits = state.stuck || state.requests <= state.waiting + state.dispensable;
        waits.then_some(state.since)
    }

    /// When the client must have said or read more. None while we are the ones who are waited for.
    pub fn patience_ends(&self, limits: &ConnectionLimits) -> Option<Instant> {
        let state = self.state();
        match state.heard {
            _ if state.requests > state.waiting => None,
            _ if state.requests > 0 => Some(state.since + limits.write_time),
            _ if !state.asked => Some(state.since + limits.head_time),
            Some(heard) if !state.http2 => Some(heard + limits.head_time),
            _ => Some(state.since + limits.idle_time),
        }
    }

    /// The client has sent something.
    pub fn hears(&self) {
        let mut state = self.state();
        if state.requests == 0 && state.heard.is_none() {
            state.heard = Some(Instant::now());
        }
    }

    /// Whether the client leaves unread what was written.
    pub fn is_stuck(&self, stuck: bool) {
        self.change(|state| state.stuck = stuck);
    }

    pub(super) fn waits(&self, waits: bool) {
        self.change(|state| {
            state.waiting = if waits {
                state.waiting + 1
            } else {
                state.waiting.saturating_sub(1)
            };
        });
    }
}

/// A request in work, in the extensions of the request. Whoever goes on with it after the answer, as a WebSocket
/// does, keeps this as long.
#[derive(Clone)]
pub struct InWork(Arc<Work>);

struct Work {
    standing: Arc<Standing>,
    dispensable: AtomicBool,
}

impl InWork {
    pub(super) fn begin(standing: Arc<Standing>, http2: bool) -> Self {
        standing.change(|state| {
            state.http2 = http2;
            state.asked = true;
            state.heard = None;
            state.requests += 1;
        });
        let dispensable = AtomicBool::new(false);
        Self(Arc::new(Work {
            standing,
            dispensable,
        }))
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.0.standing
    }

    /// Whether it may be given up for somebody else: it goes on for a client whom nobody knows.
    pub fn is_dispensable(&self, now: bool) {
        if self.0.dispensable.swap(now, Ordering::AcqRel) == now {
            return;
        }
        self.0.standing.change(|state| {
            state.dispensable = if now {
                state.dispensable + 1
            } else {
                state.dispensable.saturating_sub(1)
            };
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let dispensable = usize::from(*self.dispensable.get_mut());
        self.standing.change(|state| {
            state.requests = state.requests.saturating_sub(1);
            state.dispensable = state.dispensable.saturating_sub(dispensable);
        });
    }
}
