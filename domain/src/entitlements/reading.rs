//! Looking at access: a user's entitlements, their history, what could be granted, and why something cannot
//! be opened.

use std::collections::HashMap;

use chrono_tz::Tz;
use entities::{
    EntitlementId, EntitlementStatus, ProductId, PurchaseStatus, TeamId, UserId, entitlement,
    entitlement_event, product, purchase,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, Value};

use super::{Access, rules, store};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql, places},
    error::{Denied, Outcome},
    language,
    message::Message,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    stats::{self, ReadingOf, TitleReadingView},
    teams,
    users::{self, UserParts},
    values,
};

const NEWEST_FIRST: Order = Order {
    name: "entitlements",
    key: "created_at",
    id: "id",
    direction: Direction::Descending,
};
const HISTORY: Order = Order {
    name: "entitlement events",
    key: "at",
    id: "id",
    direction: Direction::Descending,
};
const BY_NAME: Order = Order {
    name: "grantable products",
    key: r#"p.name COLLATE "und-x-icu""#,
    id: "p.id",
    direction: Direction::Ascending,
};

/// What is listed unless more is asked for (S4.9).
pub const USUAL: [EntitlementStatus; 2] = [EntitlementStatus::Active, EntitlementStatus::GracePeriod];

/// The answer to whoever sees what hangs on an entitlement and not the entitlement itself.
pub const NOT_VISIBLE: Denied = Denied::Forbidden(Scope::EntitlementsRead);

/// The user themself, or whoever may read entitlements.
fn may_read(actor: &Actor, user: UserId) -> Outcome<()> {
    if actor.user() == Some(user) {
        Ok(())
    } else {
        actor.require(Scope::EntitlementsRead)
    }
}

/// A page of a user's entitlements, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    user: UserId,
    status: &[EntitlementStatus],
    args: &PageArgs,
) -> Outcome<Page<entitlement::Model>> {
    may_read(actor, user)?;
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let (condition, mut values) = with_status(app, actor.team, user, status);
    let sql = format!("SELECT *{condition}{}", request.sql(&mut values));
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &entitlement::Model| {
        (Key::Time(row.created_at), row.id.0)
    });
    page.await
}

pub async fn count(app: &App, actor: &Actor, user: UserId, status: &[EntitlementStatus]) -> Outcome<i64> {
    may_read(actor, user)?;
    let (condition, values) = with_status(app, actor.team, user, status);
    number(app, &format!("SELECT count(*){condition}"), values).await
}

/// A user's entitlements, each with the run that counts now (`Schedule::at`). The time is used in any case: PostgreSQL
/// wants to know the type of each place.
const COUNTING: &str = "(SELECT n.*, \
     CASE WHEN moved THEN next_starts_at ELSE starts_at END AS from_at, \
     CASE WHEN moved THEN next_expires_at ELSE expires_at END AS to_at, \
     CASE WHEN moved THEN next_grace_ends_at ELSE grace_ends_at END AS tolerated_to \
     FROM (SELECT e.*, next_starts_at IS NOT NULL AND (next_starts_at <= $3 \
     OR COALESCE(grace_ends_at, expires_at) <= $3) AS moved FROM entitlements e) n) counting";

/// The computed status, as a condition.
fn with_status(app: &App, team: TeamId, user: UserId, status: &[EntitlementStatus]) -> (String, Vec<Value>) {
    let values = values![team, user, app.clock.now()];
    let one = |status: &EntitlementStatus| match status {
        EntitlementStatus::Scheduled => "(revoked_at IS NULL AND from_at > $3)",
        EntitlementStatus::Active => {
            "(revoked_at IS NULL AND from_at <= $3 AND (to_at IS NULL OR to_at > $3))"
        }
        EntitlementStatus::GracePeriod => {
            "(revoked_at IS NULL AND from_at <= $3 AND to_at <= $3 AND tolerated_to > $3)"
        }
        EntitlementStatus::Expired => {
            "(revoked_at IS NULL AND from_at <= $3 AND to_at <= $3 AND (tolerated_to IS NULL OR tolerated_to <= $3))"
        }
        EntitlementStatus::Revoked => "(revoked_at IS NOT NULL)",
    };
    let any: Vec<&str> = status.iter().map(one).collect();
    let any = if any.is_empty() {
        "(1 = 0)".to_owned()
    } else {
        any.join(" OR ")
    };
    (
        format!(" FROM {COUNTING} WHERE team_id = $1 AND user_id = $2 AND ({any})"),
        values,
    )
}

