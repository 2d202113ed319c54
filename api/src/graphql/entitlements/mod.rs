//! Access to products: asked, looked at, granted, extended, revoked.

pub mod access;
pub mod batches;
pub mod enums;
mod loaders;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    App, Message, Outcome,
    actor::Actor,
    entitlements::{
        manual::{self, GrantRequest, ManualChange},
        reading::{self, HistoryOf},
        rules,
    },
};
use entities::{EntitlementId, UserId, entitlement, entitlement_event};
use futures::FutureExt;

use self::enums::{EntitlementAction, EntitlementStatus};

use crate::graphql::{
    connection::{connection, page_args, weight},
    context::{Ctx, Refused, input_id},
    errors::UserError,
    products::{self, Product, ProductConnection, ProductCount},
    scalars::{DateTime, Written, int},
    users::{self, User},
};

/// A user's right to use a product.
#[derive(Clone, Debug)]
pub struct Entitlement(pub entitlement::Model);

impl From<entitlement::Model> for Entitlement {
    fn from(model: entitlement::Model) -> Self {
        Self(model)
    }
}

impl Entitlement {
    fn now_status(&self, ctx: &Context<'_>) -> entities::EntitlementStatus {
        rules::status(&self.0, ctx.app().clock.now())
    }

    /// The part of it that counts at the moment of asking.
    fn run(&self, ctx: &Context<'_>) -> rules::Run {
        rules::Schedule::of(&self.0).at(ctx.app().clock.now())
    }
}

/// A user's right to use a product.
#[Object]
impl Entitlement {
    /// TypeID of the entitlement.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The user who has the access.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        users::visible(ctx, self.0.user_id).await
    }

    /// The product that may be used.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        products::load(ctx, self.0.product_id).await
    }

    /// Status at the moment of asking.
    async fn status(&self, ctx: &Context<'_>) -> EntitlementStatus {
        self.now_status(ctx).into()
    }

    /// When access starts. Of access with a gap in it, `startsAt` and `expiresAt` are those of the part that counts now; in a gap, of the next part.
    async fn starts_at(&self, ctx: &Context<'_>) -> DateTime {
        self.run(ctx).starts_at.into()
    }

    /// When it expires; null for lifetime access.
    async fn expires_at(&self, ctx: &Context<'_>) -> Option<DateTime> {
        self.run(ctx).expires_at.map(Into::into)
    }

    /// When access begins again after a gap behind the expiry; null if nothing follows.
    async fn resumes_at(&self, ctx: &Context<'_>) -> Option<DateTime> {
        let resumes = rules::Schedule::of(&self.0).resumes_at(ctx.app().clock.now());
        resumes.map(Into::into)
    }

    /// Whether it has no expiry.
    async fn lifetime(&self, ctx: &Context<'_>) -> bool {
        self.run(ctx).expires_at.is_none()
    }

    /// End of the grace period after the expiry; null if there is none.
    async fn grace_ends_at(&self, ctx: &Context<'_>) -> Option<DateTime> {
        self.run(ctx).grace_ends_at.map(Into::into)
    }

    /// Seconds until the expiry: null for lifetime access, 0 once it has expired.
    async fn seconds_remaining(&self, ctx: &Context<'_>) -> Option<i32> {
        let now = ctx.app().clock.now();
        let end = self.0.revoked_at.or(self.run(ctx).expires_at)?;
        Some(int((end - now).num_seconds().max(0)))
    }

    /// When it was revoked; null if it is not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(Into::into)
    }

    /// Reason recorded for the revocation, a standard sentence where nobody wrote one; null if it is not revoked.
    async fn revocation_reason(&self, ctx: &Context<'_>) -> Option<String> {
        self.0
            .revocation_reason
            .as_deref()
            .map(|stored| ctx.say(&Message::from_stored(stored)))
    }

    /// Whether it can be extended: active, with an expiry.
    async fn can_extend(&self, ctx: &Context<'_>) -> bool {
        self.run(ctx).expires_at.is_some() && self.now_status(ctx) == entities::EntitlementStatus::Active
    }

    /// Changes of this entitlement, newest first.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<EntitlementEventConnection> {
        let of = HistoryOf::Entitlement {
            id: self.0.id,
            user: self.0.user_id,
        };
        history(ctx, of, page_args(first, after, last, before)).await
    }
}

