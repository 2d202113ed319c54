//! Ecosystems: what they are, and recording, suspending and activating them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    Loaded,
    users::{
        self, EcosystemView,
        ecosystems::{self, EcosystemReport, Switched},
    },
};
use futures::FutureExt;

use crate::graphql::{
    connection::{page_args, weight},
    context::{Ctx, input_id},
    errors::UserError,
    identity::ApiKey,
    scalars::DateTime,
    users::{User, UserConnection, UserCount, along, load, parts_of_rows, visible},
};

/// A customer's deployed workspace. Suspending it takes access from everybody in it at once.
#[derive(Clone, Debug)]
pub struct Ecosystem(pub EcosystemView);

/// A customer's deployed workspace. Suspending it takes access from everybody in it at once.
#[Object]
impl Ecosystem {
    /// TypeID of the ecosystem.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Name of the ecosystem.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether the ecosystem is active: not suspended.
    async fn active(&self) -> bool {
        self.0.suspended_at.is_none()
    }

    /// When the ecosystem was suspended; null while it is active.
    async fn suspended_at(&self) -> Option<DateTime> {
        self.0.suspended_at.map(Into::into)
    }

    /// Why the ecosystem is suspended; null while it is active.
    async fn suspension_reason(&self) -> Option<&str> {
        self.0.suspension_reason.as_deref()
    }

    /// The users in the ecosystem, its owner included.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<UserConnection> {
        let args = page_args(first, after, last, before);
        let parts = parts_of_rows(ctx);
        let page = users::ecosystems::members(ctx.app(), ctx.actor()?, &self.0, &args, parts);
        let page = along(ctx, ctx.answer(page.boxed().await)?).boxed().await?;
        Ok(UserConnection::new(page, UserCount::Members(self.0.clone())))
    }

    /// The customer who has deployed the ecosystem.
    async fn owner(&self, ctx: &Context<'_>) -> Result<User> {
        visible(ctx, self.0.owner).await
    }
}

/// The one that a user has deployed: as it came with them, or asked for now.
pub async fn of_user(
    ctx: &Context<'_>,
    known: Loaded<EcosystemView>,
    user: entities::UserId,
) -> Result<Option<Ecosystem>> {
    let found = match known {
        Loaded::Known(found) => found,
        Loaded::NotAsked => load(ctx, user)
            .await?
            .and_then(|user| user.0.ecosystem.into_found()),
    };
    Ok(found.map(Ecosystem))
}

/// The ecosystem with this id, if the caller may see its owner.
pub async fn find(ctx: &Context<'_>, id: entities::EcosystemId) -> Result<Option<Ecosystem>> {
    let found = ecosystems::find(ctx.app(), ctx.actor()?, id).await;
    Ok(ctx.answer(found)?.map(Ecosystem))
}

/// An ecosystem as the store reports it.
#[derive(InputObject)]
pub struct EcosystemRecordInput {
    /// The store's own id: the same one is the same ecosystem.
    external_id: String,
    /// TypeID of the customer who has deployed it. A customer has one ecosystem at most, and must not be in one that is suspended.
    owner_id: ID,
    /// Name of the ecosystem.
    name: String,
    /// TypeIDs of all users in the ecosystem, at most 10,000; if left out, the members stay as they are. Whoever has another ecosystem, or is in one that is suspended, is refused.
    member_ids: Option<Vec<ID>>,
}

/// The ecosystem to suspend.
#[derive(InputObject)]
pub struct EcosystemSuspendInput {
    /// TypeID of the ecosystem.
    ecosystem_id: ID,
    /// Reason for the suspension, recorded in the audit log.
    reason: String,
}

/// The ecosystem to activate again.
#[derive(InputObject)]
pub struct EcosystemActivateInput {
    /// TypeID of the ecosystem.
    ecosystem_id: ID,
}

/// The ecosystem, or the reasons why nothing was changed.
#[derive(SimpleObject)]
pub struct EcosystemPayload {
    /// The ecosystem as it is now; null if the mutation was refused.
    ecosystem: Option<Ecosystem>,
    /// API keys that stand for somebody in it and ended with the change, or count again: `active` says which.
    affected_api_keys: Vec<ApiKey>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The ecosystems' part of the mutations.
#[derive(Default)]
pub struct EcosystemMutations;

#[Object]
impl EcosystemMutations {
    /// Records an ecosystem as the store reports it; the same `externalId` is the same ecosystem, so it can be sent again. Takes the scope `users.write`.
    async fn ecosystem_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ecosystem to record.")] input: EcosystemRecordInput,
    ) -> Result<EcosystemPayload> {
        let members = input
            .member_ids
            .map(|ids| ids.iter().map(|id| input_id("memberIds", id)).collect());
        let report = EcosystemReport {
            external_id: input.external_id,
            owner: input_id("ownerId", &input.owner_id),
            name: input.name,
            members,
        };
        let (view, user_errors) = ctx.payload(ecosystems::record(ctx.app(), ctx.actor()?, report).await)?;
        Ok(EcosystemPayload {
            ecosystem: view.map(Ecosystem),
            affected_api_keys: Vec::new(),
            user_errors,
        })
    }

    /// Suspends an ecosystem, which takes access from everybody in it at once; nobody can suspend the one that they are in. Takes the scope `users.write`.
    async fn ecosystem_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ecosystem to suspend, and the reason.")] input: EcosystemSuspendInput,
    ) -> Result<EcosystemPayload> {
        let id = input_id("ecosystemId", &input.ecosystem_id);
        let outcome = ecosystems::suspend(ctx.app(), ctx.actor()?, id, &input.reason).await;
        ctx.caller().keyring.forget_all();
        Ok(switched(ctx.payload(outcome)?))
    }

    /// Activates a suspended ecosystem, which gives access back to everybody in it. Takes the scope `users.write`.
    async fn ecosystem_activate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ecosystem to activate.")] input: EcosystemActivateInput,
    ) -> Result<EcosystemPayload> {
        let id = input_id("ecosystemId", &input.ecosystem_id);
        let outcome = ecosystems::activate(ctx.app(), ctx.actor()?, id).await;
        // Also who was found to be locked out.
        ctx.caller().keyring.forget_all();
        Ok(switched(ctx.payload(outcome)?))
    }
}

fn switched((switched, user_errors): (Option<Switched>, Vec<UserError>)) -> EcosystemPayload {
    let (view, api_keys) = switched.map(|it| (it.ecosystem, it.api_keys)).unzip();
    EcosystemPayload {
        ecosystem: view.map(Ecosystem),
        affected_api_keys: api_keys.unwrap_or_default().into_iter().map(ApiKey).collect(),
        user_errors,
    }
}
