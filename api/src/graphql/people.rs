//! Making and changing people, their subscriptions and their ecosystems.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::users::people::{self, Signup, UserChange};

use super::{
    context::{Ctx, input_id},
    enums::{CustomerTier, Feature, Locale, UserRole},
    errors::UserError,
    users::{self, User},
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
        person(ctx, ctx.payload(outcome)?).await
    }

    /// Changes a user's data. Takes the scope `users.write`, which nobody needs for their own name, phone, company and language.
    async fn user_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and what to change.")] input: UserUpdateInput,
    ) -> Result<UserPayload> {
        let id = input_id("userId", &input.user_id);
        let may_end_sessions =
            input.active == Some(false) || input.role.is_some() || input.features.is_some();
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
        if may_end_sessions {
            ctx.caller().keyring.forget_all();
        }
        person(ctx, ctx.payload(outcome)?).await
    }
}

async fn person(
    ctx: &Context<'_>,
    (id, user_errors): (Option<entities::UserId>, Vec<UserError>),
) -> Result<UserPayload> {
    let user = match id {
        Some(id) => users::load(ctx, id).await?,
        None => None,
    };
    Ok(UserPayload { user, user_errors })
}
