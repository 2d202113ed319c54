//! Accepting a refund: everything that can be true at once becomes true in one commit.

use entities::{
    EventTopic, GrantSource, Money, PurchaseId, RefundEffectKind, RefundReason, RefundStatus, purchase,
    refund,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    ProcessRefund, evidence, notifications,
    rules::{self, Decision, Facts, Policy, RefundTerms},
    store,
};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::is_unique_violation,
    entitlements::{self, Taken},
    error::{self, Error, Outcome, Refusal, UserErrorCode},
    input,
    jobs::NewJob,
    message::Message,
    purchases,
    tx::Tx,
};

/// A refund as an agent asks for it.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    pub purchase: Result<PurchaseId, Refusal>,
    pub reason: RefundReason,
    pub note: Option<String>,
    /// Major units and currency; the whole refundable amount if none.
    pub amount: Option<(String, String)>,
    pub override_policy: bool,
    pub idempotency_key: Option<String>,
}

struct CheckedRefund {
    purchase: PurchaseId,
    note: Option<String>,
    amount: Option<Money>,
    key: Option<String>,
    /// Tells whether a repeated key comes with the same request.
    fingerprint: String,
}

/// S0.25: accepts a refund. Plan and access are gone when this returns; the gateway is told by a worker.
pub async fn request(app: &App, actor: &Actor, request: RefundRequest) -> Outcome<refund::Model> {
    actor.require(Scope::RefundsWrite)?;
    if actor.impersonator.is_some() {
        return Err(Refusal::new(UserErrorCode::NotAllowedWhileImpersonating).into());
    }
    let checked = check(&request)?;
    let mut tx = app.begin(actor).await?;
    // The purchase's lock makes refunds of it one after the other, whoever asks.
    let Some(purchase) = purchases::lock(&tx, checked.purchase).await? else {
        return Err(Refusal::not_found("purchaseId", "purchase").into());
    };
    if let Some(known) = replay(&tx, &checked).await? {
        return Ok(known);
    }
    let team = store::team(&tx).await?;
    let policy = Policy::of(&team);
    let facts = evidence::gather(app, tx.db(), purchase).await?;
    let wish = RefundTerms {
        reason: request.reason,
        note: checked.note.clone(),
        amount: checked.amount,
        override_policy: request.override_policy,
        may_override: actor.scopes.contains(Scope::RefundsOverride),
    };
    let decision = rules::decide(policy, &facts, &wish)
        .map_err(|refusals| Error::Refused(refusals.into_iter().map(Refusal::from).collect()))?;

    let refund = insert(&tx, &checked, &wish, decision, policy, &facts).await?;
    let purchase = reserve(&tx, &facts.purchase, decision).await?;
    take_access(&mut tx, &refund, &facts.purchase, policy).await?;
    store::add_step(&tx, refund.id, RefundStatus::Requested, None).await?;
    notifications::customer(
        app,
        &mut tx,
        &refund,
        &purchase,
        notifications::Occasion::Requested,
    )
    .await?;
    tx.audit_with(
        "refund.requested",
        Some(refund.id.to_string()),
        refund.note.clone(),
        json!({ "purchaseId": purchase.id, "reason": refund.reason, "amount": refund.amount().to_string(), "overridePolicy": refund.override_policy }),
    );
    notifications::publish_update(&mut tx, &refund);
    tx.publish(
        EventTopic::PurchaseUpdated,
        purchase.id,
        json!({ "status": purchase.status }),
    );
    tx.enqueue(NewJob::now::<ProcessRefund>(refund.id));
    tx.commit().await?;
    Ok(refund)
}

fn check(request: &RefundRequest) -> Outcome<CheckedRefund> {
    let amount = request
        .amount
        .as_ref()
        .map(|(amount, currency)| input::positive_money("amount", amount, currency));
    let key = request.idempotency_key.as_deref();
    let (purchase, note, amount, key) = error::all((
        request.purchase.clone(),
        input::optional_note("note", request.note.as_deref()),
        amount.transpose(),
        input::optional_reference("idempotencyKey", key, input::LINE),
    ))?;
    let said = json!([
        purchase,
        request.reason,
        note,
        amount.map(|it| it.to_string()),
        request.override_policy
    ]);
    let fingerprint = hex::encode(Sha256::digest(said.to_string()));
    Ok(CheckedRefund {
        purchase,
        note,
        amount,
        key,
        fingerprint,
    })
}

/// The refund that this key has already made; a conflict if it was another request.
async fn replay(tx: &Tx, checked: &CheckedRefund) -> Outcome<Option<refund::Model>> {
    let Some(key) = &checked.key else { return Ok(None) };
    let Some(known) = store::by_idempotency_key(tx, key).await? else {
        return Ok(None);
    };
    if known.request_fingerprint == checked.fingerprint {
        Ok(Some(known))
    } else {
        Err(key_conflict())
    }
}

fn key_conflict() -> Error {
    let refusal = Refusal::new(UserErrorCode::Conflict).on("idempotencyKey");
    refusal.saying(Message::key("conflict-idempotency-key")).into()
}

