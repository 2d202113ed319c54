//! Finding people.

use chrono::{DateTime, Utc};
use entities::{CustomerTier, EcosystemId, PlanSubscriptionId, TeamId, UserId, UserRole, UserSegment, user};
use sea_orm::{ColumnTrait, QueryFilter, Value};
use serde::{Deserialize, Serialize};

use super::{EcosystemView, PlanView, UserFilter, UserOrderField, UserParts, UserView, search, view};
use crate::{
    app::App,
    database::{Planned, Row, Sql, places},
    error::Outcome,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    tx::Tx,
    values,
};

pub async fn by_id(app: &App, team: TeamId, id: UserId, parts: UserParts) -> Outcome<Option<UserView>> {
    let mut values = values![id, team];
    let select = parts.select(app.db.dialect(), app.clock.now(), &mut values);
    let sql = format!("{select} WHERE u.id = $1 AND u.team_id = $2");
    let rows = app.db.connection().read(Planned::Once, &sql, values).await?;
    rows.first().map(|row| parts.read(row)).transpose()
}

/// Several people at once, in no particular order.
pub async fn by_ids(app: &App, team: TeamId, ids: &[UserId], parts: UserParts) -> Outcome<Vec<UserView>> {
    let mut values = values![team];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    let select = parts.select(app.db.dialect(), app.clock.now(), &mut values);
    let sql = format!(
        "{select} WHERE u.team_id = $1 AND u.id IN ({})",
        places(2, ids.len())
    );
    read(app, (Planned::ByValues, &sql, values), parts).await
}

/// Until the end of the transaction nobody else changes this person, or their access.
pub async fn lock_user(tx: &Tx, user: UserId) -> Outcome<()> {
    let sql = format!(
        "SELECT 1 FROM users WHERE id = $1 AND team_id = $2{}",
        tx.db().dialect().for_update()
    );
    tx.db().rows(&sql, values![user, tx.actor().team]).await?;
    Ok(())
}

/// Locks users in the order of their ids, so that no two wait for each other in a circle.
pub async fn lock_users(tx: &Tx, ids: &[UserId]) -> Outcome<Vec<user::Model>> {
    let sql = format!(
        "SELECT 1 FROM users WHERE team_id = $1 AND id IN ({}) ORDER BY id{}",
        places(2, ids.len()),
        tx.db().dialect().for_update()
    );
    let mut values = values![tx.actor().team];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    tx.db().rows(&sql, values).await?;
    let rows = user::Entity::of(tx.actor().team).filter(user::Column::Id.is_in(ids.iter().copied()));
    Ok(rows.all(tx.db()).await?)
}

pub async fn list(
    app: &App,
    team: TeamId,
    filter: &UserFilter,
    (field, direction): (UserOrderField, Direction),
    args: &PageArgs,
    parts: UserParts,
) -> Outcome<Page<UserView>> {
    let request = PageRequest::new(args, order(field, direction))?;
    let parts = UserParts {
        details: parts.details || field == UserOrderField::CompanyName,
        ..parts
    };
    let users = match search::indexed(filter) {
        _ if search::finds_nobody(filter) => Vec::new(),
        Some(sought) => search::page(app, team, (filter, &sought), &request, parts).await?,
        None => walked(app, team, filter, &request, parts).await?,
    };
    Ok(request.page(users, |user| (key(field, user), user.id.0)))
}

/// The page of those whom no index of words finds.
async fn walked(
    app: &App,
    team: TeamId,
    filter: &UserFilter,
    request: &PageRequest,
    parts: UserParts,
) -> Outcome<Vec<UserView>> {
    let mut values = Vec::new();
    let wanted = condition(team, filter, joined, &mut values);
    let ecosystems = filter.active.is_some() || filter.has_ecosystem.is_some();
    let source = if ecosystems {
        "users u LEFT JOIN ecosystems e ON e.id = u.ecosystem_id"
    } else {
        "users u"
    };
    let people = request.rows_of("u", source, &wanted, &mut values);
    let select = parts.select_from(&people, app.db.dialect(), app.clock.now(), &mut values);
    let sql = select + &request.order_by();
    // How many have one is for the planner to weigh, and so is what somebody has typed.
    let planned = if ecosystems || filter.search.is_some() {
        Planned::ByValues
    } else {
        Planned::Once
    };
    read(app, (planned, &sql, values), parts).await
}

