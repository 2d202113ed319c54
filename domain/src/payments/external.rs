//! What went back past us: refunds that a gateway knows and nobody has asked us for, booked to the purchases of their
//! payment.
//!
//! Webhooks tell of them more than once, early, late and in any order: each is kept by the gateway's id, and a failure
//! is final. [`follow`] then makes the purchases say what is kept, also when a refund of ours has failed and leaves room
//! for what was too much before.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    EventTopic, ExternalRefundAccess, ExternalRefundStatus, Money, PaymentGateway, PurchaseId,
    PurchaseStatus, RefundId, RefundStatus, TeamId, external_refund, external_refund_share, purchase, refund,
    team,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter,
    QueryOrder, Set,
};
use serde_json::json;

use super::shares::{Part, share};
use crate::{
    adapters::gateways::{GatewayRefund, GatewayRefundStatus, PaymentRef},
    app::App,
    entitlements,
    error::Outcome,
    jobs::ClaimedJob,
    message::Message,
    purchases::{self, payment_of, rules},
    refunds,
    scoped::Scoped,
    teams,
    tx::Tx,
};

/// Clocks may differ by so much when a nameless refund is compared with one of ours.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Asks the gateway for a payment's refunds and books those that nobody has asked us for. Returns how many are new or
/// have changed. A payment that we do not know is left alone.
pub(super) async fn ask_and_book(
    app: &App,
    job: &ClaimedJob,
    team: TeamId,
    gateway: PaymentGateway,
    payment: &str,
) -> Outcome<usize> {
    let connection = app.db.connection();
    let purchases = purchases::of_payments(connection, team, gateway, &[payment.to_owned()]).await?;
    let Some(purchase) = purchases.first() else {
        return Ok(0);
    };
    let Some(at) = teams::secrets::open_gateway(app, team, gateway, connection).await? else {
        return Ok(0);
    };
    let asked = PaymentRef {
        id: payment.to_owned(),
        currency: purchase.currency,
    };
    let told = at.refunds_of(&asked).await.map_err(anyhow::Error::from)?;
    book(app, job, (team, gateway), &[payment.to_owned()], &told).await
}

/// Books what a gateway tells of a payment, except what is ours. The payment may have several names; it is kept under
/// the one that its purchases have.
pub(crate) async fn book(
    app: &App,
    job: &ClaimedJob,
    (team, gateway): (TeamId, PaymentGateway),
    payments: &[String],
    told: &[GatewayRefund],
) -> Outcome<usize> {
    let mut tx = app.begin_for(job).await?;
    let known = purchases::of_payments(tx.db(), team, gateway, payments).await?;
    let name = known.iter().find_map(|it| it.gateway_payment_id.clone());
    let Some(payment) = name.or_else(|| payments.first().cloned()) else {
        return Ok(0);
    };
    purchases::serialise_by_payment(&tx, gateway, &payment).await?;
    let purchases = purchases::lock_payment(&tx, gateway, &payment).await?;
    let ours = refunds_of(&tx, &purchases).await?;
    let mut changed = Vec::new();
    for told in told {
        // One that carries the id of another refund of ours is of no interest unless the payment is ours.
        let concerns = !purchases.is_empty() || told.our_refund.is_none();
        if concerns && !is_ours(&tx, gateway, told).await? {
            changed.extend(keep(&tx, gateway, &payment, told, &ours).await?);
        }
    }
    for row in changed
        .iter()
        .filter(|row| !row.in_doubt && !purchases.is_empty())
    {
        note(&mut tx, row, &purchases);
    }
    if let (Some(purchase), false) = (purchases.first(), changed.is_empty()) {
        follow(&mut tx, purchase).await?;
    }
    tx.commit().await?;
    Ok(changed.len())
}

async fn refunds_of(tx: &Tx, purchases: &[purchase::Model]) -> Outcome<Vec<refund::Model>> {
    let ids: Vec<PurchaseId> = purchases.iter().map(|purchase| purchase.id).collect();
    refunds::of_purchases(tx.db(), tx.actor().team, &ids).await
}

async fn is_ours(tx: &Tx, gateway: PaymentGateway, told: &GatewayRefund) -> Outcome<bool> {
    let team = tx.actor().team;
    let named = match told.our_refund {
        Some(id) => refund::Entity::of_by_id(team, id).one(tx.db()).await?,
        None => None,
    };
    if named.is_some() {
        return Ok(true);
    }
    let known = refund::Entity::of(team)
        .filter(refund::Column::Gateway.eq(gateway))
        .filter(refund::Column::GatewayRefundId.eq(&told.id));
    Ok(known.one(tx.db()).await?.is_some())
}

