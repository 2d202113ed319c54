//! Which use case does which work: the one table.

use std::sync::Arc;

use domain::{
    App, entitlements, exports,
    jobs::{ClaimedJob, Ending, Handled, Work},
    mails, payments, refunds,
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
        Self::new(dispatch)
    }
}

async fn dispatch(app: App, job: ClaimedJob) -> Handled {
    match job.payload.work {
        Work::ProcessRefund { refund } => Box::pin(refunds::process(&app, &job, refund)).await,
        Work::PauseSubscription { refund } => refunds::pause_subscription(&app, &job, refund).await,
        Work::HandleGatewayEvent { event } => payments::handle_gateway_event(&app, &job, event).await,
        Work::SendMail { mail } => mails::deliver(&app, &job, mail).await,
        Work::WriteExport { export } => exports::write(&app, &job, export).await,
        Work::ChangeAccess { batch } => entitlements::batches::run(&app, &job, batch).await,
        Work::Probe => Ok(Ending::Done),
    }
}
