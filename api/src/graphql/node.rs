//! `node(id)`: any object by its id, with the same rules as anywhere else.

use async_graphql::{Context, ID, Interface, Object, Result};
use domain::{entitlements::batches, events, exports, identity::api_keys, refunds, stats};
use entities::{
    ApiKeyId, AuditEntryId, EcosystemId, EntitlementBatchId, EntitlementEventId, EntitlementId, EventId,
    ExportId, PlanSubscriptionId, ProductId, PurchaseId, ReadingSessionId, RefundId, TeamId, UserId,
    parse_any,
};

use super::{
    audit::{self, AuditEntry},
    context::Ctx,
    entitlements::{self, Entitlement, EntitlementEvent, batches::EntitlementBatch},
    events::Event,
    exports::Export,
    identity::ApiKey,
    products::{self, Product},
    purchases::{self, Purchase},
    refunds::Refund,
    stats::ReadingSession,
    teams::{self, Team},
    users::{
        self, User,
        ecosystems::{self, Ecosystem},
        plans::{self, PlanSubscription},
    },
};

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "TypeID: the type's prefix and a UUIDv7."))]
pub enum Node {
    Team(Team),
    User(User),
    Ecosystem(Ecosystem),
    PlanSubscription(PlanSubscription),
    Product(Product),
    Purchase(Purchase),
    Refund(Refund),
    ReadingSession(ReadingSession),
    Entitlement(Entitlement),
    EntitlementEvent(EntitlementEvent),
    EntitlementBatch(EntitlementBatch),
    Event(Event),
    Export(Export),
    AuditEntry(AuditEntry),
    ApiKey(ApiKey),
}

/// The object with this id; none if it is malformed, of another team, or not for the caller.
pub async fn load(ctx: &Context<'_>, id: &str) -> Result<Option<Node>> {
    let actor = ctx.actor()?;
    let Ok((prefix, uuid)) = parse_any(id) else {
        return Ok(None);
    };
    Ok(match prefix.as_str() {
        TeamId::PREFIX => Some(teams::of(ctx, actor).await?)
            .filter(|own| own.0.id.0 == uuid)
            .map(Node::Team),
        UserId::PREFIX => users::load(ctx, uuid.into()).await?.map(Node::User),
        EcosystemId::PREFIX => ecosystems::find(ctx, uuid.into()).await?.map(Node::Ecosystem),
        PlanSubscriptionId::PREFIX => plans::find(ctx, uuid.into()).await?.map(Node::PlanSubscription),
        ProductId::PREFIX => products::find(ctx, uuid.into()).await?.map(Node::Product),
        PurchaseId::PREFIX => purchases::find(ctx, uuid.into()).await?.map(Node::Purchase),
        RefundId::PREFIX => {
            let found = refunds::find(ctx.app(), actor, uuid.into()).await;
            ctx.answer(found)?.map(Refund).map(Node::Refund)
        }
        ReadingSessionId::PREFIX => {
            let found = stats::session(ctx.app(), actor, uuid.into()).await;
            ctx.answer(found)?.map(ReadingSession).map(Node::ReadingSession)
        }
        EntitlementId::PREFIX => entitlements::find(ctx, uuid.into()).await?.map(Node::Entitlement),
        EntitlementEventId::PREFIX => entitlements::find_event(ctx, uuid.into())
            .await?
            .map(Node::EntitlementEvent),
        ExportId::PREFIX => {
            let found = exports::find(ctx.app(), actor, uuid.into()).await;
            ctx.answer(found)?.map(Export).map(Node::Export)
        }
        EntitlementBatchId::PREFIX => {
            let found = batches::reading::find(ctx.app(), actor, uuid.into()).await;
            ctx.answer(found)?
                .map(EntitlementBatch)
                .map(Node::EntitlementBatch)
        }
        EventId::PREFIX => {
            let found = events::find(ctx.app(), actor, uuid.into()).await;
            ctx.answer(found)?.map(Event).map(Node::Event)
        }
        AuditEntryId::PREFIX => audit::find(ctx, uuid.into()).await?.map(Node::AuditEntry),
        ApiKeyId::PREFIX => {
            let found = api_keys::find(ctx.app(), actor, uuid.into()).await;
            ctx.answer(found)?.map(ApiKey).map(Node::ApiKey)
        }
        _ => None,
    })
}

/// At most this many nodes at once.
const MOST: usize = 100;

/// The part of the queries that knows every object.
#[derive(Default)]
pub struct NodeQueries;

#[Object]
impl NodeQueries {
    /// Any object by its id; null if there is none for the caller.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeID of the object.")] id: ID,
    ) -> Result<Option<Node>> {
        load(ctx, &id).await
    }

    /// Several objects by their ids, in the same order; null where there is none for the caller.
    #[graphql(complexity = "ids.len() * child_complexity + 1")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeIDs of the objects, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST {
            return Err(super::context::to_graphql(
                domain::Denied::PageInvalid.into(),
                ctx.caller().locale,
            ));
        }
        futures::future::try_join_all(ids.iter().map(|id| load(ctx, id))).await
    }
}
