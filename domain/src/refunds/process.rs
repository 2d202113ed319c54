//! Bringing a refund to the gateway, exactly once, whatever happens on the way.
//!
//! What was sent and not answered is unknown: the gateway is asked before anything else, and the same key is
//! sent again only while the gateway still knows it.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{PaymentGateway, RefundId, RefundStatus, TeamId, refund};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

use super::{
    case::{self, Case},
    settle::{Learned, settle},
    state::Observation,
    store,
};
use crate::{
    adapters::gateways::{GatewayError, GatewayRefund, RefundOrder},
    app::App,
    error::Outcome,
    jobs::{self, ClaimedJob, Ending, Handled},
    payments::external,
    tx::Tx,
};

/// Stripe forgets keys after 24 hours at the earliest; an hour is left for clocks and for the way.
const KEY_LIFETIME: TimeDelta = TimeDelta::hours(23);
/// After so many questions without an answer a person has to look.
const MOST_INQUIRIES: i64 = 200;
/// Clocks may differ by so much when a refund is recognised by the time of its making.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// What is to be done with a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextAction {
    /// It was never sent, or the gateway does not know it and would still know its key.
    Send,
    /// It may have been sent: what became of it?
    Ask,
    /// Another refund of the same payment is on its way: one at a time, so that none is taken for another.
    Wait,
    Nothing,
}

/// Brings a refund one step on. Safe to run at any time, any number of times, by several workers at once.
pub async fn process(app: &App, job: &ClaimedJob, id: RefundId) -> Handled {
    let team = job
        .team
        .ok_or_else(|| anyhow::anyhow!("a refund's job has a team"))?;
    let (action, case) = take_up(app, job, team, id).await?;
    match action {
        NextAction::Nothing => Ok(Ending::Done),
        NextAction::Wait => Ok(again(
            app.clock.now(),
            TimeDelta::milliseconds(300),
            "another refund of the payment is on its way",
        )),
        NextAction::Send => {
            let told = send(&case).await;
            conclude(app, job, case, told).await
        }
        NextAction::Ask => {
            let found = ask(app, &case).await;
            match found {
                Ok(None) if may_send_again(&case.refund, app.clock.now()) => {
                    let told = send(&case).await;
                    conclude(app, job, case, told).await
                }
                Ok(None) => give_up(app, job, case).await,
                Ok(Some(told)) => conclude(app, job, case, Ok(told)).await,
                Err(error) => conclude(app, job, case, Err(error)).await,
            }
        }
    }
}

/// Decides what to do and records, before any call, that it is going to be done.
async fn take_up(app: &App, job: &ClaimedJob, team: TeamId, id: RefundId) -> Outcome<(NextAction, Case)> {
    let (mut tx, refund, purchase) = case::begin(app, job, team, id).await?;
    let mut case = Case::new(app, &tx, refund, purchase).await?;
    let action = match case.refund.status {
        RefundStatus::Succeeded | RefundStatus::Failed | RefundStatus::Reversed => NextAction::Nothing,
        RefundStatus::Processing | RefundStatus::Pending | RefundStatus::NeedsAttention => NextAction::Ask,
        RefundStatus::Requested if another_under_way(&tx, &case.refund).await? => NextAction::Wait,
        RefundStatus::Requested => NextAction::Send,
    };
    if action == NextAction::Send {
        let learned = Learned::new(Observation::Started);
        let refund = settle(app, &mut tx, case.refund, case.purchase.clone(), learned).await?;
        let mut row = refund.into_active_model();
        row.first_sent_at = Set(Some(tx.now()));
        case.refund = row.update(tx.db()).await?;
        tx.commit().await?;
    }
    Ok((action, case))
}

async fn another_under_way(tx: &Tx, refund: &refund::Model) -> Outcome<bool> {
    let others = store::of_purchases(tx.db(), refund.team_id, &[refund.purchase_id]).await?;
    Ok(others
        .iter()
        .any(|other| other.id != refund.id && other.status == RefundStatus::Processing))
}

