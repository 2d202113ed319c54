//! What was read, and how much of it.

mod loaders;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    App, Outcome,
    actor::Actor,
    page::PageRequest,
    stats::{self, ReadingOf, SessionReport, TitleReadingView},
};
use entities::{UserId, reading_session};
use futures::FutureExt;

use self::loaders::{FirstSessions, FirstTitles};
use super::{
    connection::{connection, page_args, weight},
    context::{Ctx, Refused, input_id},
    errors::UserError,
    products::{self, Product},
    scalars::{DateTime, Whole, Written, int},
};

/// What a user has read.
pub struct ReadingStats {
    of: ReadingOf,
    overview: stats::ReadingStats,
}

/// The statistics of a user, unless they came along with them. Reading somebody else's is audited.
pub async fn of(
    ctx: &Context<'_>,
    user: UserId,
    known: Option<&stats::ReadingStats>,
) -> Result<ReadingStats> {
    let of = ctx.answer(ReadingOf::new(ctx.actor()?, user))?;
    let overview = match known {
        Some(known) => known.clone(),
        None => ctx
            .load(of)
            .await?
            .ok_or_else(|| async_graphql::Error::new(format!("the figures of {user} are missing")))?,
    };
    Ok(ReadingStats { of, overview })
}

/// What a user has read.
#[Object]
impl ReadingStats {
    /// When the figures were last brought up to date.
    async fn as_of(&self) -> DateTime {
        self.overview.as_of.into()
    }

    /// Number of reading sessions.
    async fn total_sessions(&self) -> i32 {
        int(self.overview.total_sessions)
    }

    /// Seconds of reading in all; overlapping sessions are counted once.
    async fn total_seconds(&self) -> i32 {
        int(self.overview.total_seconds)
    }

    /// True if the user is reading now or has read in the last 2 hours.
    async fn active_session(&self) -> bool {
        self.overview.active_session
    }

    /// When the user last read; null if never.
    async fn last_read_at(&self) -> Option<DateTime> {
        self.overview.last_read_at.map(Into::into)
    }

    /// Figures for each title, the one read last first.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn titles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<TitleReadingConnection> {
        let page = if last.is_none() && after.is_none() && before.is_none() {
            // The usual way of asking, for many people at once.
            ctx.answer(PageRequest::check(first))?;
            let of = self.of;
            ctx.load(FirstTitles { of, first }).await?.unwrap_or_default()
        } else {
            let args = page_args(first, after, last, before);
            let titles = stats::titles(ctx.app(), ctx.actor()?, self.of, &args);
            ctx.answer(titles.boxed().await)?
        };
        Ok(TitleReadingConnection::new(page, TitleCount(self.of)))
    }

    /// Reading sessions, newest first.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<ReadingSessionConnection> {
        let page = if last.is_none() && after.is_none() && before.is_none() {
            ctx.answer(PageRequest::check(first))?;
            let of = self.of;
            ctx.load(FirstSessions { of, first }).await?.unwrap_or_default()
        } else {
            let args = page_args(first, after, last, before);
            let activity = stats::activity(ctx.app(), ctx.actor()?, self.of, &args);
            ctx.answer(activity.boxed().await)?
        };
        Ok(ReadingSessionConnection::new(page, ActivityCount(self.of)))
    }
}

/// What a user has read of a title, all sessions together.
#[derive(Clone, Debug)]
pub struct TitleReading(TitleReadingView);

impl From<TitleReadingView> for TitleReading {
    fn from(view: TitleReadingView) -> Self {
        Self(view)
    }
}

/// What a user has read of a title, all sessions together.
#[Object]
impl TitleReading {
    /// The title.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        products::load(ctx, self.0.product).await
    }

    /// Number of reading sessions.
    async fn sessions(&self) -> i32 {
        int(self.0.sessions)
    }

    /// Seconds of reading.
    async fn seconds(&self) -> i32 {
        int(self.0.seconds)
    }

    /// Furthest share of the title that was read, 0 to 100.
    async fn percent_read(&self) -> f64 {
        self.0.percent_read
    }

    /// When the user first opened the title.
    async fn first_read_at(&self) -> DateTime {
        self.0.first_read_at.into()
    }

    /// When the user last read the title.
    async fn last_read_at(&self) -> DateTime {
        self.0.last_read_at.into()
    }
}

