//! Who may see which exports.

use std::future::ready;

use entities::{EventTopic, ExportId, export};
use futures::{Stream, StreamExt, stream};
use sea_orm::Value;

use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql},
    error::{Outcome, Refusal},
    events,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    values,
};

const NEWEST_FIRST: Order = Order {
    name: "exports",
    key: "requested_at",
    id: "id",
    direction: Direction::Descending,
};

/// One export, if the caller may see it: their own, or as an administrator any of the team.
pub async fn find(app: &App, actor: &Actor, id: ExportId) -> Outcome<Option<export::Model>> {
    let found = export::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?;
    Ok(found.filter(|export| is_visible(actor, export)))
}

/// One export as it is now, and again each time that it changes, for as long as the caller may see it.
pub async fn follow(
    app: &App,
    actor: &Actor,
    id: ExportId,
) -> Outcome<impl Stream<Item = Outcome<export::Model>> + Send + use<>> {
    // The events first: what happens while the export is read is told, too.
    let again = async |app, actor, id| find(&app, &actor, id).await;
    let later = events::follow(app, actor, EventTopic::ExportUpdated, Some(id), again).await?;
    let found = find(app, actor, id).await?;
    let found = found.ok_or_else(|| Refusal::not_found("exportId", "export"))?;
    let later = later
        .map(Outcome::transpose)
        .take_while(|export| ready(export.is_some()))
        .filter_map(ready);
    Ok(stream::once(ready(Ok(found))).chain(later))
}

/// A page of what the caller may see, newest first.
pub async fn list(app: &App, actor: &Actor, args: &PageArgs) -> Outcome<Page<export::Model>> {
    actor.require(Scope::ExportsWrite)?;
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let (condition, mut values) = condition(actor);
    let sql = format!("SELECT * FROM exports{condition}{}", request.sql(&mut values));
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &export::Model| {
        (Key::Time(row.requested_at), row.id.0)
    });
    page.await
}

pub async fn count(app: &App, actor: &Actor) -> Outcome<i64> {
    actor.require(Scope::ExportsWrite)?;
    let (condition, values) = condition(actor);
    let sql = format!("SELECT count(*) FROM exports{condition}");
    Ok(app.db.connection().count(&sql, values).await?)
}

pub(super) fn is_visible(actor: &Actor, export: &export::Model) -> bool {
    let own = match actor.api_key() {
        Some(key) => export.api_key_id == Some(key),
        None => export.api_key_id.is_none() && actor.user() == Some(export.requested_by),
    };
    actor.scopes.contains(Scope::ExportsWrite) && (own || actor.is_admin())
}

/// The same as [`is_visible`], for lists.
fn condition(actor: &Actor) -> (String, Vec<Value>) {
    let mut sql = " WHERE team_id = $1".to_owned();
    let mut values = values![actor.team];
    if let Some(key) = actor.api_key() {
        sql.push_str(" AND api_key_id = $2");
        values.push(key.into());
    } else if !actor.is_admin() {
        sql.push_str(" AND api_key_id IS NULL AND requested_by = $2");
        values.push(actor.user().into());
    }
    (sql, values)
}
