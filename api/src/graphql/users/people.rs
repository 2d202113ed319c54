//! Making and changing people, their subscriptions and their ecosystems.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::users::people::{self, Signup, UserChange};
use entities::api_key;

use crate::graphql::{
    context::{Ctx, input_id},
    errors::UserError,
    identity::ApiKey,
    users::{
        self, User,
        enums::{CustomerTier, Feature, Locale, UserRole},
    },
};

/// The user to create.
#[derive(InputObject)]
pub struct UserCreateInput {
    /// Given name.
    first_name: String,
    /// Family name.
    last_name: String,
    /// E-mail address, unique in the team.
    company_email: String,
    /// Phone number with at least five digits.
    phone: Option<String>,
    /// Name of the company that the user works for.
    company_name: Option<String>,
    /// Language in which the user is addressed; the team's if left out.
    locale: Option<Locale>,
    /// Service level of the customer; STANDARD if left out.
    tier: Option<CustomerTier>,
    /// Role in the team; MEMBER if left out. Staff, with the role ADMIN or AGENT, are created by administrators.
    role: Option<UserRole>,
    /// Special abilities, which only administrators give.
    features: Option<Vec<Feature>>,
}

/// The user to change; what is left out stays as it is.
#[derive(InputObject)]
pub struct UserUpdateInput {
    /// TypeID of the user.
    user_id: ID,
    /// Given name.
    first_name: Option<String>,
    /// Family name.
    last_name: Option<String>,
    /// E-mail address, unique in the team.
    company_email: Option<String>,
    /// Phone number with at least five digits; an empty text removes it.
    phone: Option<String>,
    /// Name of the company that the user works for; an empty text removes it.
    company_name: Option<String>,
    /// Language in which the user is addressed.
    locale: Option<Locale>,
    /// Service level of the customer.
    tier: Option<CustomerTier>,
    /// False suspends the user and ends the user's sessions; true activates the user again.
    active: Option<bool>,
    /// Role in the team, which only administrators change.
    role: Option<UserRole>,
    /// Special abilities, which only administrators change.
    features: Option<Vec<Feature>>,
}

/// The user, or the reasons why nothing was changed.
#[derive(SimpleObject)]
pub struct UserPayload {
    /// The user as it is now; null if the mutation was refused.
    user: Option<User>,
    /// API keys that stand for the user and ended with the change, or count again: `active` says which. A key ends when the user is suspended or no administrator any more.
    affected_api_keys: Vec<ApiKey>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The people's part of the mutations.
#[derive(Default)]
pub struct PeopleMutations;

#[Object]
impl PeopleMutations {
    /// Creates a user. Takes the scope `users.write`.
    async fn user_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user to create.")] input: UserCreateInput,
    ) -> Result<UserPayload> {
        let signup = Signup {
            first_name: input.first_name,
            last_name: input.last_name,
            company_email: input.company_email,
            phone: input.phone,
            company_name: input.company_name,
            locale: input.locale.map(Into::into),
            tier: input.tier.map(Into::into),
            role: input.role.map(Into::into),
            features: input
                .features
                .map(|features| features.into_iter().map(Into::into).collect()),
        };
        let outcome = people::create(ctx.app(), ctx.actor()?, signup).await;
        let (id, user_errors) = ctx.payload(outcome)?;
        person(ctx, id, Vec::new(), user_errors).await
    }

    /// Changes a user's data. Takes the scope `users.write`, which nobody needs for their own name, phone, company and language.
    async fn user_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and what to change.")] input: UserUpdateInput,
    ) -> Result<UserPayload> {
        let id = input_id("userId", &input.user_id);
        // Also keys that count again.
        let changes_who_may_come_in =
            input.active.is_some() || input.role.is_some() || input.features.is_some();
        let change = UserChange {
            first_name: input.first_name,
            last_name: input.last_name,
            company_email: input.company_email,
            phone: input.phone,
            company_name: input.company_name,
            locale: input.locale.map(Into::into),
            tier: input.tier.map(Into::into),
            active: input.active,
            role: input.role.map(Into::into),
            features: input
                .features
                .map(|features| features.into_iter().map(Into::into).collect()),
        };
        let outcome = people::update(ctx.app(), ctx.actor()?, id, change).await;
        if changes_who_may_come_in {
            ctx.caller().keyring.forget_all();
        }
        let (changed, user_errors) = ctx.payload(outcome)?;
        let (id, api_keys) = changed.map(|it| (it.user, it.api_keys)).unzip();
        person(ctx, id, api_keys.unwrap_or_default(), user_errors).await
    }
}

async fn person(
    ctx: &Context<'_>,
    id: Option<entities::UserId>,
    api_keys: Vec<api_key::Model>,
    user_errors: Vec<UserError>,
) -> Result<UserPayload> {
    let user = match id {
        Some(id) => users::load(ctx, id).await?,
        None => None,
    };
    Ok(UserPayload {
        user,
        affected_api_keys: api_keys.into_iter().map(ApiKey).collect(),
        user_errors,
    })
}
