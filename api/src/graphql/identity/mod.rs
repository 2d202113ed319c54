//! Who is calling: signing in and out, passwords, API keys.

mod loaders;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    Refusal, UserErrorCode,
    actor::Actor,
    identity::{
        SignIn,
        api_keys::{self, ParentOf, StandingOf},
        passwords, sessions,
    },
    impersonation,
};
use entities::api_key;

use super::{
    context::{Ctx, Refused, input_id},
    errors::UserError,
    scalars::{DateTime, Written},
    teams::{self, Team},
    users::{self, User},
};

/// The person or integration behind the request.
pub struct Viewer(pub Actor);

/// The person or integration behind the request.
#[Object]
impl Viewer {
    /// The user who is calling; null for an API key.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.user() {
            Some(id) => own_user(ctx, &self.0, id).await,
            None => Ok(None),
        }
    }

    /// The team of the caller.
    async fn team(&self, ctx: &Context<'_>) -> Result<Team> {
        teams::of(ctx, &self.0).await
    }

    /// Scopes of the caller; what belongs to the caller takes none.
    async fn scopes(&self) -> Vec<&'static str> {
        self.0.scopes.names()
    }

    /// The administrator who is seeing the platform as `user`, while one is: show the banner.
    async fn impersonator(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let found = impersonation::administrator(ctx.app(), &self.0).await;
        Ok(ctx.answer(found)?.map(User::from))
    }
}

/// The viewer's own user: also in the answer to a sign-in, which came without a token, and where another
/// viewer begins or comes back.
async fn own_user(ctx: &Context<'_>, actor: &Actor, id: entities::UserId) -> Result<Option<User>> {
    if ctx
        .caller()
        .actor
        .as_ref()
        .is_some_and(|caller| caller.user() == Some(id))
    {
        return users::load(ctx, id).await;
    }
    let found = domain::users::find(ctx.app(), actor, id, domain::users::UserParts::ALL).await;
    Ok(ctx.answer(found)?.map(User::from))
}

/// A credential of an integration.
#[derive(Clone, Debug)]
pub struct ApiKey(pub api_key::Model);

/// A credential of an integration.
#[Object]
impl ApiKey {
    /// TypeID of the key.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Name that tells what the key is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Scopes of the key, such as `refunds.read`.
    async fn scopes(&self) -> Vec<String> {
        serde_json::from_value(self.0.scopes.clone()).unwrap_or_default()
    }

    /// When the key was created.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When the key was last used, to the minute; null if it never was.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// When the key expires; null if it does not.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }

    /// When the key was revoked, by itself or with its parent; null while it is not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(Into::into)
    }

    /// Whether the key counts now: neither revoked nor expired, and the person for whom it stands could make it.
    async fn active(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(ctx.load(StandingOf::from(&self.0)).await?.is_some())
    }

    /// The person for whom the key stands: who has made it, or has made the key that has made it. Takes the scope `users.read`.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        users::load(ctx, self.0.created_by).await
    }

    /// The key that has made this one; null if a person has.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Self>> {
        match ParentOf::new(&self.0) {
            Some(key) => Ok(ctx.load(key).await?.map(Self)),
            None => Ok(None),
        }
    }
}

/// The viewer's part of the queries.
#[derive(Default)]
pub struct IdentityQueries;

#[Object]
impl IdentityQueries {
    /// The caller; null without a token.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        ctx.caller().actor.clone().map(Viewer)
    }

    /// The team's API keys, newest first. Takes the scope `api_keys.write`.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only those that stand for the user with this TypeID: they end when the user is suspended."
        )]
        created_by: Option<ID>,
    ) -> Result<Vec<ApiKey>> {
        let created_by = created_by.map(|id| input_id("createdBy", &id)).transpose();
        let created_by = ctx.answer(created_by.map_err(Into::into))?;
        let keys = api_keys::list(ctx.app(), ctx.actor()?, created_by).await;
        Ok(ctx.answer(keys)?.into_iter().map(ApiKey).collect())
    }
}

/// Credentials of a member of staff.
#[derive(InputObject)]
pub struct SignInInput {
    /// E-mail address of the account.
    email: String,
    /// Password of the account.
    #[graphql(secret)]
    password: String,
    /// TypeID of the team to sign in to; needed only by who has the same address and password in several.
    team: Option<ID>,
}

/// A team that one may sign in to.
#[derive(SimpleObject)]
pub struct SignInTeam {
    /// TypeID of the team.
    id: ID,
    /// Name of the team.
    name: String,
}

impl From<sessions::TeamChoice> for SignInTeam {
    fn from(team: sessions::TeamChoice) -> Self {
        Self {
            id: team.id.to_string().into(),
            name: team.name,
        }
    }
}

/// A new session, or the reasons why there is none.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// Token of the session, to be sent as `Authorization: Bearer …`. Shown once.
    access_token: Option<String>,
    /// When the session ends by itself.
    expires_at: Option<DateTime>,
    /// The person who has signed in.
    viewer: Option<Viewer>,
    /// With `TEAM_REQUIRED`, the teams of which one has to be named; else empty.
    teams: Vec<SignInTeam>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// Whether the session was ended.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The API key to create.
#[derive(InputObject)]
pub struct ApiKeyCreateInput {
    /// Name that tells what the key is for.
    name: String,
    /// Scopes of the key: some of those that its creator has.
    scopes: Vec<String>,
    /// When the key expires; never if left out. One that is made by another expires with it at the latest.
    expires_at: Option<Written>,
}

