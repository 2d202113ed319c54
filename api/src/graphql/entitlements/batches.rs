//! Access for many at once: asked for, stopped, looked at, followed live.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, Subscription};
use domain::{
    App, Message, Outcome, Refusal,
    actor::Actor,
    entitlements::batches::{self, BatchRequest, ChangeWanted, People, reading},
};
use entities::{EntitlementBatchId, entitlement_batch, entitlement_batch_result};
use futures::Stream;

use crate::graphql::{
    connection::{connection, page_args, weight},
    context::{Ctx, Refused, input_id},
    entitlements::{
        self, Entitlement,
        enums::{EntitlementBatchAction, EntitlementBatchOutcome, EntitlementBatchStatus},
    },
    errors::{UserError, UserErrorCode},
    following::shown,
    products::{self, Product},
    scalars::{DateTime, Written, int},
    users::{self, User, UserFilter},
};

/// A change of access to one product for many users at once.
#[derive(Clone, Debug)]
pub struct EntitlementBatch(pub entitlement_batch::Model);

impl From<entitlement_batch::Model> for EntitlementBatch {
    fn from(model: entitlement_batch::Model) -> Self {
        Self(model)
    }
}

/// A change of access to one product for many users at once.
#[Object]
impl EntitlementBatch {
    /// TypeID of the batch.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Whether access is granted or revoked.
    async fn action(&self) -> EntitlementBatchAction {
        self.0.action.into()
    }

    /// The product to which access is granted or revoked.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        products::load(ctx, self.0.product_id).await
    }

    /// Status of the batch.
    async fn status(&self) -> EntitlementBatchStatus {
        self.0.status.into()
    }

    /// Number of users: as counted at the request, and once the batch has succeeded, as many as were really processed.
    async fn total(&self) -> i32 {
        int(self.0.total)
    }

    /// Number of users with a result.
    async fn done(&self) -> i32 {
        int(self.0.done)
    }

    /// Number of users whose access was granted or revoked.
    async fn succeeded(&self) -> i32 {
        int(self.0.succeeded)
    }

    /// Number of users for whom it was refused; each result says why.
    async fn refused(&self) -> i32 {
        int(self.0.refused)
    }

    /// Number of users for whom it failed because of an internal error.
    async fn failed(&self) -> i32 {
        int(self.0.failed)
    }

    /// The user who requested the batch; for an API key, its creator.
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<User> {
        users::visible(ctx, self.0.requested_by).await
    }

    /// When the batch was requested.
    async fn requested_at(&self) -> DateTime {
        self.0.requested_at.into()
    }

    /// When the batch ended, whatever its status; null while it is under way.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(Into::into)
    }

    /// Why the batch was given up, in the viewer's language; null if it was not.
    async fn failure_message(&self, ctx: &Context<'_>) -> Option<String> {
        let stored = self.0.failure_message.as_deref();
        stored.map(|stored| ctx.say(&Message::from_stored(stored)))
    }

    /// Results for each user, in the order in which they were processed.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn results(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only results with one of these outcomes; all if left out.")] outcome: Option<
            Vec<EntitlementBatchOutcome>,
        >,
    ) -> Result<EntitlementBatchResultConnection> {
        let outcomes: Vec<_> = outcome.unwrap_or_default().into_iter().map(Into::into).collect();
        let args = page_args(first, after, last, before);
        let page = reading::results(ctx.app(), ctx.actor()?, self.0.id, &outcomes, &args).await;
        let batch = self.0.id;
        Ok(EntitlementBatchResultConnection::new(
            ctx.answer(page)?,
            ResultCount { batch, outcomes },
        ))
    }
}

/// Result of a batch for one user.
#[derive(Clone, Debug)]
pub struct EntitlementBatchResult(entitlement_batch_result::Model);

impl From<entitlement_batch_result::Model> for EntitlementBatchResult {
    fn from(model: entitlement_batch_result::Model) -> Self {
        Self(model)
    }
}

