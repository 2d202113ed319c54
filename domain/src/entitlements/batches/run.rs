//! The job: it goes through the people of a batch in chunks, each of them one commit with the changes, their
//! results and the place behind them. A worker that dies loses a chunk, and nobody is done twice.

use std::{collections::HashMap, time::Duration};

use chrono::TimeDelta;
use entities::{
    EntitlementBatchAction, EntitlementBatchId, EntitlementBatchOutcome, EntitlementBatchStatus, TeamId,
    UserId, entitlement_batch, entitlement_batch_result, product, user,
};
use serde_json::json;

use super::{is_live, people, publish, store};
use crate::{
    actor::Origin,
    app::App,
    entitlements::{
        self,
        manual::{self, ManualChange, Terms},
    },
    error::Outcome,
    jobs::{self, ClaimedJob, Ending, Handled},
    message::Message,
    tx::Tx,
    users,
};

/// People in one commit: few enough that nobody who wants one of them waits long.
const CHUNK: usize = 50;
/// Chunks before another job has its turn.
const TURN: usize = 20;
/// How often a user is tried who cannot be done for a fault of ours.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; before the third it is twice as long. Faults pass: a deadlock, a connection that is
/// renewed.
const PAUSE: Duration = Duration::from_millis(100);
/// Progress is told about once a second.
const PUBLISH_EVERY: TimeDelta = TimeDelta::seconds(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Continues,
    Finished,
}

/// What is done with the users of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Decide,
    /// Every attempt has ended in a fault: this is said in the result, and the batch goes on.
    GiveUp,
}

/// Brings a batch on, a turn at a time.
pub(super) async fn run(app: &App, job: &ClaimedJob, id: EntitlementBatchId) -> Handled {
    let team = job.team()?;
    let work = BatchRun { app, job, team, id };
    for _ in 0..TURN {
        let progress = match work.chunk(CHUNK, Mode::Decide).await {
            Ok(progress) => progress,
            Err(error) => {
                tracing::warn!(batch = %id, error = ?error, "a chunk of a batch failed; its users are done one by one");
                work.one_by_one().await?
            }
        };
        if progress == Progress::Finished {
            return Ok(Ending::Done);
        }
    }
    Ok(Ending::Snooze {
        at: app.clock.now(),
        note: "others have their turn".into(),
    })
}

struct BatchRun<'a> {
    app: &'a App,
    job: &'a ClaimedJob,
    team: TeamId,
    id: EntitlementBatchId,
}

impl BatchRun<'_> {
    /// The users of a chunk that failed, each in a commit of their own.
    async fn one_by_one(&self) -> Outcome<Progress> {
        for _ in 0..CHUNK {
            let mut progress = self.chunk(1, Mode::Decide).await;
            for attempt in 1..ATTEMPTS {
                if progress.is_err() {
                    tokio::time::sleep(PAUSE * attempt).await;
                    progress = self.chunk(1, Mode::Decide).await;
                }
            }
            let progress = match progress {
                Ok(progress) => progress,
                Err(error) => {
                    tracing::error!(batch = %self.id, error = ?error, "a user of a batch cannot be done");
                    self.chunk(1, Mode::GiveUp).await?
                }
            };
            if progress == Progress::Finished {
                return Ok(Progress::Finished);
            }
        }
        Ok(Progress::Continues)
    }

    async fn chunk(&self, size: usize, mode: Mode) -> Outcome<Progress> {
        let tx = self.app.begin_as_system(self.team).await?;
        // The batch's lock keeps a worker that was given up for dead from doing the same chunk again.
        let batch = store::lock(&tx, self.id).await?;
        let Some(mut batch) = batch.filter(|batch| is_live(batch.status)) else {
            return Ok(Progress::Finished);
        };
        if !jobs::store::is_held(tx.db(), self.job.held()).await? {
            return Ok(Progress::Finished);
        }
        // Of the batch, whoever its job was enqueued for (S0.6, S4.25).
        let origin = Origin {
            actor: batch.api_key_id.is_none().then_some(batch.requested_by),
            impersonator: batch.impersonator_id,
            api_key: batch.api_key_id,
            trace: self.job.payload.by.trace.clone(),
        };
        let mut tx = tx.on_behalf_of(origin).part_of("batchId", self.id);
        let product = store::product(&tx, batch.product_id).await?;
        let product = product.ok_or_else(|| anyhow::anyhow!("{} is gone", batch.product_id))?;
        let (ids, place) = people::next(&tx, &batch, size).await?;
        let results = match mode {
            Mode::Decide => decide(self.app, &mut tx, &batch, &product, &ids).await?,
            Mode::GiveUp => ids.iter().map(|id| (*id, given_up())).collect(),
        };
        note(&tx, &mut batch, results).await?;
        batch.place = place.map(serde_json::to_value).transpose()?;
        let progress = if ids.len() < size {
            Progress::Finished
        } else {
            Progress::Continues
        };
        if progress == Progress::Finished {
            batch.status = EntitlementBatchStatus::Succeeded;
            batch.finished_at = Some(tx.now());
            // Whoever did not match the filter any more was passed over.
            batch.total = batch.done;
            let facts =
                json!({ "succeeded": batch.succeeded, "refused": batch.refused, "failed": batch.failed });
            tx.audit_with(
                "entitlement_batch.finished",
                Some(batch.id.to_string()),
                None,
                facts,
            );
        } else {
            batch.status = EntitlementBatchStatus::Running;
        }
        let quiet = batch.told_at.is_none_or(|at| tx.now() - at >= PUBLISH_EVERY);
        if progress == Progress::Finished || quiet {
            batch.told_at = Some(tx.now());
            publish(&mut tx, &batch);
        }
        store::save(&tx, batch).await?;
        tx.commit().await?;
        Ok(progress)
    }
}

