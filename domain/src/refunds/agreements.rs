//! Recurring agreements of refunded purchases: paused at the gateway (S0.37), once it has taken the refund.

use chrono::TimeDelta;
use entities::{EffectStatus, RefundEffectKind, RefundId, RefundStatus, purchase, refund};

use super::{
    PauseSubscription,
    case::{self, Case},
    notifications, store, waiting,
};
use crate::{
    adapters::gateways::OrderError,
    app::App,
    error::Outcome,
    jobs::{ClaimedJob, Ending, Handled, NewJob},
    message::Message,
    tx::Tx,
};

/// Between two tries with credentials that are not accepted.
const UNTIL_CREDENTIALS: TimeDelta = TimeDelta::minutes(5);

/// S0.37: the agreement is paused once the gateway has taken the refund: a refused one leaves it running.
pub(super) async fn pause_if_wanted(
    tx: &mut Tx,
    refund: &refund::Model,
    purchase: &purchase::Model,
) -> Outcome<()> {
    let pending = store::effect(tx, refund.id, RefundEffectKind::PauseSubscription).await?;
    if purchase.gateway_subscription_id.is_some() && pending == Some(EffectStatus::Pending) {
        tx.enqueue(NewJob::now::<PauseSubscription>(refund.id));
    }
    Ok(())
}

/// S0.37: pauses the recurring agreement of a refunded purchase.
pub(super) async fn pause(app: &App, job: &ClaimedJob, id: RefundId) -> Handled {
    let (tx, refund, purchase) = case::begin(app, job, id).await?;
    let wanted = store::effect(&tx, id, RefundEffectKind::PauseSubscription).await?;
    let case = Case::new(app, tx.db(), refund, purchase).await?;
    drop(tx);
    let Some(subscription) = case.purchase.gateway_subscription_id.clone() else {
        return Ok(Ending::Done);
    };
    // Done before, or the gateway has refused the refund since: then it goes on.
    if wanted != Some(EffectStatus::Pending) {
        return Ok(Ending::Done);
    }
    let paused = case.pause(&subscription).await;
    let failed = match paused {
        Ok(()) => None,
        Err(OrderError::Refused { message, .. }) => Some(message),
        // A person has to enter them again; however long that takes, no attempt is lost.
        Err(error @ OrderError::Credentials { .. }) => {
            return Ok(waiting::again(
                app.clock.now(),
                UNTIL_CREDENTIALS,
                &error.to_string(),
            ));
        }
        Err(error) => return Err(anyhow::anyhow!(error).into()),
    };
    let (mut tx, refund, _) = case::begin(app, job, id).await?;
    let mut effects = store::Effects::default();
    let in_vain = matches!(refund.status, RefundStatus::Failed | RefundStatus::Reversed);
    if in_vain && failed.is_some() {
        return Ok(Ending::Done);
    }
    if let Some(message) = failed {
        not_paused(&tx, &refund, &subscription, message, &mut effects).await?;
    } else {
        effects.set(RefundEffectKind::PauseSubscription, EffectStatus::Done, None);
        tx.audit("subscription.paused", refund.id);
        if in_vain {
            store::add_resume_follow_up(&tx, &refund, &subscription).await?;
        }
    }
    effects.store(&tx, refund.id).await?;
    notifications::publish_update(&mut tx, &refund);
    tx.commit().await?;
    Ok(Ending::Done)
}

/// The agreement could not be paused and will charge again: a person has to pause it.
async fn not_paused(
    tx: &Tx,
    refund: &refund::Model,
    subscription: &str,
    message: String,
    effects: &mut store::Effects,
) -> Outcome<()> {
    let detail = Message::key("effect-subscription-not-paused").with("message", message);
    effects.set(
        RefundEffectKind::PauseSubscription,
        EffectStatus::Failed,
        Some(detail),
    );
    let note = Message::key("follow-up-subscription-not-paused");
    let note = note.with("refund", refund.id).with("subscription", subscription);
    store::add_follow_up(tx, refund.id, note).await
}

/// The job that was to pause an agreement was dead-lettered. If the refund has
/// failed or was reversed, there is nothing to pause.
pub(super) async fn dead_lettered(tx: &mut Tx, id: RefundId, reason: &str) -> Outcome<()> {
    let wanted = store::effect(tx, id, RefundEffectKind::PauseSubscription).await?;
    if wanted != Some(EffectStatus::Pending) {
        return Ok(());
    }
    let (refund, purchase) = case::lock(tx, id).await?;
    let in_vain = matches!(refund.status, RefundStatus::Failed | RefundStatus::Reversed);
    let Some(subscription) = purchase.gateway_subscription_id.filter(|_| !in_vain) else {
        return Ok(());
    };
    let mut effects = store::Effects::default();
    not_paused(tx, &refund, &subscription, reason.to_owned(), &mut effects).await?;
    effects.store(tx, id).await?;
    notifications::publish_update(tx, &refund);
    Ok(())
}

/// The refund has failed or was reversed: an agreement that is not paused yet is not paused any more, and where it is
/// paused already, staff get a task to resume it.
pub(super) async fn cancel_pause(
    tx: &Tx,
    refund: &refund::Model,
    purchase: &purchase::Model,
    detail: Message,
    effects: &mut store::Effects,
) -> Outcome<()> {
    let paused = store::effect(tx, refund.id, RefundEffectKind::PauseSubscription).await?;
    match (paused, &purchase.gateway_subscription_id) {
        (Some(EffectStatus::Pending), _) => {
            effects.set(
                RefundEffectKind::PauseSubscription,
                EffectStatus::Skipped,
                Some(detail),
            );
            Ok(())
        }
        (Some(EffectStatus::Done), Some(subscription)) => {
            store::add_resume_follow_up(tx, refund, subscription).await
        }
        _ => Ok(()),
    }
}
