//! Plan subscriptions, as the store reports them. The first one makes a lead a customer (S3.2).

use chrono::{DateTime, Utc};
use entities::{
    BillingInterval, EventTopic, PlanSubscriptionId, PlanSubscriptionStatus, ProductId, UserId, UserSegment,
    plan_subscription, product, user,
};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::{
    PlanView,
    store::{self, lock_user},
};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::is_unique_violation,
    error::{Error, Outcome, Refusal, Refusals, UserErrorCode},
    input,
    loaded::Loaded,
    message::Message,
    scoped::Scoped,
};

/// A subscription as the store reports it. The same `external_id` is the same subscription.
#[derive(Clone, Debug)]
pub struct PlanReport {
    /// The store's id, unique in the team.
    pub external_id: String,
    pub user: Result<UserId, Refusal>,
    pub product: Result<ProductId, Refusal>,
    pub interval: BillingInterval,
    pub status: PlanSubscriptionStatus,
    pub starts_at: Result<DateTime<Utc>, Refusal>,
    /// Without an end if none.
    pub ends_at: Result<Option<DateTime<Utc>>, Refusal>,
    pub encounters: i64,
    /// Not less than assigned and suspended together.
    pub licenses_total: i64,
    pub licenses_assigned: i64,
    pub licenses_suspended: i64,
}

/// Takes in what the store says of a subscription.
pub async fn record(app: &App, actor: &Actor, report: PlanReport) -> Outcome<PlanView> {
    actor.require(Scope::UsersWrite)?;
    let CheckedPlan {
        external_id,
        user,
        product,
        starts_at,
        ends_at,
    } = check(&report)?;
    let mut tx = app.begin(actor).await?;
    lock_user(&tx, user).await?;
    let found = user::Entity::of_by_id(actor.team, user).one(tx.db()).await?;
    let known_product = product::Entity::of_by_id(actor.team, product)
        .one(tx.db())
        .await?;
    let mut missing = Refusals::default();
    if found.is_none() {
        missing.add(Refusal::not_found("userId", "user"));
    }
    if known_product.is_none() {
        missing.add(Refusal::not_found("productId", "product"));
    }
    missing.check()?;
    let known = plan_subscription::Entity::of(actor.team)
        .filter(plan_subscription::Column::ExternalId.eq(&external_id))
        .one(tx.db())
        .await?;
    if known
        .as_ref()
        .is_some_and(|known| (known.user_id, known.product_id) != (user, product))
    {
        return Err(taken().into());
    }
    let (is_new, mut row) = match known {
        Some(known) => (false, known.into_active_model()),
        None => (
            true,
            plan_subscription::ActiveModel {
                id: Set(tx.id()),
                team_id: Set(actor.team),
                external_id: Set(external_id),
                user_id: Set(user),
                product_id: Set(product),
                created_at: Set(tx.now()),
                ..Default::default()
            },
        ),
    };
    row.interval = Set(report.interval);
    row.status = Set(report.status);
    row.starts_at = Set(starts_at);
    row.ends_at = Set(ends_at);
    row.encounters = Set(report.encounters);
    row.licenses_total = Set(report.licenses_total);
    row.licenses_assigned = Set(report.licenses_assigned);
    row.licenses_suspended = Set(report.licenses_suspended);
    row.updated_at = Set(tx.now());
    let row = if is_new {
        // Somebody else's may have come at the same moment: the index decides.
        row.insert(tx.db()).await.map_err(|error| {
            if is_unique_violation(&error) {
                Error::from(taken())
            } else {
                error.into()
            }
        })?
    } else {
        row.update(tx.db()).await?
    };
    let mut changed = vec!["planSubscription"];
    if let Some(lead) = found.filter(|user| user.segment == UserSegment::Lead) {
        let mut customer = lead.into_active_model();
        customer.segment = Set(UserSegment::Customer);
        customer.updated_at = Set(tx.now());
        customer.update(tx.db()).await?;
        changed.push("segment");
    }
    tx.audit_with(
        "plan_subscription.recorded",
        Some(row.id.to_string()),
        None,
        json!({ "status": row.status, "userId": user }),
    );
    tx.publish(EventTopic::UserUpdated, user, json!({ "changed": changed }));
    tx.commit().await?;
    Ok(PlanView {
        id: row.id,
        user: row.user_id,
        product: row.product_id,
        product_view: Loaded::NotAsked,
        interval: row.interval,
        status: row.status,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        encounters: row.encounters,
        licenses_total: row.licenses_total,
        licenses_assigned: row.licenses_assigned,
        licenses_suspended: row.licenses_suspended,
    })
}

fn taken() -> Refusal {
    let refusal = Refusal::new(UserErrorCode::Conflict).on("externalId");
    refusal.saying(Message::key("conflict-external-id"))
}

/// The fields of a report that can be checked one by one, checked.
struct CheckedPlan {
    external_id: String,
    user: UserId,
    product: ProductId,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
}

fn check(report: &PlanReport) -> Outcome<CheckedPlan> {
    let starts_at = report.starts_at.clone();
    let ends_at = report.ends_at.clone().and_then(|end| match (end, &starts_at) {
        (Some(end), Ok(start)) if end <= *start => {
            Err(Refusal::invalid("endsAt", Message::key("invalid-date-order")))
        }
        _ => Ok(end),
    });
    let mut refusals = Refusals::default();
    check_numbers(report, &mut refusals);
    let (external_id, user, product, starts_at, ends_at) = refusals.values((
        input::reference("externalId", &report.external_id, input::LINE),
        report.user.clone(),
        report.product.clone(),
        starts_at,
        ends_at,
    ))?;
    Ok(CheckedPlan {
        external_id,
        user,
        product,
        starts_at,
        ends_at,
    })
}

fn check_numbers(report: &PlanReport, refusals: &mut Refusals) {
    let most = i64::from(i32::MAX);
    let total = refusals.keep(input::within("licensesTotal", report.licenses_total, 0, most));
    for (field, number) in [
        ("encounters", report.encounters),
        ("licensesAssigned", report.licenses_assigned),
        ("licensesSuspended", report.licenses_suspended),
    ] {
        refusals.keep(input::within(field, number, 0, most));
    }
    // A total that was refused says nothing of the others.
    if let Some(total) = total
        && report.licenses_assigned.saturating_add(report.licenses_suspended) > total
    {
        let message = Message::key("invalid-range").with("min", 0).with("max", total);
        refusals.add(Refusal::invalid("licensesAssigned", message));
    }
}

/// One subscription, if the caller may see its user.
pub async fn find(app: &App, actor: &Actor, id: PlanSubscriptionId) -> Outcome<Option<PlanView>> {
    let found = store::plan(app, actor.team, id).await?;
    Ok(found.filter(|plan| actor.sees(plan.user, Scope::UsersRead)))
}
