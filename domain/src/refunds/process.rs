//! Bringing a refund to the gateway, exactly once, whatever happens on the way.
//!
//! What was sent and not answered is unknown: the gateway is asked before anything else, and the same key is
//! sent again only while the gateway still knows it.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    EffectStatus, PaymentGateway, PurchaseId, RefundEffectKind, RefundId, RefundStatus, TeamId, purchase,
    refund,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set};

use super::{
    settle::{Learned, settle},
    state::Observation,
    store,
};
use crate::{
    adapters::gateways::{
        GatewayCredentials, GatewayError, GatewayRefund, PaymentRef, RefundGateway, RefundOrder,
    },
    app::App,
    error::Outcome,
    jobs::{self, ClaimedJob, Ending, Handled, NewJob, Work},
    message::Message,
    purchases,
    teams::{self, SecretName},
    tx::Tx,
};

/// Stripe forgets keys after 24 hours at the earliest; an hour is left for clocks and for the way.
const KEY_LIFETIME: TimeDelta = TimeDelta::hours(23);
/// After so many questions without an answer a person has to look.
const MOST_INQUIRIES: i64 = 200;
/// A refund under way always has a job; one that has been quiet for so long may have lost it.
const QUIET: TimeDelta = TimeDelta::seconds(10);
/// Clocks may differ by so much when a refund is recognised by the time of its making.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// What is to be done with a refund.
enum NextAction {
    /// It was never sent, or the gateway does not know it and would still know its key.
    Send,
    /// It may have been sent: what became of it?
    Ask,
    /// Another refund of the same payment is on its way: one at a time, so that none is taken for another.
    Wait,
    Nothing,
}

/// The refund, its purchase and the gateway that both are at.
struct Case {
    refund: refund::Model,
    purchase: purchase::Model,
    gateway: Option<Box<dyn RefundGateway>>,
}

