//! Whether what was tried may be tried again: others were in the way, and nothing of it was kept.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::Error;

use super::trouble;

tokio::task_local! {
    static NOTES: Arc<Notes>;
}

#[derive(Default)]
struct Notes {
    conflict: AtomicBool,
    written: AtomicBool,
}

/// Runs something once, and says whether it may run again: PostgreSQL has refused a part of it for the sake of
/// others (40001, 40P01), or on a session that could only read (25006), and nothing was written by what came before.
pub async fn attempt<F: Future>(work: F) -> (F::Output, bool) {
    let notes = Arc::<Notes>::default();
    let done = NOTES.scope(Arc::clone(&notes), work).await;
    let again = notes.conflict.load(Ordering::Relaxed) && !notes.written.load(Ordering::Relaxed);
    (done, again)
}

/// From here on something may have been written.
pub(super) fn note_written() {
    let _ = NOTES.try_with(|notes| notes.written.store(true, Ordering::Relaxed));
}

pub(super) fn note_error(error: &Error) {
    if trouble::is_conflict(error) || trouble::is_read_only(error) {
        let _ = NOTES.try_with(|notes| notes.conflict.store(true, Ordering::Relaxed));
    }
}
