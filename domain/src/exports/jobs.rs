//! The job of an export.

use entities::ExportId;

use super::run;
use crate::{
    app::App,
    error::Outcome,
    handler::Handler,
    jobs::{ClaimedJob, Handled, JobKind, Owed, Queue},
    tx::Tx,
};

/// Writes the file that somebody has asked for.
pub struct WriteExport;

impl JobKind for WriteExport {
    type Subject = ExportId;

    const NAME: &'static str = "write_export";
    const FIELD: &'static str = "export";
    const QUEUE: Queue = Queue::Exports;
    const ONCE: Option<&'static str> = Some("export");
    const OWED: Option<Owed> = Some(Owed {
        table: "exports",
        condition: "status IN ('QUEUED', 'RUNNING')",
        since: "updated_at",
        outlives_its_job: false,
    });
}

impl Handler for WriteExport {
    async fn run(app: &App, job: &ClaimedJob, export: ExportId) -> Handled {
        run::write(app, job, export).await
    }

    async fn dead_lettered(_: &App, tx: &mut Tx, export: ExportId, _: &str) -> Outcome<()> {
        run::dead_lettered(tx, export).await
    }
}
