//! What waits for a job of a refund, and what becomes of a refund whose job was parked: a person has to look.

use entities::{RefundId, RefundStatus, refund};

use super::{
    case,
    settle::{Learned, settle},
    state::Observation,
};
use crate::{app::App, error::Outcome, jobs::Owed, scoped::Scoped, tx::Tx};

/// A refund that is under way.
pub const OWED: Owed = Owed {
    kind: "process_refund",
    subject: RefundId::PREFIX,
    table: "refunds",
    condition: "status IN ('REQUESTED', 'PROCESSING', 'PENDING')",
    since: "updated_at",
    outlives_parking: false,
};

/// A recurring agreement that is to be paused: one that goes on charges the customer again.
pub const OWED_PAUSE: Owed = Owed {
    kind: "pause_subscription",
    subject: RefundId::PREFIX,
    table: "refunds",
    condition: "status IN ('PENDING', 'SUCCEEDED') AND EXISTS (SELECT 1 FROM refund_effects e \
                WHERE e.refund_id = refunds.id AND e.kind = 'PAUSE_SUBSCRIPTION' AND e.status = 'PENDING')",
    since: "updated_at",
    outlives_parking: false,
};

/// A refund whose job was parked needs attention, unless it is settled.
pub(crate) async fn parked(app: &App, tx: &mut Tx, id: RefundId) -> Outcome<()> {
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
