//! Asking for a file: what it shall hold is decided here, once.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entities::{ExportId, ExportStatus, Locale, export};
use sea_orm::{ActiveModelTrait, Set};
use serde_json::json;

use super::{
    WriteExport,
    source::{ExportSource, Writer},
    store,
};
use crate::{
    actor::{Actor, Scope},
    app::App,
    error::{Error, Outcome, Refusal, UserErrorCode},
    jobs::NewJob,
    language,
    message::Message,
    teams,
};

/// How many unfinished exports somebody may have: each of them holds a worker for minutes.
const MOST_UNFINISHED: i64 = 5;

/// Asks for an export of a kind. A filter that was refused is told once it is clear that the caller may ask.
pub(crate) async fn request<S: ExportSource>(
    app: &App,
    actor: &Actor,
    filter: Result<S::Filter, Refusal>,
) -> Outcome<export::Model> {
    actor.require(Scope::ExportsWrite)?;
    actor.require(S::SCOPE)?;
    let filter = filter.map_err(Error::from)?;
    let total = S::count(app, actor.team, &filter).await?;
    if total == 0 {
        return Err(Refusal::new(UserErrorCode::ExportEmpty).into());
    }
    // An export of a key is the key's; the person behind it stands beside it.
    let requested_by = actor.accountable_user()?;
    let zone = language::zone(&teams::load(app, actor.team).await?.time_zone);
    let filter = serde_json::to_value(filter)?;
    let mut tx = app.begin(actor).await?;
    // One after the other, or two requests would each see room for themselves.
    store::lock_requester(&tx, requested_by).await?;
    if store::unfinished_of(&tx, requested_by, actor.api_key()).await? >= MOST_UNFINISHED {
        let message = Message::key("export-too-many").with("max", MOST_UNFINISHED);
        return Err(Refusal::new(UserErrorCode::RateLimited).saying(message).into());
    }
    let id: ExportId = tx.id();
    let row = export::ActiveModel {
        id: Set(id),
        team_id: Set(actor.team),
        kind: Set(S::KIND),
        status: Set(ExportStatus::Queued),
        filter: Set(filter.clone()),
        locale: Set(actor.locale),
        file_name: Set(file_name::<S>(actor.locale, tx.now(), zone)),
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
        json!({ "kind": S::KIND, "filter": filter, "total": total }),
    );
    store::publish(&mut tx, &export);
    tx.enqueue(NewJob::now::<WriteExport>(id));
    tx.commit().await?;
    Ok(export)
}

/// What a file is called where it is saved: `customers-2026-11-20.xlsx`, in the language of its headings and by the
/// team's day.
fn file_name<S: ExportSource>(locale: Locale, requested_at: DateTime<Utc>, zone: Tz) -> String {
    let name = language::text(locale, S::FILE_NAME, &[]);
    let day = requested_at.with_timezone(&zone).format("%Y-%m-%d");
    format!("{name}-{day}.{}", S::Writer::ENDING)
}