async fn send(case: &Case) -> Result<GatewayRefund, GatewayError> {
    let order = RefundOrder {
        refund_id: case.refund.id,
        payment_id: case.payment().id,
        amount: case.refund.amount(),
        reason: case.refund.reason,
        note: case.refund.note.clone(),
    };
    case.gateway()?.refund(&order).await
}

/// Looks the refund up at the gateway: by its id there, else by our id, else by amount and time.
async fn ask(app: &App, case: &Case) -> Result<Option<GatewayRefund>, GatewayError> {
    let gateway = case.gateway()?;
    if let Some(id) = &case.refund.gateway_refund_id {
        return gateway.refund_by_id(&case.payment(), id).await.map(Some);
    }
    let known = gateway.refunds_of(&case.payment()).await?;
    let others = store::of_purchases(app.db.connection(), case.refund.team_id, &[case.purchase.id]).await;
    let unknown = |error: crate::error::Error| GatewayError::Unknown {
        detail: error.to_string(),
    };
    let others = others.map_err(unknown)?;
    let at = (case.refund.team_id, case.refund.gateway);
    let known = external::not_external(app.db.connection(), at, known).await;
    let known = known.map_err(unknown)?;
    Ok(recognise(&case.refund, &others, known))
}

/// Which of the gateway's refunds is this one. Where the gateway keeps our id there is no doubt; where it
/// does not, it has the amount, was made after we sent it, and is no other refund of ours.
fn recognise(
    refund: &refund::Model,
    others: &[refund::Model],
    known: Vec<GatewayRefund>,
) -> Option<GatewayRefund> {
    let sent_at: DateTime<Utc> = refund.first_sent_at.unwrap_or(refund.requested_at);
    let taken = |id: &str| {
        others
            .iter()
            .any(|it| it.id != refund.id && it.gateway_refund_id.as_deref() == Some(id))
    };
    let by_name = known.iter().position(|told| told.our_refund == Some(refund.id));
    let by_shape = || {
        known.iter().position(|told| {
            told.our_refund.is_none()
                && refund.gateway == PaymentGateway::MercadoPago
                && told.amount == refund.amount()
                && told.created_at.is_none_or(|at| at >= sent_at - SKEW)
                && !taken(&told.id)
        })
    };
    let position = by_name.or_else(by_shape)?;
    known.into_iter().nth(position)
}

fn may_send_again(refund: &refund::Model, now: DateTime<Utc>) -> bool {
    refund.first_sent_at.is_none_or(|at| now - at < KEY_LIFETIME)
}

/// Records what the gateway said, or that it said nothing one can rely on.
async fn conclude(
    app: &App,
    job: &ClaimedJob,
    case: Case,
    told: Result<GatewayRefund, GatewayError>,
) -> Handled {
    let learned = match told {
        Ok(told) => Learned::from_gateway(&case.refund, &told),
        Err(GatewayError::Refused { code, message }) => Learned::refused(&code, &message),
        Err(GatewayError::AlreadyRefunded { .. }) => match ask(app, &case).await {
            Ok(Some(told)) => Learned::from_gateway(&case.refund, &told),
            // Somebody else gave the money back: to be seen by a person before access returns.
            Ok(None) => Learned::new(Observation::GaveUp),
            Err(error) => return unanswered(app, job, &case, &error).await,
        },
        Err(error) => return unanswered(app, job, &case, &error).await,
    };
    let (mut tx, refund, purchase) = case::begin(app, job, case.refund.team_id, case.refund.id).await?;
    let refund = settle(app, &mut tx, refund, purchase, learned).await?;
    let ending = match refund.status {
        RefundStatus::Pending => {
            let pause = waiting_time(refund.inquiries);
            count_inquiry(&tx, refund).await?;
            again(tx.now(), pause, "the gateway will confirm")
        }
        _ => Ending::Done,
    };
    tx.commit().await?;
    Ok(ending)
}

