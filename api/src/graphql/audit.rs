//! Who changed what.

use async_graphql::{Context, ID, Object, Result};
use domain::{
    App, Outcome,
    actor::Actor,
    audit::{self, AuditFilter},
    identity::api_keys,
};
use entities::{AuditEntryId, audit_entry};

use super::{
    connection::{connection, page_args, weight},
    context::{Ctx, input_id, public_id},
    identity::ApiKey,
    node::{self, Node},
    scalars::DateTime,
    users::{self, User},
};

/// A line of the audit log: who changed what, when, and on whose behalf.
#[derive(Clone, Debug)]
pub struct AuditEntry(pub audit_entry::Model);

impl From<audit_entry::Model> for AuditEntry {
    fn from(model: audit_entry::Model) -> Self {
        Self(model)
    }
}

pub async fn find(ctx: &Context<'_>, id: AuditEntryId) -> Result<Option<AuditEntry>> {
    Ok(ctx
        .answer(audit::find(ctx.app(), ctx.actor()?, id).await)?
        .map(AuditEntry))
}

/// A line of the audit log: who changed what, when, and on whose behalf.
#[Object]
impl AuditEntry {
    /// TypeID of the entry.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// When it was done.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// What was done, e.g. `refund.requested`.
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// The user whose action it counts as; null for an API key and for the system.
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

    /// The API key that acted; null if it was none.
    async fn api_key(&self, ctx: &Context<'_>) -> Result<Option<ApiKey>> {
        let found = api_keys::of_entry(ctx.app(), &self.0).await;
        Ok(ctx.answer(found)?.map(ApiKey))
    }

    /// TypeID of the object that was changed; null if it was none in particular.
    async fn subject_id(&self) -> Option<ID> {
        self.0.subject_id.clone().map(Into::into)
    }

    /// The object as it is now; null if it is gone, or if the caller may not see it.
    async fn subject(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        match &self.0.subject_id {
            Some(id) => node::load(ctx, id).await,
            None => Ok(None),
        }
    }

    /// The reason that was given; null if there was none.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// IP address of the client; null if it is unknown or the system acted by itself.
    async fn ip_address(&self) -> Option<&str> {
        self.0.ip_address.as_deref()
    }
}

/// How entries are counted.
pub struct AuditCount(AuditFilter);

impl AuditCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        audit::count(app, actor, &self.0).await
    }
}

connection! {
    /// A page of the audit log.
    AuditEntryConnection, AuditEntryEdge of AuditEntry from audit_entry::Model, counted by AuditCount
}

/// The audit log's part of the queries.
#[derive(Default)]
pub struct AuditQueries;

#[Object]
impl AuditQueries {
    /// The team's audit log, newest first. Takes the scope `audit.read`.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only what was done to the object with this TypeID.")] subject_id: Option<ID>,
        #[graphql(desc = "Only what the user with this TypeID did.")] actor_id: Option<ID>,
    ) -> Result<AuditEntryConnection> {
        let actor = ctx.actor()?;
        let subject = subject_id.map(|id| public_id("subjectId", &id)).transpose();
        let by = actor_id.map(|id| input_id("actorId", &id)).transpose();
        let filter = AuditFilter {
            subject: ctx.answer(subject.map_err(Into::into))?,
            actor: ctx.answer(by.map_err(Into::into))?,
        };
        let args = page_args(first, after, last, before);
        let page = ctx.answer(audit::list(ctx.app(), actor, &filter, &args).await)?;
        Ok(AuditEntryConnection::new(page, AuditCount(filter)))
    }
}
