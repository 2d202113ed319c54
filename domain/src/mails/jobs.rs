//! The job of a mail.

use entities::MailId;

use super::outbox;
use crate::{
    app::App,
    error::Outcome,
    handler::Handler,
    jobs::{ClaimedJob, Handled, JobKind, Owed, Queue},
    tx::Tx,
};

/// Sends a mail that is waiting.
pub struct SendMail;

impl JobKind for SendMail {
    type Subject = MailId;

    const NAME: &'static str = "send_mail";
    const FIELD: &'static str = "mail";
    const QUEUE: Queue = Queue::Emails;
    const OWED: Option<Owed> = Some(Owed {
        table: "mails",
        condition: "status = 'QUEUED'",
        since: "created_at",
        outlives_its_job: false,
    });
}

impl Handler for SendMail {
    async fn run(app: &App, job: &ClaimedJob, mail: MailId) -> Handled {
        outbox::deliver(app, job, mail).await
    }

    async fn dead_lettered(app: &App, tx: &mut Tx, mail: MailId, reason: &str) -> Outcome<()> {
        outbox::dead_lettered(app, tx, mail, reason).await
    }
}