async fn insert(
    tx: &Tx,
    checked: &CheckedRefund,
    wish: &RefundTerms,
    decision: Decision,
    policy: Policy,
    facts: &Facts,
) -> Outcome<refund::Model> {
    let actor = tx.actor();
    let requested_by = actor.accountable_user()?;
    let checklist: Vec<_> = evidence::checks(policy, facts)
        .into_iter()
        .map(|check| check.to_evidence())
        .collect();
    let row = refund::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(actor.team),
        purchase_id: Set(facts.purchase.id),
        user_id: Set(facts.purchase.user_id),
        gateway: Set(facts.purchase.gateway),
        amount_minor: Set(decision.amount.minor),
        currency: Set(decision.amount.currency),
        reason: Set(wish.reason),
        note: Set(checked.note.clone()),
        override_policy: Set(wish.override_policy),
        status: Set(RefundStatus::Requested),
        takes_access: Set(decision.takes_access),
        gateway_refund_id: Set(None),
        failure_code: Set(None),
        failure_message: Set(None),
        first_sent_at: Set(None),
        in_doubt_since: Set(None),
        inquiries: Set(0),
        answers: Set(0),
        hindrance: Set(None),
        hindered_since: Set(None),
        hindered_times: Set(0),
        resolved_by: Set(None),
        requested_by: Set(requested_by),
        api_key_id: Set(actor.api_key()),
        idempotency_key: Set(checked.key.clone()),
        request_fingerprint: Set(checked.fingerprint.clone()),
        requested_at: Set(tx.now()),
        completed_at: Set(None),
        percent_read_at_request: Set(facts.percent_read),
        seconds_read_at_request: Set(facts.seconds_read),
        evidence: Set(
            json!({ "sessions": facts.sessions, "seconds": facts.seconds_read, "percentRead": facts.percent_read, "checks": checklist }),
        ),
        updated_at: Set(tx.now()),
    };
    // Two purchases, one key, one moment: the locks differ, the index does not.
    row.insert(tx.db()).await.map_err(|error| {
        if is_unique_violation(&error) {
            key_conflict()
        } else {
            error.into()
        }
    })
}

/// Promises the amount to this refund and, if nothing is left of the payment, cancels the plan (S0.34).
pub(super) async fn reserve(
    tx: &Tx,
    purchase: &purchase::Model,
    decision: Decision,
) -> Outcome<purchase::Model> {
    let mut row = purchase.clone().into_active_model();
    row.reserved_minor = Set(purchase.reserved_minor + decision.amount.minor);
    row.updated_at = Set(tx.now());
    if decision.takes_access && purchase.canceled().is_none() {
        row.canceled_at = Set(Some(tx.now()));
        if purchase.refunded().minor == 0 {
            row.status = Set(entities::PurchaseStatus::Canceled);
        }
    }
    Ok(purchase::Entity::update(row).exec(tx.db()).await?)
}

/// S0.35, S0.45, S0.46: takes away what this purchase gave; after fraud, all of it. Notes each effect.
pub(super) async fn take_access(
    tx: &mut Tx,
    refund: &refund::Model,
    before: &purchase::Model,
    policy: Policy,
) -> Outcome<()> {
    use RefundEffectKind::{
        CancelPlan, NotifyCustomer, PauseSubscription, RefundAtGateway, RevokeAccess, UpdateOrder,
    };
    let mut effects = store::Effects::default();
    let partial = || Message::key("effect-skipped-partial");
    if refund.takes_access {
        match before.canceled() {
            None => effects.done(CancelPlan),
            Some(at) => {
                let detail = Message::key("effect-plan-already-canceled").with("date", policy.day(at));
                effects.skip(CancelPlan, detail);
            }
        }
        let reason = Message::key("revoked-by-refund").with("refund", refund.id);
        let taken = if refund.reason == RefundReason::Fraudulent {
            let (user, product) = (before.user_id, before.product_id);
            entitlements::take_back_everything(tx, user, product, refund.id, reason).await?
        } else {
            entitlements::take_back_purchase(tx, before.user_id, before.id, refund.id, reason).await?
        };
        match taken {
            Taken::Revoked => effects.done(RevokeAccess),
            Taken::Kept(GrantSource::Purchase) => {
                effects.skip(RevokeAccess, Message::key("effect-access-kept-other-purchase"));
            }
            Taken::Kept(_) => effects.skip(RevokeAccess, Message::key("effect-access-kept-manual")),
            Taken::Nothing => effects.skip(RevokeAccess, Message::key("effect-no-access-granted")),
            Taken::Ended(at) => {
                let detail = Message::key("effect-access-already-ended").with("date", policy.day(at));
                effects.skip(RevokeAccess, detail);
            }
        }
    } else {
        effects.skip(CancelPlan, partial());
        effects.skip(RevokeAccess, partial());
    }
    effects.pending(RefundAtGateway);
    match (&before.gateway_subscription_id, refund.takes_access) {
        (Some(_), true) => effects.pending(PauseSubscription),
        (Some(_), false) => effects.skip(PauseSubscription, partial()),
        (None, _) => effects.skip(PauseSubscription, Message::key("effect-nothing-recurring")),
    }
    effects.pending(UpdateOrder);
    effects.pending(NotifyCustomer);
    effects.store(tx, refund.id).await
}
