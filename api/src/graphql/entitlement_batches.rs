//! Access for many at once: asked for, stopped, looked at, followed live.

use std::future::ready;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, Subscription};
use domain::{
    App, Message, Outcome, Refusal,
    actor::{Actor, Scope},
    entitlements::batches::{self, BatchRequest, Change, People, reading},
};
use entities::{EntitlementBatchId, EventTopic, entitlement_batch, entitlement_batch_result};
use futures::{Stream, StreamExt};

use super::{
    connection::{connection, page_args, weight},
    context::{Ctx, Refused, input_id},
    entitlements::{self, Entitlement},
    enums::{EntitlementBatchAction, EntitlementBatchOutcome, EntitlementBatchStatus, UserErrorCode},
    errors::UserError,
    following::follow,
    products::{self, Product},
    purchases::not_visible,
    scalars::DateTime,
    users::{self, User, UserFilter, count},
};

/// Access to a product that is granted or revoked for many at once.
#[derive(Clone, Debug)]
pub struct EntitlementBatch(pub entitlement_batch::Model);

impl From<entitlement_batch::Model> for EntitlementBatch {
    fn from(model: entitlement_batch::Model) -> Self {
        Self(model)
    }
}

/// Access to a product that is granted or revoked for many at once.
#[Object]
impl EntitlementBatch {
    /// TypeID.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What is done.
    async fn action(&self) -> EntitlementBatchAction {
        self.0.action.into()
    }

    /// Access to what.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        products::load(ctx, self.0.product_id).await
    }

    /// Where it stands.
    async fn status(&self) -> EntitlementBatchStatus {
        self.0.status.into()
    }

    /// How many people it is about: counted when it was asked for, corrected by whom it really met.
    async fn total(&self) -> i32 {
        count(self.0.total)
    }

    /// How many of them have a result.
    async fn done(&self) -> i32 {
        count(self.0.done)
    }

    /// For how many access was granted or revoked.
    async fn succeeded(&self) -> i32 {
        count(self.0.succeeded)
    }

    /// For how many it was refused, each with a reason.
    async fn refused(&self) -> i32 {
        count(self.0.refused)
    }

    /// For how many it could not be done for a fault of ours.
    async fn failed(&self) -> i32 {
        count(self.0.failed)
    }

    /// Who asked for it; for an API key, who has made it.
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<User> {
        users::load(ctx, self.0.requested_by)
            .await?
            .ok_or_else(|| not_visible(ctx, Scope::UsersRead))
    }

    /// When it was asked for.
    async fn requested_at(&self) -> DateTime {
        self.0.requested_at.into()
    }

    /// When it ended, one way or the other.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(Into::into)
    }

    /// Why it was given up, in the viewer's language.
    async fn failure_message(&self, ctx: &Context<'_>) -> Option<String> {
        let stored = self.0.failure_message.as_deref();
        stored.map(|stored| ctx.say(&Message::from_stored(stored)))
    }

    /// What became of each of them, in the order in which they were done.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn results(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100, from the start.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "At most 100, from the end.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only with one of these outcomes; all if left out.")] outcome: Option<
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

/// What became of one user in a batch.
#[derive(Clone, Debug)]
pub struct EntitlementBatchResult(entitlement_batch_result::Model);

impl From<entitlement_batch_result::Model> for EntitlementBatchResult {
    fn from(model: entitlement_batch_result::Model) -> Self {
        Self(model)
    }
}

/// What became of one user in a batch.
#[Object]
impl EntitlementBatchResult {
    /// Whose access it is about.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        users::load(ctx, self.0.user_id)
            .await?
            .ok_or_else(|| not_visible(ctx, Scope::UsersRead))
    }

    /// What was done.
    async fn outcome(&self) -> EntitlementBatchOutcome {
        self.0.outcome.into()
    }

    /// When.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// The access that was granted, revoked, or stood in the way.
    async fn entitlement(&self, ctx: &Context<'_>) -> Result<Option<Entitlement>> {
        match self.0.entitlement_id {
            Some(id) => entitlements::find(ctx, id).await,
            None => Ok(None),
        }
    }

    /// Why it was refused, for programs.
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
    /// What the team has granted and revoked for many at once, newest first.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn entitlement_batches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100, from the start.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "At most 100, from the end.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<EntitlementBatchConnection> {
        let args = page_args(first, after, last, before);
        let page = reading::list(ctx.app(), ctx.actor()?, &args).await;
        Ok(EntitlementBatchConnection::new(ctx.answer(page)?, BatchCount))
    }
}

