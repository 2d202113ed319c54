//! How jobs are done: what a subject declares of each of its kinds beside what is stored.

use futures::{FutureExt, future::BoxFuture};

use crate::{
    app::App,
    error::Outcome,
    jobs::{ClaimedJob, Ending, Handled, JobKind, Owed, Payload, Probe, Subject},
    tx::Tx,
};

/// Does the jobs of a kind.
pub trait Handler: JobKind {
    /// One attempt. It is safe to make again at any point, also beside one whose worker was given up for dead.
    fn run(app: &App, job: &ClaimedJob, subject: Self::Subject) -> impl Future<Output = Handled> + Send;

    /// What becomes of the subject when its job was dead-lettered, and no other does the same. Nothing hangs for ever:
    /// whoever waits for it learns of it here. Nothing, where the dead letter itself is shown.
    fn dead_lettered(
        _app: &App,
        _tx: &mut Tx,
        _subject: Self::Subject,
        _reason: &str,
    ) -> impl Future<Output = Outcome<()>> + Send {
        async { Ok(()) }
    }
}

/// Some kind, for the list of them all.
pub trait AnyKind: Send + Sync {
    fn name(&self) -> &'static str;
    /// The prefix of the public ids of its subjects.
    fn subject(&self) -> Option<&'static str>;
    fn owed(&self) -> Option<Owed>;
    fn run<'a>(&self, app: &'a App, job: &'a ClaimedJob) -> BoxFuture<'a, Handled>;
    fn dead_lettered<'a>(
        &self,
        app: &'a App,
        tx: &'a mut Tx,
        payload: &Payload,
        reason: &'a str,
    ) -> BoxFuture<'a, Outcome<()>>;
}

impl<K: Handler> AnyKind for K {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn subject(&self) -> Option<&'static str> {
        K::Subject::PREFIX
    }

    fn owed(&self) -> Option<Owed> {
        K::OWED
    }

    fn run<'a>(&self, app: &'a App, job: &'a ClaimedJob) -> BoxFuture<'a, Handled> {
        match job.payload.subject::<K>() {
            Some(subject) => K::run(app, job, subject).boxed(),
            None => unreadable().boxed(),
        }
    }

    fn dead_lettered<'a>(
        &self,
        app: &'a App,
        tx: &'a mut Tx,
        payload: &Payload,
        reason: &'a str,
    ) -> BoxFuture<'a, Outcome<()>> {
        match payload.subject::<K>() {
            Some(subject) => K::dead_lettered(app, tx, subject, reason).boxed(),
            None => async { Ok(()) }.boxed(),
        }
    }
}

/// A job of another version.
pub(crate) async fn unreadable() -> Handled {
    Ok(Ending::Dead {
        reason: "this version cannot read the job".into(),
    })
}

impl Handler for Probe {
    async fn run(_: &App, _: &ClaimedJob, (): ()) -> Handled {
        Ok(Ending::Done)
    }
}
