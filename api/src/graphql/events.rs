//! What happened: from the past into the present, without a gap.

use async_graphql::{Context, ID, Json, Object, Result, SimpleObject, Subscription};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    Denied,
    events::{self, Feed, Start},
};
use entities::TeamId;
use futures::{Stream, StreamExt};

use super::{
    connection::{PageInfo, weight},
    context::{Ctx, to_graphql},
    node::{self, Node},
    scalars::DateTime,
    users::{self, User},
    words::words,
};

words! {
    /// What an event is about.
    EventTopic = "entities::EventTopic" {
        /// A user was created.
        UserCreated,
        /// A user's data changed.
        UserUpdated,
        /// An ecosystem was suspended, which ends the access of everybody in it.
        EcosystemSuspended,
        /// An ecosystem was activated again.
        EcosystemActivated,
        /// A refund or one of its effects changed its status.
        RefundUpdated,
        /// A purchase was recorded or changed.
        PurchaseUpdated,
        /// Access was granted, extended, revoked or restored, or changed its status by itself.
        EntitlementChanged,
        /// The status or progress of a batch changed.
        EntitlementBatchUpdated,
        /// An invoice changed.
        InvoiceUpdated,
        /// A payment was received.
        PaymentReceived,
        /// A ticket was opened.
        TicketCreated,
        /// A ticket changed.
        TicketUpdated,
        /// A message was added to a ticket.
        TicketMessageAdded,
        /// The status of a payment verification changed.
        PaymentVerificationUpdated,
        /// The status or progress of an export changed.
        ExportUpdated,
    }
}

/// Something that happened, in an order that every reader of the team sees alike.
#[derive(Clone, Debug)]
pub struct Event(pub events::Event);

/// Something that happened, in an order that every reader of the team sees alike.
#[Object]
impl Event {
    /// TypeID of the event.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Position of the event: pass that of the last event you have handled as `after`, and nothing is missed or comes twice. A cursor older than what is kept is refused with `extensions.code: CURSOR_EXPIRED`, never skipped over.
    async fn cursor(&self) -> String {
        write_cursor(self.0.team, self.0.position)
    }

    /// What the event is about.
    async fn topic(&self) -> EventTopic {
        self.0.topic.into()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// The object as it is now; null if it is gone, or if the caller may not see it.
    async fn subject(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        node::load(ctx, &self.0.subject_id).await
    }

    /// TypeID of the object that the event is about.
    async fn subject_id(&self) -> ID {
        self.0.subject_id.clone().into()
    }

    /// The user who did it; null for an API key and for the system.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.actor {
            Some(id) => users::load(ctx, id).await,
            None => Ok(None),
        }
    }

    /// The administrator who acted as `actor`; null if the actor was not impersonated.
    async fn impersonator(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.impersonator {
            Some(id) => users::load(ctx, id).await,
            None => Ok(None),
        }
    }

    /// What changed, for readers that do not want to query the object.
    async fn data(&self) -> Json<serde_json::Value> {
        Json(self.0.data.clone())
    }
}

/// Cursors carry the team: one of another team is none.
fn write_cursor(team: TeamId, position: i64) -> String {
    let bytes = [team.0.as_bytes().as_slice(), &position.to_be_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn read_cursor(team: TeamId, cursor: &str) -> Result<i64, Denied> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|_| Denied::CursorInvalid)?;
    let (of, position) = bytes.split_at_checked(16).ok_or(Denied::CursorInvalid)?;
    if of != team.0.as_bytes() {
        return Err(Denied::CursorInvalid);
    }
    position
        .try_into()
        .map(i64::from_be_bytes)
        .map_err(|_| Denied::CursorInvalid)
}

/// A page of events.
#[derive(SimpleObject)]
pub struct EventConnection {
    /// The events of the page, each with its cursor.
    edges: Vec<EventEdge>,
    /// The events of the page.
    nodes: Vec<Event>,
    /// Whether there are more pages, and the cursors that lead to them.
    page_info: PageInfo,
}

/// An event of a page, with its cursor.
#[derive(SimpleObject)]
pub struct EventEdge {
    /// Cursor of this event, for `after`.
    cursor: String,
    /// The event.
    node: Event,
}

/// The events' part of the queries.
#[derive(Default)]
pub struct EventQueries;

#[Object]
impl EventQueries {
    /// The team's events, oldest first, for a partner that was away. Takes the scope `events.read`.
    #[graphql(complexity = "weight(first, None, child_complexity)")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of events, at most 100; 20 if left out.")] first: Option<i32>,
        #[graphql(
            desc = "The cursor of the last event that was handled; from the oldest that is kept if left out."
        )]
        after: Option<String>,
        #[graphql(desc = "Only events with one of these topics; all if left out.")] topics: Option<
            Vec<EventTopic>,
        >,
    ) -> Result<EventConnection> {
        let actor = ctx.actor()?;
        let feed = ctx.answer(Feed::of_team(actor, of(topics)))?;
        let limit = u64::try_from(first.unwrap_or(20))
            .ok()
            .filter(|limit| *limit <= 100);
        let limit = limit.ok_or_else(|| to_graphql(Denied::PageInvalid.into(), ctx.caller().locale))?;
        let start = ctx.answer(start(actor.team, after.as_deref(), Start::Oldest).map_err(Into::into))?;
        let position = ctx.answer(feed.position(ctx.app(), start).await)?;
        let mut found = ctx.answer(feed.after(ctx.app(), position, limit + 1).await)?;
        let more = found.len() as u64 > limit;
        found.truncate(usize::try_from(limit).unwrap_or_default());
        let edges: Vec<EventEdge> = found
            .into_iter()
            .map(|event| EventEdge {
                cursor: write_cursor(event.team, event.position),
                node: Event(event),
            })
            .collect();
        Ok(EventConnection {
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            page_info: PageInfo {
                has_next_page: more,
                has_previous_page: after.is_some(),
                start_cursor: edges.first().map(|edge| edge.cursor.clone()),
                end_cursor: edges.last().map(|edge| edge.cursor.clone()),
            },
            edges,
        })
    }
}

/// The events' part of the subscriptions.
#[derive(Default)]
pub struct EventSubscriptions;

#[Subscription]
impl EventSubscriptions {
    /// Everything that happened after the cursor, then everything that happens, without a gap between the two. Takes the scope `events.read`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cursor of the last event that was handled; from now on if left out.")]
        after: Option<String>,
        #[graphql(desc = "Only events with one of these topics; all if left out.")] topics: Option<
            Vec<EventTopic>,
        >,
    ) -> Result<impl Stream<Item = Result<Event>> + use<>> {
        let actor = ctx.actor()?;
        let feed = ctx.answer(Feed::of_team(actor, of(topics)))?;
        let locale = ctx.caller().locale;
        let start = ctx.answer(start(actor.team, after.as_deref(), Start::Now).map_err(Into::into))?;
        let stream = feed.follow(ctx.app().clone(), start).await;
        Ok(ctx
            .answer(stream)?
            .map(move |event| event.map(Event).map_err(|error| to_graphql(error, locale))))
    }
}

fn of(topics: Option<Vec<EventTopic>>) -> Vec<entities::EventTopic> {
    topics.unwrap_or_default().into_iter().map(Into::into).collect()
}

fn start(team: TeamId, after: Option<&str>, without: Start) -> Result<Start, Denied> {
    after.map_or(Ok(without), |cursor| read_cursor(team, cursor).map(Start::After))
}
