//! What was bought, as the store tells us.

mod promises;
mod reading;
pub mod rules;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    EventTopic, GrantSource, Money, PaymentGateway, ProductId, PurchaseKind, PurchaseStatus, UserId, product,
    purchase, user,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

pub(crate) use promises::PROMISES;
pub use reading::{NOT_VISIBLE, PurchasesOf, by_ids, count, duplicates, first_pages, list};
pub(crate) use store::{lock, lock_payment, of_payments, payment_of, serialise_by_payment};

use crate::{
    actor::{Actor, Scope},
    app::App,
    entitlements::{self, NewGrant},
    error::{Error, Outcome, Refusal, Refusals, UserErrorCode},
    input,
    message::Message,
    payments::external,
    scoped::Scoped,
    teams::secrets,
    tx::Tx,
    users::lock_user,
};

/// How far ahead of ours a store's clock may be.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// A purchase as the store reports it. The same `external_id` is the same purchase.
#[derive(Clone, Debug)]
pub struct PurchaseReport {
    pub external_id: String,
    pub user: Result<UserId, Refusal>,
    pub product: Result<ProductId, Refusal>,
    pub kind: PurchaseKind,
    pub gateway: PaymentGateway,
    pub gateway_payment_id: Option<String>,
    pub gateway_subscription_id: Option<String>,
    /// In major units, as it was sent.
    pub amount: String,
    pub currency: String,
    pub status: PurchaseStatus,
    pub purchased_at: Result<DateTime<Utc>, Refusal>,
    /// For life if none.
    pub access_until: Result<Option<DateTime<Utc>>, Refusal>,
}

/// A report whose every field is good.
struct CheckedPurchase {
    external_id: String,
    user: UserId,
    product: ProductId,
    amount: Money,
    payment: Option<String>,
    subscription: Option<String>,
    purchased_at: DateTime<Utc>,
    access_until: Option<DateTime<Utc>>,
}

/// Takes in what the store says of a purchase. A paid one grants access to its product.
pub async fn record(app: &App, actor: &Actor, report: PurchaseReport) -> Outcome<purchase::Model> {
    actor.require(Scope::UsersWrite)?;
    let is_online = app.gateways.of(report.gateway).is_some();
    let checked = check(&report, is_online, app.clock.now())?;
    let mut tx = app.begin(actor).await?;
    let (_, product) = owner_and_product(&tx, &checked).await?;
    let known = || {
        let of_team = purchase::Entity::of(actor.team);
        of_team.filter(purchase::Column::ExternalId.eq(&checked.external_id))
    };
    // The purchases of its payment before its user, as a refund locks them.
    let payment = checked.payment.as_deref().filter(|_| is_online);
    if let Some(payment) = payment {
        store::serialise_by_payment(&tx, report.gateway, payment).await?;
        store::lock_payment(&tx, report.gateway, payment).await?;
    }
    let found = known().one(tx.db()).await?;
    if let Some(known) = &found {
        store::lock(&tx, known.id).await?;
    }
    if let Some(payment) = payment
        && found.is_none_or(|known| known.gateway_payment_id.is_none())
    {
        refuse_payment_of_another_team(app, &tx, report.gateway, payment).await?;
    }
    // One after the other for each user: two reports of a new purchase must not both be the first.
    lock_user(&tx, checked.user).await?;
    let purchase = match known().one(tx.db()).await? {
        Some(known) => match update(&mut tx, known, &checked, &report, &product).await? {
            Some(changed) => changed,
            None => return reload(&tx, &checked.external_id).await,
        },
        None => insert(&mut tx, &checked, &report, &product).await?,
    };
    let purchase = follow(&mut tx, purchase).await?;
    let facts =
        json!({ "status": purchase.status, "userId": purchase.user_id, "productId": purchase.product_id });
    tx.audit_with(
        "purchase.recorded",
        Some(purchase.id.to_string()),
        None,
        facts.clone(),
    );
    tx.publish(EventTopic::PurchaseUpdated, purchase.id, facts);
    tx.commit().await?;
    Ok(purchase)
}

/// Books to the purchase what was given back of its payment before it was recorded: past us, or by the store itself.
async fn follow(tx: &mut Tx, purchase: purchase::Model) -> Outcome<purchase::Model> {
    if purchase.store_refunded_at.is_some() {
        external::follow_store(tx, &purchase).await?;
    } else {
        external::follow(tx, &purchase).await?;
    }
    let now = store::lock(tx, purchase.id).await?;
    Ok(now.ok_or_else(|| anyhow::anyhow!("{} is gone", purchase.id))?)
}

/// Teams that share an account at a gateway share its payments. A payment that another of them has recorded is refused:
/// it is not this team's to refund. The answer says nothing of the other team.
async fn refuse_payment_of_another_team(
    app: &App,
    tx: &Tx,
    gateway: PaymentGateway,
    payment: &str,
) -> Outcome<()> {
    for other in store::recorded_elsewhere(tx, gateway, payment).await? {
        if secrets::same_account(app, gateway, (tx.actor().team, other), tx.db()).await? {
            let refusal = Refusal::new(UserErrorCode::Conflict).on("gatewayPaymentId");
            return Err(refusal.saying(Message::key("conflict-payment")).into());
        }
    }
    Ok(())
}

