//! Looking at refunds: staff at those of the team, customers at their own.

use std::{collections::HashMap, future::ready, hash::Hash};

use entities::{
    EventTopic, PaymentGateway, PurchaseId, RefundId, RefundReason, RefundStatus, TeamId, UserId, follow_up,
    purchase, refund, refund_effect, refund_step,
};
use futures::{Stream, StreamExt};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, Value};

use super::store;
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql, places},
    error::{Outcome, Refusal},
    events,
    message::Message,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    values,
};

/// Which refunds are wanted.
#[derive(Clone, Debug, Default)]
pub struct RefundFilter {
    pub status: Vec<RefundStatus>,
    pub reason: Option<RefundReason>,
    pub gateway: Option<PaymentGateway>,
    pub user: Option<UserId>,
}

const NEWEST_FIRST: Order = Order {
    name: "refunds",
    key: "requested_at",
    id: "id",
    direction: Direction::Descending,
};

/// One refund, if the caller may see it: with `refunds.read`, or as the customer whose money it is.
pub async fn find(app: &App, actor: &Actor, id: RefundId) -> Outcome<Option<refund::Model>> {
    let found = refund::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?;
    Ok(found.filter(|refund| actor.sees(refund.user_id, Scope::RefundsRead)))
}

/// One refund each time that it changes, or every refund of the team, which takes `refunds.read`.
pub async fn follow(
    app: &App,
    actor: &Actor,
    id: Option<Result<RefundId, Refusal>>,
) -> Outcome<impl Stream<Item = Outcome<refund::Model>> + Send + use<>> {
    let id = id.transpose()?;
    match id {
        None => actor.require(Scope::RefundsRead)?,
        Some(id) => {
            let found = find(app, actor, id).await?;
            found.ok_or_else(|| Refusal::not_found("refundId", "refund"))?;
        }
    }
    let find = async |app, actor, id| find(&app, &actor, id).await;
    let found = events::follow(app, actor, EventTopic::RefundUpdated, id, find).await?;
    Ok(found.filter_map(|found| ready(found.transpose())))
}

/// A page of the team's refunds, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &RefundFilter,
    args: &PageArgs,
) -> Outcome<Page<refund::Model>> {
    actor.require(Scope::RefundsRead)?;
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let (condition, mut values) = condition(actor.team, filter);
    let sql = format!("SELECT * FROM refunds{condition}{}", request.sql(&mut values));
    // How many have what is asked for is for the planner to weigh.
    let planned = if values.len() > 1 {
        Planned::ByValues
    } else {
        Planned::Once
    };
    let asked = (planned, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &refund::Model| {
        (Key::Time(row.requested_at), row.id.0)
    });
    page.await
}

pub async fn count(app: &App, actor: &Actor, filter: &RefundFilter) -> Outcome<i64> {
    actor.require(Scope::RefundsRead)?;
    let (condition, values) = condition(actor.team, filter);
    let sql = format!("SELECT count(*) FROM refunds{condition}");
    Ok(app.db.connection().count(&sql, values).await?)
}

fn condition(team: TeamId, filter: &RefundFilter) -> (String, Vec<Value>) {
    let mut sql = " WHERE team_id = $1".to_owned();
    let mut values = values![team];
    if !filter.status.is_empty() {
        sql.push_str(&format!(
            " AND status IN ({})",
            places(values.len() + 1, filter.status.len())
        ));
        values.extend(filter.status.iter().map(|status| Value::from(*status)));
    }
    let mut equal = |column: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    };
    equal("reason", filter.reason.map(Value::from));
    equal("gateway", filter.gateway.map(Value::from));
    equal("user_id", filter.user.map(Value::from));
    (sql, values)
}

/// The refunds of a purchase, for a caller who may see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefundsOf(PurchaseId);

impl RefundsOf {
    /// Refuses whoever is neither the customer nor allowed `refunds.read`.
    pub fn new(actor: &Actor, purchase: &purchase::Model) -> Outcome<Self> {
        if actor.user() != Some(purchase.user_id) {
            actor.require(Scope::RefundsRead)?;
        }
        Ok(Self(purchase.id))
    }
}

/// The refunds of each of several purchases, oldest first. A purchase without any is left out.
pub async fn of_each(
    app: &App,
    actor: &Actor,
    of: &[RefundsOf],
) -> Outcome<HashMap<RefundsOf, Vec<refund::Model>>> {
    let ids: Vec<PurchaseId> = of.iter().map(|of| of.0).collect();
    let rows = store::of_purchases(app.db.connection(), actor.team, &ids).await?;
    Ok(grouped(rows, |row| RefundsOf(row.purchase_id)))
}

/// The effects of a refund. Whoever was given the refund may see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EffectsOf(RefundId);

impl From<&refund::Model> for EffectsOf {
    fn from(refund: &refund::Model) -> Self {
        Self(refund.id)
    }
}

/// The effects of several refunds, in the order of S0.34.
pub async fn effects(
    app: &App,
    actor: &Actor,
    of: &[EffectsOf],
) -> Outcome<HashMap<EffectsOf, Vec<refund_effect::Model>>> {
    let rows = refund_effect::Entity::of(actor.team)
        .filter(refund_effect::Column::RefundId.is_in(of.iter().map(|of| of.0)));
    let mut rows = rows.all(app.db.connection()).await?;
    rows.sort_by_key(|row| row.kind);
    Ok(grouped(rows, |row| EffectsOf(row.refund_id)))
}

/// The timeline of a refund. Whoever was given the refund may see it, but for what is for staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepsOf(RefundId);

impl From<&refund::Model> for StepsOf {
    fn from(refund: &refund::Model) -> Self {
        Self(refund.id)
    }
}

/// The timelines of several refunds, from the beginning.
pub async fn steps(
    app: &App,
    actor: &Actor,
    of: &[StepsOf],
) -> Outcome<HashMap<StepsOf, Vec<refund_step::Model>>> {
    let rows = refund_step::Entity::of(actor.team)
        .filter(refund_step::Column::RefundId.is_in(of.iter().map(|of| of.0)))
        .order_by_asc(refund_step::Column::Number);
    let rows = rows.all(app.db.connection()).await?;
    Ok(grouped(rows, |row| StepsOf(row.refund_id)))
}

/// Tasks for staff that a refund has left.
pub async fn follow_ups(app: &App, actor: &Actor, of: &refund::Model) -> Outcome<Vec<follow_up::Model>> {
    actor.require(Scope::RefundsRead)?;
    let rows = follow_up::Entity::of(actor.team)
        .filter(follow_up::Column::RefundId.eq(of.id))
        .order_by_asc(follow_up::Column::Id);
    Ok(rows.all(app.db.connection()).await?)
}

/// The note of whoever asked for the refund. It is for staff: a customer sees their refund without it.
pub fn staff_note<'a>(actor: &Actor, refund: &'a refund::Model) -> Option<&'a str> {
    let is_staff = actor.scopes.contains(Scope::RefundsRead);
    refund.note.as_deref().filter(|_| is_staff)
}

/// What holds a refund up in the status that it has. It is for staff: a customer can do nothing about it.
pub fn hindrance(actor: &Actor, refund: &refund::Model) -> Option<Message> {
    let is_staff = actor.scopes.contains(Scope::RefundsRead);
    let stored = refund.hindrance.as_deref().filter(|_| is_staff)?;
    Some(Message::from_stored(stored))
}

fn grouped<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
