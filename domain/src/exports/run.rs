//! The job: one attempt at a file, from the first row to its place in the store.
//!
//! A file cannot be continued: whoever takes the job up after a dead worker begins anew, under another key.
//! Nothing refers to a key before the file under it is whole.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use entities::{ExportId, export};

use super::{
    KEPT_FOR,
    keys::object_key,
    output::Written,
    source::Kinds,
    state::Transition,
    store::{self, Changes, File},
};
use crate::{
    app::App,
    database::Sql,
    error::Outcome,
    installation,
    jobs::{self, ClaimedJob, Ending, Handled},
    message::Message,
    tx::Tx,
    values,
};

/// Progress is told when so many rows were read since the last time,
const TOLD_ROWS: i64 = 5000;
/// or when so much time has passed.
const TOLD_AFTER: Duration = Duration::from_secs(1);

/// A whole file, under the attempt's key, that nobody knows of yet.
pub(crate) struct Made {
    pub rows: i64,
    pub written: Written,
}

/// A worker that has begun.
pub(crate) struct Attempt<'a> {
    pub app: &'a App,
    pub export: export::Model,
    /// Where this attempt puts its file.
    pub key: String,
    job: &'a ClaimedJob,
    told: (Instant, i64),
}

/// Writes the file of an export. Safe to run again at any point.
pub(super) async fn write(app: &App, job: &ClaimedJob, id: ExportId) -> Handled {
    // None: canceled, finished, or this worker has lost its claim.
    let Some(mut attempt) = Attempt::begin(app, job, id).await? else {
        return Ok(Ending::Done);
    };
    let kind = attempt.export.kind;
    let kind = (app.memory::<Kinds>().of(kind)).ok_or_else(|| anyhow!("this version writes no {kind}"))?;
    let Some(made) = kind.write(&mut attempt).await? else {
        tracing::info!(export = %id, "the export was stopped");
        return Ok(Ending::Done);
    };
    attempt.complete(made).await
}

impl<'a> Attempt<'a> {
    async fn begin(app: &'a App, job: &'a ClaimedJob, id: ExportId) -> Outcome<Option<Self>> {
        let mut tx = app.begin_for(job).await?;
        let Some(export) = store::lock(&tx, id).await? else {
            return Ok(None);
        };
        // A worker that was given up for dead must not take the export from the one that has it now.
        if !jobs::store::is_held(tx.db(), job.held()).await? {
            return Ok(None);
        }
        let Some(export) = store::step(&mut tx, export, Transition::Start, Changes::default()).await? else {
            return Ok(None);
        };
        let installation = installation::id(&tx).await?;
        let unique = tx.id();
        tx.commit().await?;
        let key = object_key(installation, (export.team_id, export.id), export.attempt, unique);
        Ok(Some(Self {
            app,
            export,
            key,
            job,
            told: (Instant::now(), 0),
        }))
    }

    /// Tells how far it is, now and then. False: it was canceled or given to another worker, and has to stop.
    pub async fn reached(&mut self, done: i64) -> Outcome<bool> {
        if done - self.told.1 < TOLD_ROWS && self.told.0.elapsed() < TOLD_AFTER {
            return Ok(true);
        }
        self.told = (Instant::now(), done);
        // Whoever came in the meantime is not counted: a progress bar cannot go beyond its end.
        self.export.done = done.min(self.export.total);
        let mut tx = self.app.begin_for(self.job).await?;
        let ours = tx
            .db()
            .run(
                "UPDATE exports SET done = $1, updated_at = $2 WHERE id = $3 AND team_id = $4 AND attempt = $5 \
                 AND status = 'RUNNING'",
                values![
                    self.export.done,
                    tx.now(),
                    self.export.id,
                    self.export.team_id,
                    self.export.attempt
                ],
            )
            .await?;
        if ours == 0 {
            return Ok(false);
        }
        store::publish(&mut tx, &self.export);
        tx.commit().await?;
        Ok(true)
    }

    async fn complete(self, made: Made) -> Handled {
        let mut tx = self.app.begin_for(self.job).await?;
        let expires_at = tx.now() + KEPT_FOR;
        let changes = Changes {
            rows: Some(made.rows),
            file: Some(File {
                key: self.key.clone(),
                size: made.written.size,
                sha256: made.written.sha256,
                expires_at,
            }),
            ..Changes::default()
        };
        let completed = match self.still_ours(&tx).await? {
            Some(export) => store::step(&mut tx, export, Transition::Complete, changes).await?,
            None => None,
        };
        if completed.is_none() {
            drop(tx);
            // Nobody refers to it, and nobody is going to.
            self.app.files.delete(&self.key).await?;
            return Ok(Ending::Done);
        }
        tx.commit().await?;
        Ok(Ending::Done)
    }

    /// The export, locked, if no other worker has begun since.
    async fn still_ours(&self, tx: &Tx) -> Outcome<Option<export::Model>> {
        let found = store::lock(tx, self.export.id).await?;
        Ok(found.filter(|export| export.attempt == self.export.attempt))
    }
}

/// No job is going to write it any more: the export fails with a sentence for people, and the job keeps the cause for
/// operators.
pub(super) async fn dead_lettered(tx: &mut Tx, id: ExportId) -> Outcome<()> {
    let Some(export) = store::lock(tx, id).await? else {
        return Ok(());
    };
    let changes = Changes {
        failure: Some(Message::key("export-failed")),
        ..Changes::default()
    };
    store::step(tx, export, Transition::Fail, changes).await?;
    Ok(())
}
