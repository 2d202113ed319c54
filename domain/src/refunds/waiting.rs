//! A refund that cannot go on now: what holds it up, for how long, and when a person has to look.
//!
//! What was certainly not carried out is tried again for ever. What is in doubt is asked for again and again, and goes
//! to a person after very many questions without an answer; credentials and limits are no questions in that sense.
//!
//! Pauses grow with each try in a row, and begin anew with other credentials.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{PaymentGateway, RefundStatus, purchase, refund};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

use super::{
    PauseSubscription, ProcessRefund,
    case::{self, Case},
    notifications,
    process::{Call, another_under_way, note_call, started},
    settle::{Learned, settle},
    state::Observation,
    store,
};
use crate::{
    adapters::gateways::{OrderError, Unanswered},
    app::App,
    error::Outcome,
    jobs::{self, ClaimedJob, Ending, Handled, JobKind},
    message::Message,
    payments::HandleGatewayEvent,
    tx::Tx,
};

/// After so many questions without an answer a person has to look.
const MOST_INQUIRIES: i64 = 200;
/// The longest pause before the next try.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// The longest that a gateway may ask for.
const LONGEST_REST: TimeDelta = TimeDelta::hours(1);
/// After so long a person is told that it does not go on.
const TOLD_AFTER: TimeDelta = TimeDelta::hours(1);
/// Whoever waits for another refund is woken when it moves on; this only looks whether that was missed.
const SAFETY_LOOK: TimeDelta = TimeDelta::minutes(5);

/// What keeps a refund from going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HindranceKind {
    Credentials,
    NotFound,
    Busy,
    /// Another request of ours is still under way there.
    Held,
    Silent,
}

/// What other credentials may mend: a key of another account or mode finds nothing.
const OF_THE_KEY: [HindranceKind; 2] = [HindranceKind::Credentials, HindranceKind::NotFound];

impl HindranceKind {
    fn message(self, gateway: PaymentGateway) -> Message {
        let key = match self {
            Self::Credentials => "hindrance-credentials",
            Self::NotFound => "hindrance-not-found",
            Self::Busy | Self::Held => "hindrance-busy",
            Self::Silent => "hindrance-silent",
        };
        Message::key(key).with("gateway", gateway)
    }
}

/// How a refund says that its gateway does not take the credentials, as it is stored.
fn credential_hindrances(gateway: PaymentGateway) -> [String; 2] {
    OF_THE_KEY.map(|kind| kind.message(gateway).to_stored())
}

/// Why a call has brought the refund no further.
#[derive(Clone, Debug)]
pub(super) struct Hindrance {
    kind: HindranceKind,
    retry_after: Option<Duration>,
    /// Whether the call may have been carried out.
    unknown: bool,
    /// In the gateway's words, for the log.
    detail: String,
}

impl Hindrance {
    pub fn of_question(unanswered: Unanswered) -> Self {
        unanswered.into()
    }

    /// Of an order that brought neither a refund nor a refusal.
    pub fn of_order(error: &OrderError) -> Self {
        let (kind, retry_after, unknown) = match error {
            OrderError::Credentials { .. } => (HindranceKind::Credentials, None, false),
            OrderError::Busy { retry_after, .. } => (HindranceKind::Busy, *retry_after, false),
            OrderError::Held { retry_after, .. } => (HindranceKind::Held, *retry_after, true),
            OrderError::Unknown { .. } | OrderError::Refused { .. } | OrderError::AlreadyRefunded { .. } => {
                (HindranceKind::Silent, None, true)
            }
        };
        Self {
            kind,
            retry_after,
            unknown,
            detail: error.to_string(),
        }
    }

    /// Whether it speaks of the refund at all: limits and credentials do not.
    fn counts(&self) -> bool {
        matches!(self.kind, HindranceKind::NotFound | HindranceKind::Silent)
    }

    fn pause(&self, times: i64) -> TimeDelta {
        let asked = self.retry_after.and_then(|it| TimeDelta::from_std(it).ok());
        asked.map_or_else(
            || jobs::backoff(times).min(LONGEST_PAUSE),
            |asked| asked.min(LONGEST_REST),
        )
    }
}

