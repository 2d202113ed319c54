//! The one place where what we learn of a refund changes anything: the refund, the purchase, the access, the
//! effects, and who is told.

use entities::{
    EffectStatus, EventTopic, RefundEffectKind, RefundReason, RefundStatus, UserId, purchase, refund,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::json;

use super::{
    agreements, notifications, past_us, resolve,
    state::{self, Observation},
    store, waiting,
};
use crate::{
    adapters::gateways::{GatewayRefund, GatewayRefundStatus},
    app::App,
    entitlements::{self, Taken},
    error::Outcome,
    message::Message,
    payments, purchases,
    tx::Tx,
};

/// What was learned, and from whom.
#[derive(Clone, Debug)]
pub(super) struct Learned {
    pub observation: Observation,
    pub gateway_refund_id: Option<String>,
    /// The code of a refusal, and the gateway's words where it is the gateway's.
    pub failure: Option<(String, Option<String>)>,
    /// What a person has to do, if it does not follow from the observation.
    pub follow_up: Option<Message>,
    /// For the timeline, if there is more to say than the status does.
    pub detail: Option<Message>,
    /// It is what staff say, where the gateway says nothing.
    pub declared_by: Option<UserId>,
}

impl Learned {
    pub fn new(observation: Observation) -> Self {
        Self {
            observation,
            gateway_refund_id: None,
            failure: None,
            follow_up: None,
            detail: None,
            declared_by: None,
        }
    }

    /// There are refunds at the gateway of which nobody can say whether one of them is this one.
    pub fn ambiguous(refund: &refund::Model) -> Self {
        let note = note_of("follow-up-refund-ambiguous", refund);
        Self {
            follow_up: Some(note),
            detail: Some(Message::key("timeline-ambiguous")),
            ..Self::new(Observation::GaveUp)
        }
    }

    /// What staff declare, where the gateway says nothing.
    pub fn declared(observation: Observation, by: UserId) -> Self {
        Self {
            detail: Some(Message::key(match observation {
                Observation::Refused => "timeline-declared-failed",
                _ => "timeline-declared-succeeded",
            })),
            declared_by: Some(by),
            ..Self::new(observation)
        }
    }

    /// Whether the gateway, or staff in its place, have said how it stands.
    fn tells(&self) -> bool {
        match self.observation {
            Observation::Accepted | Observation::Succeeded | Observation::Refused => true,
            Observation::Started | Observation::GaveUp => false,
        }
    }

    pub fn refused(code: &str, message: &str) -> Self {
        Self {
            failure: Some((code.to_owned(), Some(message.to_owned()))),
            ..Self::new(Observation::Refused)
        }
    }

    /// What a gateway says of a refund. One that is not what was ordered is nobody's success.
    pub fn from_gateway(refund: &refund::Model, told: &GatewayRefund) -> Self {
        let ours = told.our_refund.is_none_or(|id| id == refund.id);
        if told.amount != refund.amount() || !ours {
            let asked = refund.amount();
            let note = Message::key("follow-up-amount-mismatch")
                .with("refund", refund.id)
                .with("asked", asked)
                .with("answered", told.amount);
            let detail = Message::key("timeline-amount-mismatch")
                .with("answered", told.amount)
                .with("asked", asked);
            return Self {
                gateway_refund_id: Some(told.id.clone()),
                follow_up: Some(note),
                detail: Some(detail),
                ..Self::new(Observation::GaveUp)
            };
        }
        let learned = match told.status {
            GatewayRefundStatus::Pending => Self::new(Observation::Accepted),
            GatewayRefundStatus::Succeeded => Self::new(Observation::Succeeded),
            GatewayRefundStatus::Failed => {
                let failure = told.failure.clone().unwrap_or_else(|| "failed".to_owned());
                Self::refused(&failure, &failure)
            }
        };
        Self {
            gateway_refund_id: Some(told.id.clone()),
            ..learned
        }
    }
}

/// Takes in what was learned. The purchase must be locked and `refund` read after that.
pub(super) async fn settle(
    app: &App,
    tx: &mut Tx,
    refund: refund::Model,
    purchase: purchase::Model,
    learned: Learned,
) -> Outcome<refund::Model> {
    let learned = reject_if_anothers(tx, &refund, learned).await?;
    let (refund, purchase, learned) =
        Box::pin(resolve::reopen_if_made(tx, refund, purchase, learned)).await?;
    let refund = if learned.tells() {
        waiting::clear_hindrance(tx, refund).await?
    } else {
        refund
    };
    let before = refund.status;
    let after = state::next(before, learned.observation);
    let newly_known = refund.gateway_refund_id.is_none() && learned.gateway_refund_id.is_some();
    // Of what staff have declared nobody knows more than before.
    let certain = refund.in_doubt_since.is_some() && learned.tells() && learned.declared_by.is_none();
    if after == before && !newly_known && !certain {
        return Ok(refund);
    }
    let mut row = refund.clone().into_active_model();
    if certain {
        row.in_doubt_since = Set(None);
    }
    if after != before && learned.declared_by.is_some() {
        row.resolved_by = Set(learned.declared_by);
    }
    row.status = Set(after);
    row.gateway_refund_id = Set(refund.gateway_refund_id.clone().or(learned.gateway_refund_id));
    row.updated_at = Set(tx.now());
    if let (true, Some((code, message))) = (after != before, &learned.failure) {
        row.failure_code = Set(Some(code.clone()));
        row.failure_message = Set(message.clone());
    }
    if after != before && !state::is_unsettled(after) {
        row.completed_at = Set(Some(tx.now()));
    }
    let refund = row.update(tx.db()).await?;
    let of = purchase.clone();
    if after == before {
        payments::external::follow(tx, &of).await?;
        return Ok(refund);
    }
    store::add_step(tx, refund.id, after, learned.detail).await?;
    if before == RefundStatus::Processing {
        waiting::wake_next(tx, &purchase).await?;
    }
    Box::pin(apply_consequences(
        app,
        tx,
        before,
        &refund,
        purchase,
        learned.follow_up,
    ))
    .await?;
    tx.audit_with(
        "refund.updated",
        Some(refund.id.to_string()),
        None,
        json!({ "from": before, "to": after, "gatewayRefundId": refund.gateway_refund_id }),
    );
    notifications::publish_update(tx, &refund);
    // What went back past us may fit now, or may have turned out to be this one.
    payments::external::follow(tx, &of).await?;
    Ok(refund)
}

/// A refund at the gateway is one of ours at most. If it is known as another one, what was learned says nothing of this
/// refund, and a person has to look.
async fn reject_if_anothers(tx: &Tx, refund: &refund::Model, learned: Learned) -> Outcome<Learned> {
    let Some(at_gateway) = &learned.gateway_refund_id else {
        return Ok(learned);
    };
    if refund.gateway_refund_id.as_ref() == Some(at_gateway) {
        return Ok(learned);
    }
    let Some(other) = store::other_known_as(tx, refund, at_gateway).await? else {
        return Ok(learned);
    };
    let note = note_of("follow-up-refund-is-anothers", refund)
        .with("other", other)
        .with("atGateway", at_gateway);
    let detail = Message::key("timeline-is-anothers").with("other", other);
    Ok(Learned {
        follow_up: Some(note),
        detail: Some(detail),
        ..Learned::new(Observation::GaveUp)
    })
}

/// Applies what follows from the refund's new status: bookings, effects, tasks and mails.
async fn apply_consequences(
    app: &App,
    tx: &mut Tx,
    before: RefundStatus,
    refund: &refund::Model,
    purchase: purchase::Model,
    follow_up: Option<Message>,
) -> Outcome<()> {
    let mut effects = store::Effects::default();
    let mut mail = None;
    match refund.status {
        RefundStatus::Requested | RefundStatus::Processing => {}
        RefundStatus::Pending => agreements::pause_if_wanted(tx, refund, &purchase).await?,
        RefundStatus::Succeeded => {
            let purchase = book(tx, purchase, -refund.amount_minor, refund.amount_minor, false).await?;
            effects.done(RefundEffectKind::RefundAtGateway);
            effects.done(RefundEffectKind::UpdateOrder);
            agreements::pause_if_wanted(tx, refund, &purchase).await?;
            mail = Some((purchase, notifications::Occasion::Succeeded));
        }
        RefundStatus::Failed => {
            let purchase = Box::pin(undo_failed(tx, refund, purchase, &mut effects, follow_up)).await?;
            // Whoever gave the money back past us has told the customer.
            if !past_us::explains_failure(refund) {
                mail = Some((purchase, notifications::Occasion::Failed));
            }
        }
        RefundStatus::NeedsAttention => {
            let note = follow_up.unwrap_or_else(|| note_of("follow-up-refund-needs-attention", refund));
            store::add_follow_up(tx, refund.id, note).await?;
        }
        RefundStatus::Reversed => {
            let purchase = Box::pin(undo_reversed(tx, before, refund, purchase, &mut effects)).await?;
            mail = purchase.map(|purchase| (purchase, notifications::Occasion::Failed));
        }
    }
    effects.store(tx, refund.id).await?;
    if let Some((purchase, occasion)) = mail {
        notifications::customer(app, tx, refund, &purchase, occasion).await?;
    }
    Ok(())
}

/// The gateway has refused it for good: what the request took is given back.
async fn undo_failed(
    tx: &mut Tx,
    refund: &refund::Model,
    purchase: purchase::Model,
    effects: &mut store::Effects,
    follow_up: Option<Message>,
) -> Outcome<purchase::Model> {
    let message = refund.failure_message.clone().unwrap_or_default();
    let declared = refund.resolved_by.is_some();
    let detail = if declared {
        Message::key("effect-declared-failed")
    } else if past_us::explains_failure(refund) {
        Message::key("effect-went-back-past-us")
    } else {
        Message::key("effect-gateway-refused").with("message", &message)
    };
    let at_gateway = RefundEffectKind::RefundAtGateway;
    effects.set(at_gateway, EffectStatus::Failed, Some(detail.clone()));
    effects.skip(RefundEffectKind::UpdateOrder, detail.clone());
    agreements::cancel_pause(tx, refund, &purchase, detail, effects).await?;
    let purchase = if past_us::explains_failure(refund) {
        undo_past_us(tx, refund, purchase, effects).await?
    } else {
        give_back(tx, refund, purchase, -refund.amount_minor, 0, effects).await?
    };
    let note = match follow_up {
        Some(note) => note,
        None if declared => note_of("follow-up-refund-declared-failed", refund),
        None => note_of("follow-up-refund-failed", refund).with("message", message),
    };
    store::add_follow_up(tx, refund.id, note).await?;
    Ok(purchase)
}

/// The refund has failed because its money went back past us. It cancels the plan no longer; the access stays away if
/// nothing of the payment is left.
async fn undo_past_us(
    tx: &mut Tx,
    refund: &refund::Model,
    purchase: purchase::Model,
    effects: &mut store::Effects,
) -> Outcome<purchase::Model> {
    let purchase = book(tx, purchase, -refund.amount_minor, 0, false).await?;
    payments::external::follow(tx, &purchase).await?;
    let purchase = purchases::lock(tx, purchase.id).await?.unwrap_or(purchase);
    if refund.reason == RefundReason::Fraudulent
        || !payments::external::take_over_revocation(tx, refund.id, &purchase).await?
    {
        return give_back(tx, refund, purchase, 0, 0, effects).await;
    }
    if !was_done(tx, refund, RefundEffectKind::CancelPlan).await? {
        return Ok(purchase);
    }
    let detail = Message::key("effect-went-back-past-us");
    effects.set(RefundEffectKind::CancelPlan, EffectStatus::Undone, Some(detail));
    book(tx, purchase, 0, 0, true).await
}

/// The gateway has taken back what it had accepted. The purchase, if the refund had succeeded before.
async fn undo_reversed(
    tx: &mut Tx,
    before: RefundStatus,
    refund: &refund::Model,
    purchase: purchase::Model,
    effects: &mut store::Effects,
) -> Outcome<Option<purchase::Model>> {
    let detail = Message::key("effect-gateway-took-back");
    for kind in [RefundEffectKind::RefundAtGateway, RefundEffectKind::UpdateOrder] {
        effects.set(kind, EffectStatus::Undone, Some(detail.clone()));
    }
    let purchase = if before == RefundStatus::Succeeded {
        agreements::cancel_pause(tx, refund, &purchase, detail, effects).await?;
        Some(give_back(tx, refund, purchase, 0, -refund.amount_minor, effects).await?)
    } else {
        None
    };
    store::add_follow_up(tx, refund.id, note_of("follow-up-refund-reversed", refund)).await?;
    Ok(purchase)
}

/// For the person who has to look at a refund.
pub(super) fn note_of(key: &str, refund: &refund::Model) -> Message {
    Message::key(key)
        .with("refund", refund.id)
        .with("amount", refund.amount())
}

/// Adds to what the purchase has reserved for refunds and to what was refunded; `reopen` takes its cancellation back.
async fn book(
    tx: &mut Tx,
    mut purchase: purchase::Model,
    reserved: i64,
    refunded: i64,
    reopen: bool,
) -> Outcome<purchase::Model> {
    purchase.reserved_minor += reserved;
    purchase.refunded_minor += refunded;
    if reopen {
        purchase.canceled_at = None;
    }
    purchase.status = purchases::rules::purchase_status(&purchase);
    let mut row = purchase.clone().into_active_model();
    row.reserved_minor = Set(purchase.reserved_minor);
    row.refunded_minor = Set(purchase.refunded_minor);
    row.canceled_at = Set(purchase.canceled_at);
    row.status = Set(purchase.status);
    row.updated_at = Set(tx.now());
    let purchase = purchase::Entity::update(row).exec(tx.db()).await?;
    tx.publish(
        EventTopic::PurchaseUpdated,
        purchase.id,
        json!({ "status": purchase.status }),
    );
    Ok(purchase)
}

/// The money stays with the seller: plan and access come back, but not after fraud.
async fn give_back(
    tx: &mut Tx,
    refund: &refund::Model,
    purchase: purchase::Model,
    reserved: i64,
    refunded: i64,
    effects: &mut store::Effects,
) -> Outcome<purchase::Model> {
    if refund.reason == RefundReason::Fraudulent {
        for kind in TAKEN {
            if was_done(tx, refund, kind).await? {
                let detail = Message::key("effect-fraud-not-restored");
                effects.set(kind, EffectStatus::Done, Some(detail));
            }
        }
        return book(tx, purchase, reserved, refunded, false).await;
    }
    let detail = Message::key("effect-restored-after-failure");
    let plan_back = restore_plan_and_access(tx, refund, detail, effects).await?;
    let reopen = plan_back | make_other_refund_partial(tx, refund, &purchase).await?;
    book(tx, purchase, reserved, refunded, reopen).await
}

/// What a refund takes from the customer.
const TAKEN: [RefundEffectKind; 2] = [RefundEffectKind::CancelPlan, RefundEffectKind::RevokeAccess];

async fn was_done(tx: &Tx, refund: &refund::Model, kind: RefundEffectKind) -> Outcome<bool> {
    Ok(store::effect(tx, refund.id, kind).await? == Some(EffectStatus::Done))
}

/// Gives back what a refund has taken, and says so in its effects. Returns whether the plan is back.
async fn restore_plan_and_access(
    tx: &mut Tx,
    refund: &refund::Model,
    detail: Message,
    effects: &mut store::Effects,
) -> Outcome<bool> {
    // Also where access was kept by something else: this purchase's own reason for it stands again.
    let reason = Message::key("restored-after-refund").with("refund", refund.id);
    let restored = entitlements::restore(tx, refund.user_id, refund.id, reason).await?;
    if was_done(tx, refund, RefundEffectKind::RevokeAccess).await? {
        let (status, detail) = match restored {
            Taken::Nothing => (EffectStatus::Done, Message::key("effect-access-taken-for-good")),
            Taken::Kept(_) | Taken::Revoked | Taken::Ended(_) => (EffectStatus::Undone, detail.clone()),
        };
        effects.set(RefundEffectKind::RevokeAccess, status, Some(detail));
    }
    let took_plan = was_done(tx, refund, RefundEffectKind::CancelPlan).await?;
    if took_plan {
        effects.set(RefundEffectKind::CancelPlan, EffectStatus::Undone, Some(detail));
    }
    Ok(took_plan)
}

/// `part` has failed. Another refund of the purchase took plan and access, because together with it the whole payment
/// went back. Now that one is a partial refund, which leaves the customer both, so they come back. Returns whether the
/// plan is back.
async fn make_other_refund_partial(
    tx: &mut Tx,
    part: &refund::Model,
    purchase: &purchase::Model,
) -> Outcome<bool> {
    let Some(rest) = store::other_taking_access(tx, purchase.id, part.id).await? else {
        return Ok(false);
    };
    let detail = Message::key("effect-restored-after-other-failed").with("refund", part.id);
    let mut effects = store::Effects::default();
    let plan_back = restore_plan_and_access(tx, &rest, detail.clone(), &mut effects).await?;
    agreements::cancel_pause(tx, &rest, purchase, detail, &mut effects).await?;
    effects.store(tx, rest.id).await?;
    let mut row = rest.into_active_model();
    row.takes_access = Set(false);
    row.updated_at = Set(tx.now());
    let rest = row.update(tx.db()).await?;
    notifications::publish_update(tx, &rest);
    Ok(plan_back)
}
