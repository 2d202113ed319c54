//! Seeing the platform as somebody else does.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, dataloader::Loader};
use domain::{
    App, Outcome,
    actor::Actor,
    impersonation::{self, Impersonation as Row},
};
use entities::Feature;

use super::{
    connection::{connection, page_args, weight},
    context::{Ctx, input_id},
    errors::UserError,
    identity::Viewer,
    loaders::{Loaders, Shared, shared},
    scalars::DateTime,
    users::{self, User},
};

/// A session in which an administrator sees the platform as another user.
#[derive(Clone, Debug)]
pub struct Impersonation(Row);

impl From<Row> for Impersonation {
    fn from(row: Row) -> Self {
        Self(row)
    }
}

/// A session in which an administrator sees the platform as another user.
#[Object]
impl Impersonation {
    /// TypeID of the session.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The administrator who impersonates the user.
    async fn administrator(&self, ctx: &Context<'_>) -> Result<User> {
        users::visible(ctx, self.0.administrator).await
    }

    /// The user who is impersonated.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        users::visible(ctx, self.0.user).await
    }

    /// The reason that the administrator gave.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// When the session began.
    async fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// When the session ends by itself.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }
}

/// What the caller is specially able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnFeatures;

impl Loader<OwnFeatures> for Loaders {
    type Value = Vec<Feature>;
    type Error = Shared;

    async fn load(
        &self,
        _: &[OwnFeatures],
    ) -> std::result::Result<HashMap<OwnFeatures, Vec<Feature>>, Shared> {
        let features = shared(impersonation::features(&self.app, &self.actor).await)?;
        Ok(HashMap::from([(OwnFeatures, features)]))
    }
}

/// How impersonations are counted.
pub struct ImpersonationCount;

impl ImpersonationCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        impersonation::count(app, actor).await
    }
}

connection! {
    /// A page of impersonations under way.
    ImpersonationConnection, ImpersonationEdge of Impersonation from Row, counted by ImpersonationCount
}

/// The impersonations' part of the queries.
#[derive(Default)]
pub struct ImpersonationQueries;

#[Object]
impl ImpersonationQueries {
    /// Impersonations under way, newest first. For administrators.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn impersonations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<ImpersonationConnection> {
        let args = page_args(first, after, last, before);
        let page = impersonation::list(ctx.app(), ctx.actor()?, &args).await;
        Ok(ImpersonationConnection::new(
            ctx.answer(page)?,
            ImpersonationCount,
        ))
    }
}

/// The user to impersonate.
#[derive(InputObject)]
pub struct ImpersonationStartInput {
    /// TypeID of the user to impersonate.
    user_id: ID,
    /// Reason for the impersonation, recorded in the audit log.
    reason: String,
}

/// A session in which everything answers as it would for the user, or the reasons why there is none.
#[derive(SimpleObject)]
pub struct ImpersonationStartPayload {
    /// Token of the session, to be sent as `Authorization: Bearer …`. Shown once.
    access_token: Option<String>,
    /// When the session ends by itself: 60 minutes after its start.
    expires_at: Option<DateTime>,
    /// The impersonated user, with the administrator as `impersonator`.
    viewer: Option<Viewer>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// Whether the impersonation was ended.
#[derive(SimpleObject)]
pub struct ImpersonationStopPayload {
    /// The administrator, whose own token stays valid during an impersonation.
    viewer: Option<Viewer>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The impersonation to end.
#[derive(InputObject)]
pub struct ImpersonationEndInput {
    /// TypeID of the session, as `impersonations` lists it.
    impersonation_id: ID,
}

/// Whether the impersonation was ended.
#[derive(SimpleObject)]
pub struct ImpersonationEndPayload {
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The impersonations' part of the mutations.
#[derive(Default)]
pub struct ImpersonationMutations;

#[Object]
impl ImpersonationMutations {
    /// Starts a session in which an administrator sees the platform as another user. Takes the role ADMIN with the feature IMPERSONATION.
    async fn impersonation_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user to impersonate, and the reason.")] input: ImpersonationStartInput,
    ) -> Result<ImpersonationStartPayload> {
        let target = input_id("userId", &input.user_id);
        let agent = ctx.caller().origin.user_agent.clone();
        let outcome = impersonation::start(ctx.app(), ctx.actor()?, target, &input.reason, agent).await;
        let (signed_in, user_errors) = ctx.payload(outcome)?;
        Ok(match signed_in {
            Some(signed_in) => ImpersonationStartPayload {
                access_token: Some(signed_in.token),
                expires_at: Some(signed_in.expires_at.into()),
                viewer: Some(Viewer(signed_in.actor)),
                user_errors,
            },
            None => ImpersonationStartPayload {
                access_token: None,
                expires_at: None,
                viewer: None,
                user_errors,
            },
        })
    }

    /// Ends the impersonation at once, on every device.
    async fn impersonation_stop(&self, ctx: &Context<'_>) -> Result<ImpersonationStopPayload> {
        let actor = ctx.actor()?;
        let (administrator, user_errors) = ctx.payload(impersonation::stop(ctx.app(), actor).await)?;
        ctx.caller().keyring.forget_all();
        Ok(ImpersonationStopPayload {
            viewer: administrator.map(Viewer),
            user_errors,
        })
    }

    /// Ends the impersonation of any administrator. For administrators.
    async fn impersonation_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The impersonation to end.")] input: ImpersonationEndInput,
    ) -> Result<ImpersonationEndPayload> {
        let outcome = match input_id("impersonationId", &input.impersonation_id) {
            Ok(id) => impersonation::end(ctx.app(), ctx.actor()?, id).await,
            Err(refusal) => Err(refusal.into()),
        };
        let (_, user_errors) = ctx.payload(outcome)?;
        ctx.caller().keyring.forget_all();
        Ok(ImpersonationEndPayload { user_errors })
    }
}
