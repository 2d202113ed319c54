//! The kinds of work, seen from above: which rows wait for a job, and what becomes of a job's subject when the job is
//! parked. Nothing hangs for ever: whoever waited for it is told, in the commit that parks it, or by a sweep's parking
//! right after it.

use entities::{JobId, TeamId};

use crate::{
    app::App,
    entitlements::batches,
    error::Outcome,
    exports,
    jobs::{ClaimedJob, Owed, Payload, Work, parking, store},
    mails, payments, refunds,
    tx::Tx,
};

/// What waits has a job: one entry for each kind of work that something waits for.
pub const OWED: [Owed; 6] = [
    refunds::OWED,
    refunds::OWED_PAUSE,
    payments::OWED,
    mails::OWED,
    exports::OWED,
    batches::OWED,
];

/// Parked jobs that are told in one go.
const TOLD_AT_ONCE: usize = 100;

/// Parks a job that is held, and tells what it is about.
pub async fn park(app: &App, job: &ClaimedJob, reason: &str) -> Outcome<()> {
    let held = (job.id, job.fence);
    let Err(error) = park_and_tell(app, job, reason).await else {
        return Ok(());
    };
    // It must not run again because its subject cannot be told now: that is tried again by itself.
    tracing::error!(job = %job.id, error = ?error, "a job is parked, and nobody was told of it yet");
    store::park(&app.db, held, reason, app.clock.now()).await
}

async fn park_and_tell(app: &App, job: &ClaimedJob, reason: &str) -> Outcome<()> {
    let held = (job.id, job.fence);
    let Some(team) = job.team else {
        return store::park(&app.db, held, reason, app.clock.now()).await;
    };
    let mut tx = begin(app, team, &job.payload).await?;
    tell(app, &mut tx, job.id, &job.payload.work, reason).await?;
    // Last, for locks of subjects come before those of jobs.
    if parking::park_told(tx.db(), held, reason, tx.now()).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// Tells the subjects of parked jobs that were not told yet: those that a sweep has parked. Returns how many.
pub async fn tell_parked(app: &App) -> Outcome<usize> {
    let mut told = 0;
    for parked in parking::untold(&app.db, TOLD_AT_ONCE).await? {
        match tell_one(app, &parked).await {
            Ok(()) => told += 1,
            Err(error) => {
                tracing::error!(job = %parked.id, error = ?error, "what a parked job is about was not told");
            }
        }
    }
    Ok(told)
}

async fn tell_one(app: &App, parked: &parking::Untold) -> Outcome<()> {
    let (Some(team), Some(payload)) = (parked.team, &parked.payload) else {
        // A probe, or work of a newer version, which tells of its own when it has done it.
        let transaction = app.db.begin().await?;
        parking::note_told(transaction.connection(), parked.id, app.clock.now()).await?;
        transaction.commit().await?;
        return Ok(());
    };
    let mut tx = begin(app, team, payload).await?;
    tell(app, &mut tx, parked.id, &payload.work, &parked.reason).await?;
    if parking::note_told(tx.db(), parked.id, tx.now()).await? {
        tx.commit().await?;
    }
    Ok(())
}

async fn begin(app: &App, team: TeamId, payload: &Payload) -> Outcome<Tx> {
    let tx = app.begin_as_system(team).await?;
    Ok(tx.on_behalf_of(payload.by.clone()))
}

/// What becomes of the subject of each kind of work. Nothing, while another job is to do the same.
async fn tell(app: &App, tx: &mut Tx, job: JobId, work: &Work, reason: &str) -> Outcome<()> {
    if parking::is_done_by_another(tx.db(), job, work).await? {
        return Ok(());
    }
    match work {
        Work::ProcessRefund { refund } => Box::pin(refunds::parked(app, tx, *refund)).await,
        Work::PauseSubscription { refund } => refunds::pause_parked(tx, *refund, reason).await,
        Work::SendMail { mail } => mails::parked(app, tx, *mail, reason).await,
        Work::WriteExport { export } => exports::parked(tx, *export).await,
        Work::ChangeAccess { batch } => batches::parked(tx, *batch).await,
        // It stays stored, and the parked job is shown.
        Work::HandleGatewayEvent { .. } | Work::Probe => Ok(()),
    }
}
