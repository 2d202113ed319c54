//! Whether the database can be written to: a standby, or one that was told only to read, answers every question.

use std::time::{Duration, Instant};

use tokio::{sync::Mutex, time::timeout};

use super::Database;
use crate::values;

/// However often it is asked about, it is tried so often at most.
const EVERY: Duration = Duration::from_secs(1);
/// What has not been written by then cannot be.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was found out last.
#[derive(Default)]
pub struct WriteProof(Mutex<Option<(Instant, bool)>>);

impl WriteProof {
    /// What was written before says nothing any more: a connection has been lost, and the next may be to a database
    /// that only reads.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }

    /// Whether something could be written within the last second. Whoever asks at the same time gets one answer.
    pub async fn holds(&self, db: &Database) -> bool {
        let mut last = self.0.lock().await;
        if let Some((_, held)) = last.filter(|(at, _)| at.elapsed() < EVERY) {
            return held;
        }
        let now = db.dialect().now_plus(0);
        let write = format!(
            "INSERT INTO write_proofs (id, at) VALUES ($1, {now}) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
        );
        let written = timeout(PATIENCE, db.execute(&write, values![1_i64])).await;
        let held = matches!(written, Ok(Ok(_)));
        let before = last.replace((Instant::now(), held));
        match written {
            Ok(Err(error)) if before.is_none_or(|(_, held)| held) => {
                tracing::warn!(%error, "the database cannot be written to");
            }
            Err(_) if before.is_none_or(|(_, held)| held) => {
                tracing::warn!("the database has not taken a row within {PATIENCE:?}");
            }
            Ok(Ok(_)) if before.is_some_and(|(_, held)| !held) => {
                tracing::info!("the database can be written to again");
            }
            _ => {}
        }
        held
    }
}
