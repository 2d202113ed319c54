//! Taking up again what was lost: refunds and agreements that are under way and have no job any more.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{RefundStatus, refund};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::store;
use crate::{
    app::App,
    error::Outcome,
    jobs::{NewJob, Work},
};

/// A refund under way always has a job; one that has been quiet for so long may have lost it.
const QUIET: TimeDelta = TimeDelta::seconds(10);

/// Gives every refund that is under way and has been quiet for a while a job, if it has none: whatever was
/// lost is taken up again. Returns for how many a job was asked, those that have one already included; refunds
/// that rest after a parked job are not counted.
pub async fn reconcile(app: &App) -> Outcome<usize> {
    let now = app.clock.now();
    let parked = store::parked_jobs(app, "process_refund").await?;
    let refunds = refund::Entity::find()
        .filter(refund::Column::Status.is_in([
            RefundStatus::Requested,
            RefundStatus::Processing,
            RefundStatus::Pending,
        ]))
        .filter(refund::Column::UpdatedAt.lt(now - QUIET))
        .order_by_asc(refund::Column::UpdatedAt);
    let mut looked_at = 0;
    for refund in refunds.all(app.db.connection()).await? {
        let rests = parked.get(&refund.id.to_string());
        if rests.is_some_and(|parked| now - parked.last < rest(parked.count)) {
            continue;
        }
        let mut tx = app.begin_as_system(refund.team_id).await?;
        tx.enqueue(NewJob::now(Work::ProcessRefund { refund: refund.id }).once(store::job_key(refund.id)));
        tx.commit().await?;
        looked_at += 1;
    }
    Ok(looked_at + agreements(app, now).await?)
}

/// The same for agreements that are still to be paused: one that goes on charges the customer again.
async fn agreements(app: &App, now: DateTime<Utc>) -> Outcome<usize> {
    let parked = store::parked_jobs(app, "pause_subscription").await?;
    let mut looked_at = 0;
    for (team, id) in store::agreements_to_pause(app, now - QUIET).await? {
        if parked
            .get(&id.to_string())
            .is_some_and(|parked| now - parked.last < rest(parked.count))
        {
            continue;
        }
        let mut tx = app.begin_as_system(team).await?;
        tx.enqueue(NewJob::now(Work::PauseSubscription { refund: id }).once(store::pause_key(id)));
        tx.commit().await?;
        looked_at += 1;
    }
    Ok(looked_at)
}

/// How long a refund rests when a job of it was parked. Mostly its workers died of something else, and it is
/// due; but one that kills them itself must not do so more than once in a while.
fn rest(parked: i64) -> TimeDelta {
    match parked {
        ..=1 => QUIET,
        2 => TimeDelta::minutes(1),
        _ => TimeDelta::minutes(4),
    }
}