/// Whether it may be a refund of ours whose order may have been carried out and whose id at the gateway is not known yet.
/// At gateways whose refunds carry our id there is no such doubt.
fn may_be_ours(
    tx: &Tx,
    gateway: PaymentGateway,
    refunds: &[refund::Model],
    amount: Money,
    made_at: DateTime<Utc>,
) -> bool {
    let awaited = |refund: &&refund::Model| {
        refund.gateway_refund_id.is_none()
            && matches!(
                refund.status,
                RefundStatus::Processing | RefundStatus::NeedsAttention
            )
            && refund.amount() == amount
            && refund.in_doubt_since.is_some_and(|since| made_at >= since - SKEW)
    };
    let ability = tx.gateways().refund_ability(gateway);
    ability.is_some_and(|it| !it.carries_our_id) && refunds.iter().any(|refund| awaited(&refund))
}

/// Keeps a refund under the gateway's id. None if nothing about it is new.
async fn keep(
    tx: &Tx,
    gateway: PaymentGateway,
    payment: &str,
    told: &GatewayRefund,
    ours: &[refund::Model],
) -> Outcome<Option<external_refund::Model>> {
    let status = match told.status {
        GatewayRefundStatus::Pending => ExternalRefundStatus::Pending,
        GatewayRefundStatus::Succeeded => ExternalRefundStatus::Succeeded,
        GatewayRefundStatus::Failed => ExternalRefundStatus::Failed,
    };
    let known = external_refund::Entity::of(tx.actor().team)
        .filter(external_refund::Column::Gateway.eq(gateway))
        .filter(external_refund::Column::GatewayRefundId.eq(&told.id));
    if let Some(known) = known.one(tx.db()).await? {
        // Accepted, executed, failed: news of an earlier state may come late.
        if status <= known.status {
            return Ok(None);
        }
        let mut row = known.into_active_model();
        row.status = Set(status);
        row.updated_at = Set(tx.now());
        return Ok(Some(row.update(tx.db()).await?));
    }
    if told.amount.minor <= 0 {
        return Ok(None);
    }
    let made_at = told.created_at.unwrap_or(tx.now());
    let row = external_refund::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(tx.actor().team),
        gateway: Set(gateway),
        gateway_payment_id: Set(payment.to_owned()),
        gateway_refund_id: Set(told.id.clone()),
        amount_minor: Set(told.amount.minor),
        currency: Set(told.amount.currency),
        status: Set(status),
        in_doubt: Set(may_be_ours(tx, gateway, ours, told.amount, made_at)),
        made_at: Set(made_at),
        created_at: Set(tx.now()),
        updated_at: Set(tx.now()),
    };
    Ok(Some(row.insert(tx.db()).await?))
}

fn note(tx: &mut Tx, row: &external_refund::Model, purchases: &[purchase::Model]) {
    let action = match row.status {
        ExternalRefundStatus::Failed => "purchase.external_refund_failed",
        ExternalRefundStatus::Pending | ExternalRefundStatus::Succeeded => "purchase.external_refund",
    };
    let facts = json!({ "gatewayRefundId": row.gateway_refund_id, "amount": row.amount().to_string(), "status": row.status });
    for purchase in purchases {
        tx.audit_with(action, Some(purchase.id.to_string()), None, facts.clone());
    }
}

/// Makes the purchases of a payment say what went back of them past us, and lets access follow. To be called with the
/// purchase locked, whenever something may have changed: what is kept, what a refund of ours has become, what the
/// store says.
pub(crate) async fn follow(tx: &mut Tx, purchase: &purchase::Model) -> Outcome<()> {
    let rows = match payment_of(tx.gateways(), purchase) {
        Some((gateway, payment)) => kept(tx, gateway, payment).await?,
        None => Vec::new(),
    };
    let quiet = rows.is_empty() && purchase.refunded_externally_minor == 0;
    if quiet && purchase.store_refunded_at.is_none() {
        return Ok(());
    }
    let purchases = match payment_of(tx.gateways(), purchase) {
        Some((gateway, payment)) => purchases::lock_payment(tx, gateway, payment).await?,
        None => purchases::lock(tx, purchase.id).await?.into_iter().collect(),
    };
    let rows = clear_doubt(tx, rows, &purchases).await?;
    let shares = share_out(tx, &rows, &purchases).await?;
    for purchase in purchases {
        let share = shares.get(&purchase.id).copied().unwrap_or_default();
        let external = match purchase.store_refunded_at {
            Some(_) => purchase.amount_minor - purchase.refunded_minor - purchase.reserved_minor,
            None => share,
        };
        record_on_purchase(tx, purchase, external).await?;
    }
    Ok(())
}

