//! The exports' rows, and how one goes from a status to the next.

use chrono::{DateTime, Utc};
use entities::{ApiKeyId, EventTopic, ExportId, ExportStatus, UserId, export};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Set, Statement};
use serde_json::json;

use super::state::{self, Transition};
use crate::{database::Sql, error::Outcome, message::Message, tx::Tx, values};

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

/// Whatever else this person asks for comes before or after.
pub(super) async fn lock_requester(tx: &Tx, user: UserId) -> Outcome<()> {
    let sql = format!(
        "SELECT 1 FROM users WHERE id = $1 AND team_id = $2{}",
        tx.db().dialect().for_update()
    );
    tx.db().rows(&sql, values![user, tx.actor().team]).await?;
    Ok(())
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
