//! Exports: files that are asked for, followed while they are written, and fetched by a link.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, Subscription};
use domain::{
    App, Message, Outcome,
    actor::Actor,
    exports::{self, Canceled, download},
    users::exports::{UsersExport, request},
};
use entities::{ExportId, export};
use futures::Stream;

use super::{
    connection::{connection, page_args, weight},
    context::{Ctx, Refused, input_id},
    errors::UserError,
    following::shown,
    scalars::{DateTime, Url},
    users::{self, User, UserFilter, enums::UserSegment},
    words::words,
};

words! {
    /// What an export holds, and its format.
    ExportKind = "entities::ExportKind" {
        /// Invoices as PDF files in one ZIP archive.
        InvoicesZip,
        /// Customers as a spreadsheet (XLSX).
        CustomersXlsx,
        /// Leads as a spreadsheet (XLSX).
        LeadsXlsx,
    }
    /// Status of an export.
    ExportStatus = "entities::ExportStatus" {
        /// Waiting for a worker.
        Queued,
        /// A worker is writing the file.
        Running,
        /// Complete: the file can be downloaded.
        Ready,
        /// The file could not be written.
        Failed,
        /// Canceled before it was finished.
        Canceled,
        /// The file was kept for its time and is deleted.
        Expired,
    }
}

/// A file that is produced in the background.
#[derive(Clone, Debug)]
pub struct Export(pub export::Model);

impl From<export::Model> for Export {
    fn from(model: export::Model) -> Self {
        Self(model)
    }
}

/// A file that is produced in the background.
#[Object]
impl Export {
    /// TypeID of the export.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What the file holds, and its format.
    async fn kind(&self) -> ExportKind {
        self.0.kind.into()
    }

    /// Status of the export.
    async fn status(&self) -> ExportStatus {
        self.0.status.into()
    }

    /// Number of rows written so far.
    async fn done(&self) -> i32 {
        i32::try_from(self.0.done).unwrap_or(i32::MAX)
    }

    /// Number of rows to write, as counted at the request; once it is ready, the number of rows in the file.
    async fn total(&self) -> i32 {
        i32::try_from(self.0.total).unwrap_or(i32::MAX)
    }

    /// Size of the file in bytes; null until it is ready, and beyond two gigabytes.
    async fn size_bytes(&self) -> Option<i32> {
        self.0.size_bytes.and_then(|size| i32::try_from(size).ok())
    }

    /// SHA-256 of the file in hexadecimal digits; null until it is ready.
    async fn sha256(&self) -> Option<&str> {
        self.0.sha256.as_deref()
    }

    /// Signed link to the file, good for ten minutes and only for the viewer who asks; null until the file is ready.
    async fn download_url(&self, ctx: &Context<'_>) -> Result<Option<Url>> {
        let link = download::link(ctx.app(), ctx.actor()?, &self.0);
        Ok(link.map(|link| Url(link.into())))
    }

    /// Why the export failed, in the viewer's language; null if it did not.
    async fn failure_message(&self, ctx: &Context<'_>) -> Option<String> {
        let stored = self.0.failure.as_deref()?;
        Some(ctx.say(&Message::from_stored(stored)))
    }

    /// The user who requested the export; for an API key, its creator. Null if the viewer may not see that user.
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        users::load(ctx, self.0.requested_by).await
    }

    /// When the export was requested; users who came later are not in it.
    async fn requested_at(&self) -> DateTime {
        self.0.requested_at.into()
    }

    /// When the file is deleted; null until it is ready.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }
}

/// How exports are counted.
pub struct ExportCount;

impl ExportCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        exports::count(app, actor).await
    }
}

connection! {
    /// A page of exports.
    ExportConnection, ExportEdge of Export from export::Model, counted by ExportCount
}

/// The exports' part of the queries.
#[derive(Default)]
pub struct ExportQueries;

#[Object]
impl ExportQueries {
    /// The viewer's exports, newest first; for administrators, all of the team's. Takes the scope `exports.write`.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn exports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<ExportConnection> {
        let args = page_args(first, after, last, before);
        let page = ctx.answer(exports::list(ctx.app(), ctx.actor()?, &args).await)?;
        Ok(ExportConnection::new(page, ExportCount))
    }
}

/// The users to export as a spreadsheet.
#[derive(InputObject)]
pub struct UsersExportInput {
    /// Customers or leads.
    segment: UserSegment,
    /// Only users who match this filter; a `segment` in it must be the same.
    filter: Option<UserFilter>,
}

/// The export to cancel.
#[derive(InputObject)]
pub struct ExportCancelInput {
    /// TypeID of an export of one's own; for administrators, of any export of the team.
    export_id: ID,
}

/// The export, or the reasons why nothing was changed.
#[derive(SimpleObject)]
pub struct ExportPayload {
    /// The export as it is now, also after a refusal where there is one.
    export: Option<Export>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The exports' part of the mutations.
#[derive(Default)]
pub struct ExportMutations;

#[Object]
impl ExportMutations {
    /// Requests customers or leads as a spreadsheet (XLSX) with headings in the viewer's language. Takes the scopes `exports.write` and `users.read`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn users_export(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which users to export.")] input: UsersExportInput,
    ) -> Result<ExportPayload> {
        let wish = UsersExport {
            segment: input.segment.into(),
            filter: input.filter.map(Into::into).unwrap_or_default(),
        };
        let outcome = request(ctx.app(), ctx.actor()?, wish).await;
        let (export, user_errors) = ctx.payload(outcome)?;
        Ok(ExportPayload {
            export: export.map(Export),
            user_errors,
        })
    }

    /// Cancels an export that is not finished; canceling it again changes nothing. Takes the scope `exports.write`.
    async fn export_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The export to cancel.")] input: ExportCancelInput,
    ) -> Result<ExportPayload> {
        let id = input_id("exportId", &input.export_id);
        let (canceled, mut user_errors) = ctx.payload(exports::cancel(ctx.app(), ctx.actor()?, id).await)?;
        let export = canceled.map(|Canceled { export, refusals }| {
            user_errors.extend(ctx.user_errors(refusals));
            Export(export)
        });
        Ok(ExportPayload { export, user_errors })
    }
}

/// The exports' part of the subscriptions.
#[derive(Default)]
pub struct ExportSubscriptions;

#[Subscription]
impl ExportSubscriptions {
    /// The export as it is now, and again each time it changes.
    async fn export_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeID of an export that the viewer may see.")] export_id: ID,
    ) -> Result<impl Stream<Item = Result<Export>> + use<>> {
        let id: ExportId = ctx.answer(input_id("exportId", &export_id).map_err(Into::into))?;
        let found = exports::follow(ctx.app(), ctx.actor()?, id).await;
        Ok(shown(ctx, ctx.answer(found)?))
    }
}
