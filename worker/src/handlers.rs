//! How jobs are done: as the product declares it, or as a test of the path itself wants it.

use std::sync::Arc;

use domain::{
    App,
    jobs::{ClaimedJob, Handled},
    work,
};
use futures::{FutureExt, future::BoxFuture};

type Handler = dyn Fn(App, ClaimedJob) -> BoxFuture<'static, Handled> + Send + Sync;

/// How a job is handled. Every handler is safe to run again.
#[derive(Clone)]
pub struct Handlers(Arc<Handler>);

impl Handlers {
    /// Other handlers than the product's own, for tests of the path itself.
    pub fn new<F>(handler: impl Fn(App, ClaimedJob) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Handled> + Send + 'static,
    {
        Self(Arc::new(move |app, job| handler(app, job).boxed()))
    }

    pub(crate) fn handle(&self, app: App, job: ClaimedJob) -> BoxFuture<'static, Handled> {
        (self.0)(app, job)
    }
}

impl Default for Handlers {
    fn default() -> Self {
        Self::new(|app, job| async move { work::run(&app, &job).await })
    }
}
