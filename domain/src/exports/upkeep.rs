//! What the round of maintenance does for exports: no file outlives its day, and nothing that a dead worker
//! has begun stays behind.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use entities::{ExportId, ExportStatus, export};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    KEPT_FOR,
    keys::{PREFIX, Place, read_key, short},
    state::Transition,
    store::{self, Changes},
};
use crate::{
    adapters::files::{self, Listed},
    app::App,
    database::Sql,
    error::Outcome,
    installation,
    tx::Tx,
    values,
};

/// How old a file is that nobody can need: an hour for clocks that differ.
const LEFT_OVER_AFTER: TimeDelta = TimeDelta::hours(KEPT_FOR.num_hours() + 1);
/// Rows that are asked for by one statement.
const BATCH: usize = 500;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Those whose file is older than a day and goes.
    pub expired: usize,
    /// Files that are gone: of exports that are over, and of attempts that have died.
    pub deleted: usize,
}

/// Makes the part of a round that is about the exports themselves.
pub async fn tend(app: &App) -> Outcome<Tended> {
    Ok(Tended {
        expired: expire(app, app.clock.now()).await?,
        deleted: 0,
    })
}

/// Makes the part that is about their files: how many nobody needed. What is left when the store does not answer,
/// the next round deletes.
pub async fn clear_files(app: &App) -> Outcome<usize> {
    let cleared = files::in_time(&*app.files, sweep(app)).await;
    Ok(cleared.context("files that nobody needs were not cleared away")?)
}

async fn expire(app: &App, now: DateTime<Utc>) -> Outcome<usize> {
    let sql = "SELECT id, team_id FROM exports WHERE status = 'READY' AND expires_at <= $1";
    let mut expired = 0;
    for row in app.db.connection().rows(sql, values![now]).await? {
        let id: ExportId = row.try_get_by_index(0)?;
        let mut tx = app.begin_as_system(row.try_get_by_index(1)?).await?;
        let Some(export) = store::lock(&tx, id).await? else {
            continue;
        };
        let key = export.object_key.clone();
        // From this commit on nobody finds the file; the sweep deletes it.
        if store::step(&mut tx, export, Transition::Expire, Changes::default())
            .await?
            .is_some()
        {
            discard(&tx, key).await?;
            tx.commit().await?;
            expired += 1;
        }
    }
    Ok(expired)
}

/// Notes that a file is to be deleted, however often that fails.
async fn discard(tx: &Tx, key: Option<String>) -> Outcome<()> {
    if let Some(key) = key {
        let sql =
            "INSERT INTO discarded_files (object_key, discarded_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.db().run(sql, values![key, tx.now()]).await?;
    }
    Ok(())
}

/// Deletes what is over, and what attempts that have died left behind.
async fn sweep(app: &App) -> anyhow::Result<usize> {
    let discarded = delete_discarded(app).await?;
    Ok(discarded + delete_left_overs(app).await?)
}

/// The files of exports that are over: each of them is known by its name.
async fn delete_discarded(app: &App) -> anyhow::Result<usize> {
    let sql = "SELECT object_key FROM discarded_files ORDER BY discarded_at";
    let mut deleted = 0;
    for row in app.db.connection().rows(sql, vec![]).await? {
        let key: String = row.try_get_by_index(0)?;
        app.files.delete(&key).await?;
        let sql = "DELETE FROM discarded_files WHERE object_key = $1";
        app.db.execute(sql, values![key]).await?;
        deleted += 1;
    }
    Ok(deleted)
}

/// Nobody can tell a dead attempt's file from one that somebody else is about to need: another installation in the
/// same bucket, or one whose database is a copy of ours and which believes that our exports are its own. What tells
/// is the age: whatever is older than any file is kept for is needed by nobody.
async fn delete_left_overs(app: &App) -> anyhow::Result<usize> {
    let Some(installation) = installation::find(app.db.connection()).await? else {
        return Ok(0);
    };
    let old = app.clock.now() - LEFT_OVER_AFTER;
    let files = app.files.listed(PREFIX).await?;
    let old: Vec<_> = files.into_iter().filter(|file| file.changed_at < old).collect();
    let mut deleted = 0;
    for files in old.chunks(BATCH) {
        // What we have not put here is not ours to delete.
        let read = |file: &Listed| {
            let place = read_key(&file.key)?;
            let ours = place
                .installation
                .is_none_or(|other| other == short(installation));
            ours.then(|| (file.key.clone(), place))
        };
        let places: Vec<(String, Place)> = files.iter().filter_map(read).collect();
        let rows = export::Entity::find()
            .filter(export::Column::Id.is_in(places.iter().map(|(_, place)| place.export)))
            .all(app.db.connection());
        let rows: HashMap<_, _> = rows.await?.into_iter().map(|row| (row.id, row)).collect();
        for (key, place) in places {
            let row = rows.get(&place.export).filter(|row| row.team_id == place.team);
            // Keys of before do not say whose they are: only the row does.
            if is_needed(row, &key) || (place.installation.is_none() && row.is_none()) {
                continue;
            }
            app.files.delete(&key).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

fn is_needed(export: Option<&export::Model>, key: &str) -> bool {
    export.is_some_and(|row| row.status == ExportStatus::Ready && row.object_key.as_deref() == Some(key))
}
