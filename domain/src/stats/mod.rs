//! What customers read, as their devices tell it: the figures that speak for or against a refund
//! (S0.11 to S0.24).

mod batch;
mod first_pages;
mod notes;
mod promises;
mod reading;
mod report;
pub mod rules;
mod store;

use std::borrow::Cow;

use serde_json::json;

pub use first_pages::{activity as first_activity, titles as first_titles};
pub use notes::note_reading;
pub(crate) use notes::note_readings;
pub(crate) use promises::PROMISES;
pub use reading::{
    ReadingOf, ReadingStats, TitleReadingView, activity, activity_count, overview, overviews, session, title,
    titles, titles_count,
};
pub use report::SessionReport;

use crate::{
    actor::{Actor, Scope},
    app::App,
    error::{Error, Outcome, Refusal},
    message::Message,
};
use batch::ReportBatch;
use report::Entry;

/// The most reports that are taken at once.
pub const MOST: usize = 1000;

/// How often a batch starts again if somebody else takes one of its external ids at the same moment.
const ATTEMPTS: usize = 3;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Sessions, each once, however often the batch spoke of it.
    pub recorded: usize,
    /// Reports that were not believed, in their order; the field says which: `sessions`, index, field.
    pub refusals: Vec<Refusal>,
}

/// Takes in what reading devices report (S0.24): again and again, late, in any order. What is not possible is
/// refused, and the rest is kept.
pub async fn record(app: &App, actor: &Actor, reports: Vec<SessionReport>) -> Outcome<Recorded> {
    actor.require(Scope::StatsWrite)?;
    if reports.len() > MOST {
        let message = Message::key("invalid-too-many").with("max", MOST);
        return Err(Refusal::invalid("sessions", message).into());
    }
    let now = app.clock.now();
    let mut entries = Vec::new();
    let mut refusals = Vec::new();
    for (index, report) in reports.iter().enumerate() {
        match report::check(index, report, now) {
            Ok(entry) => entries.push(entry),
            Err(Error::Refused(found)) => refusals.extend(found.into_iter().map(|refusal| (index, refusal))),
            Err(error) => return Err(error),
        }
    }
    if entries.is_empty() {
        return Ok(answer(0, refusals));
    }
    for _ in 0..ATTEMPTS {
        if let Some((recorded, more)) = attempt(app, actor, &entries, refusals.len()).await? {
            refusals.extend(more);
            return Ok(answer(recorded, refusals));
        }
    }
    Err(anyhow::anyhow!("others kept taking the same external ids").into())
}

/// How many were recorded and what was refused, with its index. None if it has to start again.
async fn attempt(
    app: &App,
    actor: &Actor,
    entries: &[Entry],
    refused: usize,
) -> Outcome<Option<(usize, Vec<(usize, Refusal)>)>> {
    let mut tx = app.begin(actor).await?;
    let mut batch = ReportBatch::new(store::lock_known(&tx, entries).await?, tx.now());
    let mut refusals = Vec::new();
    for entry in entries {
        if let Err(found) = batch.take(entry) {
            refusals.extend(found.into_iter().map(|refusal| (entry.index, refusal)));
        }
    }
    let recorded = batch.len();
    if recorded == 0 {
        return Ok(Some((0, refusals)));
    }
    let changes = batch.changes();
    let neighbours = store::neighbours(&tx, &batch::neighbourhoods(&changes), &changes).await?;
    if !store::save_sessions(&tx, &changes).await? {
        return Ok(None);
    }
    store::add_to_titles(&tx, &batch::title_gains(&changes)).await?;
    let users = batch::user_gains(batch.readers(), &changes, &neighbours);
    store::add_to_users(&tx, &users).await?;
    let counts = json!({
        "recorded": recorded,
        "changed": changes.len(),
        "refused": refused + refusals.len(),
        "users": users.len(),
    });
    tx.audit_with("stats.recorded", None, None, counts);
    tx.commit().await?;
    Ok(Some((recorded, refusals)))
}

/// The refusals in the order of the batch, each with the path to its entry.
fn answer(recorded: usize, mut refusals: Vec<(usize, Refusal)>) -> Recorded {
    refusals.sort_by_key(|(index, _)| *index);
    let refusals = refusals.into_iter().map(|(index, mut refusal)| {
        let entry = [Cow::Borrowed("sessions"), Cow::Owned(index.to_string())];
        refusal.field.splice(0..0, entry);
        refusal
    });
    Recorded {
        recorded,
        refusals: refusals.collect(),
    }
}