fn check(report: &PurchaseReport, is_online: bool, now: DateTime<Utc>) -> Outcome<CheckedPurchase> {
    let required = || Refusal::invalid("gatewayPaymentId", Message::key("invalid-required"));
    let paid_online = is_online && report.status != PurchaseStatus::Pending;
    let payment = report.gateway_payment_id.as_deref();
    let payment = input::optional_reference("gatewayPaymentId", payment, input::LINE).and_then(|payment| {
        if paid_online && payment.is_none() {
            Err(required())
        } else {
            Ok(payment)
        }
    });
    let purchased_at = report.purchased_at.clone();
    let access_until = report
        .access_until
        .clone()
        .and_then(|until| match (until, &purchased_at) {
            (Some(until), Ok(at)) if until <= *at => Err(Refusal::invalid(
                "accessUntil",
                Message::key("invalid-date-order"),
            )),
            _ => Ok(until),
        });
    let purchased_at = purchased_at.and_then(|at| {
        if at > now + CLOCK_SKEW {
            return Err(Refusal::invalid(
                "purchasedAt",
                Message::key("invalid-date-future"),
            ));
        }
        Ok(at)
    });
    let mut refusals = Refusals::default();
    // How much of it went back is not in a report: only our own refunds know that.
    if report.status == PurchaseStatus::PartiallyRefunded {
        refusals.add(Refusal::invalid(
            "status",
            Message::key("invalid-status-not-reportable"),
        ));
    }
    let subscription = report.gateway_subscription_id.as_deref();
    let (external_id, user, product, amount, payment, subscription, purchased_at, access_until) = refusals
        .values((
            input::reference("externalId", &report.external_id, input::LINE),
            report.user.clone(),
            report.product.clone(),
            input::positive_money("amount", &report.amount, &report.currency),
            payment,
            input::optional_reference("gatewaySubscriptionId", subscription, input::LINE),
            purchased_at,
            access_until,
        ))?;
    Ok(CheckedPurchase {
        external_id,
        user,
        product,
        amount,
        payment,
        subscription,
        purchased_at,
        access_until,
    })
}

async fn owner_and_product(tx: &Tx, checked: &CheckedPurchase) -> Outcome<(user::Model, product::Model)> {
    let team = tx.actor().team;
    let user = user::Entity::of_by_id(team, checked.user).one(tx.db()).await?;
    let product = product::Entity::of_by_id(team, checked.product)
        .one(tx.db())
        .await?;
    match (user, product) {
        (Some(user), Some(product)) => Ok((user, product)),
        (user, product) => {
            let mut missing = Vec::new();
            if user.is_none() {
                missing.push(Refusal::not_found("userId", "user"));
            }
            if product.is_none() {
                missing.push(Refusal::not_found("productId", "product"));
            }
            Err(Error::Refused(missing))
        }
    }
}

async fn reload(tx: &Tx, external_id: &str) -> Outcome<purchase::Model> {
    let known = purchase::Entity::of(tx.actor().team).filter(purchase::Column::ExternalId.eq(external_id));
    let known = known.one(tx.db()).await?;
    Ok(known.ok_or_else(|| anyhow::anyhow!("purchase {external_id} is gone"))?)
}

async fn insert(
    tx: &mut Tx,
    checked: &CheckedPurchase,
    report: &PurchaseReport,
    product: &product::Model,
) -> Outcome<purchase::Model> {
    let is_refunded = report.status == PurchaseStatus::Refunded;
    let refunded = if is_refunded { checked.amount.minor } else { 0 };
    let canceled = is_refunded || report.status == PurchaseStatus::Canceled;
    let row = purchase::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(tx.actor().team),
        external_id: Set(checked.external_id.clone()),
        user_id: Set(checked.user),
        product_id: Set(checked.product),
        kind: Set(report.kind),
        gateway: Set(report.gateway),
        gateway_payment_id: Set(checked.payment.clone()),
        gateway_subscription_id: Set(checked.subscription.clone()),
        amount_minor: Set(checked.amount.minor),
        currency: Set(checked.amount.currency),
        refunded_minor: Set(0),
        reserved_minor: Set(0),
        refunded_externally_minor: Set(refunded),
        status: Set(report.status),
        purchased_at: Set(checked.purchased_at),
        canceled_at: Set(None),
        store_canceled_at: Set(canceled.then(|| tx.now())),
        store_refunded_at: Set(is_refunded.then(|| tx.now())),
        disputed_at: Set(None),
        access_until: Set(checked.access_until),
        created_at: Set(tx.now()),
        updated_at: Set(tx.now()),
    };
    let purchase = row.insert(tx.db()).await?;
    if purchase.status == PurchaseStatus::Active {
        grant(tx, &purchase, product).await?;
    }
    Ok(purchase)
}

