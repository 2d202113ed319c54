//! What a kind of export is: declared once, by the subject whose rows it holds.

use chrono::{DateTime, Utc};
use entities::{ExportKind, TeamId};
use futures::{FutureExt, future::BoxFuture};
use serde::{Serialize, de::DeserializeOwned};

use super::run::{Attempt, Made};
use crate::{actor::Scope, app::App, error::Outcome};

/// One kind of export: whose rows it holds, who may have them, and what makes a file of them.
pub(crate) trait ExportSource: Sized + Send + Sync + 'static {
    /// The name under which it is stored and shown.
    const KIND: ExportKind;
    /// What it takes beside `exports.write`: the file holds what this scope shows.
    const SCOPE: Scope;
    /// The message that names the file, without its ending.
    const FILE_NAME: &'static str;

    /// Which rows are wanted. Kept with the export from the request to the last attempt.
    type Filter: Serialize + DeserializeOwned + Send + Sync;
    type Row: Send + 'static;
    /// A row's place in the order of the rows.
    type Place: Copy + Send;
    type Writer: Writer<Self>;

    /// How many rows are wanted now. An export of nothing is refused.
    fn count(app: &App, team: TeamId, filter: &Self::Filter) -> impl Future<Output = Outcome<i64>> + Send;

    /// The next rows behind a place, in an order that stays. Empty: that was all.
    fn batch(
        wanted: Wanted<'_, Self>,
        after: Option<Self::Place>,
    ) -> impl Future<Output = Outcome<Vec<Self::Row>>> + Send;

    fn place(row: &Self::Row) -> Self::Place;
}

/// What an attempt asks for, the same for all of a file, however long it takes.
pub(crate) struct Wanted<'a, S: ExportSource> {
    pub app: &'a App,
    pub team: TeamId,
    pub filter: &'a S::Filter,
    /// Rows that were made later are not in the file.
    pub until: DateTime<Utc>,
    /// The moment that the rows tell of.
    pub now: DateTime<Utc>,
}

impl<S: ExportSource> Clone for Wanted<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ExportSource> Copy for Wanted<'_, S> {}

/// Makes a file of the rows of a kind.
pub(crate) trait Writer<S: ExportSource> {
    /// Of the file's name.
    const ENDING: &'static str;
    /// As HTTP names it.
    const MEDIA_TYPE: &'static str;

    /// One attempt at the whole file. None: the export was canceled, or another worker has it.
    fn write(
        attempt: &mut Attempt<'_>,
        filter: S::Filter,
    ) -> impl Future<Output = Outcome<Option<Made>>> + Send;
}

/// Some kind, for the list of them all.
pub(crate) trait AnyExport: Send + Sync {
    fn kind(&self) -> ExportKind;
    fn media_type(&self) -> &'static str;
    fn write<'a>(&self, attempt: &'a mut Attempt<'_>) -> BoxFuture<'a, Outcome<Option<Made>>>;
}

impl<S: ExportSource> AnyExport for S {
    fn kind(&self) -> ExportKind {
        S::KIND
    }

    fn media_type(&self) -> &'static str {
        S::Writer::MEDIA_TYPE
    }

    fn write<'a>(&self, attempt: &'a mut Attempt<'_>) -> BoxFuture<'a, Outcome<Option<Made>>> {
        async {
            let filter = serde_json::from_value(attempt.export.filter.clone())?;
            S::Writer::write(attempt, filter).await
        }
        .boxed()
    }
}

/// Every kind that this version writes. [`crate::composition`] has the list.
#[derive(Default)]
pub(crate) struct Kinds(pub &'static [&'static dyn AnyExport]);

impl Kinds {
    /// None if it is of another version.
    pub(super) fn of(&self, kind: ExportKind) -> Option<&'static dyn AnyExport> {
        self.0.iter().copied().find(|it| it.kind() == kind)
    }
}
