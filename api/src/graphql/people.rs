//! Making and changing people, their subscriptions and their ecosystems.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::users::{
    EcosystemView,
    ecosystems::{self, EcosystemReport},
    people::{self, Signup, UserChange},
    plans::{self, PlanReport},
};

use super::{
    context::{Ctx, input_id},
    enums::{BillingInterval, CustomerTier, Feature, Locale, PlanSubscriptionStatus, UserRole},
    errors::UserError,
    scalars::DateTime,
    users::{self, Ecosystem, PlanSubscription, User},
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

/// A plan subscription as the store reports it.
#[derive(InputObject)]
pub struct PlanSubscriptionRecordInput {
    /// The store's own id: the same one is the same subscription.
    external_id: String,
    /// TypeID of the subscriber.
    user_id: ID,
    /// TypeID of the plan.
    product_id: ID,
    /// How often the plan is billed.
    interval: BillingInterval,
    /// Status of the subscription.
    status: PlanSubscriptionStatus,
    /// When the subscription started.
    starts_at: DateTime,
    /// When the subscription ends; left out if it has no end.
    ends_at: Option<DateTime>,
    /// Number of encounters.
    #[graphql(default = 0)]
    encounters: i32,
    /// Number of all licences.
    #[graphql(default = 0)]
    licenses_total: i32,
    /// Number of licences assigned to somebody.
    #[graphql(default = 0)]
    licenses_assigned: i32,
    /// Number of licences taken out of use.
    #[graphql(default = 0)]
    licenses_suspended: i32,
}

/// The subscription, or the reasons why it was not recorded.
#[derive(SimpleObject)]
pub struct PlanSubscriptionPayload {
    /// The subscription as it is now; null if it was refused.
    plan_subscription: Option<PlanSubscription>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// An ecosystem as the store reports it.
#[derive(InputObject)]
pub struct EcosystemRecordInput {
    /// The store's own id: the same one is the same ecosystem.
    external_id: String,
    /// TypeID of the customer who has deployed it.
    owner_id: ID,
    /// Name of the ecosystem.
    name: String,
    /// TypeIDs of all users in the ecosystem, at most 10,000; if left out, the members stay as they are. Owners of another ecosystem are refused.
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

    /// Records a plan subscription as the store reports it, by its `externalId`; the first one makes a lead a customer. Takes the scope `users.write`.
    async fn plan_subscription_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription to record.")] input: PlanSubscriptionRecordInput,
    ) -> Result<PlanSubscriptionPayload> {
        let report = PlanReport {
            external_id: input.external_id,
            user: input_id("userId", &input.user_id),
            product: input_id("productId", &input.product_id),
            interval: input.interval.into(),
            status: input.status.into(),
            starts_at: input.starts_at.0,
            ends_at: input.ends_at.map(|at| at.0),
            encounters: input.encounters.into(),
            licenses_total: input.licenses_total.into(),
            licenses_assigned: input.licenses_assigned.into(),
            licenses_suspended: input.licenses_suspended.into(),
        };
        let (plan, user_errors) = ctx.payload(plans::record(ctx.app(), ctx.actor()?, report).await)?;
        let plan_subscription = plan.map(|plan| PlanSubscription {
            plan,
            ecosystem: None,
        });
        Ok(PlanSubscriptionPayload {
            plan_subscription,
            user_errors,
        })
    }

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
        Ok(ecosystem(ctx.payload(
            ecosystems::record(ctx.app(), ctx.actor()?, report).await,
        )?))
    }

    /// Suspends an ecosystem, which takes access from everybody in it at once. Takes the scope `users.write`.
    async fn ecosystem_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ecosystem to suspend, and the reason.")] input: EcosystemSuspendInput,
    ) -> Result<EcosystemPayload> {
        let id = input_id("ecosystemId", &input.ecosystem_id);
        let outcome = ecosystems::suspend(ctx.app(), ctx.actor()?, id, &input.reason).await;
        ctx.caller().keyring.forget_all();
        Ok(ecosystem(ctx.payload(outcome)?))
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
        Ok(ecosystem(ctx.payload(outcome)?))
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

fn ecosystem((view, user_errors): (Option<EcosystemView>, Vec<UserError>)) -> EcosystemPayload {
    EcosystemPayload {
        ecosystem: view.map(Ecosystem),
        user_errors,
    }
}
