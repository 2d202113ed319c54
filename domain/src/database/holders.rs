//! Whoever holds a transaction has a connection. If they ask the pool for a second one, as many of them as there are
//! connections wait for each other until their time is over. So they must not, and whatever is run with debug
//! assertions, every test first of all, ends where one does.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::{self, Id};

/// Which tasks hold a transaction on one pool. What a thread is blocked on is no task: a test, or a command that does
/// one thing and ends.
#[derive(Clone, Default)]
pub(super) struct Holders(Arc<Mutex<HashSet<Id>>>);

/// Somebody who holds one.
pub(super) struct Holder {
    holders: Holders,
    task: Id,
}

impl Holders {
    /// Ends whoever asks the pool while they hold a transaction of it.
    pub fn assert_free(&self, asked: &str) {
        if cfg!(debug_assertions)
            && let Some(task) = task::try_id()
        {
            let holds = self.with(|tasks| tasks.contains(&task));
            assert!(
                !holds,
                "a second connection is asked for while a transaction is open here: {asked}"
            );
        }
    }

    pub fn enter(&self) -> Option<Holder> {
        let task = task::try_id().filter(|_| cfg!(debug_assertions))?;
        self.with(|tasks| tasks.insert(task));
        Some(Holder {
            holders: self.clone(),
            task,
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashSet<Id>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.holders.with(|tasks| tasks.remove(&self.task));
    }
}
