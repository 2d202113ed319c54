//! What was bought, as the store tells us.

pub mod first_pages;
pub mod store;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    EventTopic, GrantSource, Money, PaymentGateway, ProductId, PurchaseKind, PurchaseStatus, UserId, product,
    purchase, user,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use crate::{
    actor::{Actor, Scope},
    app::App,
    entitlements::{self, NewGrant},
    error::{Error, Outcome, Refusal, Refusals, UserErrorCode},
    input,
    message::Message,
    scoped::Scoped,
    tx::Tx,
    users::store::lock_user,
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
struct Checked {
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
    let checked = check(&report, app.clock.now())?;
    let mut tx = app.begin(actor).await?;
    let (_, product) = owner_and_product(&tx, &checked).await?;
    let known = || {
        let of_team = purchase::Entity::of(actor.team);
        of_team.filter(purchase::Column::ExternalId.eq(&checked.external_id))
    };
    // The purchase before its user, as a refund locks them.
    if let Some(known) = known().one(tx.db()).await? {
        store::lock(&tx, known.id).await?;
    }
    // One after the other for each user: two reports of a new purchase must not both be the first.
    lock_user(&tx, checked.user).await?;
    let purchase = match known().one(tx.db()).await? {
        Some(known) => match update(&mut tx, known, &checked, &report, &product).await? {
            Some(changed) => changed,
            None => return reload(app, actor, &checked.external_id).await,
        },
        None => insert(&mut tx, &checked, &report, &product).await?,
    };
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

fn check(report: &PurchaseReport, now: DateTime<Utc>) -> Outcome<Checked> {
    let mut refusals = Refusals::default();
    let external_id = refusals.keep(input::reference("externalId", &report.external_id, input::LINE));
    let user = refusals.keep(report.user.clone());
    let product = refusals.keep(report.product.clone());
    let amount = refusals.keep(input::positive_money("amount", &report.amount, &report.currency));
    let payment = refusals.keep(input::optional_reference(
        "gatewayPaymentId",
        report.gateway_payment_id.as_deref(),
        input::LINE,
    ));
    let subscription = report.gateway_subscription_id.as_deref();
    let subscription = refusals.keep(input::optional_reference(
        "gatewaySubscriptionId",
        subscription,
        input::LINE,
    ));
    let paid_online = matches!(
        report.gateway,
        PaymentGateway::Stripe | PaymentGateway::MercadoPago
    ) && report.status != PurchaseStatus::Pending;
    if paid_online && payment.as_ref().is_some_and(Option::is_none) {
        refusals.add(Refusal::invalid(
            "gatewayPaymentId",
            Message::key("invalid-required"),
        ));
    }
    let purchased_at = refusals.keep(report.purchased_at.clone());
    let access_until = refusals.keep(report.access_until.clone());
    if purchased_at.is_some_and(|at| at > now + CLOCK_SKEW) {
        refusals.add(Refusal::invalid(
            "purchasedAt",
            Message::key("invalid-date-future"),
        ));
    }
    if access_until
        .flatten()
        .zip(purchased_at)
        .is_some_and(|(until, at)| until <= at)
    {
        refusals.add(Refusal::invalid(
            "accessUntil",
            Message::key("invalid-date-order"),
        ));
    }
    // How much of it went back is not in a report: only our own refunds know that.
    if report.status == PurchaseStatus::PartiallyRefunded {
        refusals.add(Refusal::invalid(
            "status",
            Message::key("invalid-status-not-reportable"),
        ));
    }
    refusals.check()?;
    let times = purchased_at.zip(access_until);
    match (external_id, user, product, amount, payment, subscription, times) {
        (
            Some(external_id),
            Some(user),
            Some(product),
            Some(amount),
            Some(payment),
            Some(subscription),
            Some((purchased_at, access_until)),
        ) => Ok(Checked {
            external_id,
            user,
            product,
            amount,
            payment,
            subscription,
            purchased_at,
            access_until,
        }),
        _ => Err(anyhow::anyhow!("a field is missing and was not refused").into()),
    }
}

async fn owner_and_product(tx: &Tx, checked: &Checked) -> Outcome<(user::Model, product::Model)> {
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

async fn reload(app: &App, actor: &Actor, external_id: &str) -> Outcome<purchase::Model> {
    let known = purchase::Entity::of(actor.team).filter(purchase::Column::ExternalId.eq(external_id));
    let known = known.one(app.db.connection()).await?;
    Ok(known.ok_or_else(|| anyhow::anyhow!("purchase {external_id} is gone"))?)
}

async fn insert(
    tx: &mut Tx,
    checked: &Checked,
    report: &PurchaseReport,
    product: &product::Model,
) -> Outcome<purchase::Model> {
    let refunded = if report.status == PurchaseStatus::Refunded {
        checked.amount.minor
    } else {
        0
    };
    let canceled = matches!(report.status, PurchaseStatus::Canceled | PurchaseStatus::Refunded);
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
        refunded_minor: Set(refunded),
        reserved_minor: Set(0),
        status: Set(report.status),
        purchased_at: Set(checked.purchased_at),
        canceled_at: Set(canceled.then(|| tx.now())),
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

/// A later report: the payment goes on from pending to active to canceled and never back. None if nothing
/// is new.
async fn update(
    tx: &mut Tx,
    known: purchase::Model,
    checked: &Checked,
    report: &PurchaseReport,
    product: &product::Model,
) -> Outcome<Option<purchase::Model>> {
    let same = known.user_id == checked.user
        && known.product_id == checked.product
        && known.kind == report.kind
        && known.gateway == report.gateway
        && known.amount() == checked.amount
        && (known.gateway_payment_id.is_none() || known.gateway_payment_id == checked.payment);
    if !same {
        let refusal = Refusal::new(UserErrorCode::Conflict).on("externalId");
        return Err(refusal.saying(Message::key("conflict-external-id")).into());
    }
    let paid = known.status == PurchaseStatus::Pending && report.status == PurchaseStatus::Active;
    let canceled = matches!(known.status, PurchaseStatus::Pending | PurchaseStatus::Active)
        && report.status == PurchaseStatus::Canceled;
    let completed = (known.gateway_payment_id.is_none() && checked.payment.is_some())
        || (known.gateway_subscription_id.is_none() && checked.subscription.is_some());
    if !(paid || canceled || completed) {
        return Ok(None);
    }
    let mut row = known.clone().into_active_model();
    row.gateway_payment_id = Set(known.gateway_payment_id.or_else(|| checked.payment.clone()));
    row.gateway_subscription_id = Set(known
        .gateway_subscription_id
        .or_else(|| checked.subscription.clone()));
    if paid || canceled {
        row.status = Set(report.status);
    }
    if paid {
        // Until when access lasts may depend on when it was paid.
        row.access_until = Set(checked.access_until);
    }
    if canceled {
        row.canceled_at = Set(Some(tx.now()));
    }
    row.updated_at = Set(tx.now());
    let purchase = row.update(tx.db()).await?;
    if paid {
        grant(tx, &purchase, product).await?;
    }
    Ok(Some(purchase))
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