/// Result of a batch for one user.
#[Object]
impl EntitlementBatchResult {
    /// The user whose access it is about.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        users::visible(ctx, self.0.user_id).await
    }

    /// Outcome for this user.
    async fn outcome(&self) -> EntitlementBatchOutcome {
        self.0.outcome.into()
    }

    /// When this user was processed.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// The entitlement that was granted or revoked, or that stood in the way; null if there is none.
    async fn entitlement(&self, ctx: &Context<'_>) -> Result<Option<Entitlement>> {
        match self.0.entitlement_id {
            Some(id) => entitlements::find(ctx, id).await,
            None => Ok(None),
        }
    }

    /// Why it was refused, as a code for programs; null if it was not.
    async fn code(&self) -> Option<UserErrorCode> {
        let codes = domain::UserErrorCode::ALL.iter();
        let mut codes = codes.filter(|code| self.0.code.as_deref() == Some(code.as_str()));
        codes.next().map(|code| (*code).into())
    }

    /// Why it was refused or failed, in the viewer's language.
    async fn message(&self, ctx: &Context<'_>) -> Option<String> {
        let stored = self.0.message.as_deref();
        stored.map(|stored| ctx.say(&Message::from_stored(stored)))
    }
}

/// How batches are counted.
pub struct BatchCount;

impl BatchCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        reading::count(app, actor).await
    }
}

/// How results are counted.
pub struct ResultCount {
    batch: EntitlementBatchId,
    outcomes: Vec<entities::EntitlementBatchOutcome>,
}

impl ResultCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        reading::results_count(app, actor, self.batch, &self.outcomes).await
    }
}

connection! {
    /// A page of batches.
    EntitlementBatchConnection, EntitlementBatchEdge of EntitlementBatch from entitlement_batch::Model, counted by BatchCount
}

connection! {
    /// A page of a batch's results.
    EntitlementBatchResultConnection, EntitlementBatchResultEdge of EntitlementBatchResult
    from entitlement_batch_result::Model, counted by ResultCount
}

/// The batches' part of the queries.
#[derive(Default)]
pub struct EntitlementBatchQueries;

#[Object]
impl EntitlementBatchQueries {
    /// The team's batches, newest first. Takes the scope `commerce.entitlements.read`.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn entitlement_batches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<EntitlementBatchConnection> {
        let args = page_args(first, after, last, before);
        let page = reading::list(ctx.app(), ctx.actor()?, &args).await;
        Ok(EntitlementBatchConnection::new(ctx.answer(page)?, BatchCount))
    }
}

/// Access to grant to many users at once. Give exactly one of `filter`, `userIds` and `everybody`.
#[derive(InputObject)]
pub struct EntitlementsGrantInput {
    /// TypeID of an active product.
    product_id: ID,
    /// Grants access to the users who existed at the request and match when they are processed; a filter that matches everybody is refused. Takes the scope `users.read`.
    filter: Option<UserFilter>,
    /// TypeIDs of the users who get access, at most 1,000.
    user_ids: Option<Vec<ID>>,
    /// Grants access to every user of the team. Takes the scope `users.read`.
    #[graphql(default = false)]
    everybody: bool,
    /// When access starts; at the time of the request if left out.
    starts_at: Option<Written>,
    /// When access expires; lifetime if left out.
    expires_at: Option<Written>,
    /// Note for the history of each entitlement.
    note: Option<String>,
    /// Whether to tell the customers by mail.
    #[graphql(default = false)]
    notify_customer: bool,
    /// The same key with the same request returns the same batch, however often it is sent.
    idempotency_key: Option<String>,
}

/// Access to revoke from many users at once. Give exactly one of `filter`, `userIds` and `everybody`.
#[derive(InputObject)]
pub struct EntitlementsRevokeInput {
    /// TypeID of the product.
    product_id: ID,
    /// Revokes access from the users who existed at the request and match when they are processed; a filter that matches everybody is refused. Takes the scope `users.read`.
    filter: Option<UserFilter>,
    /// TypeIDs of the users who lose access, at most 1,000.
    user_ids: Option<Vec<ID>>,
    /// Revokes access from every user of the team. Takes the scope `users.read`.
    #[graphql(default = false)]
    everybody: bool,
    /// Reason for the revocations; a standard sentence is recorded if it is left out.
    reason: Option<String>,
    /// The same key with the same request returns the same batch, however often it is sent.
    idempotency_key: Option<String>,
}