/// Access to be granted to many. Who is meant is said in exactly one way.
#[derive(InputObject)]
pub struct EntitlementsGrantInput {
    /// To what; an active product.
    product_id: ID,
    /// To those who match when they are reached, and who were there when it was asked for. A filter that lets everybody through is refused. Takes the scope `users.read`.
    filter: Option<UserFilter>,
    /// To these, at most 1,000.
    user_ids: Option<Vec<ID>>,
    /// To everybody of the team. Takes the scope `users.read`.
    #[graphql(default = false)]
    everybody: bool,
    /// Now if left out.
    starts_at: Option<DateTime>,
    /// Lifetime if left out.
    expires_at: Option<DateTime>,
    /// For the history.
    note: Option<String>,
    /// Whether the customers are told by mail.
    #[graphql(default = false)]
    notify_customer: bool,
    /// The same key returns the same batch, however often it is sent.
    idempotency_key: Option<String>,
}

/// Access to be taken away from many. Who is meant is said in exactly one way.
#[derive(InputObject)]
pub struct EntitlementsRevokeInput {
    /// To what.
    product_id: ID,
    /// From those who match when they are reached, and who were there when it was asked for. A filter that lets everybody through is refused. Takes the scope `users.read`.
    filter: Option<UserFilter>,
    /// From these, at most 1,000.
    user_ids: Option<Vec<ID>>,
    /// From everybody of the team. Takes the scope `users.read`.
    #[graphql(default = false)]
    everybody: bool,
    /// A standard sentence is recorded if it is left out.
    reason: Option<String>,
    /// The same key returns the same batch, however often it is sent.
    idempotency_key: Option<String>,
}

/// A batch to be stopped.
#[derive(InputObject)]
pub struct EntitlementBatchCancelInput {
    /// One that has not ended.
    batch_id: ID,
}

/// The batch as it is now, and why it was refused if it was.
#[derive(SimpleObject)]
pub struct EntitlementBatchPayload {
    /// As it is now: a worker goes through the people.
    batch: Option<EntitlementBatch>,
    /// Empty if it was accepted.
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
    /// Grants access to a product to many at once. A worker makes for each of them the decision of `entitlementGrant`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn entitlements_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to whom.")] input: EntitlementsGrantInput,
    ) -> Result<EntitlementBatchPayload> {
        let change = Change::Grant {
            starts_at: input.starts_at.map(|at| at.0),
            expires_at: input.expires_at.map(|at| at.0),
            notify_customer: input.notify_customer,
        };
        let request = BatchRequest {
            change,
            product: input_id("productId", &input.product_id),
            people: people(input.filter, input.user_ids, input.everybody),
            note: input.note,
            idempotency_key: input.idempotency_key,
        };
        accept(ctx, request).await
    }

    /// Takes access to a product away from many at once. A worker makes for each of them the decision of `entitlementRevoke`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn entitlements_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What from whom, and why.")] input: EntitlementsRevokeInput,
    ) -> Result<EntitlementBatchPayload> {
        let request = BatchRequest {
            change: Change::Revoke,
            product: input_id("productId", &input.product_id),
            people: people(input.filter, input.user_ids, input.everybody),
            note: input.reason,
            idempotency_key: input.idempotency_key,
        };
        accept(ctx, request).await
    }

    /// Stops what has not been done yet. What was done stays done.
    async fn entitlement_batch_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: EntitlementBatchCancelInput,
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
    /// Each time a batch goes on, about once a second: the batch as it is then. All of the team's if none is named.
    async fn entitlement_batch_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this one.")] batch_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<EntitlementBatch>> + use<>> {
        let (app, actor) = (ctx.app(), ctx.actor()?);
        ctx.answer(actor.require(Scope::EntitlementsRead))?;
        let subject: Option<EntitlementBatchId> = match batch_id {
            None => None,
            Some(id) => {
                let id = ctx.answer(input_id("batchId", &id).map_err(Into::into))?;
                let found = ctx.answer(reading::find(app, actor, id).await)?;
                let missing = || Refusal::not_found("batchId", "entitlement-batch").into();
                ctx.answer(found.ok_or_else(missing))?;
                Some(id)
            }
        };
        let find = async |app, actor, id| reading::find(&app, &actor, id).await;
        let batches = follow(ctx, EventTopic::EntitlementBatchUpdated, subject, find).await?;
        Ok(batches.filter_map(|found| ready(found.map(|batch| batch.map(EntitlementBatch)))))
    }
}
