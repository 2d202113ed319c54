//! One attempt at a job: run it within its time, judge how it ended, and have that written down.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use domain::{
    App, Error,
    jobs::{self, ClaimedJob, Ending, Handled},
    work,
};
use futures::FutureExt;
use tracing::Instrument;

use crate::{backend::Claimed, completion::Ended, engine::Engine, finisher, handlers::Handlers, wording};

/// How an attempt was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Done,
    /// Not an error: it goes on at this time, and the attempt does not count.
    Snooze {
        at: DateTime<Utc>,
        note: String,
    },
    /// An error: it is tried again at this time.
    Retry {
        at: DateTime<Utc>,
        error: String,
    },
    /// Dead-lettered.
    Dead {
        reason: String,
    },
}

impl Verdict {
    fn label(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Snooze { .. } => "snooze",
            Self::Retry { .. } => "retry",
            Self::Dead { .. } => "dead",
        }
    }
}

/// Runs a job once. A panic and too long a time are errors like others.
pub(crate) async fn attempt(app: &App, handlers: &Handlers, job: &ClaimedJob) -> Verdict {
    let kind = work::name_of(job);
    let span = tracing::info_span!(
        "job",
        job = %job.id,
        kind,
        queue = job.queue.as_str(),
        team = job.team.map(tracing::field::display),
        trace = job.payload.by.trace,
        attempt = job.attempts,
    );
    let began = Instant::now();
    let verdict = async {
        let limit = job.queue.time_limit();
        // The handler is made within, for it may panic before its first await.
        let handled = async { handlers.handle(app.clone(), job.clone()).await };
        let handled = tokio::time::timeout(limit, AssertUnwindSafe(handled).catch_unwind()).await;
        let handled = match handled {
            Ok(Ok(handled)) => handled,
            Ok(Err(panic)) => Err(anyhow!("panic: {}", panic_text(&*panic)).into()),
            Err(_) => Err(anyhow!("not done within {} s", limit.as_secs()).into()),
        };
        judge(job, handled, app.clock.now())
    }
    .instrument(span)
    .await;
    let labels = [("queue", job.queue.as_str()), ("kind", kind)];
    metrics::histogram!("job_seconds", &labels).record(began.elapsed().as_secs_f64());
    let queue = job.queue.as_str();
    metrics::counter!("jobs_finished_total", "queue" => queue, "kind" => kind, "ending" => verdict.label())
        .increment(1);
    verdict
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of unknown kind")
}

fn judge(job: &ClaimedJob, handled: Handled, now: DateTime<Utc>) -> Verdict {
    match handled {
        Ok(Ending::Done) => Verdict::Done,
        Ok(Ending::Snooze { at, note }) => Verdict::Snooze {
            at,
            note: wording::short(&note),
        },
        Ok(Ending::Dead { reason }) => {
            let reason = wording::short(&reason);
            tracing::error!(reason, "the job is dead-lettered");
            Verdict::Dead { reason }
        }
        Err(error) => {
            let text = wording::short(&full_text(&error));
            if job.attempts < job.max_attempts {
                tracing::warn!(error = text, "the job failed and is tried again");
                Verdict::Retry {
                    at: now + jobs::backoff(job.attempts),
                    error: text,
                }
            } else {
                tracing::error!(
                    error = text,
                    "the job failed for the last time and is dead-lettered"
                );
                Verdict::Dead { reason: text }
            }
        }
    }
}

fn full_text(error: &Error) -> String {
    match error {
        Error::Fault(fault) => format!("{fault:#}"),
        other => other.to_string(),
    }
}

/// Does what a claimed job wants, from taking it up to having its end written down.
pub(crate) async fn run(engine: Arc<Engine>, claimed: Claimed) {
    let Claimed {
        job,
        permit,
        hold,
        place: _place,
    } = claimed;
    if engine.stop.is_cancelled() {
        return finisher::give_back(&engine, job.queue, &[hold]).await;
    }
    let verdict = tokio::select! {
        biased;
        () = hold.lost() => {
            tracing::warn!(job = %job.id, "the job was given to another worker; its work here ends");
            return;
        }
        () = engine.cut.cancelled() => {
            tracing::warn!(job = %job.id, "the job is given back: it would not end before this process");
            return finisher::give_back(&engine, job.queue, &[hold]).await;
        }
        verdict = attempt(&engine.app, &engine.handlers, &job) => verdict,
    };
    let ended = Ended { job, verdict };
    if ended.is_done() {
        // The permit is kept until there is room: finishing must keep up with starting.
        let _ = engine.finisher.send((ended, hold)).await;
        drop(permit);
    } else {
        drop(permit);
        finisher::complete(&engine, &[ended], &[hold]).await;
    }
}