/// The new API key with its secret, or the reasons why there is none.
#[derive(SimpleObject)]
pub struct ApiKeyCreatePayload {
    /// The new key; null if it was refused.
    api_key: Option<ApiKey>,
    /// The key's secret, to be sent as `Authorization: Bearer …`. Shown once.
    secret: Option<String>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The API key to revoke.
#[derive(InputObject)]
pub struct ApiKeyRevokeInput {
    /// TypeID of the key.
    api_key_id: ID,
}

/// The revoked API key, or the reasons why it was not revoked.
#[derive(SimpleObject)]
pub struct ApiKeyRevokePayload {
    /// The key as it is now; null if it was refused.
    api_key: Option<ApiKey>,
    /// The keys that it had made, directly or through others, and that ended with it.
    revoked_with_it: Vec<ApiKey>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The new password of a member of staff.
#[derive(InputObject)]
pub struct PasswordSetInput {
    /// TypeID of the member of staff; one's own if left out. Only an administrator sets another's.
    user_id: Option<ID>,
    /// The current password; required for one's own.
    #[graphql(secret)]
    current_password: Option<String>,
    /// The new password, at least ten characters.
    #[graphql(secret)]
    new_password: String,
}

/// Whether the password was set.
#[derive(SimpleObject)]
pub struct PasswordSetPayload {
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The identity part of the mutations.
#[derive(Default)]
pub struct IdentityMutations;

#[Object]
impl IdentityMutations {
    /// Signs a member of staff in with e-mail and password.
    #[graphql(complexity = "50 + child_complexity")]
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "E-mail and password, and the team if there are several.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let caller = ctx.caller();
        let password = input.password.into();
        let outcome = match input.team.map(|id| input_id("team", &id)).transpose() {
            Ok(team) => {
                sessions::sign_in(ctx.app(), &input.email, &password, team, caller.origin.clone()).await
            }
            Err(refusal) => Err(refusal.into()),
        };
        let (signed_in, user_errors) = ctx.payload(outcome)?;
        let nobody = SignInPayload {
            access_token: None,
            expires_at: None,
            viewer: None,
            teams: Vec::new(),
            user_errors,
        };
        Ok(match signed_in {
            Some(SignIn::Opened(session)) => SignInPayload {
                access_token: Some(session.token),
                expires_at: Some(session.expires_at.into()),
                viewer: Some(Viewer(session.actor)),
                ..nobody
            },
            Some(SignIn::Which(teams)) => SignInPayload {
                teams: teams.into_iter().map(Into::into).collect(),
                user_errors: ctx.user_errors(vec![Refusal::new(UserErrorCode::TeamRequired).on("team")]),
                ..nobody
            },
            None => nobody,
        })
    }

    /// Ends the session of the request.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        let (_, user_errors) = ctx.payload(sessions::sign_out(ctx.app(), ctx.actor()?).await)?;
        if let Some(token) = &ctx.caller().token {
            ctx.caller().keyring.forget(token).await;
        }
        Ok(SignOutPayload { user_errors })
    }

    /// Creates an API key for an integration. Takes the scope `api_keys.write`.
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to create.")] input: ApiKeyCreateInput,
    ) -> Result<ApiKeyCreatePayload> {
        let expires_at = Written::end(input.expires_at.as_ref(), "expiresAt");
        let outcome = api_keys::create(ctx.app(), ctx.actor()?, &input.name, &input.scopes, expires_at).await;
        let (created, user_errors) = ctx.payload(outcome)?;
        let (api_key, secret) = created.map(|made| (ApiKey(made.key), made.secret)).unzip();
        Ok(ApiKeyCreatePayload {
            api_key,
            secret,
            user_errors,
        })
    }

    /// Revokes an API key and the keys that it has made, which acts everywhere within a second. Takes the scope `api_keys.write`.
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to revoke.")] input: ApiKeyRevokeInput,
    ) -> Result<ApiKeyRevokePayload> {
        let actor = ctx.actor()?;
        let outcome = match input_id("apiKeyId", &input.api_key_id) {
            Ok(id) => api_keys::revoke(ctx.app(), actor, id).await,
            Err(refusal) => Err(refusal.into()),
        };
        let (revoked, user_errors) = ctx.payload(outcome)?;
        ctx.caller().keyring.forget_all();
        let (key, with_it) = revoked.map(|revoked| (revoked.key, revoked.with_it)).unzip();
        Ok(ApiKeyRevokePayload {
            api_key: key.map(ApiKey),
            revoked_with_it: with_it.unwrap_or_default().into_iter().map(ApiKey).collect(),
            user_errors,
        })
    }

    /// Sets the password of a member of staff, and signs every other session of that person out.
    #[graphql(complexity = "50 + child_complexity")]
    async fn password_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new password.")] input: PasswordSetInput,
    ) -> Result<PasswordSetPayload> {
        let actor = ctx.actor()?;
        let of = input.user_id.map(|id| input_id("userId", &id)).transpose();
        let outcome = match of {
            Ok(of) => {
                let current = input.current_password.map(Into::into);
                passwords::set(ctx.app(), actor, of, current, input.new_password.into()).await
            }
            Err(refusal) => Err(refusal.into()),
        };
        let (_, user_errors) = ctx.payload(outcome)?;
        ctx.caller().keyring.forget_all();
        Ok(PasswordSetPayload { user_errors })
    }
}