/// One reading session of a user with a title.
#[derive(Clone, Debug)]
pub struct ReadingSession(pub reading_session::Model);

impl From<reading_session::Model> for ReadingSession {
    fn from(model: reading_session::Model) -> Self {
        Self(model)
    }
}

/// One reading session of a user with a title.
#[Object]
impl ReadingSession {
    /// TypeID of the session.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The title that was read.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        products::load(ctx, self.0.product_id).await
    }

    /// When the session began.
    async fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// When the session ended; null while it goes on.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(Into::into)
    }

    /// Seconds of reading, without breaks.
    async fn seconds(&self) -> i32 {
        int(self.0.seconds)
    }

    /// Furthest point reached in the title, 0 to 100.
    async fn percent_read(&self) -> f64 {
        self.0.percent_read
    }

    /// Device on which it was read; null if it is unknown.
    async fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }
}

/// How titles are counted.
pub struct TitleCount(ReadingOf);

impl TitleCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        stats::titles_count(app, actor, self.0).await
    }
}

/// How sessions are counted.
pub struct ActivityCount(ReadingOf);

impl ActivityCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        stats::activity_count(app, actor, self.0).await
    }
}

connection! {
    /// A page of titles with a reader's figures.
    TitleReadingConnection, TitleReadingEdge of TitleReading from TitleReadingView, counted by TitleCount
}

connection! {
    /// A page of reading sessions.
    ReadingSessionConnection, ReadingSessionEdge of ReadingSession from reading_session::Model, counted by ActivityCount
}

/// One reading session as a device reports it.
#[derive(InputObject)]
pub struct ReadingSessionInput {
    /// The reader's own id for the session: sent twice, it counts once, and a later report of it replaces the earlier.
    external_id: String,
    /// TypeID of the reader.
    user_id: ID,
    /// TypeID of the title that was read.
    product_id: ID,
    /// When the session began.
    started_at: Written,
    /// When the session ended; left out while it goes on.
    ended_at: Option<Written>,
    /// Seconds of reading, without breaks.
    seconds: Whole,
    /// Furthest point reached in the title, 0 to 100.
    percent_read: f64,
    /// Device on which it was read.
    device: Option<String>,
}

impl From<ReadingSessionInput> for SessionReport {
    fn from(input: ReadingSessionInput) -> Self {
        Self {
            external_id: input.external_id,
            user: input_id("userId", &input.user_id),
            product: input_id("productId", &input.product_id),
            started_at: input.started_at.time("startedAt"),
            ended_at: Written::end(input.ended_at.as_ref(), "endedAt"),
            seconds: input.seconds.into(),
            percent_read: input.percent_read,
            device: input.device,
        }
    }
}

/// Reading sessions that devices have gathered.
#[derive(InputObject)]
pub struct ReadingSessionsRecordInput {
    /// The sessions, at most 1,000.
    sessions: Vec<ReadingSessionInput>,
}

/// How many reports were recorded, and why the others were refused.
#[derive(SimpleObject)]
pub struct ReadingSessionsRecordPayload {
    /// Number of sessions that were recorded.
    recorded: i32,
    /// Reasons why the others were refused: `field` carries the index of each.
    user_errors: Vec<UserError>,
}

/// The statistics' part of the mutations.
#[derive(Default)]
pub struct StatsMutations;

#[Object]
impl StatsMutations {
    /// Records what reading devices report, also late, repeated and out of order; implausible entries are refused one by one. Takes the scope `stats.write`.
    async fn reading_sessions_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sessions to record.")] input: ReadingSessionsRecordInput,
    ) -> Result<ReadingSessionsRecordPayload> {
        let reports = input.sessions.into_iter().map(Into::into).collect();
        let (recorded, mut user_errors) =
            ctx.payload(stats::record(ctx.app(), ctx.actor()?, reports).await)?;
        let (recorded, refusals) = recorded.map_or((0, Vec::new()), |done| (done.recorded, done.refusals));
        user_errors.extend(ctx.user_errors(refusals));
        Ok(ReadingSessionsRecordPayload {
            recorded: i32::try_from(recorded).unwrap_or(i32::MAX),
            user_errors,
        })
    }
}
