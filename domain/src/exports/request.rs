//! Asking for a file: what it shall hold is settled here, once.

use std::borrow::Cow;

use entities::{ExportId, ExportKind, ExportStatus, UserSegment, export};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::{Value as Json, json};

use super::{WriteExport, file_name, store};
use crate::{
    actor::{Actor, Scope},
    app::App,
    error::{Outcome, Refusal, UserErrorCode},
    jobs::NewJob,
    language,
    message::Message,
    teams,
    users::{self, UserFilter},
};

/// How many unfinished exports somebody may have: each of them holds a worker for minutes.
const MOST_UNFINISHED: i64 = 5;

/// People as a spreadsheet (S3.17).
#[derive(Clone, Debug)]
pub struct UsersExport {
    pub segment: UserSegment,
    /// A segment in it must be the same, or is refused.
    pub filter: UserFilter,
}

/// S3.17: wants customers or leads, with the filter in force, as a spreadsheet.
pub async fn request_users(app: &App, actor: &Actor, wish: UsersExport) -> Outcome<export::Model> {
    actor.require(Scope::ExportsWrite)?;
    // The file holds what this scope would show.
    actor.require(Scope::UsersRead)?;
    let kind = match wish.segment {
        UserSegment::Customer => ExportKind::CustomersXlsx,
        UserSegment::Lead => ExportKind::LeadsXlsx,
    };
    let filter = narrowed(wish)?;
    let total = users::count_in_team(app, actor.team, &filter).await?;
    if total == 0 {
        return Err(Refusal::new(UserErrorCode::ExportEmpty).into());
    }
    make(app, actor, kind, serde_json::to_value(filter)?, total).await
}

/// The filter with the segment in it.
fn narrowed(wish: UsersExport) -> Result<UserFilter, Refusal> {
    let UsersExport { segment, filter } = wish;
    if filter.segment.is_some_and(|other| other != segment) {
        let mut refusal = Refusal::invalid("filter", Message::key("invalid-segment-other"));
        refusal.field.push(Cow::Borrowed("segment"));
        return Err(refusal);
    }
    Ok(UserFilter {
        segment: Some(segment),
        ..filter.to_keep()
    })
}

/// Writes the export down with its job, whatever its kind.
async fn make(
    app: &App,
    actor: &Actor,
    kind: ExportKind,
    filter: Json,
    total: i64,
) -> Outcome<export::Model> {
    // An export of a key is the key's; the person behind it stands beside it.
    let requested_by = actor.accountable_user()?;
    let zone = language::zone(&teams::load(app, actor.team).await?.time_zone);
    let mut tx = app.begin(actor).await?;
    // One after the other, or two requests would each see room for themselves.
    users::lock_user(&tx, requested_by).await?;
    if store::unfinished_of(&tx, requested_by, actor.api_key()).await? >= MOST_UNFINISHED {
        let message = Message::key("export-too-many").with("max", MOST_UNFINISHED);
        return Err(Refusal::new(UserErrorCode::RateLimited).saying(message).into());
    }
    let id: ExportId = tx.id();
    let row = export::ActiveModel {
        id: Set(id),
        team_id: Set(actor.team),
        kind: Set(kind),
        status: Set(ExportStatus::Queued),
        filter: Set(filter.clone()),
        locale: Set(actor.locale),
        file_name: Set(file_name(kind, actor.locale, tx.now(), zone)),
        requested_by: Set(requested_by),
        api_key_id: Set(actor.api_key()),
        requested_at: Set(tx.now()),
        attempt: Set(0),
        done: Set(0),
        total: Set(total),
        object_key: Set(None),
        size_bytes: Set(None),
        sha256: Set(None),
        failure: Set(None),
        completed_at: Set(None),
        expires_at: Set(None),
        updated_at: Set(tx.now()),
    };
    let export = row.insert(tx.db()).await?;
    tx.audit_with(
        "export.requested",
        Some(id.to_string()),
        None,
        json!({ "kind": kind, "filter": filter, "total": total }),
    );
    store::publish(&mut tx, &export);
    tx.enqueue(NewJob::now::<WriteExport>(id));
    tx.commit().await?;
    Ok(export)
}