/// The gateway gave no answer that settles anything: later again, or, after very many times, to a person.
async fn unanswered(app: &App, job: &ClaimedJob, case: &Case, error: &GatewayError) -> Handled {
    let (mut tx, refund, purchase) = case::begin(app, job, case.refund.team_id, case.refund.id).await?;
    if refund.inquiries >= MOST_INQUIRIES {
        settle(app, &mut tx, refund, purchase, Learned::new(Observation::GaveUp)).await?;
        tx.commit().await?;
        return Ok(Ending::Done);
    }
    let pause = match error {
        GatewayError::Busy {
            retry_after: Some(after),
            ..
        } => TimeDelta::from_std(*after)
            .unwrap_or(TimeDelta::minutes(1))
            .min(TimeDelta::hours(1)),
        // A person has to enter them again.
        GatewayError::Credentials { .. } => TimeDelta::minutes(5),
        GatewayError::Busy { .. }
        | GatewayError::Unknown { .. }
        | GatewayError::Refused { .. }
        | GatewayError::AlreadyRefunded { .. } => jobs::backoff(refund.inquiries + 1),
    };
    tracing::warn!(refund = %refund.id, %error, "the gateway gave no answer");
    count_inquiry(&tx, refund).await?;
    let ending = again(tx.now(), pause, &error.to_string());
    tx.commit().await?;
    Ok(ending)
}

/// The key may be forgotten and the gateway knows of no refund: sending it again could refund twice.
async fn give_up(app: &App, job: &ClaimedJob, case: Case) -> Handled {
    let (mut tx, refund, purchase) = case::begin(app, job, case.refund.team_id, case.refund.id).await?;
    settle(app, &mut tx, refund, purchase, Learned::new(Observation::GaveUp)).await?;
    tx.commit().await?;
    Ok(Ending::Done)
}

async fn count_inquiry(tx: &Tx, refund: refund::Model) -> Outcome<()> {
    let inquiries = refund.inquiries + 1;
    let mut row = refund.into_active_model();
    row.inquiries = Set(inquiries);
    row.updated_at = Set(tx.now());
    row.update(tx.db()).await?;
    Ok(())
}

fn again(now: DateTime<Utc>, pause: TimeDelta, note: &str) -> Ending {
    Ending::Again {
        at: now + pause,
        note: note.to_owned(),
    }
}

/// How long to wait for a gateway that will confirm by itself: webhooks are faster, asking is certain.
fn waiting_time(inquiries: i64) -> TimeDelta {
    match inquiries {
        0 => TimeDelta::seconds(30),
        1..=3 => TimeDelta::minutes(5),
        4..=10 => TimeDelta::hours(1),
        _ => TimeDelta::hours(12),
    }
}

/// Takes in what a gateway says of one of our refunds outside of a job of its own: a webhook.
pub(crate) async fn observe(
    app: &App,
    job: &ClaimedJob,
    team: TeamId,
    id: RefundId,
    told: &GatewayRefund,
) -> Outcome<()> {
    let (mut tx, refund, purchase) = case::begin(app, job, team, id).await?;
    let learned = Learned::from_gateway(&refund, told);
    settle(app, &mut tx, refund, purchase, learned).await?;
    tx.commit().await
}

/// Asks the gateway what became of a refund because it told us that something did. A refund that it took back
/// is found so, too. An answer that settles nothing makes the caller try again.
pub(crate) async fn ask_now(app: &App, job: &ClaimedJob, team: TeamId, id: RefundId) -> Outcome<()> {
    let (tx, refund, purchase) = case::begin(app, job, team, id).await?;
    let case = Case::new(app, &tx, refund, purchase).await?;
    drop(tx);
    match ask(app, &case).await.map_err(anyhow::Error::from)? {
        Some(told) => observe(app, job, team, id, &told).await,
        None => Ok(()),
    }
}
