//! Who changed what: read by those who may. Entries are written by [`crate::app::App::begin`]'s transactions.

mod promises;

use entities::{AuditEntryId, TeamId, UserId, audit_entry};
use sea_orm::Value;

pub(crate) use promises::PROMISES;

use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql},
    error::Outcome,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    values,
};

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The public id of the object.
    pub subject: Option<String>,
    pub actor: Option<UserId>,
}

const NEWEST_FIRST: Order = Order {
    name: "audit",
    key: "at",
    id: "id",
    direction: Direction::Descending,
};

/// A page of the audit log, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &AuditFilter,
    args: &PageArgs,
) -> Outcome<Page<audit_entry::Model>> {
    actor.require(Scope::AuditRead)?;
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let (condition, mut values) = condition(actor.team, filter);
    let sql = format!(
        "SELECT * FROM audit_entries{condition}{}",
        request.sql(&mut values)
    );
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &audit_entry::Model| {
        (Key::Time(row.at), row.id.0)
    });
    page.await
}

pub async fn count(app: &App, actor: &Actor, filter: &AuditFilter) -> Outcome<i64> {
    actor.require(Scope::AuditRead)?;
    let (condition, values) = condition(actor.team, filter);
    let sql = format!("SELECT count(*) FROM audit_entries{condition}");
    Ok(app.db.connection().count(&sql, values).await?)
}

/// One entry, if the caller may see it.
pub async fn find(app: &App, actor: &Actor, id: AuditEntryId) -> Outcome<Option<audit_entry::Model>> {
    if !actor.scopes.contains(Scope::AuditRead) {
        return Ok(None);
    }
    Ok(audit_entry::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?)
}

fn condition(team: TeamId, filter: &AuditFilter) -> (String, Vec<Value>) {
    let mut sql = " WHERE team_id = $1".to_owned();
    let mut values = values![team];
    if let Some(subject) = &filter.subject {
        values.push(subject.clone().into());
        sql.push_str(&format!(" AND subject_id = ${}", values.len()));
    }
    if let Some(actor) = filter.actor {
        values.push(actor.into());
        sql.push_str(&format!(" AND actor_id = ${}", values.len()));
    }
    (sql, values)
}
