//! Bringing a refund to the gateway, exactly once, whatever happens on the way.
//!
//! An order whose answer never came is in doubt: the gateway is asked before anything else, and the same key is sent
//! again only while the gateway still knows it, and only after it has answered that there is nothing. A question that
//! was not answered says nothing, whatever came instead of an answer.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{RefundId, RefundStatus, TeamId, purchase, refund};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

use super::{
    case::{self, Case},
    inquiry::{self, Recognition},
    past_us,
    settle::{Learned, settle},
    state::Observation,
    store,
    waiting::{self, Hindrance},
};
use crate::{
    adapters::gateways::{GatewayRefund, OrderError, RefundOrder},
    app::App,
    error::Outcome,
    jobs::{self, ClaimedJob, Ending, Handled},
    tx::Tx,
};

/// Kept free at the end of the time for which a gateway remembers a key: clocks differ, and a request takes time.
const KEY_MARGIN: TimeDelta = TimeDelta::hours(1);

/// What is to be done with a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextAction {
    /// The gateway cannot have it yet.
    Order,
    /// The gateway may have it, or has it: what became of it?
    Ask,
    Nothing,
}

const fn next_action(status: RefundStatus, in_doubt: bool) -> NextAction {
    match status {
        RefundStatus::Succeeded | RefundStatus::Failed | RefundStatus::Reversed => NextAction::Nothing,
        RefundStatus::Pending | RefundStatus::NeedsAttention => NextAction::Ask,
        RefundStatus::Requested | RefundStatus::Processing if in_doubt => NextAction::Ask,
        RefundStatus::Requested | RefundStatus::Processing => NextAction::Order,
    }
}

/// Brings a refund one step on. Safe to run at any time, any number of times, by several workers at once.
pub async fn process(app: &App, job: &ClaimedJob, id: RefundId) -> Handled {
    let team = job
        .team
        .ok_or_else(|| anyhow::anyhow!("a refund's job has a team"))?;
    let case = Case::load(app, team, id)
        .await?
        .ok_or_else(|| anyhow::anyhow!("{id} is gone"))?;
    let doubt = case.refund.in_doubt_since;
    match next_action(case.refund.status, doubt.is_some()) {
        NextAction::Nothing => Ok(Ending::Done),
        NextAction::Order => order(app, job, case, None).await,
        // An order may follow, whose future is large.
        NextAction::Ask => Box::pin(ask(app, job, case, doubt)).await,
    }
}

async fn ask(app: &App, job: &ClaimedJob, case: Case, doubt: Option<DateTime<Utc>>) -> Handled {
    match inquiry::look_up(app, &case, doubt).await? {
        Err(unanswered) => waiting::hold_up(app, job, &case, unanswered.into(), doubt).await,
        Ok(Recognition::Recognised(told)) => {
            let learned = Learned::from_gateway(&case.refund, &told);
            record(app, job, &case, learned, Call::Answered).await
        }
        Ok(Recognition::Ambiguous) => {
            let learned = Learned::ambiguous(&case.refund);
            record(app, job, &case, learned, Call::Unknown).await
        }
        Ok(Recognition::NotThere) => match (case.refund.status, doubt) {
            (RefundStatus::Requested | RefundStatus::Processing, Some(since)) => {
                let ability = app.gateways.refund_ability(case.refund.gateway);
                let remembered = ability.map_or(TimeDelta::zero(), |it| it.key_lifetime - KEY_MARGIN);
                if app.clock.now() - since < remembered {
                    order(app, job, case, doubt).await
                } else {
                    // The key may be forgotten: sending it again could refund twice.
                    let learned = Learned::new(Observation::GaveUp);
                    record(app, job, &case, learned, Call::Unknown).await
                }
            }
            // A person has it.
            _ => Ok(Ending::Done),
        },
    }
}

/// Reads the payment, and orders the refund of it. With `doubt` the same order has gone out before, and the gateway
/// has just answered that it knows nothing of it.
async fn order(app: &App, job: &ClaimedJob, case: Case, doubt: Option<DateTime<Utc>>) -> Handled {
    let order = case.order();
    if let Some(ending) = wait_if_another_under_way(app, job, &case).await? {
        return Ok(ending);
    }
    if let Some(error) = find_objection(app, job, &case, &order, doubt).await? {
        return match error {
            Ok(error) => conclude(app, job, &case, doubt, Err(error)).await,
            Err(hindrance) => waiting::hold_up(app, job, &case, hindrance, doubt).await,
        };
    }
    match mark_as_sent(app, job, case, doubt).await? {
        Marking::Not(ending) => Ok(ending),
        Marking::Sent(case) => {
            let told = case.send(&order).await;
            conclude(app, job, &case, doubt, told).await
        }
    }
}

