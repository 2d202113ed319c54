//! Who is calling: signing in and out, passwords, API keys.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    actor::Actor,
    identity::{api_keys, passwords, sessions},
};
use entities::api_key;

use super::{
    context::{Ctx, input_id},
    errors::UserError,
    scalars::DateTime,
    teams::{self, Team},
    users::{self, User},
};

/// The person or integration behind the request.
pub struct Viewer(pub Actor);

/// The person or integration behind the request.
#[Object]
impl Viewer {
    /// Null for an API key.
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.user() {
            Some(id) => own_user(ctx, &self.0, id).await,
            None => Ok(None),
        }
    }

    /// The business that they belong to.
    async fn team(&self, ctx: &Context<'_>) -> Result<Team> {
        teams::of(ctx, &self.0).await
    }

    /// What they may do, beside what is their own.
    async fn scopes(&self) -> Vec<&'static str> {
        self.0.scopes.iter().map(domain::actor::Scope::as_str).collect()
    }

    /// The administrator who is seeing the platform as `user`, while one is: show the banner.
    async fn impersonator(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.0.impersonator {
            Some(id) => {
                let parts = domain::users::UserParts::default();
                let found = domain::users::store::by_id(ctx.app(), self.0.team, id, parts).await;
                Ok(ctx.answer(found)?.map(User))
            }
            None => Ok(None),
        }
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
    Ok(ctx.answer(found)?.map(User))
}

/// A key with which an integration comes in.
#[derive(Clone, Debug)]
pub struct ApiKey(pub api_key::Model);

/// A key with which an integration comes in.
#[Object]
impl ApiKey {
    /// TypeID.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may do.
    async fn scopes(&self) -> Vec<String> {
        serde_json::from_value(self.0.scopes.clone()).unwrap_or_default()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last used, to the minute.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }

    /// When it was ended.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(Into::into)
    }
}

/// The viewer's part of the queries.
#[derive(Default)]
pub struct IdentityQueries;

#[Object]
impl IdentityQueries {
    /// Who is calling; null if nobody has signed in.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        ctx.caller().actor.clone().map(Viewer)
    }

    /// The team's API keys, newest first.
    async fn api_keys(&self, ctx: &Context<'_>) -> Result<Vec<ApiKey>> {
        let keys = api_keys::list(ctx.app(), ctx.actor()?).await;
        Ok(ctx.answer(keys)?.into_iter().map(ApiKey).collect())
    }
}

/// What staff sign in with.
#[derive(InputObject)]
pub struct SignInInput {
    /// The address of the account.
    email: String,
    /// Its password.
    #[graphql(secret)]
    password: String,
}

/// The proof of a sign-in, or why not.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// Send it as `Authorization: Bearer …`. Shown once.
    access_token: Option<String>,
    /// When it ends.
    expires_at: Option<DateTime>,
    /// Who has signed in.
    viewer: Option<Viewer>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// Whether the session was ended.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// Empty if it was.
    user_errors: Vec<UserError>,
}

/// A key to be made.
#[derive(InputObject)]
pub struct ApiKeyCreateInput {
    /// What it is for.
    name: String,
    /// What it may do; no more than its maker may.
    scopes: Vec<String>,
    /// When it ends by itself.
    expires_at: Option<DateTime>,
}

/// The new key, or why not.
#[derive(SimpleObject)]
pub struct ApiKeyCreatePayload {
    /// The key.
    api_key: Option<ApiKey>,
    /// Shown once.
    secret: Option<String>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// A key to be ended.
#[derive(InputObject)]
pub struct ApiKeyRevokeInput {
    /// TypeID of the key.
    api_key_id: ID,
}

/// The ended key, or why not.
#[derive(SimpleObject)]
pub struct ApiKeyRevokePayload {
    /// As it is now.
    api_key: Option<ApiKey>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// A password to be set.
#[derive(InputObject)]
pub struct PasswordSetInput {
    /// Of a staff member; only an administrator sets another's.
    user_id: Option<ID>,
    /// Needed for one's own.
    #[graphql(secret)]
    current_password: Option<String>,
    /// At least ten characters.
    #[graphql(secret)]
    new_password: String,
}

/// Whether the password was set.
#[derive(SimpleObject)]
pub struct PasswordSetPayload {
    /// Empty if it was.
    user_errors: Vec<UserError>,
}

/// The identity part of the mutations.
#[derive(Default)]
pub struct IdentityMutations;

#[Object]
impl IdentityMutations {
    /// Staff sign in with e-mail and password.
    #[graphql(complexity = "50 + child_complexity")]
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Address and password.")] input: SignInInput,
    ) -> Result<SignInPayload> {
        let caller = ctx.caller();
        let password = input.password.into();
        let outcome = sessions::sign_in(ctx.app(), &input.email, &password, caller.origin.clone()).await;
        let (signed_in, user_errors) = ctx.payload(outcome)?;
        Ok(match signed_in {
            Some(signed_in) => SignInPayload {
                access_token: Some(signed_in.token),
                expires_at: Some(signed_in.expires_at.into()),
                viewer: Some(Viewer(signed_in.actor)),
                user_errors,
            },
            None => SignInPayload {
                access_token: None,
                expires_at: None,
                viewer: None,
                user_errors,
            },
        })
    }

    /// Ends the session that asks.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        let (_, user_errors) = ctx.payload(sessions::sign_out(ctx.app(), ctx.actor()?).await)?;
        if let Some(token) = &ctx.caller().token {
            ctx.caller().keyring.forget(token).await;
        }
        Ok(SignOutPayload { user_errors })
    }

    /// Makes a key for an integration.
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: ApiKeyCreateInput,
    ) -> Result<ApiKeyCreatePayload> {
        let expires_at = input.expires_at.map(|at| at.0);
        let outcome = api_keys::create(ctx.app(), ctx.actor()?, &input.name, &input.scopes, expires_at).await;
        let (created, user_errors) = ctx.payload(outcome)?;
        let (api_key, secret) = created.map(|made| (ApiKey(made.key), made.secret)).unzip();
        Ok(ApiKeyCreatePayload {
            api_key,
            secret,
            user_errors,
        })
    }

    /// Ends a key, everywhere within a second.
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: ApiKeyRevokeInput,
    ) -> Result<ApiKeyRevokePayload> {
        let actor = ctx.actor()?;
        let outcome = match input_id("apiKeyId", &input.api_key_id) {
            Ok(id) => api_keys::revoke(ctx.app(), actor, id).await,
            Err(refusal) => Err(refusal.into()),
        };
        let (key, user_errors) = ctx.payload(outcome)?;
        ctx.caller().keyring.forget_all();
        Ok(ApiKeyRevokePayload {
            api_key: key.map(ApiKey),
            user_errors,
        })
    }

    /// Sets a password, and signs every other session of that person out.
    #[graphql(complexity = "50 + child_complexity")]
    async fn password_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose, and which.")] input: PasswordSetInput,
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
