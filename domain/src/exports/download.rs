//! Fetching the file: by a link that is signed, lives for minutes and belongs to one reader.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{ExportId, ExportStatus, UserId, export};
use serde_json::json;
use url::Url;

use super::{
    reading,
    source::{AnyExport, Kinds},
};
use crate::{
    actor::Actor,
    adapters::files::{self, Pieces},
    app::App,
    database::Sql,
    error::Outcome,
    identity::links,
    values,
};

/// Long enough to click it, too short to pass it on.
const LINK_LASTS: TimeDelta = TimeDelta::minutes(10);

/// Where the caller can fetch the file of an export that they see. None while there is none.
pub fn link(app: &App, actor: &Actor, export: &export::Model) -> Option<Url> {
    let now = app.clock.now();
    let expires_at = export.expires_at?;
    if export.status != ExportStatus::Ready || expires_at <= now || !reading::is_visible(actor, export) {
        return None;
    }
    let asked = Asked {
        export: export.id,
        file: export.file_name.clone(),
        expires: expires_at.min(now + LINK_LASTS).timestamp(),
        reader: links::holder(actor)?,
        through: actor.impersonator,
    };
    let mut url = app.settings.public_url.clone();
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(["exports", &export.id.to_string(), &asked.file]);
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("expires", &asked.expires.to_string())
            .append_pair("for", &asked.reader);
        if let Some(through) = asked.through {
            query.append_pair("through", &through.to_string());
        }
        query.append_pair("signature", &app.vault.sign(&asked.signed()));
    }
    Some(url)
}

/// What a link says.
#[derive(Clone, Debug)]
pub struct Asked {
    pub export: ExportId,
    /// The name under which it is saved, as it stands in the link: part of what is signed.
    pub file: String,
    /// Seconds since 1970.
    pub expires: i64,
    /// The public id of a user or an API key.
    pub reader: String,
    /// The administrator who had it made through the reader's eyes.
    pub through: Option<UserId>,
}

impl Asked {
    fn signed(&self) -> String {
        let through = self.through.map(|user| user.to_string());
        json!([
            "export",
            self.export,
            self.file,
            self.expires,
            self.reader,
            through
        ])
        .to_string()
    }
}

/// Why nothing is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// We have not made this link, or whoever it was made for may not fetch the file any more.
    NotYours,
    /// The link or the file is older than it may be.
    Over,
    /// There is no file, or not yet.
    NotThere,
}

/// A file that may be fetched.
pub struct Opened {
    pub name: String,
    pub media_type: &'static str,
    /// Bytes.
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
    export: ExportId,
    key: String,
    reader: Actor,
}

/// Opens what a link names.
pub async fn open(app: &App, asked: &Asked, signature: &str) -> Outcome<Result<Opened, Closed>> {
    // Nothing is looked up, and nothing is told, before we know that the link is ours.
    if !app.vault.verify(&asked.signed(), signature) {
        return Ok(Err(Closed::NotYours));
    }
    let now = app.clock.now();
    if DateTime::from_timestamp(asked.expires, 0).is_none_or(|end: DateTime<Utc>| end <= now) {
        return Ok(Err(Closed::Over));
    }
    let Some(reader) = links::actor(app, &asked.reader, asked.through).await? else {
        return Ok(Err(Closed::NotYours));
    };
    let Some(export) = reading::find(app, &reader, asked.export).await? else {
        return Ok(Err(Closed::NotYours));
    };
    if export.status == ExportStatus::Expired || export.expires_at.is_some_and(|end| end <= now) {
        return Ok(Err(Closed::Over));
    }
    let (ExportStatus::Ready, Some(key), Some(size), Some(sha256)) =
        (export.status, export.object_key, export.size_bytes, export.sha256)
    else {
        return Ok(Err(Closed::NotThere));
    };
    let kind = app.memory::<Kinds>().of(export.kind);
    Ok(Ok(Opened {
        name: export.file_name,
        media_type: kind.map_or("application/octet-stream", AnyExport::media_type),
        size: u64::try_from(size).unwrap_or(0),
        sha256,
        export: export.id,
        key,
        reader,
    }))
}

impl Opened {
    /// Some of its bytes. None if the file is gone meanwhile.
    pub async fn read(&self, app: &App, range: Range<u64>) -> Outcome<Option<Pieces>> {
        let read = app.files.read(&self.key, range);
        Ok(files::in_time(&*app.files, read).await?)
    }

    /// Records the first time that this reader fetches the file.
    pub async fn note(&self, app: &App, ip_address: Option<String>) -> Outcome<()> {
        let Some(mut holder) = links::holder(&self.reader) else {
            return Ok(());
        };
        // Whoever looks through somebody's eyes is a reader of their own (S0.6).
        if let Some(through) = self.reader.impersonator {
            holder = format!("{holder}:{through}");
        }
        let seen = "SELECT 1 FROM export_downloads WHERE export_id = $1 AND reader_id = $2 AND team_id = $3";
        let team = self.reader.team;
        let known = values![self.export, holder.clone(), team];
        if app.db.connection().row(seen, known).await?.is_some() {
            return Ok(());
        }
        let actor = Actor {
            ip_address,
            ..self.reader.clone()
        };
        let mut tx = app.begin(&actor).await?;
        let sql = "INSERT INTO export_downloads (export_id, reader_id, team_id, user_id, api_key_id, at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let values = values![self.export, holder, team, actor.user(), actor.api_key(), tx.now()];
        if tx.db().run(sql, values).await? == 0 {
            return Ok(());
        }
        tx.audit_with(
            "export.downloaded",
            Some(self.export.to_string()),
            None,
            json!({ "sha256": self.sha256 }),
        );
        tx.commit().await
    }
}