/// What speaks against the order before it is sent: in itself, in the payment as the gateway has it now, or that the
/// payment could not be read. A key of another account or mode cannot read it, and so never gets to order anything.
/// What the payment has lost past us is booked on the way.
async fn find_objection(
    app: &App,
    job: &ClaimedJob,
    case: &Case,
    order: &RefundOrder,
    doubt: Option<DateTime<Utc>>,
) -> Outcome<Option<Result<OrderError, Hindrance>>> {
    let gateway = match case.gateway() {
        Ok(gateway) => gateway,
        Err(none) => return Ok(Some(Err(Hindrance::of_question(none.into())))),
    };
    if let Err(error) = gateway.check(order) {
        return Ok(Some(Ok(error)));
    }
    let payment = match case.answer(gateway.payment(&order.payment_id)).await {
        Err(unanswered) => return Ok(Some(Err(unanswered.into()))),
        // An order that has gone out before is repeated as it was: the gateway knows it by its key.
        Ok(_) if doubt.is_some() => return Ok(None),
        Ok(payment) => payment,
    };
    if let Err(unanswered) = past_us::book(app, job, case, &payment).await? {
        return Ok(Some(Err(unanswered.into())));
    }
    Ok(payment.speaks_against(order, case.refund.override_policy).map(Ok))
}

/// Puts the job to rest if another refund of the payment is under way, without asking the gateway for anything. Returns
/// how the job ends then.
async fn wait_if_another_under_way(app: &App, job: &ClaimedJob, case: &Case) -> Outcome<Option<Ending>> {
    let others = store::of_payment(app.db.connection(), &case.purchase).await?;
    if case.refund.status != RefundStatus::Requested || !another_under_way(&others, &case.refund) {
        return Ok(None);
    }
    let (tx, refund, purchase) = case::begin(app, job, case.refund.id).await?;
    let others = store::of_payment(tx.db(), &purchase).await?;
    if refund.status != RefundStatus::Requested || !another_under_way(&others, &refund) {
        return Ok(None);
    }
    let ending = waiting::rest_behind_another(&tx, job).await?;
    tx.commit().await?;
    Ok(Some(ending))
}

enum Marking {
    /// The refund is recorded as one that may have been carried out.
    Sent(Box<Case>),
    /// It is not to be sent, now or by this worker.
    Not(Ending),
}

/// Records, before the call, that it is going to be made: whatever dies from here on, the order is in doubt.
async fn mark_as_sent(
    app: &App,
    job: &ClaimedJob,
    mut case: Case,
    doubt: Option<DateTime<Utc>>,
) -> Outcome<Marking> {
    let (mut tx, refund, purchase) = case::begin(app, job, case.refund.id).await?;
    // Another worker has the job, and decides for itself.
    if !jobs::store::is_held(tx.db(), job.held()).await? {
        return Ok(Marking::Not(Ending::Done));
    }
    let open = matches!(refund.status, RefundStatus::Requested | RefundStatus::Processing);
    if !open || refund.in_doubt_since != doubt {
        let note = "it has changed in the meantime";
        return Ok(Marking::Not(waiting::again(tx.now(), TimeDelta::zero(), note)));
    }
    if refund.status == RefundStatus::Requested {
        let others = store::of_payment(tx.db(), &purchase).await?;
        if another_under_way(&others, &refund) {
            let ending = waiting::rest_behind_another(&tx, job).await?;
            tx.commit().await?;
            return Ok(Marking::Not(ending));
        }
    }
    let refund = started(app, &mut tx, refund, &purchase).await?;
    let mut row = refund.clone().into_active_model();
    row.first_sent_at = Set(refund.first_sent_at.or(Some(tx.now())));
    row.in_doubt_since = Set(refund.in_doubt_since.or(Some(tx.now())));
    case.refund = row.update(tx.db()).await?;
    tx.commit().await?;
    Ok(Marking::Sent(Box::new(case)))
}

/// One refund of a payment at a time, so that none is taken for another.
pub(super) fn another_under_way(others: &[refund::Model], refund: &refund::Model) -> bool {
    others
        .iter()
        .any(|other| other.id != refund.id && other.status == RefundStatus::Processing)
}

/// The refund as one that is under way: its first order is about to go out.
pub(super) async fn started(
    app: &App,
    tx: &mut Tx,
    refund: refund::Model,
    purchase: &purchase::Model,
) -> Outcome<refund::Model> {
    if refund.status != RefundStatus::Requested {
        return Ok(refund);
    }
    settle(
        app,
        tx,
        refund,
        purchase.clone(),
        Learned::new(Observation::Started),
    )
    .await
}

/// What a finished call says of the order that was recorded for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// The gateway has answered.
    Answered,
    /// It was certainly not carried out: the refund is in doubt since then, or not at all, as before it.
    NotCarriedOut(Option<DateTime<Utc>>),
    /// Nobody knows.
    Unknown,
}

