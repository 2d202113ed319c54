//! What the round of maintenance does for exports: no file outlives its day, nobody waits for ever, and nothing that
//! a dead worker has begun stays behind.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use entities::{ExportId, ExportStatus, TeamId, export};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    PREFIX, job_key, read_key, run,
    state::{self, Transition},
    store::{self, Changes},
};
use crate::{
    adapters::files,
    app::App,
    database::Sql,
    error::Outcome,
    jobs::{NewJob, Work},
    values,
};

/// How long an unfinished export may be quiet before its job is looked at.
const QUIET: TimeDelta = TimeDelta::minutes(1);
/// Rows that are asked for by one statement.
const BATCH: usize = 500;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Those whose job was parked: they have failed.
    pub failed: usize,
    /// Those that had lost their job and have another.
    pub requeued: usize,
    /// Those whose file is older than a day and goes.
    pub expired: usize,
    /// Files that nobody refers to.
    pub deleted: usize,
}

/// Makes the part of a round that is about the exports themselves.
pub async fn tend(app: &App) -> Outcome<Tended> {
    let now = app.clock.now();
    let mut done = Tended::default();
    settle_abandoned(app, now, &mut done).await?;
    done.expired = expire(app, now).await?;
    Ok(done)
}

/// Makes the part that is about their files: how many nobody needed. What is left when the store does not answer,
/// the next round deletes.
pub async fn clear_files(app: &App) -> Outcome<usize> {
    let cleared = files::in_time(&*app.files, sweep(app)).await;
    Ok(cleared.context("files that nobody needs were not cleared away")?)
}

async fn settle_abandoned(app: &App, now: DateTime<Utc>, done: &mut Tended) -> Outcome<()> {
    let connection = app.db.connection();
    // The jobs first: an export that is finished in between is not looked at any more.
    let mut jobs: HashMap<String, bool> = HashMap::new();
    let sql = "SELECT subject_id, status FROM jobs WHERE kind = 'write_export' AND status <> 'DONE' \
               AND subject_id IS NOT NULL";
    for row in connection.rows(sql, vec![]).await? {
        let status: String = row.try_get_by_index(1)?;
        let lives = jobs.entry(row.try_get_by_index(0)?).or_default();
        *lives |= status != "DEAD";
    }
    let sql = "SELECT id, team_id FROM exports WHERE status IN ('QUEUED', 'RUNNING') AND updated_at < $1";
    for row in connection.rows(sql, values![now - QUIET]).await? {
        let id: ExportId = row.try_get_by_index(0)?;
        let team: TeamId = row.try_get_by_index(1)?;
        match jobs.get(&id.to_string()) {
            Some(true) => {}
            Some(false) => done.failed += usize::from(fail(app, team, id).await?),
            None => {
                let mut tx = app.begin_as_system(team).await?;
                tx.enqueue(NewJob::now(Work::WriteExport { export: id }).once(job_key(id)));
                tx.commit().await?;
                done.requeued += 1;
            }
        }
    }
    Ok(())
}

async fn fail(app: &App, team: TeamId, id: ExportId) -> Outcome<bool> {
    let mut tx = app.begin_as_system(team).await?;
    let Some(export) = store::lock(&tx, id).await? else {
        return Ok(false);
    };
    if run::fail(&mut tx, export).await?.is_none() {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
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
        // From this commit on nobody finds the file; the sweep deletes it.
        if store::step(&mut tx, export, Transition::Expire, Changes::default())
            .await?
            .is_some()
        {
            tx.commit().await?;
            expired += 1;
        }
    }
    Ok(expired)
}

/// Deletes the files that no row refers to: of exports that are over, and of attempts that have died.
async fn sweep(app: &App) -> anyhow::Result<usize> {
    let keys = app.files.keys(PREFIX).await?;
    let mut deleted = 0;
    for keys in keys.chunks(BATCH) {
        let ids = keys.iter().filter_map(|key| read_key(key)).map(|(id, _)| id);
        // After the keys: whatever was put before has its row by now.
        let rows = export::Entity::find().filter(export::Column::Id.is_in(ids));
        let rows = rows.all(app.db.connection()).await?;
        let rows: HashMap<ExportId, export::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
        for key in keys {
            // What we have not put here is not ours to delete.
            let Some((id, attempt)) = read_key(key) else {
                continue;
            };
            if rows.get(&id).is_some_and(|row| is_needed(row, key, attempt)) {
                continue;
            }
            app.files.delete(key).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

fn is_needed(export: &export::Model, key: &str, attempt: i64) -> bool {
    if export.status == ExportStatus::Ready {
        return export.object_key.as_deref() == Some(key);
    }
    // It may be on its way to its place at this moment.
    state::is_unfinished(export.status) && attempt >= export.attempt
}
