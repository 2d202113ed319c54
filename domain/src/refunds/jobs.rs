//! The jobs of refunds, and what becomes of a refund whose job was dead-lettered: a person has to look.

use entities::{RefundId, RefundStatus, refund};

use super::{
    agreements, case,
    process::process,
    settle::{Learned, settle},
    state::Observation,
};
use crate::{
    app::App,
    error::Outcome,
    handler::Handler,
    jobs::{ClaimedJob, Handled, JobKind, Owed, Queue},
    scoped::Scoped,
    tx::Tx,
};

/// Brings a refund one step on: sends it, or asks what became of it.
pub struct ProcessRefund;

impl JobKind for ProcessRefund {
    type Subject = RefundId;

    const NAME: &'static str = "process_refund";
    const FIELD: &'static str = "refund";
    const QUEUE: Queue = Queue::Refunds;
    const ONCE: Option<&'static str> = Some("refund");
    const OWED: Option<Owed> = Some(Owed {
        table: "refunds",
        condition: "status IN ('REQUESTED', 'PROCESSING', 'PENDING')",
        since: "updated_at",
        outlives_its_job: false,
    });
}

impl Handler for ProcessRefund {
    async fn run(app: &App, job: &ClaimedJob, refund: RefundId) -> Handled {
        Box::pin(process(app, job, refund)).await
    }

    async fn dead_lettered(app: &App, tx: &mut Tx, refund: RefundId, _: &str) -> Outcome<()> {
        Box::pin(give_up(app, tx, refund)).await
    }
}

/// Pauses the recurring agreement of a refunded purchase: one that goes on charges the customer again (S0.37).
pub struct PauseSubscription;

impl JobKind for PauseSubscription {
    type Subject = RefundId;

    const NAME: &'static str = "pause_subscription";
    const FIELD: &'static str = "refund";
    const QUEUE: Queue = Queue::Refunds;
    const ONCE: Option<&'static str> = Some("pause");
    const OWED: Option<Owed> = Some(Owed {
        table: "refunds",
        condition: "status IN ('PENDING', 'SUCCEEDED') AND EXISTS (SELECT 1 FROM refund_effects e \
                    WHERE e.refund_id = refunds.id AND e.kind = 'PAUSE_SUBSCRIPTION' AND e.status = 'PENDING')",
        since: "updated_at",
        outlives_its_job: false,
    });
}

impl Handler for PauseSubscription {
    async fn run(app: &App, job: &ClaimedJob, refund: RefundId) -> Handled {
        agreements::pause(app, job, refund).await
    }

    async fn dead_lettered(_: &App, tx: &mut Tx, refund: RefundId, reason: &str) -> Outcome<()> {
        agreements::dead_lettered(tx, refund, reason).await
    }
}

/// A refund whose job was dead-lettered needs attention, unless it is settled.
async fn give_up(app: &App, tx: &mut Tx, id: RefundId) -> Outcome<()> {
    let found = refund::Entity::of_by_id(tx.actor().team, id).one(tx.db()).await?;
    if found.is_none() {
        return Ok(());
    }
    let (refund, purchase) = case::lock(tx, id).await?;
    match refund.status {
        RefundStatus::Requested | RefundStatus::Processing | RefundStatus::Pending => {
            settle(app, tx, refund, purchase, Learned::new(Observation::GaveUp)).await?;
            Ok(())
        }
        RefundStatus::Succeeded
        | RefundStatus::Failed
        | RefundStatus::Reversed
        | RefundStatus::NeedsAttention => Ok(()),
    }
}