/// One entitlement, if the caller may see it.
pub async fn find(app: &App, actor: &Actor, id: EntitlementId) -> Outcome<Option<entitlement::Model>> {
    let found = entitlement::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?;
    Ok(found.filter(|row| actor.sees(row.user_id, Scope::EntitlementsRead)))
}

/// Several entitlements at once, in no particular order: those that the caller may see.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[EntitlementId]) -> Outcome<Vec<entitlement::Model>> {
    let rows = entitlement::Entity::of(actor.team).filter(entitlement::Column::Id.is_in(ids.iter().copied()));
    let mut rows = rows.all(app.db.connection()).await?;
    rows.retain(|row| actor.sees(row.user_id, Scope::EntitlementsRead));
    Ok(rows)
}

/// One entry of a history, if the caller may see it.
pub async fn event(
    app: &App,
    actor: &Actor,
    id: entities::EntitlementEventId,
) -> Outcome<Option<entitlement_event::Model>> {
    let found = entitlement_event::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?;
    Ok(found.filter(|row| actor.sees(row.user_id, Scope::EntitlementsRead)))
}

/// Whose history.
#[derive(Clone, Copy, Debug)]
pub enum HistoryOf {
    User(UserId),
    Entitlement { id: EntitlementId, user: UserId },
}

impl HistoryOf {
    fn user(self) -> UserId {
        match self {
            Self::User(user) | Self::Entitlement { user, .. } => user,
        }
    }

    fn condition(self) -> (&'static str, Value) {
        match self {
            Self::User(user) => (" WHERE team_id = $1 AND user_id = $2", user.into()),
            Self::Entitlement { id, .. } => (" WHERE team_id = $1 AND entitlement_id = $2", id.into()),
        }
    }
}

/// S4.25: a page of what happened, newest first, with date, time and who.
pub async fn history(
    app: &App,
    actor: &Actor,
    of: HistoryOf,
    args: &PageArgs,
) -> Outcome<Page<entitlement_event::Model>> {
    may_read(actor, of.user())?;
    let request = PageRequest::new(args, HISTORY)?;
    let (condition, value) = of.condition();
    let mut values = vec![actor.team.into(), value];
    let sql = format!(
        "SELECT * FROM entitlement_events{condition}{}",
        request.sql(&mut values)
    );
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &entitlement_event::Model| {
        (Key::Time(row.at), row.id.0)
    });
    page.await
}

pub async fn history_count(app: &App, actor: &Actor, of: HistoryOf) -> Outcome<i64> {
    may_read(actor, of.user())?;
    let (condition, value) = of.condition();
    let sql = format!("SELECT count(*) FROM entitlement_events{condition}");
    number(app, &sql, vec![actor.team.into(), value]).await
}

/// Active products that the user has no active access to (S4.11, S4.12), by name.
pub async fn grantable(
    app: &App,
    actor: &Actor,
    user: UserId,
    args: &PageArgs,
) -> Outcome<Page<product::Model>> {
    may_read(actor, user)?;
    let request = PageRequest::new(args, BY_NAME)?;
    let mut values = values![actor.team, user, app.clock.now()];
    let sql = format!(
        "SELECT p.* FROM products p{GRANTABLE}{}",
        request.sql(&mut values)
    );
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &product::Model| {
        (Key::Text(row.name.clone()), row.id.0)
    });
    page.await
}

pub async fn grantable_count(app: &App, actor: &Actor, user: UserId) -> Outcome<i64> {
    may_read(actor, user)?;
    let sql = format!("SELECT count(*) FROM products p{GRANTABLE}");
    number(app, &sql, values![actor.team, user, app.clock.now()]).await
}

/// Without what there is active access to. What is tolerated, or begins later, can be granted.
const GRANTABLE: &str = " WHERE p.team_id = $1 AND p.active AND NOT EXISTS (SELECT 1 FROM entitlements n \
     WHERE n.user_id = $2 AND n.product_id = p.id AND n.closed_at IS NULL \
     AND ((n.starts_at <= $3 AND (n.expires_at IS NULL OR n.expires_at > $3)) \
     OR (n.next_starts_at <= $3 AND (n.next_expires_at IS NULL OR n.next_expires_at > $3))))";