/// Brings a refund one step on. Safe to run at any time, any number of times, by several workers at once.
pub async fn process(app: &App, job: &ClaimedJob, id: RefundId) -> Handled {
    let team = job
        .team
        .ok_or_else(|| anyhow::anyhow!("a refund's job has a team"))?;
    let (step, case) = take_up(app, job, team, id).await?;
    match step {
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
    let (mut tx, refund, purchase) = open(app, job, team, id).await?;
    let gateway = connect(app, &tx, &purchase).await?;
    let step = match refund.status {
        RefundStatus::Succeeded | RefundStatus::Failed | RefundStatus::Reversed => NextAction::Nothing,
        RefundStatus::Processing | RefundStatus::Pending | RefundStatus::NeedsAttention => NextAction::Ask,
        RefundStatus::Requested if another_under_way(&tx, &refund).await? => NextAction::Wait,
        RefundStatus::Requested => NextAction::Send,
    };
    if !matches!(step, NextAction::Send) {
        return Ok((
            step,
            Case {
                refund,
                purchase,
                gateway,
            },
        ));
    }
    let learned = Learned::new(Observation::Started);
    let refund = settle(app, &mut tx, refund, purchase.clone(), learned).await?;
    let mut row = refund.into_active_model();
    row.first_sent_at = Set(Some(tx.now()));
    let refund = row.update(tx.db()).await?;
    tx.commit().await?;
    Ok((
        step,
        Case {
            refund,
            purchase,
            gateway,
        },
    ))
}

/// Begins a transaction with the purchase locked and the refund as it is then.
async fn open(
    app: &App,
    job: &ClaimedJob,
    team: TeamId,
    id: RefundId,
) -> Outcome<(Tx, refund::Model, purchase::Model)> {
    let tx = app
        .begin_as_system(team)
        .await?
        .on_behalf_of(job.payload.by.clone());
    let (refund, purchase) = lock(&tx, id).await?;
    Ok((tx, refund, purchase))
}

/// The refund with its purchase locked.
async fn lock(tx: &Tx, id: RefundId) -> Outcome<(refund::Model, purchase::Model)> {
    // The purchase first, as everywhere; which one it is never changes.
    let of: PurchaseId = store::by_id(tx, id).await?.purchase_id;
    let purchase = purchases::store::lock(tx, of).await?;
    let purchase = purchase.ok_or_else(|| anyhow::anyhow!("{of} is gone"))?;
    Ok((store::by_id(tx, id).await?, purchase))
}

async fn another_under_way(tx: &Tx, refund: &refund::Model) -> Outcome<bool> {
    let others = store::of_purchases(tx.db(), refund.team_id, &[refund.purchase_id]).await?;
    Ok(others
        .iter()
        .any(|other| other.id != refund.id && other.status == RefundStatus::Processing))
}

/// The gateway with the team's credentials; none if there are none any more.
async fn connect(app: &App, tx: &Tx, purchase: &purchase::Model) -> Outcome<Option<Box<dyn RefundGateway>>> {
    let name = match purchase.gateway {
        PaymentGateway::Stripe => SecretName::StripeSecretKey,
        PaymentGateway::MercadoPago => SecretName::MercadoPagoAccessToken,
        PaymentGateway::Paypal | PaymentGateway::Manual => return Ok(None),
    };
    let secrets = teams::secrets::load(app, purchase.team_id, tx.db()).await?;
    let Some(secret) = secrets.get(name) else {
        return Ok(None);
    };
    let Some(credentials) = GatewayCredentials::new(purchase.gateway, secret.clone()) else {
        return Ok(None);
    };
    Ok(Some(
        app.gateways.open(&credentials).map_err(anyhow::Error::from)?,
    ))
}

impl Case {
    fn gateway(&self) -> Result<&dyn RefundGateway, GatewayError> {
        self.gateway.as_deref().ok_or_else(|| GatewayError::Credentials {
            detail: "the team has no credentials for this gateway".into(),
        })
    }

    fn payment(&self) -> PaymentRef {
        let id = self.purchase.gateway_payment_id.clone().unwrap_or_default();
        PaymentRef {
            id,
            currency: self.purchase.currency,
        }
    }
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
    let others = others.map_err(|error| GatewayError::Unknown {
        detail: error.to_string(),
    })?;
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
    let (mut tx, refund, purchase) = open(app, job, case.refund.team_id, case.refund.id).await?;
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
    let (mut tx, refund, purchase) = open(app, job, case.refund.team_id, case.refund.id).await?;
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
    let (mut tx, refund, purchase) = open(app, job, case.refund.team_id, case.refund.id).await?;
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
    let (mut tx, refund, purchase) = open(app, job, team, id).await?;
    let learned = Learned::from_gateway(&refund, told);
    settle(app, &mut tx, refund, purchase, learned).await?;
    tx.commit().await
}

/// Asks the gateway what became of a refund because it told us that something did. A refund that it took back
/// is found so, too. An answer that settles nothing makes the caller try again.
pub(crate) async fn ask_now(app: &App, job: &ClaimedJob, team: TeamId, id: RefundId) -> Outcome<()> {
    let (tx, refund, purchase) = open(app, job, team, id).await?;
    let gateway = connect(app, &tx, &purchase).await?;
    drop(tx);
    let case = Case {
        refund,
        purchase,
        gateway,
    };
    match ask(app, &case).await.map_err(anyhow::Error::from)? {
        Some(told) => observe(app, job, team, id, &told).await,
        None => Ok(()),
    }
}

/// S0.37: pauses the recurring agreement of a refunded purchase.
pub async fn pause_subscription(app: &App, job: &ClaimedJob, id: RefundId) -> Handled {
    let team = job
        .team
        .ok_or_else(|| anyhow::anyhow!("a refund's job has a team"))?;
    let (tx, refund, purchase) = open(app, job, team, id).await?;
    let wanted = store::effect(&tx, id, RefundEffectKind::PauseSubscription).await?;
    let gateway = connect(app, &tx, &purchase).await?;
    drop(tx);
    let Some(subscription) = purchase.gateway_subscription_id.clone() else {
        return Ok(Ending::Done);
    };
    // Done before, or the gateway has refused the refund since: then it goes on.
    if wanted != Some(EffectStatus::Pending) {
        return Ok(Ending::Done);
    }
    let case = Case {
        refund,
        purchase,
        gateway,
    };
    let paused = match case.gateway() {
        Ok(gateway) => gateway.pause_subscription(&subscription).await,
        Err(error) => Err(error),
    };
    let last = job.attempts >= job.max_attempts;
    let failed = match paused {
        Ok(()) => None,
        Err(GatewayError::Refused { message, .. }) => Some(message),
        Err(error) if last => Some(error.to_string()),
        Err(error) => return Err(anyhow::anyhow!(error).into()),
    };
    let (mut tx, refund, _) = open(app, job, team, id).await?;
    let mut effects = store::Effects::default();
    let in_vain = matches!(refund.status, RefundStatus::Failed | RefundStatus::Reversed);
    if in_vain && failed.is_some() {
        return Ok(Ending::Done);
    }
    if let Some(message) = failed {
        let detail = Message::key("effect-subscription-not-paused").with("message", message);
        effects.set(
            RefundEffectKind::PauseSubscription,
            EffectStatus::Failed,
            Some(detail),
        );
        let note = Message::key("follow-up-subscription-not-paused");
        let note = note.with("refund", refund.id).with("subscription", subscription);
        store::add_follow_up(&tx, refund.id, note).await?;
    } else {
        effects.set(RefundEffectKind::PauseSubscription, EffectStatus::Done, None);
        tx.audit("subscription.paused", refund.id);
        if in_vain {
            store::add_paused_in_vain(&tx, &refund, &subscription).await?;
        }
    }
    effects.store(&tx, refund.id).await?;
    super::notifications::publish_update(&mut tx, &refund);
    tx.commit().await?;
    Ok(Ending::Done)
}

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
    Ok(looked_at + reconcile_agreements(app, now).await?)
}

/// The same for agreements that are still to be paused: one that goes on charges the customer again.
async fn reconcile_agreements(app: &App, now: DateTime<Utc>) -> Outcome<usize> {
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