/// A page of a history.
pub async fn history(
    ctx: &Context<'_>,
    of: HistoryOf,
    args: domain::page::PageArgs,
) -> Result<EntitlementEventConnection> {
    let page = reading::history(ctx.app(), ctx.actor()?, of, &args).boxed().await;
    Ok(EntitlementEventConnection::new(
        ctx.answer(page)?,
        HistoryCount(of),
    ))
}

/// A page of a user's entitlements; active ones and those in their grace period unless others are asked for.
pub async fn of_user(
    ctx: &Context<'_>,
    user: UserId,
    status: Option<Vec<EntitlementStatus>>,
    args: domain::page::PageArgs,
) -> Result<EntitlementConnection> {
    let status = status.map_or_else(
        || reading::USUAL.to_vec(),
        |status| status.into_iter().map(Into::into).collect(),
    );
    let page = reading::list(ctx.app(), ctx.actor()?, user, &status, &args)
        .boxed()
        .await;
    Ok(EntitlementConnection::new(
        ctx.answer(page)?,
        EntitlementCount { user, status },
    ))
}

/// A page of what could be granted to a user.
pub async fn grantable(
    ctx: &Context<'_>,
    user: UserId,
    args: domain::page::PageArgs,
) -> Result<ProductConnection> {
    let page = reading::grantable(ctx.app(), ctx.actor()?, user, &args)
        .boxed()
        .await;
    Ok(ProductConnection::new(
        ctx.answer(page)?,
        ProductCount::Grantable { user },
    ))
}

/// A line in the history of an entitlement.
#[derive(Clone, Debug)]
pub struct EntitlementEvent(pub entitlement_event::Model);

impl From<entitlement_event::Model> for EntitlementEvent {
    fn from(model: entitlement_event::Model) -> Self {
        Self(model)
    }
}

/// A line in the history of an entitlement.
#[Object]
impl EntitlementEvent {
    /// TypeID of the event.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The entitlement that was changed.
    async fn entitlement(&self, ctx: &Context<'_>) -> Result<Entitlement> {
        let found = find(ctx, self.0.entitlement_id).await?;
        ctx.visible(found, reading::NOT_VISIBLE)
    }

    /// What happened.
    async fn action(&self) -> EntitlementAction {
        self.0.action.into()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// The user who did it; null for an API key and where the system acted by itself.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.actor_id {
            Some(id) => users::load(ctx, id).await,
            None => Ok(None),
        }
    }

    /// The administrator who acted as `actor`; null if the actor was not impersonated.
    async fn impersonator(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.impersonator_id {
            Some(id) => users::load(ctx, id).await,
            None => Ok(None),
        }
    }

    /// Expiry before this change; null for lifetime access, and if there was no access before.
    async fn previous_expires_at(&self) -> Option<DateTime> {
        self.0.previous_expires_at.map(Into::into)
    }

    /// Expiry after this change; null for lifetime access.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }

    /// The note or reason that was recorded; null if there is none.
    async fn detail(&self, ctx: &Context<'_>) -> Option<String> {
        self.0
            .detail
            .as_deref()
            .map(|stored| ctx.say(&Message::from_stored(stored)))
    }
}

/// The entitlement with this id, if the caller may see it.
pub async fn find(ctx: &Context<'_>, id: EntitlementId) -> Result<Option<Entitlement>> {
    Ok(ctx.load(id).await?.map(Entitlement))
}

/// The entry with this id, if the caller may see it.
pub async fn find_event(
    ctx: &Context<'_>,
    id: entities::EntitlementEventId,
) -> Result<Option<EntitlementEvent>> {
    Ok(ctx
        .answer(reading::event(ctx.app(), ctx.actor()?, id).await)?
        .map(EntitlementEvent))
}

/// How entitlements are counted.
pub struct EntitlementCount {
    user: UserId,
    status: Vec<entities::EntitlementStatus>,
}

impl EntitlementCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        reading::count(app, actor, self.user, &self.status).await
    }
}