/// "May this user use this product now?", from a caller who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessOf {
    user: UserId,
    product: ProductId,
}

impl AccessOf {
    /// The user may ask, and whoever may read entitlements. None for another customer, who learns nothing, not even
    /// that they may not ask.
    pub fn new(actor: &Actor, user: UserId, product: ProductId) -> Outcome<Option<Self>> {
        if actor.user().is_none() {
            actor.require(Scope::EntitlementsRead)?;
        }
        let may_ask = actor.sees(user, Scope::EntitlementsRead);
        Ok(may_ask.then_some(Self { user, product }))
    }
}

/// The answers to several questions in one statement. Whoever has no entitlement is left out.
pub async fn access(app: &App, actor: &Actor, asked: &[AccessOf]) -> Outcome<HashMap<AccessOf, Access>> {
    if let [one] = asked {
        let access = store::access(app, actor.team, one.user, one.product).await?;
        return Ok(HashMap::from([(*one, access)]));
    }
    let pairs: Vec<String> = (0..asked.len())
        .map(|n| format!("({})", places(2 + 2 * n, 2)))
        .collect();
    let sql = format!(
        "SELECT n.user_id, n.product_id, n.starts_at, n.expires_at, n.grace_ends_at, \
         n.next_starts_at, n.next_expires_at, n.next_grace_ends_at, \
         u.suspended_at IS NULL AND e.suspended_at IS NULL \
         FROM entitlements n JOIN users u ON u.id = n.user_id LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
         WHERE n.team_id = $1 AND n.closed_at IS NULL AND (n.user_id, n.product_id) IN (VALUES {})",
        pairs.join(", ")
    );
    let mut values = values![actor.team];
    values.extend(asked.iter().flat_map(|one| values![one.user, one.product]));
    let now = app.clock.now();
    let rows = app.db.connection().rows(&sql, values).await?;
    let read = |row: &sea_orm::QueryResult| -> Outcome<_> {
        let of = AccessOf {
            user: row.try_get_by_index(0)?,
            product: row.try_get_by_index(1)?,
        };
        Ok((of, store::read_access(row, 2, now)?))
    };
    rows.iter().map(read).collect()
}

/// What to look at when somebody says that something bought cannot be opened (S0.21).
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub access: Access,
    pub product_active: bool,
    /// Neither the user nor their ecosystem is suspended.
    pub user_active: bool,
    /// None if they are in no ecosystem.
    pub ecosystem_active: Option<bool>,
    /// The newest that is paid.
    pub purchase: Option<purchase::Model>,
    /// One is reported and not paid.
    pub has_pending_purchase: bool,
    /// The open one, else the newest.
    pub entitlement: Option<entitlement::Model>,
    /// None if it was never opened.
    pub reading: Option<TitleReadingView>,
    /// Most likely cause first.
    pub findings: Vec<Message>,
}

impl Diagnosis {
    /// Whoever or whatever is not there for the caller: that is the finding.
    pub fn missing(what: &str) -> Self {
        Self {
            access: Access::NONE,
            product_active: false,
            user_active: false,
            ecosystem_active: None,
            purchase: None,
            has_pending_purchase: false,
            entitlement: None,
            reading: None,
            findings: vec![Message::key(&format!("not-found-{what}"))],
        }
    }
}