impl From<Unanswered> for Hindrance {
    fn from(unanswered: Unanswered) -> Self {
        let detail = unanswered.to_string();
        let (kind, retry_after) = match unanswered {
            Unanswered::Credentials { .. } => (HindranceKind::Credentials, None),
            Unanswered::NotFound { .. } => (HindranceKind::NotFound, None),
            Unanswered::Busy { retry_after, .. } => (HindranceKind::Busy, retry_after),
            Unanswered::Unknown { .. } => (HindranceKind::Silent, None),
        };
        Self {
            kind,
            retry_after,
            // A question carries nothing out.
            unknown: false,
            detail,
        }
    }
}

/// Notes what holds a refund up, and when it is tried again. `doubt` is since when it was in doubt before the call.
pub(super) async fn hold_up(
    app: &App,
    job: &ClaimedJob,
    case: &Case,
    hindrance: Hindrance,
    doubt: Option<DateTime<Utc>>,
) -> Handled {
    let (mut tx, refund, purchase) = case::begin(app, job, case.refund.id).await?;
    tracing::warn!(refund = %refund.id, detail = hindrance.detail, "the refund does not go on");
    let call = if hindrance.unknown {
        Call::Unknown
    } else {
        Call::NotCarriedOut(doubt)
    };
    let refund = note_call(&tx, job, case, refund, call).await?;
    let ending = match refund.status {
        // Told in the meantime, by a notice or by a person.
        RefundStatus::Succeeded
        | RefundStatus::Failed
        | RefundStatus::Reversed
        | RefundStatus::NeedsAttention => Ending::Done,
        // Two that asked at the same time have not seen each other: the one that comes second waits.
        RefundStatus::Requested
            if another_under_way(&store::of_payment(tx.db(), &purchase).await?, &refund) =>
        {
            rest_behind_another(&tx, job).await?
        }
        RefundStatus::Requested | RefundStatus::Processing | RefundStatus::Pending => {
            let refund = started(app, &mut tx, refund, &purchase).await?;
            wait(app, &mut tx, refund, purchase, &hindrance).await?
        }
    };
    // From this transaction on, so that whoever changes the credentials after it finds a job that waits.
    if let Ending::Snooze { at, note } = &ending {
        jobs::store::rest(tx.db(), job.held(), *at, note).await?;
    }
    tx.commit().await?;
    Ok(ending)
}

async fn wait(
    app: &App,
    tx: &mut Tx,
    refund: refund::Model,
    purchase: purchase::Model,
    hindrance: &Hindrance,
) -> Outcome<Ending> {
    let at_gateway = refund.in_doubt_since.is_some() || refund.status == RefundStatus::Pending;
    // What counts comes to a person by itself.
    let counted = hindrance.counts() && at_gateway;
    let inquiries = refund.inquiries + i64::from(counted);
    let message = hindrance.kind.message(refund.gateway).to_stored();
    let news = refund.hindrance.as_ref() != Some(&message);
    let since = refund.hindered_since.unwrap_or(tx.now());
    let was_of_the_key = |message: &String| credential_hindrances(refund.gateway).contains(message);
    let key_accepted =
        !OF_THE_KEY.contains(&hindrance.kind) && refund.hindrance.as_ref().is_some_and(was_of_the_key);
    let times = if key_accepted {
        1
    } else {
        refund.hindered_times + 1
    };
    let mut row = refund.into_active_model();
    row.inquiries = Set(inquiries);
    row.hindrance = Set(Some(message));
    row.hindered_since = Set(Some(since));
    row.hindered_times = Set(times);
    row.updated_at = Set(tx.now());
    let refund = row.update(tx.db()).await?;
    if inquiries >= MOST_INQUIRIES {
        settle(app, tx, refund, purchase, Learned::new(Observation::GaveUp)).await?;
        return Ok(Ending::Done);
    }
    if news {
        notifications::publish_update(tx, &refund);
    }
    if !counted && tx.now() - since >= TOLD_AFTER {
        store::add_held_up_follow_up(tx, &refund).await?;
    }
    Ok(again(tx.now(), hindrance.pause(times), &hindrance.detail))
}

/// Forgets what held the refund up. Telling of it is left to the caller, who changes the refund.
pub(super) async fn clear_hindrance(tx: &Tx, refund: refund::Model) -> Outcome<refund::Model> {
    if refund.hindered_since.is_none() {
        return Ok(refund);
    }
    store::close_held_up_follow_up(tx, refund.id).await?;
    let mut row = refund.into_active_model();
    row.hindrance = Set(None);
    row.hindered_since = Set(None);
    row.hindered_times = Set(0);
    row.inquiries = Set(0);
    Ok(row.update(tx.db()).await?)
}