/// A later report: a payment goes on from pending to active to canceled to refunded. What the store has said before
/// may come again; what would lead back is refused. None if nothing is new.
async fn update(
    tx: &mut Tx,
    known: purchase::Model,
    checked: &CheckedPurchase,
    report: &PurchaseReport,
    product: &product::Model,
) -> Outcome<Option<purchase::Model>> {
    agrees(&known, checked, report)?;
    let before = last_reported(&known);
    if stage(report.status) < stage(before) && !is_repeat(before, report.status) {
        let refusal = Refusal::new(UserErrorCode::Conflict).on("status");
        let message = Message::key("conflict-store-status").with("known", before);
        return Err(refusal.saying(message).into());
    }
    let goes_on = stage(report.status) > stage(before);
    let completed = (known.gateway_payment_id.is_none() && checked.payment.is_some())
        || (known.gateway_subscription_id.is_none() && checked.subscription.is_some());
    if !(goes_on || completed) {
        return Ok(None);
    }
    let mut purchase = known.clone();
    purchase.gateway_payment_id = known
        .gateway_payment_id
        .clone()
        .or_else(|| checked.payment.clone());
    purchase.gateway_subscription_id = known
        .gateway_subscription_id
        .clone()
        .or_else(|| checked.subscription.clone());
    let paid = goes_on && report.status == PurchaseStatus::Active;
    if paid {
        // Until when access lasts may depend on when it was paid.
        purchase.access_until = checked.access_until;
    }
    if goes_on && !paid {
        purchase.store_canceled_at = known.store_canceled_at.or(Some(tx.now()));
    }
    if goes_on && report.status == PurchaseStatus::Refunded {
        purchase.store_refunded_at = Some(tx.now());
    }
    if goes_on {
        purchase.status = rules::purchase_status(&purchase);
    }
    let mut row = known.into_active_model();
    row.gateway_payment_id = Set(purchase.gateway_payment_id);
    row.gateway_subscription_id = Set(purchase.gateway_subscription_id);
    row.access_until = Set(purchase.access_until);
    row.store_canceled_at = Set(purchase.store_canceled_at);
    row.store_refunded_at = Set(purchase.store_refunded_at);
    row.status = Set(purchase.status);
    row.updated_at = Set(tx.now());
    let purchase = row.update(tx.db()).await?;
    if paid {
        grant(tx, &purchase, product).await?;
    }
    Ok(Some(purchase))
}

/// The same purchase has the same buyer, product, price and payment.
fn agrees(known: &purchase::Model, checked: &CheckedPurchase, report: &PurchaseReport) -> Outcome<()> {
    let other =
        |known: &Option<String>, said: &Option<String>| known.is_some() && said.is_some() && known != said;
    let same = known.user_id == checked.user
        && known.product_id == checked.product
        && known.kind == report.kind
        && known.gateway == report.gateway
        && known.amount() == checked.amount
        && (known.gateway_payment_id.is_none() || known.gateway_payment_id == checked.payment)
        && !other(&known.gateway_subscription_id, &checked.subscription);
    if same {
        return Ok(());
    }
    let refusal = Refusal::new(UserErrorCode::Conflict).on("externalId");
    Err(refusal.saying(Message::key("conflict-external-id")).into())
}

/// The status that the store has reported last, whatever refunds of ours have made of it since.
fn last_reported(known: &purchase::Model) -> PurchaseStatus {
    if known.store_refunded_at.is_some() {
        PurchaseStatus::Refunded
    } else if known.store_canceled_at.is_some() {
        PurchaseStatus::Canceled
    } else if known.status == PurchaseStatus::Pending {
        PurchaseStatus::Pending
    } else {
        PurchaseStatus::Active
    }
}

/// How far a payment has come, in the order in which a store reports it.
const fn stage(status: PurchaseStatus) -> u8 {
    match status {
        PurchaseStatus::Pending => 0,
        PurchaseStatus::Active => 1,
        PurchaseStatus::Canceled => 2,
        PurchaseStatus::PartiallyRefunded | PurchaseStatus::Refunded => 3,
    }
}

/// A purchase that was refunded is canceled, too: a report of the cancellation that comes after that of the refund is
/// late, and no step back.
fn is_repeat(before: PurchaseStatus, said: PurchaseStatus) -> bool {
    before == PurchaseStatus::Refunded && said == PurchaseStatus::Canceled
}

async fn grant(tx: &mut Tx, purchase: &purchase::Model, product: &product::Model) -> Outcome<()> {
    let grant = NewGrant {
        user: purchase.user_id,
        source: GrantSource::Purchase,
        purchase: Some(purchase.id),
        starts_at: purchase.purchased_at,
        expires_at: purchase.access_until,
        note: None,
    };
    entitlements::grant(tx, product.id, grant).await?;
    Ok(())
}
