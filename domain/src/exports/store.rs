//! The exports' rows: who sees them, and how a worker's writes are held to its claim.

use std::future::ready;

use chrono::{DateTime, Utc};
use entities::{ApiKeyId, EventTopic, ExportId, ExportStatus, UserId, export};
use futures::{Stream, StreamExt, stream};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Set, Statement, Value};
use serde_json::json;

use super::state::{self, Transition};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql},
    error::{Outcome, Refusal},
    events,
    message::Message,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    tx::Tx,
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

/// The export as it is once nobody else changes it.
pub(super) async fn lock(tx: &Tx, id: ExportId) -> Outcome<Option<export::Model>> {
    let sql = format!(
        "SELECT * FROM exports WHERE id = $1 AND team_id = $2{}",
        tx.db().dialect().for_update()
    );
    let values = values![id, tx.actor().team];
    let statement = Statement::from_sql_and_values(tx.db().get_database_backend(), sql, values);
    Ok(export::Entity::find()
        .from_raw_sql(statement)
        .one(tx.db())
        .await?)
}

pub(super) async fn unfinished_of(tx: &Tx, user: UserId, key: Option<ApiKeyId>) -> Outcome<i64> {
    let mut sql = "SELECT count(*) FROM exports WHERE team_id = $1 AND requested_by = $2 \
                   AND status IN ('QUEUED', 'RUNNING')"
        .to_owned();
    let mut values = values![tx.actor().team, user];
    match key {
        Some(key) => {
            sql.push_str(" AND api_key_id = $3");
            values.push(key.into());
        }
        None => sql.push_str(" AND api_key_id IS NULL"),
    }
    Ok(tx.db().count(&sql, values).await?)
}

/// Tells whoever follows how far the export is.
pub(super) fn publish(tx: &mut Tx, export: &export::Model) {
    let data = json!({ "status": export.status, "done": export.done, "total": export.total });
    tx.publish(EventTopic::ExportUpdated, export.id, data);
}

/// What a step leaves behind beside the new status.
#[derive(Default)]
pub(super) struct Changes {
    /// What whoever asked is told.
    pub failure: Option<Message>,
    pub file: Option<File>,
    /// Rows in the file.
    pub rows: Option<i64>,
}

/// A whole file in the store.
pub(super) struct File {
    /// In the blob store.
    pub key: String,
    /// Bytes.
    pub size: i64,
    /// Hexadecimal.
    pub sha256: String,
    pub expires_at: DateTime<Utc>,
}

/// Takes a locked export one step on, with its audit entry and event. None if that cannot happen to it.
pub(super) async fn step(
    tx: &mut Tx,
    export: export::Model,
    step: Transition,
    changes: Changes,
) -> Outcome<Option<export::Model>> {
    let Some(status) = state::next(export.status, step) else {
        return Ok(None);
    };
    let attempt = export.attempt;
    let mut row = export.into_active_model();
    row.status = Set(status);
    row.updated_at = Set(tx.now());
    if step == Transition::Start {
        row.attempt = Set(attempt + 1);
        row.done = Set(0);
    }
    if let Some(rows) = changes.rows {
        // People may have come or gone since they were counted.
        row.done = Set(rows);
        row.total = Set(rows);
    }
    if !state::is_unfinished(status) && status != ExportStatus::Expired {
        row.completed_at = Set(Some(tx.now()));
    }
    if let Some(failure) = changes.failure {
        row.failure = Set(Some(failure.to_stored()));
    }
    if status == ExportStatus::Expired || changes.file.is_some() {
        row.object_key = Set(changes.file.as_ref().map(|file| file.key.clone()));
        row.size_bytes = Set(changes.file.as_ref().map(|file| file.size));
        row.sha256 = Set(changes.file.as_ref().map(|file| file.sha256.clone()));
    }
    if let Some(file) = &changes.file {
        row.expires_at = Set(Some(file.expires_at));
    }
    let export = row.update(tx.db()).await?;
    let action = match step {
        Transition::Start => "export.started",
        Transition::Complete => "export.completed",
        Transition::Fail => "export.failed",
        Transition::Cancel => "export.canceled",
        Transition::Expire => "export.expired",
    };
    tx.audit_with(
        action,
        Some(export.id.to_string()),
        None,
        json!({ "rows": changes.rows, "sha256": changes.file.map(|file| file.sha256) }),
    );
    publish(tx, &export);
    Ok(Some(export))
}