/// Another refund of the payment is on its way. The job rests from this transaction on, so that whoever settles the
/// other one, and has the payment's lock after us, finds it and wakes it.
pub(super) async fn rest_behind_another(tx: &Tx, job: &ClaimedJob) -> Outcome<Ending> {
    let note = "another refund of the payment is on its way";
    let at = tx.now() + SAFETY_LOOK;
    jobs::store::rest(tx.db(), job.held(), at, note).await?;
    Ok(again(tx.now(), SAFETY_LOOK, note))
}

/// Wakes the oldest refund of a payment that waits for its turn.
pub(super) async fn wake_next(tx: &Tx, purchase: &purchase::Model) -> Outcome<()> {
    for refund in store::of_payment(tx.db(), purchase).await? {
        if refund.status == RefundStatus::Requested
            && jobs::store::wake::<ProcessRefund>(tx.db(), refund.id, tx.now()).await?
        {
            return Ok(());
        }
    }
    Ok(())
}

/// A team has other credentials at a gateway: what the old ones kept from going on is tried at once. A job that runs
/// with the old ones meanwhile reads under the refund's lock that the pauses begin anew.
pub(crate) async fn credentials_changed(tx: &Tx, gateway: PaymentGateway) -> Outcome<()> {
    let refunds = store::hindered_by(tx, gateway, &credential_hindrances(gateway)).await?;
    store::reset_pauses(tx, &refunds).await?;
    jobs::store::wake_all::<ProcessRefund>(tx.db(), &refunds, tx.now()).await?;
    let kinds = [PauseSubscription::NAME, HandleGatewayEvent::NAME];
    jobs::store::wake_kinds(tx.db(), tx.actor().team, kinds, tx.now()).await
}

/// The gateway has the refund and will confirm it: webhooks are faster, asking is certain.
pub(super) async fn until_confirmed(tx: &Tx, refund: refund::Model) -> Outcome<Ending> {
    let answers = refund.answers;
    let mut row = refund.into_active_model();
    row.answers = Set(answers + 1);
    row.updated_at = Set(tx.now());
    row.update(tx.db()).await?;
    Ok(again(
        tx.now(),
        until_next_look(answers),
        "the gateway will confirm",
    ))
}

/// After 1, 5, 15 and 60 minutes, then hourly until a day is over, then every six hours.
fn until_next_look(answers: i64) -> TimeDelta {
    match answers {
        ..=0 => TimeDelta::minutes(1),
        1 => TimeDelta::minutes(4),
        2 => TimeDelta::minutes(10),
        3 => TimeDelta::minutes(45),
        4..=26 => TimeDelta::hours(1),
        _ => TimeDelta::hours(6),
    }
}

pub(super) fn again(now: DateTime<Utc>, pause: TimeDelta, note: &str) -> Ending {
    Ending::Snooze {
        at: now + pause,
        note: note.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times after the first answer at which a refund is asked about.
    #[test]
    fn what_is_pending_is_asked_about_ever_more_rarely() {
        let mut at = TimeDelta::zero();
        let looks: Vec<i64> = (0..32)
            .map(|answers| {
                at += until_next_look(answers);
                at.num_minutes()
            })
            .collect();
        assert_eq!(looks[..6], [1, 5, 15, 60, 120, 180]);
        let of_the_first_day = looks.iter().filter(|at| **at <= 24 * 60).count();
        assert_eq!(of_the_first_day, 4 + 23);
        assert_eq!(looks[27..30], [30 * 60, 36 * 60, 42 * 60]);
    }

    /// Nobody waits longer than a few minutes for credentials that were entered meanwhile.
    #[test]
    fn the_pause_grows_up_to_some_minutes() {
        let wrong = Hindrance::from(Unanswered::Credentials {
            detail: String::new(),
        });
        assert!(!wrong.counts());
        assert!(wrong.pause(1) <= TimeDelta::seconds(1));
        assert_eq!(wrong.pause(1000), LONGEST_PAUSE);
        let busy = Hindrance::from(Unanswered::Busy {
            retry_after: Some(Duration::from_secs(90)),
            detail: String::new(),
        });
        assert_eq!(busy.pause(1), TimeDelta::seconds(90));
        assert!(
            Hindrance::from(Unanswered::NotFound {
                detail: String::new()
            })
            .counts()
        );
    }
}