/// What becomes of one user.
struct UserResult {
    outcome: EntitlementBatchOutcome,
    changed: ManualChange,
}

fn given_up() -> UserResult {
    UserResult {
        outcome: EntitlementBatchOutcome::Failed,
        changed: ManualChange {
            entitlement: None,
            refusals: Vec::new(),
        },
    }
}

/// Makes for each user the decision that would be made for them alone.
async fn decide(
    app: &App,
    tx: &mut Tx,
    batch: &entitlement_batch::Model,
    product: &product::Model,
    ids: &[UserId],
) -> Outcome<Vec<(UserId, UserResult)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let people = users::lock_users(tx, ids).await?;
    tx.read_clock_again();
    let people: HashMap<UserId, user::Model> = people.into_iter().map(|user| (user.id, user)).collect();
    // The queue may have rested for longer than the access was to last.
    let ended = manual::check_dates(batch.starts_at, batch.expires_at, tx.now()).err();
    let mut results = Vec::with_capacity(ids.len());
    for id in ids {
        let user = people.get(id).ok_or_else(|| anyhow::anyhow!("{id} is gone"))?;
        let (changed, done) = match batch.action {
            EntitlementBatchAction::Grant if ended.is_some() => {
                let refusals = ended.iter().cloned().collect();
                let changed = ManualChange {
                    entitlement: None,
                    refusals,
                };
                (changed, EntitlementBatchOutcome::Granted)
            }
            EntitlementBatchAction::Grant => {
                let terms = Terms {
                    starts_at: Some(batch.starts_at.unwrap_or(batch.requested_at)),
                    expires_at: batch.expires_at,
                    note: batch.note.clone(),
                    notify_customer: batch.notify_customer,
                };
                let changed = manual::grant_one(app, tx, user, product, &terms).await?;
                (changed, EntitlementBatchOutcome::Granted)
            }
            EntitlementBatchAction::Revoke => {
                let open = entitlements::current(tx, *id, product.id).await?;
                let changed = match open {
                    Some(row) => manual::revoke_one(tx, row, batch.note.as_deref()).await?,
                    None => ManualChange {
                        entitlement: None,
                        refusals: vec![
                            manual::not_active().saying(Message::key("entitlement-none-to-revoke")),
                        ],
                    },
                };
                (changed, EntitlementBatchOutcome::Revoked)
            }
        };
        let outcome = if changed.refusals.is_empty() {
            done
        } else {
            EntitlementBatchOutcome::Refused
        };
        results.push((*id, UserResult { outcome, changed }));
    }
    Ok(results)
}

/// Writes the results and counts them.
async fn note(
    tx: &Tx,
    batch: &mut entitlement_batch::Model,
    results: Vec<(UserId, UserResult)>,
) -> Outcome<()> {
    let mut rows = Vec::with_capacity(results.len());
    for (user, UserResult { outcome, changed }) in results {
        batch.done += 1;
        let counter = match outcome {
            EntitlementBatchOutcome::Granted | EntitlementBatchOutcome::Revoked => &mut batch.succeeded,
            EntitlementBatchOutcome::Refused => &mut batch.refused,
            EntitlementBatchOutcome::Failed => &mut batch.failed,
        };
        *counter += 1;
        let refusal = changed.refusals.into_iter().next();
        let message = refusal.as_ref().map(|refusal| refusal.message.clone());
        let failed = outcome == EntitlementBatchOutcome::Failed;
        let message = message.or_else(|| failed.then(|| Message::key("batch-user-failed")));
        rows.push(entitlement_batch_result::Model {
            batch_id: batch.id,
            user_id: user,
            team_id: batch.team_id,
            position: batch.done,
            outcome,
            entitlement_id: changed.entitlement.map(|row| row.id),
            code: refusal.map(|refusal| refusal.code.as_str().to_owned()),
            message: message.map(|message| message.to_stored()),
            at: tx.now(),
        });
    }
    batch.total = batch.total.max(batch.done);
    batch.updated_at = tx.now();
    if rows.is_empty() {
        return Ok(());
    }
    store::add_results(tx, rows).await
}

/// A batch whose job was dead-lettered has failed. What was done stays done.
pub(super) async fn dead_lettered(tx: &mut Tx, id: EntitlementBatchId) -> Outcome<()> {
    let Some(mut batch) = store::lock(tx, id).await?.filter(|batch| is_live(batch.status)) else {
        return Ok(());
    };
    batch.status = EntitlementBatchStatus::Failed;
    batch.finished_at = Some(tx.now());
    batch.updated_at = tx.now();
    batch.failure_message = Some(Message::key("batch-given-up").to_stored());
    let batch = store::save(tx, batch).await?;
    tx.audit("entitlement_batch.failed", batch.id);
    publish(tx, &batch);
    Ok(())
}
