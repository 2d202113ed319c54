//! All kinds of jobs, from above: who does them, and who learns of a dead letter. Its subject is told in the commit that
//! makes it one, or, where a sweep did, right after it.

use entities::{JobId, TeamId};

use crate::{
    app::App,
    entitlements::batches::ChangeAccess,
    error::Outcome,
    exports::WriteExport,
    handler::{AnyKind, unreadable},
    jobs::{ClaimedJob, Handled, Payload, Probe, dead_letters, store},
    mails::SendMail,
    payments::HandleGatewayEvent,
    refunds::{PauseSubscription, ProcessRefund},
    tx::Tx,
};

/// Every kind of job.
pub const KINDS: [&dyn AnyKind; 7] = [
    &ProcessRefund,
    &PauseSubscription,
    &HandleGatewayEvent,
    &SendMail,
    &WriteExport,
    &ChangeAccess,
    &Probe,
];

/// The kind with this name; none if it is of another version.
pub fn kind(name: &str) -> Option<&'static dyn AnyKind> {
    KINDS.into_iter().find(|kind| kind.name() == name)
}

/// The name of a job's kind, for logs and metrics.
pub fn name_of(job: &ClaimedJob) -> &'static str {
    kind(&job.payload.kind).map_or("of another version", AnyKind::name)
}

/// Makes one attempt at a job.
pub async fn run(app: &App, job: &ClaimedJob) -> Handled {
    match kind(&job.payload.kind) {
        Some(kind) => kind.run(app, job).await,
        None => unreadable().await,
    }
}

/// Dead letters that are told of in one go.
const TOLD_AT_ONCE: usize = 100;

/// Makes a job that is held a dead letter, and tells what it is about.
pub async fn dead_letter(app: &App, job: &ClaimedJob, reason: &str) -> Outcome<()> {
    let held = job.held();
    let Err(error) = dead_letter_and_tell(app, job, reason).await else {
        return Ok(());
    };
    // It must not run again because its subject cannot be told now: that is tried again by itself.
    tracing::error!(job = %job.id, error = ?error, "a job is dead-lettered, and nobody was told of it yet");
    store::dead_letter(&app.db, held, reason, app.clock.now()).await
}

async fn dead_letter_and_tell(app: &App, job: &ClaimedJob, reason: &str) -> Outcome<()> {
    let held = job.held();
    let Some(team) = job.team else {
        return store::dead_letter(&app.db, held, reason, app.clock.now()).await;
    };
    let mut tx = begin(app, team, &job.payload).await?;
    tell(app, &mut tx, job.id, &job.payload, reason).await?;
    // Last, for locks of subjects come before those of jobs.
    if dead_letters::dead_letter_told(tx.db(), held, reason, tx.now()).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// Tells the subjects of dead letters that were not told yet: those that a sweep has made. Returns how many.
pub async fn tell_of_dead_letters(app: &App) -> Outcome<usize> {
    let mut told = 0;
    for dead in dead_letters::untold(&app.db, TOLD_AT_ONCE).await? {
        match tell_one(app, &dead).await {
            Ok(()) => told += 1,
            Err(error) => {
                tracing::error!(job = %dead.id, error = ?error, "what a dead-lettered job is about was not told");
            }
        }
    }
    Ok(told)
}

async fn tell_one(app: &App, dead: &dead_letters::Untold) -> Outcome<()> {
    let (Some(team), Some(payload)) = (dead.team, &dead.payload) else {
        // A probe, or work of a newer version, which tells of its own when it has done it.
        let transaction = app.db.begin().await?;
        dead_letters::note_told(transaction.connection(), dead.id, app.clock.now()).await?;
        transaction.commit().await?;
        return Ok(());
    };
    let mut tx = begin(app, team, payload).await?;
    tell(app, &mut tx, dead.id, payload, &dead.reason).await?;
    if dead_letters::note_told(tx.db(), dead.id, tx.now()).await? {
        tx.commit().await?;
    }
    Ok(())
}

async fn begin(app: &App, team: TeamId, payload: &Payload) -> Outcome<Tx> {
    let tx = app.begin_as_system(team).await?;
    Ok(tx.on_behalf_of(payload.by.clone()))
}

/// Tells the subject of a dead-lettered job. Nobody, while another job is to do the same.
async fn tell(app: &App, tx: &mut Tx, job: JobId, payload: &Payload, reason: &str) -> Outcome<()> {
    if dead_letters::is_done_by_another(tx.db(), job).await? {
        return Ok(());
    }
    match kind(&payload.kind) {
        Some(kind) => kind.dead_lettered(app, tx, payload, reason).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use entities::{EntitlementBatchId, ExportId, GatewayEventId, MailId, RefundId};
    use uuid::Uuid;

    use super::*;
    use crate::{actor::Origin, jobs::NewJob};

    /// Rows of before may be waiting when a new version starts: what is stored of a job never changes.
    #[test]
    fn what_is_stored_of_each_kind_stays_as_it_is() {
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let all = [
            NewJob::now::<ProcessRefund>(RefundId(id)),
            NewJob::now::<PauseSubscription>(RefundId(id)),
            NewJob::now::<HandleGatewayEvent>(GatewayEventId(id)),
            NewJob::now::<SendMail>(MailId(id)),
            NewJob::now::<WriteExport>(ExportId(id)),
            NewJob::now::<ChangeAccess>(EntitlementBatchId(id)),
            NewJob::now::<Probe>(()),
        ];
        let named: HashSet<_> = all.iter().map(|job| job.kind).collect();
        assert_eq!(named, KINDS.iter().map(|kind| kind.name()).collect());
        let stored = all.map(|job| {
            let payload = serde_json::to_string(&job.payload(&Origin::default())).expect("JSON");
            format!(
                "{} {payload} {}",
                job.queue.as_str(),
                job.unique_key.unwrap_or_default()
            )
        });
        insta::assert_snapshot!(stored.join("\n"));
    }
}