pub(super) async fn read(
    app: &App,
    (planned, sql, values): (Planned, &str, Vec<Value>),
    parts: UserParts,
) -> Outcome<Vec<UserView>> {
    let rows = app.db.connection().read(planned, sql, values).await?;
    rows.iter().map(|row| parts.read(row)).collect()
}

pub async fn count(app: &App, team: TeamId, filter: &UserFilter) -> Outcome<i64> {
    if search::finds_nobody(filter) {
        return Ok(0);
    }
    let mut values = Vec::new();
    let wanted = condition(team, filter, joined, &mut values);
    let source = search::indexed(filter).map_or_else(
        || "users".to_owned(),
        |sought| search::found(app.db.dialect(), &sought, &mut values),
    );
    let sql =
        format!("SELECT count(*) FROM {source} u LEFT JOIN ecosystems e ON e.id = u.ecosystem_id{wanted}");
    let row = app.db.connection().row(&sql, values).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}

/// A place in a walk through everybody, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub created_at: DateTime<Utc>,
    pub id: UserId,
}

/// The next `most` people behind `after` whom the filter matches, oldest first, made no later than `until`: for
/// jobs that go through all of them, and go on where they were. They come with the parts as they are `now`.
pub async fn walk(
    db: &(impl Sql + Sync),
    team: TeamId,
    filter: &UserFilter,
    (after, until): (Option<Position>, DateTime<Utc>),
    most: u32,
    (parts, now): (UserParts, DateTime<Utc>),
) -> Outcome<Vec<UserView>> {
    if search::finds_nobody(filter) {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    let wanted = condition(team, filter, joined, &mut values);
    let mut sql = parts.select(db.dialect(), now, &mut values);
    sql.push_str(&wanted);
    values.push(until.into());
    sql.push_str(&format!(" AND u.created_at <= ${}", values.len()));
    if let Some(Position { created_at, id }) = after {
        values.extend(values![created_at, id]);
        let n = values.len();
        sql.push_str(&format!(" AND (u.created_at, u.id) > (${}, ${n})", n - 1));
    }
    sql.push_str(&format!(" ORDER BY u.created_at, u.id LIMIT {most}"));
    let rows = db.rows(&sql, values).await?;
    rows.iter().map(|row| parts.read(row)).collect()
}

fn order(field: UserOrderField, direction: Direction) -> Order {
    let (name, key) = match field {
        UserOrderField::CreatedAt => ("users by creation", "u.created_at"),
        UserOrderField::LastName => ("users by last name", r#"u.last_name COLLATE "und-x-icu""#),
        UserOrderField::CompanyName => (
            "users by company",
            r#"COALESCE(u.company_name, '') COLLATE "und-x-icu""#,
        ),
    };
    Order {
        name,
        key,
        id: "u.id",
        direction,
    }
}

fn key(field: UserOrderField, user: &UserView) -> Key {
    match field {
        UserOrderField::CreatedAt => Key::Time(user.created_at),
        UserOrderField::LastName => Key::Text(user.last_name.clone()),
        UserOrderField::CompanyName => {
            let details = user.details.found();
            let company = details.and_then(|details| details.company_name.clone());
            Key::Text(company.unwrap_or_default())
        }
    }
}

/// Beside the users stand their ecosystems.
fn joined(column: &str) -> String {
    format!("e.{column}")
}

/// `ecosystem` tells how a column of the person's ecosystem is reached.
pub(super) fn condition(
    team: TeamId,
    filter: &UserFilter,
    ecosystem: impl Fn(&str) -> String,
    values: &mut Vec<Value>,
) -> String {
    let mut sql = " WHERE u.team_id = $1".to_owned();
    values.push(team.into());
    // Written out, so that each has a statement of its own and a plan that knows how many have it: staff are few.
    let mut equal = |column: &str, word: Option<&'static str>| {
        if let Some(word) = word {
            sql.push_str(&format!(" AND {column} = '{word}'"));
        }
    };
    equal("u.segment", filter.segment.map(UserSegment::as_str));
    equal("u.role", filter.role.map(UserRole::as_str));
    // Staff have bought nothing either, but are never leads (S3.2).
    let leads = filter.segment == Some(UserSegment::Lead);
    equal("u.role", leads.then(|| UserRole::Member.as_str()));
    equal("u.tier", filter.tier.map(CustomerTier::as_str));
    let suspended = ecosystem("suspended_at");
    match filter.active {
        Some(true) => sql.push_str(&format!(" AND u.suspended_at IS NULL AND {suspended} IS NULL")),
        Some(false) => sql.push_str(&format!(
            " AND (u.suspended_at IS NOT NULL OR {suspended} IS NOT NULL)"
        )),
        None => {}
    }
    let owner = ecosystem("owner_id");
    match filter.has_ecosystem {
        Some(true) => sql.push_str(&format!(" AND {owner} = u.id")),
        Some(false) => sql.push_str(&format!(" AND ({owner} IS NULL OR {owner} <> u.id)")),
        None => {}
    }
    if let Some(sought) = search::sought(filter) {
        sql.push_str(&sought.condition("u.search_text", values));
    }
    sql
}

pub async fn ecosystem(app: &App, team: TeamId, id: EcosystemId) -> Outcome<Option<EcosystemView>> {
    let sql = view::select_ecosystem("WHERE e.id = $1 AND e.team_id = $2");
    let row = app.db.connection().row(&sql, values![id, team]).await?;
    Ok(row
        .map(|row| view::read_ecosystem(Row::of(&row)?, 0))
        .transpose()?
        .flatten())
}

pub async fn plan(app: &App, team: TeamId, id: PlanSubscriptionId) -> Outcome<Option<PlanView>> {
    let sql = view::select_plan("WHERE p.id = $1 AND p.team_id = $2");
    let row = app.db.connection().row(&sql, values![id, team]).await?;
    Ok(row
        .map(|row| view::read_plan(Row::of(&row)?, 0))
        .transpose()?
        .flatten())
}

const MEMBERS: Order = Order {
    name: "members",
    key: "u.created_at",
    id: "u.id",
    direction: Direction::Ascending,
};

pub async fn members(
    app: &App,
    team: TeamId,
    of: EcosystemId,
    args: &PageArgs,
    parts: UserParts,
) -> Outcome<Page<UserView>> {
    let request = PageRequest::new(args, MEMBERS)?;
    let mut values = values![team, of];
    let wanted = " WHERE u.team_id = $1 AND u.ecosystem_id = $2";
    let people = request.rows_of("u", "users u", wanted, &mut values);
    let select = parts.select_from(&people, app.db.dialect(), app.clock.now(), &mut values);
    let sql = select + &request.order_by();
    let users = read(app, (Planned::Once, &sql, values), parts).await?;
    Ok(request.page(users, |user| (Key::Time(user.created_at), user.id.0)))
}

pub async fn members_count(app: &App, team: TeamId, of: EcosystemId) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM users WHERE team_id = $1 AND ecosystem_id = $2";
    let row = app.db.connection().row(sql, values![team, of]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}

/// The two switches that close everything to somebody.
pub struct Switches {
    pub user_active: bool,
    /// None if they are in no ecosystem.
    pub ecosystem_active: Option<bool>,
}

/// Which switch keeps this user out, if any. A fault if there is no such user.
pub async fn switches(app: &App, team: TeamId, user: UserId) -> Outcome<Switches> {
    let row = app
        .db
        .connection()
        .row(
            "SELECT u.suspended_at IS NULL, e.id IS NOT NULL, e.suspended_at IS NULL FROM users u \
             LEFT JOIN ecosystems e ON e.id = u.ecosystem_id WHERE u.id = $1 AND u.team_id = $2",
            values![user, team],
        )
        .await?;
    let row = row.ok_or_else(|| anyhow::anyhow!("{user} is gone"))?;
    let in_one: bool = row.try_get_by_index(1)?;
    let open: bool = row.try_get_by_index(2)?;
    Ok(Switches {
        user_active: row.try_get_by_index(0)?,
        ecosystem_active: in_one.then_some(open),
    })
}