/// Shares out anew what is kept of a purchase's payment: the store has said which of its purchases went back.
pub(crate) async fn follow_store(tx: &mut Tx, purchase: &purchase::Model) -> Outcome<()> {
    if let Some((gateway, payment)) = payment_of(tx.gateways(), purchase) {
        for row in kept(tx, gateway, payment).await? {
            delete_shares(tx, &row).await?;
        }
    }
    follow(tx, purchase).await
}

/// What is kept of a payment, in the order in which it was given back, so that the order of the news does not matter.
async fn kept(tx: &Tx, gateway: PaymentGateway, payment: &str) -> Outcome<Vec<external_refund::Model>> {
    let rows = external_refund::Entity::of(tx.actor().team)
        .filter(external_refund::Column::Gateway.eq(gateway))
        .filter(external_refund::Column::GatewayPaymentId.eq(payment))
        .order_by_asc(external_refund::Column::MadeAt)
        .order_by_asc(external_refund::Column::GatewayRefundId);
    Ok(rows.all(tx.db()).await?)
}

async fn delete_shares(tx: &Tx, row: &external_refund::Model) -> Outcome<()> {
    external_refund_share::Entity::delete_many()
        .filter(external_refund_share::Column::TeamId.eq(row.team_id))
        .filter(external_refund_share::Column::ExternalRefundId.eq(row.id))
        .exec(tx.db())
        .await?;
    Ok(())
}

/// Without those that have turned out to be ours, and those that still may be. What cannot be ours any more is in doubt
/// no longer.
async fn clear_doubt(
    tx: &mut Tx,
    rows: Vec<external_refund::Model>,
    purchases: &[purchase::Model],
) -> Outcome<Vec<external_refund::Model>> {
    if !rows.iter().any(|row| row.in_doubt) {
        return Ok(rows);
    }
    let ours = refunds_of(tx, purchases).await?;
    let mut clear = Vec::new();
    for row in rows {
        let is_ours = |it: &refund::Model| it.gateway_refund_id.as_deref() == Some(&row.gateway_refund_id);
        if !row.in_doubt {
            clear.push(row);
        } else if ours.iter().any(is_ours) {
            row.delete(tx.db()).await?;
        } else if !may_be_ours(tx, row.gateway, &ours, row.amount(), row.made_at) {
            let mut certain = row.into_active_model();
            certain.in_doubt = Set(false);
            certain.updated_at = Set(tx.now());
            let row = certain.update(tx.db()).await?;
            note(tx, &row, purchases);
            clear.push(row);
        }
    }
    Ok(clear)
}

/// Gives each refund that counts its shares of the purchases, as far as there is room, and takes them from the others.
/// Returns what each purchase has then.
async fn share_out(
    tx: &Tx,
    rows: &[external_refund::Model],
    purchases: &[purchase::Model],
) -> Outcome<HashMap<PurchaseId, i64>> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let shares = external_refund_share::Entity::of(tx.actor().team)
        .filter(external_refund_share::Column::ExternalRefundId.is_in(ids));
    let shares = shares.all(tx.db()).await?;
    let mut of_purchase: HashMap<PurchaseId, i64> = HashMap::new();
    let counts = |row: &external_refund::Model| {
        row.counts() && purchases.iter().all(|purchase| purchase.currency == row.currency)
    };
    for row in rows.iter().filter(|row| !counts(row)) {
        delete_shares(tx, row).await?;
    }
    let mut of_row: HashMap<_, HashMap<PurchaseId, i64>> = HashMap::new();
    for share in shares {
        let row = of_row.entry(share.external_refund_id).or_default();
        row.insert(share.purchase_id, share.amount_minor);
    }
    for row in rows.iter().filter(|row| counts(row)) {
        for (purchase, amount) in of_row.get(&row.id).into_iter().flatten() {
            *of_purchase.entry(*purchase).or_default() += amount;
        }
    }
    for row in rows.iter().filter(|row| counts(row)) {
        let mine = of_row.remove(&row.id).unwrap_or_default();
        let missing = row.amount_minor - mine.values().sum::<i64>();
        let parts: Vec<Part> = purchases
            .iter()
            .map(|purchase| Part {
                left: room(purchase) - of_purchase.get(&purchase.id).copied().unwrap_or_default(),
                store_refunded: purchase.store_refunded_at.is_some(),
            })
            .collect();
        if missing <= 0 || parts.iter().all(|part| part.left <= 0) {
            continue;
        }
        for (purchase, more) in purchases.iter().zip(share(missing, &parts)) {
            if more > 0 {
                let had = mine.get(&purchase.id).copied();
                put_share(tx, row, purchase.id, had, more).await?;
                *of_purchase.entry(purchase.id).or_default() += more;
            }
        }
    }
    Ok(of_purchase)
}