/// Takes in the answer to an order.
async fn conclude(
    app: &App,
    job: &ClaimedJob,
    case: &Case,
    doubt: Option<DateTime<Utc>>,
    told: Result<GatewayRefund, OrderError>,
) -> Handled {
    let call = Call::NotCarriedOut(doubt);
    let learned = match told {
        Ok(told) => {
            let learned = Learned::from_gateway(&case.refund, &told);
            return record(app, job, case, learned, Call::Answered).await;
        }
        Err(OrderError::Refused { code, message }) if doubt.is_none() => Learned::refused(&code, &message),
        // Final only if the gateway says once more that none of the earlier orders was carried out.
        Err(OrderError::Refused { code, message }) => {
            match inquiry::look_up_afterwards(app, case, doubt).await? {
                Ok(Recognition::Recognised(told)) => Learned::from_gateway(&case.refund, &told),
                Ok(Recognition::NotThere) => Learned::refused(&code, &message),
                Ok(Recognition::Ambiguous) => Learned::ambiguous(&case.refund),
                Err(unanswered) => {
                    return waiting::hold_up(app, job, case, unanswered.into(), doubt).await;
                }
            }
        }
        Err(OrderError::AlreadyRefunded { .. }) => {
            match inquiry::look_up_afterwards(app, case, doubt).await? {
                Ok(Recognition::Recognised(told)) => Learned::from_gateway(&case.refund, &told),
                // Somebody else gave the money back.
                Ok(Recognition::NotThere) => match past_us::explain_already_refunded(app, job, case).await? {
                    Ok(learned) => learned,
                    Err(unanswered) => {
                        return waiting::hold_up(app, job, case, unanswered.into(), doubt).await;
                    }
                },
                Ok(Recognition::Ambiguous) => Learned::ambiguous(&case.refund),
                Err(unanswered) => {
                    return waiting::hold_up(app, job, case, unanswered.into(), doubt).await;
                }
            }
        }
        Err(error) => {
            let hindrance = Hindrance::of_order(&error);
            return waiting::hold_up(app, job, case, hindrance, doubt).await;
        }
    };
    record(app, job, case, learned, call).await
}

/// Records what was learned.
async fn record(app: &App, job: &ClaimedJob, case: &Case, learned: Learned, call: Call) -> Handled {
    let (mut tx, refund, purchase) = case::begin(app, job, case.refund.id).await?;
    let refund = started(app, &mut tx, refund, &purchase).await?;
    let refund = note_call(&tx, job, case, refund, call).await?;
    let refund = settle(app, &mut tx, refund, purchase, learned).await?;
    let ending = match refund.status {
        RefundStatus::Pending => waiting::until_confirmed(&tx, refund).await?,
        _ => Ending::Done,
    };
    tx.commit().await?;
    Ok(ending)
}

/// Takes the doubt back that this attempt has noted before its call, if the call was certainly not carried out.
pub(super) async fn note_call(
    tx: &Tx,
    job: &ClaimedJob,
    case: &Case,
    refund: refund::Model,
    call: Call,
) -> Outcome<refund::Model> {
    let noted = case.refund.in_doubt_since;
    match call {
        // A worker that has lost its job says nothing: the one that has it now may have sent an order, too.
        Call::NotCarriedOut(doubt)
            if noted != doubt
                && refund.in_doubt_since == noted
                && jobs::store::is_held(tx.db(), job.held()).await? =>
        {
            let mut row = refund.into_active_model();
            row.in_doubt_since = Set(doubt);
            Ok(row.update(tx.db()).await?)
        }
        Call::NotCarriedOut(_) | Call::Answered | Call::Unknown => Ok(refund),
    }
}

/// Takes in what a gateway says of one of our refunds outside of a job of its own: a webhook.
pub(crate) async fn observe(app: &App, job: &ClaimedJob, id: RefundId, told: &GatewayRefund) -> Outcome<()> {
    let (mut tx, refund, purchase) = case::begin(app, job, id).await?;
    let learned = Learned::from_gateway(&refund, told);
    settle(app, &mut tx, refund, purchase, learned).await?;
    tx.commit().await
}

/// Asks the gateway what became of a refund because it told us that something did. A refund that it took back
/// is found so, too. An answer that settles nothing makes the caller try again.
pub(crate) async fn ask_now(app: &App, job: &ClaimedJob, team: TeamId, id: RefundId) -> Outcome<()> {
    let Some(case) = Case::load(app, team, id).await? else {
        return Ok(());
    };
    let doubt = case.refund.in_doubt_since;
    match inquiry::look_up_afterwards(app, &case, doubt)
        .await?
        .map_err(anyhow::Error::from)?
    {
        Recognition::Recognised(told) => observe(app, job, id, &told).await,
        Recognition::NotThere | Recognition::Ambiguous => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_at_the_gateway_is_asked_for_before_anything_is_ordered() {
        use RefundStatus as S;
        for (status, in_doubt, action) in [
            (S::Requested, false, NextAction::Order),
            (S::Requested, true, NextAction::Ask),
            (S::Processing, false, NextAction::Order),
            (S::Processing, true, NextAction::Ask),
            (S::Pending, false, NextAction::Ask),
            (S::NeedsAttention, false, NextAction::Ask),
            (S::NeedsAttention, true, NextAction::Ask),
            (S::Succeeded, false, NextAction::Nothing),
            (S::Failed, true, NextAction::Nothing),
            (S::Reversed, false, NextAction::Nothing),
        ] {
            assert_eq!(
                next_action(status, in_doubt),
                action,
                "{status}, in doubt: {in_doubt}"
            );
        }
    }
}
