//! How staff end a refund that the gateway does not: they have looked there, and say whether the money went back.
//!
//! The gateway is asked once more. Where it says how the refund stands, its word goes over theirs.

use std::time::Duration;

use chrono::TimeDelta;
use entities::{RefundId, RefundReason, RefundStatus, purchase, refund};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::json;

use super::{
    ProcessRefund,
    case::{self, Case},
    inquiry::{self, Recognition},
    request,
    rules::{Decision, Policy},
    settle::{Learned, note_of, settle},
    state::{self, Observation},
    store,
};
use crate::{
    actor::{Actor, Scope},
    app::App,
    error::{self, Error, Outcome, Refusal, UserErrorCode},
    input,
    jobs::{self, NewJob},
    message::Message,
    tx::Tx,
};

/// What goes on by itself is left alone for so long.
const STUCK_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Whoever has asked waits for the gateway's answer: shorter than a request may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// How a refund has ended, as staff say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// The money went back to the customer.
    Succeeded,
    /// It did not, and will not.
    Failed,
}

impl Declared {
    const fn observation(self) -> Observation {
        match self {
            Self::Succeeded => Observation::Succeeded,
            Self::Failed => Observation::Refused,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

/// A refund that staff end.
#[derive(Clone, Debug)]
pub struct RefundResolve {
    pub refund: Result<RefundId, Refusal>,
    pub outcome: Declared,
    pub note: String,
}

/// A refund that was ended, and whose word it was.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub refund: refund::Model,
    /// The gateway, asked once more, said how it stands: that counts, whatever was declared.
    pub by_gateway: bool,
}

/// Ends a refund whose outcome nobody knows, or that does not go on.
pub async fn resolve(app: &App, actor: &Actor, request: RefundResolve) -> Outcome<Resolved> {
    actor.require(Scope::RefundsOverride)?;
    if actor.impersonator.is_some() {
        return Err(Refusal::new(UserErrorCode::NotAllowedWhileImpersonating).into());
    }
    let (id, note) = check(&request)?;
    let Some(case) = Case::load(app, actor.team, id).await? else {
        return Err(Refusal::not_found("refundId", "refund").into());
    };
    let case = case.within(PATIENCE);
    resolvable(app, &case.refund)?;
    let learned = ask_once_more(app, actor, &case, request.outcome).await?;
    let by_gateway = learned.declared_by.is_none();

    let mut tx = app.begin(actor).await?;
    let (refund, purchase) = case::lock(&tx, id).await?;
    resolvable(app, &refund)?;
    // A call that is under way may end either way, and what was learned before it says nothing of it.
    let moved = refund.status != case.refund.status || refund.in_doubt_since != case.refund.in_doubt_since;
    if moved || jobs::store::is_running::<ProcessRefund>(tx.db(), id).await? {
        return Err(not_resolvable("resolve-under-way"));
    }
    let before = refund.status;
    store::close_follow_ups(&tx, id).await?;
    let refund = settle(app, &mut tx, refund, purchase, learned).await?;
    tx.audit_with(
        "refund.resolved",
        Some(id.to_string()),
        Some(note),
        json!({ "from": before, "declared": request.outcome.as_str(), "to": refund.status, "byGateway": by_gateway }),
    );
    if refund.status == RefundStatus::Pending {
        tx.enqueue(NewJob::now::<ProcessRefund>(id));
    }
    tx.commit().await?;
    Ok(Resolved { refund, by_gateway })
}

fn check(request: &RefundResolve) -> Outcome<(RefundId, String)> {
    let required = || {
        let refusal = Refusal::new(UserErrorCode::RefundNoteRequired).on("note");
        refusal.saying(Message::key("note-required-resolve"))
    };
    let note = input::optional_note("note", Some(&request.note));
    let note = note.and_then(|note| note.ok_or_else(required));
    error::all((request.refund.clone(), note))
}

/// What is settled stays so, and what goes on by itself is left alone.
fn resolvable(app: &App, refund: &refund::Model) -> Outcome<()> {
    if !state::is_unsettled(refund.status) {
        return Err(not_resolvable("resolve-settled"));
    }
    let stuck =
        refund.status == RefundStatus::NeedsAttention || app.clock.now() - refund.requested_at >= STUCK_AFTER;
    if stuck {
        Ok(())
    } else {
        Err(not_resolvable("resolve-too-early"))
    }
}

fn not_resolvable(why: &str) -> Error {
    let refusal = Refusal::new(UserErrorCode::RefundNotResolvable).on("refundId");
    refusal
        .saying(Message::key(why).with("minutes", STUCK_AFTER.num_minutes()))
        .into()
}

/// Asks the gateway once more. Where it does not say how the refund stands, what staff say counts.
async fn ask_once_more(app: &App, actor: &Actor, case: &Case, outcome: Declared) -> Outcome<Learned> {
    let by = actor.accountable_user()?;
    let declared = Learned::declared(outcome.observation(), by);
    match inquiry::look_up_afterwards(app, case, case.refund.in_doubt_since).await? {
        Ok(Recognition::Recognised(told)) => {
            let learned = Learned::from_gateway(&case.refund, &told);
            // Not what was ordered: that is why a person is asked. The gateway's id of it is worth keeping.
            Ok(match learned.observation {
                Observation::GaveUp | Observation::Started => Learned {
                    gateway_refund_id: learned.gateway_refund_id,
                    ..declared
                },
                Observation::Accepted | Observation::Succeeded | Observation::Refused => learned,
            })
        }
        Ok(Recognition::NotThere) if outcome == Declared::Succeeded => {
            if went_back_by_hand(app, case).await? {
                Ok(declared)
            } else {
                let refusal = Refusal::new(UserErrorCode::Conflict).on("outcome");
                Err(refusal.saying(Message::key("conflict-refund-not-made")).into())
            }
        }
        Ok(Recognition::NotThere | Recognition::Ambiguous) | Err(_) => Ok(declared),
    }
}

/// The gateway knows no such refund. It can have gone back all the same, made by hand there: then more has gone back
/// of the payment than our other refunds account for. Also if the gateway does not say.
async fn went_back_by_hand(app: &App, case: &Case) -> Outcome<bool> {
    let ours = store::of_payment(app.db.connection(), &case.purchase).await?;
    let gone = ours.iter().filter(|other| {
        other.id != case.refund.id && matches!(other.status, RefundStatus::Succeeded | RefundStatus::Pending)
    });
    let accounted: i64 = gone.map(|other| other.amount_minor).sum();
    let Ok(gateway) = case.gateway() else {
        return Ok(true);
    };
    let payment = case.payment();
    Ok(match case.answer_afterwards(gateway.payment(&payment.id)).await {
        Ok(told) => told.refunded.minor >= accounted + case.refund.amount_minor,
        Err(_) => true,
    })
}

/// The gateway has a refund after all that staff had declared failed. Where its amount is still there, it is promised
/// again, with what goes along with it, and the gateway's word counts. Where it has been promised or given back
/// otherwise, a person has to look: the customer has it twice.
pub(super) async fn reopen_if_made(
    tx: &mut Tx,
    refund: refund::Model,
    purchase: purchase::Model,
    learned: Learned,
) -> Outcome<(refund::Model, purchase::Model, Learned)> {
    let made = matches!(
        learned.observation,
        Observation::Accepted | Observation::Succeeded
    );
    if refund.status != RefundStatus::Failed || refund.resolved_by.is_none() || !made {
        return Ok((refund, purchase, learned));
    }
    let left = purchase.refundable();
    if left.minor < refund.amount_minor {
        let key = "follow-up-refund-made-after-all";
        store::add_follow_up_once(tx, refund.id, key, note_of(key, &refund)).await?;
        let unheard = Learned {
            gateway_refund_id: learned.gateway_refund_id,
            ..Learned::new(Observation::GaveUp)
        };
        return Ok((refund, purchase, unheard));
    }
    let decision = Decision {
        amount: refund.amount(),
        takes_access: refund.takes_access
            && (left == refund.amount() || refund.reason == RefundReason::Fraudulent),
    };
    let mut row = refund.into_active_model();
    row.status = Set(RefundStatus::NeedsAttention);
    row.takes_access = Set(decision.takes_access);
    row.completed_at = Set(None);
    row.resolved_by = Set(None);
    let refund = row.update(tx.db()).await?;
    let policy = Policy::of(&store::team(tx).await?);
    let reserved = request::reserve(tx, &purchase, decision).await?;
    request::take_access(tx, &refund, &purchase, policy).await?;
    store::close_follow_ups(tx, refund.id).await?;
    Ok((refund, reserved, learned))
}
