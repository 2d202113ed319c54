//! Seeing the platform as somebody else does.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    App, Outcome,
    actor::{Actor, Principal, Scopes},
    impersonation::{self, Impersonation as Row},
};

use super::{
    connection::{connection, page_args, weight},
    context::{Ctx, input_id},
    errors::UserError,
    identity::Viewer,
    purchases::not_visible,
    scalars::DateTime,
    users::{self, User},
};

/// An administrator who is seeing the platform as somebody else.
#[derive(Clone, Debug)]
pub struct Impersonation(Row);

impl From<Row> for Impersonation {
    fn from(row: Row) -> Self {
        Self(row)
    }
}

/// An administrator who is seeing the platform as somebody else.
#[Object]
impl Impersonation {
    /// TypeID of the session.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Who looks.
    async fn administrator(&self, ctx: &Context<'_>) -> Result<User> {
        user(ctx, self.0.administrator).await
    }

    /// As whom.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        user(ctx, self.0.user).await
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Since when.
    async fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }
}

async fn user(ctx: &Context<'_>, id: entities::UserId) -> Result<User> {
    users::load(ctx, id)
        .await?
        .ok_or_else(|| not_visible(ctx, domain::actor::Scope::UsersRead))
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
    /// Who sees the platform as whom at the moment, newest first. For administrators.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn impersonations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100, from the start.")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "At most 100, from the end.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<ImpersonationConnection> {
        let args = page_args(first, after, last, before);
        let page = impersonation::list(ctx.app(), ctx.actor()?, &args).await;
        Ok(ImpersonationConnection::new(
            ctx.answer(page)?,
            ImpersonationCount,
        ))
    }
}

/// As whom the platform is to be seen.
#[derive(InputObject)]
pub struct ImpersonationStartInput {
    /// As whom.
    user_id: ID,
    /// Why; audited.
    reason: String,
}

/// A session in which everything answers as it would for the other user, or why not.
#[derive(SimpleObject)]
pub struct ImpersonationStartPayload {
    /// Send it as `Authorization: Bearer …`. Shown once.
    access_token: Option<String>,
    /// It ends by itself after 60 minutes.
    expires_at: Option<DateTime>,
    /// The user, with the administrator as `impersonator`.
    viewer: Option<Viewer>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// Whether it was ended.
#[derive(SimpleObject)]
pub struct ImpersonationStopPayload {
    /// The administrator again; their own token has been good all the time.
    viewer: Option<Viewer>,
    /// Empty if it was ended.
    user_errors: Vec<UserError>,
}

/// An impersonation to be ended.
#[derive(InputObject)]
pub struct ImpersonationEndInput {
    /// TypeID of the session.
    impersonation_id: ID,
}

/// Whether it was ended.
#[derive(SimpleObject)]
pub struct ImpersonationEndPayload {
    /// Empty if it was ended.
    user_errors: Vec<UserError>,
}

/// The impersonations' part of the mutations.
#[derive(Default)]
pub struct ImpersonationMutations;

#[Object]
impl ImpersonationMutations {
    /// Lets an administrator see the platform as somebody else does.
    async fn impersonation_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As whom, and why.")] input: ImpersonationStartInput,
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

    /// Ends it at once, on every device.
    async fn impersonation_stop(&self, ctx: &Context<'_>) -> Result<ImpersonationStopPayload> {
        let actor = ctx.actor()?;
        let (administrator, user_errors) = ctx.payload(impersonation::stop(ctx.app(), actor).await)?;
        ctx.caller().keyring.forget_all();
        let viewer = administrator.map(|id| {
            let principal = Principal::User {
                id,
                role: entities::UserRole::Admin,
            };
            Viewer(Actor {
                principal,
                impersonator: None,
                scopes: Scopes::all(),
                session: None,
                ..actor.clone()
            })
        });
        Ok(ImpersonationStopPayload { viewer, user_errors })
    }

    /// Ends somebody's impersonation. For administrators.
    async fn impersonation_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: ImpersonationEndInput,
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
