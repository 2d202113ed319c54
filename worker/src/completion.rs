//! How attempts end in the table: one way, for running workers and for what is stepped by hand.

use domain::{
    App, Outcome,
    jobs::{ClaimedJob, store},
    work,
};
use entities::JobId;

use crate::execution::Verdict;

/// An attempt that has ended.
pub(crate) struct Ended {
    pub job: ClaimedJob,
    pub verdict: Verdict,
}

impl Ended {
    /// Whether one statement writes it with others like it.
    pub fn is_done(&self) -> bool {
        self.verdict == Verdict::Done
    }
}

/// Writes down how attempts have ended, and wakes whoever may go on at once. What is no longer ours is left as it is.
/// Safe to repeat. Returns how many jobs are done by it.
pub(crate) async fn complete(app: &App, ended: &[Ended]) -> Outcome<u64> {
    let now = app.clock.now();
    let done = ended.iter().filter(|it| it.is_done());
    let done: Vec<(JobId, i64)> = done.map(|it| it.job.held()).collect();
    let finished = store::finish(&app.db, &done, now).await?;
    for Ended { job, verdict } in ended {
        let held = job.held();
        match verdict {
            Verdict::Done => {}
            Verdict::Snooze { at, note } => {
                store::retry(&app.db, held, *at, note, false).await?;
                if *at <= now {
                    app.wake_ups.send(job.queue, &[job.id]);
                }
            }
            Verdict::Retry { at, error } => store::retry(&app.db, held, *at, error, true).await?,
            Verdict::Dead { reason } => work::dead_letter(app, job, reason).await?,
        }
    }
    Ok(finished)
}