/// What of a purchase we have neither given back nor reserved for a refund.
fn room(purchase: &purchase::Model) -> i64 {
    purchase.amount_minor - purchase.refunded_minor - purchase.reserved_minor
}

async fn put_share(
    tx: &Tx,
    row: &external_refund::Model,
    purchase: PurchaseId,
    had: Option<i64>,
    more: i64,
) -> Outcome<()> {
    let share = external_refund_share::ActiveModel {
        external_refund_id: Set(row.id),
        purchase_id: Set(purchase),
        team_id: Set(row.team_id),
        amount_minor: Set(had.unwrap_or_default() + more),
    };
    if had.is_some() {
        share.update(tx.db()).await?;
    } else {
        share.insert(tx.db()).await?;
    }
    Ok(())
}

/// Writes what went back of one purchase. Once nothing of it is left, access follows the team's setting; what was
/// taken comes back when something is left again.
async fn record_on_purchase(tx: &mut Tx, purchase: purchase::Model, external: i64) -> Outcome<()> {
    let before = purchase.clone();
    let mut purchase = purchase;
    purchase.refunded_externally_minor = external;
    let unpaid = purchase.status == PurchaseStatus::Pending && purchase.refunded().minor == 0;
    if !unpaid {
        purchase.status = rules::purchase_status(&purchase);
    }
    if purchase != before {
        let mut row = before.clone().into_active_model();
        row.refunded_externally_minor = Set(external);
        row.status = Set(purchase.status);
        row.updated_at = Set(tx.now());
        row.update(tx.db()).await?;
        let went = json!({ "amount": purchase.refunded_externally().to_major(), "currency": purchase.currency.as_str() });
        tx.publish(
            EventTopic::PurchaseUpdated,
            purchase.id,
            json!({ "status": purchase.status, "refundedExternally": went }),
        );
    }
    // In the history of access, the purchase stands where otherwise a refund of ours would.
    let cause = RefundId(purchase.id.0);
    if went_back_past_us(&purchase) && !went_back_past_us(&before) {
        if team_revokes_access(tx.db(), purchase.team_id).await? {
            let reason = Message::key("revoked-by-external-refund");
            entitlements::take_back_purchase(tx, purchase.user_id, purchase.id, cause, reason).await?;
        }
    } else if !went_back_past_us(&purchase) && before.refunded_externally_minor > 0 {
        let reason = Message::key("restored-after-external-refund");
        entitlements::restore(tx, purchase.user_id, cause, reason).await?;
    }
    Ok(())
}

/// Whether nothing of it is left, and the last of it went back past us.
fn went_back_past_us(purchase: &purchase::Model) -> bool {
    purchase.refunded_externally_minor > 0 && purchase.refundable().minor == 0
}

/// If what went back past us takes the access, too, it becomes the cause in place of the refund that has taken it, so that
/// the access does not come back in between. Returns whether it does.
pub(crate) async fn take_over_revocation(
    tx: &Tx,
    refund: RefundId,
    purchase: &purchase::Model,
) -> Outcome<bool> {
    if !went_back_past_us(purchase) || !team_revokes_access(tx.db(), purchase.team_id).await? {
        return Ok(false);
    }
    entitlements::reassign_revocation(tx, purchase.id, refund, RefundId(purchase.id.0)).await?;
    Ok(true)
}

async fn team_revokes_access(connection: &impl ConnectionTrait, team: TeamId) -> Outcome<bool> {
    let team = team::Entity::find_by_id(team).one(connection).await?;
    Ok(team.is_some_and(|team| team.external_refund_access == ExternalRefundAccess::Revoke))
}

/// What a gateway tells of a payment without what is known to be none of ours.
pub(crate) async fn not_external(
    connection: &impl ConnectionTrait,
    (team, gateway): (TeamId, PaymentGateway),
    told: Vec<GatewayRefund>,
) -> Outcome<Vec<GatewayRefund>> {
    let known = external_refund::Entity::of(team)
        .filter(external_refund::Column::Gateway.eq(gateway))
        .filter(external_refund::Column::InDoubt.eq(false))
        .filter(external_refund::Column::GatewayRefundId.is_in(told.iter().map(|it| it.id.clone())));
    let known = known.all(connection).await?;
    let is_known = |told: &GatewayRefund| known.iter().any(|it| it.gateway_refund_id == told.id);
    Ok(told.into_iter().filter(|told| !is_known(told)).collect())
}
