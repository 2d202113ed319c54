//! What runs on one socket, by the ids that its client has chosen.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::task::AbortHandle;

/// An operation's turn under its id: the client may use the id again as soon as it has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn(u64);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unavailable {
    /// The id is in use.
    Taken,
    /// The socket has as many operations as it may.
    Full,
}

#[derive(Default)]
struct Running {
    turns: u64,
    by_id: HashMap<String, (Turn, Option<AbortHandle>)>,
}

/// Shared by a socket and its operations, which sign themselves off before they say so to the client.
pub(super) struct Operations {
    most: usize,
    running: Mutex<Running>,
}

impl Operations {
    pub fn new(most: usize) -> Self {
        Self {
            most,
            running: Mutex::default(),
        }
    }

    pub fn begin(&self, id: &str) -> Result<Turn, Unavailable> {
        let mut running = self.lock();
        let full = running.by_id.len() >= self.most;
        let turn = Turn(running.turns);
        match running.by_id.entry(id.to_owned()) {
            Entry::Occupied(_) => return Err(Unavailable::Taken),
            Entry::Vacant(_) if full => return Err(Unavailable::Full),
            Entry::Vacant(vacant) => vacant.insert((turn, None)),
        };
        running.turns += 1;
        Ok(turn)
    }

    /// Makes the operation one that [`Operations::cancel`] can end.
    pub fn attach(&self, id: &str, turn: Turn, task: AbortHandle) {
        if let Some((current, handle)) = self.lock().by_id.get_mut(id)
            && *current == turn
        {
            *handle = Some(task);
        }
    }

    /// Whether the client still waits for results of this turn.
    pub fn is_current(&self, id: &str, turn: Turn) -> bool {
        self.lock()
            .by_id
            .get(id)
            .is_some_and(|(current, _)| *current == turn)
    }

    /// False if the operation was cancelled meanwhile: then the client wants to hear nothing more.
    pub fn finish(&self, id: &str, turn: Turn) -> bool {
        let mut running = self.lock();
        let current = running.by_id.get(id).is_some_and(|(current, _)| *current == turn);
        if current {
            running.by_id.remove(id);
        }
        current
    }

    /// The client wants no more; an id that is not in use has just completed by itself.
    pub fn cancel(&self, id: &str) {
        let removed = self.lock().by_id.remove(id);
        if let Some((_, Some(task))) = removed {
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        // Nothing panics while it holds the lock.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Operations, Unavailable};

    #[test]
    fn an_id_has_one_turn_at_a_time() {
        let operations = Operations::new(2);
        let first = operations.begin("a").expect("free");
        assert_eq!(operations.begin("a"), Err(Unavailable::Taken));
        operations.begin("b").expect("free");
        assert_eq!(operations.begin("c"), Err(Unavailable::Full));
        operations.cancel("a");
        let second = operations.begin("a").expect("free again");
        assert!(
            !operations.finish("a", first),
            "a cancelled turn does not end its successor"
        );
        assert!(operations.is_current("a", second));
        assert!(operations.finish("a", second));
        assert!(!operations.is_current("a", second));
    }
}
