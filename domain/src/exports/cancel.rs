//! Canceling what is not wanted any more. Whoever writes it notices and stops.

use entities::{ExportId, export};

use super::{
    reading,
    state::{self, Transition},
    store,
};
use crate::{
    actor::{Actor, Scope},
    app::App,
    error::{Error, Outcome, Refusal, UserErrorCode},
};

/// The export as it is now, and why it was not canceled if it was not.
#[derive(Clone, Debug)]
pub struct Canceled {
    pub export: export::Model,
    /// Empty if it is canceled now, also if it was before.
    pub refusals: Vec<Refusal>,
}

/// Cancels an export. Doing it again changes nothing; one that is finished stays as it is.
pub async fn cancel(app: &App, actor: &Actor, id: Result<ExportId, Refusal>) -> Outcome<Canceled> {
    actor.require(Scope::ExportsWrite)?;
    let id = id.map_err(Error::from)?;
    let mut tx = app.begin(actor).await?;
    let found = store::lock(&tx, id).await?;
    let export = found
        .filter(|export| reading::is_visible(actor, export))
        .ok_or_else(|| Refusal::not_found("exportId", "export"))?;
    let refusals = match state::next(export.status, Transition::Cancel) {
        None => vec![Refusal::new(UserErrorCode::ExportNotCancelable).on("exportId")],
        Some(_) => Vec::new(),
    };
    if !state::is_unfinished(export.status) {
        return Ok(Canceled { export, refusals });
    }
    let before = export.clone();
    let canceled = store::step(&mut tx, export, Transition::Cancel, store::Changes::default()).await?;
    tx.commit().await?;
    Ok(Canceled {
        export: canceled.unwrap_or(before),
        refusals,
    })
}