/// The batch to cancel.
#[derive(InputObject)]
pub struct EntitlementBatchCancelInput {
    /// TypeID of a batch that has not ended.
    batch_id: ID,
}

/// The batch, or the reasons why it was refused.
#[derive(SimpleObject)]
pub struct EntitlementBatchPayload {
    /// The batch as it is now: a worker processes it in the background.
    batch: Option<EntitlementBatch>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

fn people(
    filter: Option<UserFilter>,
    ids: Option<Vec<ID>>,
    everybody: bool,
) -> std::result::Result<People, Refusal> {
    let ids = ids.map(|ids| ids.iter().map(|id| input_id("userIds", id)).collect());
    People::new(filter.map(Into::into), ids, everybody)
}

async fn accept(ctx: &Context<'_>, request: BatchRequest) -> Result<EntitlementBatchPayload> {
    let outcome = batches::request(ctx.app(), ctx.actor()?, request).await;
    let (batch, user_errors) = ctx.payload(outcome)?;
    Ok(EntitlementBatchPayload {
        batch: batch.map(EntitlementBatch),
        user_errors,
    })
}

/// The batches' part of the mutations.
#[derive(Default)]
pub struct EntitlementBatchMutations;

#[Object]
impl EntitlementBatchMutations {
    /// Grants many users access to a product: a worker applies `entitlementGrant` to each of them. Takes the scope `commerce.entitlements.write`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn entitlements_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The access to grant, and to whom.")] input: EntitlementsGrantInput,
    ) -> Result<EntitlementBatchPayload> {
        let request = BatchRequest {
            change: ChangeWanted::Grant {
                starts_at: Written::optional(input.starts_at.as_ref(), "startsAt"),
                expires_at: Written::end(input.expires_at.as_ref(), "expiresAt"),
                notify_customer: input.notify_customer,
            },
            product: input_id("productId", &input.product_id),
            people: people(input.filter, input.user_ids, input.everybody),
            note: input.note,
            idempotency_key: input.idempotency_key,
        };
        accept(ctx, request).await
    }

    /// Revokes access to a product from many users: a worker applies `entitlementRevoke` to each of them. Takes the scope `commerce.entitlements.write`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn entitlements_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The access to revoke, and from whom.")] input: EntitlementsRevokeInput,
    ) -> Result<EntitlementBatchPayload> {
        let request = BatchRequest {
            change: ChangeWanted::Revoke,
            product: input_id("productId", &input.product_id),
            people: people(input.filter, input.user_ids, input.everybody),
            note: input.reason,
            idempotency_key: input.idempotency_key,
        };
        accept(ctx, request).await
    }

    /// Cancels a batch: what has not been done yet is not done, what was done stays. Takes the scope `commerce.entitlements.write`.
    async fn entitlement_batch_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The batch to cancel.")] input: EntitlementBatchCancelInput,
    ) -> Result<EntitlementBatchPayload> {
        let id = input_id("batchId", &input.batch_id);
        let outcome = batches::cancel(ctx.app(), ctx.actor()?, id).await;
        let (changed, mut user_errors) = ctx.payload(outcome)?;
        let (batch, refusals) = changed.unzip();
        user_errors.extend(ctx.user_errors(refusals.unwrap_or_default()));
        Ok(EntitlementBatchPayload {
            batch: batch.map(EntitlementBatch),
            user_errors,
        })
    }
}

/// The batches' part of the subscriptions.
#[derive(Default)]
pub struct EntitlementBatchSubscriptions;

#[Subscription]
impl EntitlementBatchSubscriptions {
    /// The batch each time it changes, about once a second; every batch of the team if none is named. Takes the scope `commerce.entitlements.read`.
    async fn entitlement_batch_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only the batch with this TypeID.")] batch_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<EntitlementBatch>> + use<>> {
        let id = batch_id.map(|id| input_id("batchId", &id));
        let found = reading::follow(ctx.app(), ctx.actor()?, id).await;
        Ok(shown(ctx, ctx.answer(found)?))
    }
}