/// Everything there is to look at. Somebody else's look at the reading is audited.
pub async fn diagnose(app: &App, actor: &Actor, user: UserId, product: ProductId) -> Outcome<Diagnosis> {
    actor.require(Scope::EntitlementsRead)?;
    actor.require(Scope::StatsRead)?;
    let parts = UserParts {
        ecosystem: true,
        ..UserParts::default()
    };
    let Some(person) = users::load(app, actor.team, user, parts).await? else {
        return Ok(Diagnosis::missing("user"));
    };
    let connection = app.db.connection();
    let Some(title) = product::Entity::of_by_id(actor.team, product)
        .one(connection)
        .await?
    else {
        return Ok(Diagnosis::missing("product"));
    };
    let entitlements = entitlement::Entity::of(actor.team)
        .filter(entitlement::Column::UserId.eq(user))
        .filter(entitlement::Column::ProductId.eq(product))
        // The one that counts, which a refund that failed may have opened again after a newer one has ended.
        .order_by_desc(entitlement::Column::ClosedAt.is_null())
        .order_by_desc(entitlement::Column::CreatedAt);
    let purchases = purchase::Entity::of(actor.team)
        .filter(purchase::Column::UserId.eq(user))
        .filter(purchase::Column::ProductId.eq(product));
    let pending = purchases
        .clone()
        .filter(purchase::Column::Status.eq(PurchaseStatus::Pending));
    let purchases = purchases
        .filter(purchase::Column::Status.is_in([PurchaseStatus::Active, PurchaseStatus::PartiallyRefunded]))
        .order_by_desc(purchase::Column::PurchasedAt);
    let switches = users::switches(app, actor.team, user).await?;
    let mut diagnosis = Diagnosis {
        access: store::access(app, actor.team, user, product).await?,
        product_active: title.active,
        user_active: person.active,
        ecosystem_active: switches.ecosystem_active,
        purchase: purchases.one(connection).await?,
        has_pending_purchase: pending.one(connection).await?.is_some(),
        entitlement: entitlements.one(connection).await?,
        reading: stats::title(app, actor, ReadingOf::new(actor, user)?, product).await?,
        findings: Vec::new(),
    };
    let team = teams::load(app, actor.team).await?;
    let zone = language::zone(&team.time_zone);
    diagnosis.findings = findings(app, zone, &diagnosis, switches.user_active);
    stats::note_reading(app, actor, user).await?;
    Ok(diagnosis)
}

/// The causes in the order in which they bite: a suspension hides everything, then access, then the product. Days
/// are the team's.
fn findings(app: &App, zone: Tz, diagnosis: &Diagnosis, user_active: bool) -> Vec<Message> {
    let mut findings = Vec::new();
    if !user_active {
        findings.push(Message::key("finding-user-suspended"));
    }
    if diagnosis.ecosystem_active == Some(false) {
        findings.push(Message::key("finding-ecosystem-suspended"));
    }
    let now = app.clock.now();
    let status = diagnosis
        .entitlement
        .as_ref()
        .map(|row| (row, rules::status(row, now)));
    let run = |row| rules::Schedule::of(row).at(now);
    let date = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or_else(String::new, |at| at.with_timezone(&zone).date_naive().to_string())
    };
    match status {
        None => findings.push(Message::key("finding-no-entitlement")),
        Some((row, EntitlementStatus::Scheduled)) => {
            let starts_at = run(row).starts_at;
            let time = starts_at.with_timezone(&zone).format("%H:%M");
            let finding = Message::key("finding-access-scheduled").with("date", date(Some(starts_at)));
            findings.push(finding.with("time", time));
        }
        Some((row, EntitlementStatus::Expired)) => {
            findings.push(Message::key("finding-access-expired").with("date", date(run(row).expires_at)));
        }
        Some((row, EntitlementStatus::Revoked)) => {
            findings.push(Message::key("finding-access-revoked").with("date", date(row.revoked_at)));
        }
        Some((row, EntitlementStatus::GracePeriod)) => {
            findings.push(Message::key("finding-access-in-grace").with("date", date(run(row).grace_ends_at)));
        }
        Some((_, EntitlementStatus::Active)) => {}
    }
    if !diagnosis.product_active {
        findings.push(Message::key("finding-product-inactive"));
    }
    if diagnosis.purchase.is_none() && !diagnosis.access.allowed {
        let is_pending = diagnosis.has_pending_purchase;
        let finding = if is_pending {
            "finding-purchase-pending"
        } else {
            "finding-no-purchase"
        };
        findings.push(Message::key(finding));
    }
    if findings.is_empty() {
        findings.push(Message::key("finding-nothing-wrong"));
    }
    // S0.20, S0.21: whether it was ever opened tells a missing right from a technical fault.
    findings.push(match &diagnosis.reading {
        Some(reading) => Message::key("finding-opened").with("date", date(Some(reading.last_read_at))),
        None if diagnosis.access.allowed => Message::key("finding-never-opened"),
        None => Message::key("finding-never-opened-yet"),
    });
    findings
}

async fn number(app: &App, sql: &str, values: Vec<Value>) -> Outcome<i64> {
    let row = app.db.connection().row(sql, values).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}