/// How histories are counted.
pub struct HistoryCount(HistoryOf);

impl HistoryCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        reading::history_count(app, actor, self.0).await
    }
}

connection! {
    /// A page of entitlements.
    EntitlementConnection, EntitlementEdge of Entitlement from entitlement::Model, counted by EntitlementCount
}

connection! {
    /// A page of the history of entitlements.
    EntitlementEventConnection, EntitlementEventEdge of EntitlementEvent from entitlement_event::Model, counted by HistoryCount
}

/// The access to grant.
#[derive(InputObject)]
pub struct EntitlementGrantInput {
    /// TypeID of the user who gets access.
    user_id: ID,
    /// TypeID of an active product to which the user has no active access.
    product_id: ID,
    /// When access starts; now if left out.
    starts_at: Option<Written>,
    /// When access expires; lifetime if left out.
    expires_at: Option<Written>,
    /// Note for the entitlement's history.
    note: Option<String>,
    /// Whether to tell the customer by mail.
    #[graphql(default = false)]
    notify_customer: bool,
}

/// The entitlement to extend.
#[derive(InputObject)]
pub struct EntitlementExtendInput {
    /// TypeID of an active entitlement with an expiry.
    entitlement_id: ID,
    /// New expiry, later than the current one.
    expires_at: Written,
}

/// The entitlement to revoke.
#[derive(InputObject)]
pub struct EntitlementRevokeInput {
    /// TypeID of an entitlement that has not ended.
    entitlement_id: ID,
    /// Reason for the revocation; a standard sentence is recorded if it is left out.
    reason: Option<String>,
}

/// The entitlement, or the reasons why nothing was changed.
#[derive(SimpleObject)]
pub struct EntitlementPayload {
    /// The entitlement as it is now, also after a refusal where there is one.
    entitlement: Option<Entitlement>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The entitlements' part of the mutations.
#[derive(Default)]
pub struct EntitlementMutations;

#[Object]
impl EntitlementMutations {
    /// Grants a user access to a product. Takes the scope `commerce.entitlements.write`.
    async fn entitlement_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The access to grant.")] input: EntitlementGrantInput,
    ) -> Result<EntitlementPayload> {
        let request = GrantRequest {
            user: input_id("userId", &input.user_id),
            product: input_id("productId", &input.product_id),
            starts_at: Written::optional(input.starts_at.as_ref(), "startsAt"),
            expires_at: Written::end(input.expires_at.as_ref(), "expiresAt"),
            note: input.note,
            notify_customer: input.notify_customer,
        };
        answer(ctx, manual::grant_by_hand(ctx.app(), ctx.actor()?, request).await)
    }

    /// Moves the expiry of active access to a later date, without an interruption. Takes the scope `commerce.entitlements.write`.
    async fn entitlement_extend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entitlement to extend, and its new expiry.")] input: EntitlementExtendInput,
    ) -> Result<EntitlementPayload> {
        let id = input_id("entitlementId", &input.entitlement_id);
        let expires_at = Written::end(Some(&input.expires_at), "expiresAt");
        answer(ctx, manual::extend(ctx.app(), ctx.actor()?, id, expires_at).await)
    }

    /// Revokes access at once and for good: a new grant is the way back. Takes the scope `commerce.entitlements.write`.
    async fn entitlement_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entitlement to revoke, and the reason.")] input: EntitlementRevokeInput,
    ) -> Result<EntitlementPayload> {
        let id = input_id("entitlementId", &input.entitlement_id);
        answer(
            ctx,
            manual::revoke(ctx.app(), ctx.actor()?, id, input.reason.as_deref()).await,
        )
    }
}

/// A refusal comes with the entitlement as it is now (S4.26).
fn answer(ctx: &Context<'_>, outcome: Outcome<ManualChange>) -> Result<EntitlementPayload> {
    let (changed, mut user_errors) = ctx.payload(outcome)?;
    let (entitlement, refusals) = changed.map_or((None, Vec::new()), |it| (it.entitlement, it.refusals));
    user_errors.extend(ctx.user_errors(refusals));
    Ok(EntitlementPayload {
        entitlement: entitlement.map(Entitlement),
        user_errors,
    })
}
