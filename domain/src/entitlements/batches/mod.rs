//! Access for many at once: granted or revoked as a job, user by user, with a result for each.
//!
//! requested ─▶ running ─▶ succeeded        the first two ──▶ canceled (nothing more is done)
//!                                                        ──▶ failed (its job was dead-lettered)
//!
//! What was done stays done, whatever becomes of the rest: each user's change is whole by itself. It was authorised
//! when it was asked for, so it goes on if whoever asked is suspended meanwhile; `entitlementBatchCancel` stops it.

mod jobs;
mod people;
mod promises;
pub mod reading;
mod request;
mod run;
mod store;

use entities::{EntitlementBatchStatus, EventTopic, entitlement_batch};
use serde_json::json;

pub use jobs::ChangeAccess;
pub use people::People;
pub(crate) use promises::PROMISES;
pub use request::{BatchChange, BatchRequest, ChangeWanted, cancel, request};

use crate::tx::Tx;

/// Whether there is more to do.
pub fn is_live(status: EntitlementBatchStatus) -> bool {
    match status {
        EntitlementBatchStatus::Requested | EntitlementBatchStatus::Running => true,
        EntitlementBatchStatus::Succeeded
        | EntitlementBatchStatus::Canceled
        | EntitlementBatchStatus::Failed => false,
    }
}

fn publish(tx: &mut Tx, batch: &entitlement_batch::Model) {
    tx.publish(
        EventTopic::EntitlementBatchUpdated,
        batch.id,
        json!({
            "action": batch.action, "status": batch.status, "productId": batch.product_id,
            "done": batch.done, "total": batch.total,
        }),
    );
}
