//! The job of a batch.

use entities::EntitlementBatchId;

use super::run;
use crate::{
    app::App,
    error::Outcome,
    handler::Handler,
    jobs::{ClaimedJob, Handled, JobKind, Owed, Queue},
    tx::Tx,
};

/// Grants or revokes access for many at once, a turn at a time.
pub struct ChangeAccess;

impl JobKind for ChangeAccess {
    type Subject = EntitlementBatchId;

    const NAME: &'static str = "change_access";
    const FIELD: &'static str = "batch";
    /// Neither behind exports nor before refunds; it gives way after each turn.
    const QUEUE: Queue = Queue::Maintenance;
    const ONCE: Option<&'static str> = Some("change_access");
    const OWED: Option<Owed> = Some(Owed {
        table: "entitlement_batches",
        condition: "status IN ('REQUESTED', 'RUNNING')",
        since: "updated_at",
        outlives_its_job: false,
    });
}

impl Handler for ChangeAccess {
    async fn run(app: &App, job: &ClaimedJob, batch: EntitlementBatchId) -> Handled {
        run::run(app, job, batch).await
    }

    async fn dead_lettered(_: &App, tx: &mut Tx, batch: EntitlementBatchId, _: &str) -> Outcome<()> {
        run::dead_lettered(tx, batch).await
    }
}
