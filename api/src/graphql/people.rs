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

/// A person to be made.
#[derive(InputObject)]
pub struct UserCreateInput {
    /// Given name.
    first_name: String,
    /// Family name.
    last_name: String,
    /// Unique in the team.
    company_email: String,
    /// With at least five digits.
    phone: Option<String>,
    /// Whom they work for.
    company_name: Option<String>,
    /// The team's if left out.
    locale: Option<Locale>,
    /// STANDARD if left out.
    tier: Option<CustomerTier>,
    /// Staff, with `role` ADMIN or AGENT, are made by administrators.
    role: Option<UserRole>,
    /// Given by administrators.
    features: Option<Vec<Feature>>,
}

/// What is to be changed; what is left out stays.
#[derive(InputObject)]
pub struct UserUpdateInput {
    /// Who.
    user_id: ID,
    /// Given name.
    first_name: Option<String>,
    /// Family name.
    last_name: Option<String>,
    /// Unique in the team.
    company_email: Option<String>,
    /// An empty text takes it away.
    phone: Option<String>,
    /// An empty text takes it away.
    company_name: Option<String>,
    /// The language that they are addressed in.
    locale: Option<Locale>,
    /// How much they matter to the business.
    tier: Option<CustomerTier>,
    /// False suspends them and ends their sessions.
    active: Option<bool>,
    /// Changed by administrators.
    role: Option<UserRole>,
    /// Changed by administrators.
    features: Option<Vec<Feature>>,
}

/// The person, or why not.
#[derive(SimpleObject)]
pub struct UserPayload {
    /// As they are now.
    user: Option<User>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// A subscription as the store reports it.
#[derive(InputObject)]
pub struct PlanSubscriptionRecordInput {
    /// The store's own id: the same one is the same subscription.
    external_id: String,
    /// Whose.
    user_id: ID,
    /// To which plan.
    product_id: ID,
    /// How often it is paid.
    interval: BillingInterval,
    /// Where it stands.
    status: PlanSubscriptionStatus,
    /// When it started.
    starts_at: DateTime,
    /// When it ends.
    ends_at: Option<DateTime>,
    /// How many encounters it has seen.
    #[graphql(default = 0)]
    encounters: i32,
    /// All licences.
    #[graphql(default = 0)]
    licenses_total: i32,
    /// In somebody's hands.
    #[graphql(default = 0)]
    licenses_assigned: i32,
    /// Taken out of use.
    #[graphql(default = 0)]
    licenses_suspended: i32,
}

/// The subscription, or why not.
#[derive(SimpleObject)]
pub struct PlanSubscriptionPayload {
    /// As it is now.
    plan_subscription: Option<PlanSubscription>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// An ecosystem as the store reports it.
#[derive(InputObject)]
pub struct EcosystemRecordInput {
    /// The store's own id: the same one is the same ecosystem.
    external_id: String,
    /// The customer who has deployed it: nobody has two. It takes them out of another's, but not while that is suspended.
    owner_id: ID,
    /// What it is called.
    name: String,
    /// Everybody in it; left out, they stay as they are. Whoever has another ecosystem, or is in one that is suspended, cannot be named.
    member_ids: Option<Vec<ID>>,
}

/// An ecosystem to be closed.
#[derive(InputObject)]
pub struct EcosystemSuspendInput {
    /// Which.
    ecosystem_id: ID,
    /// Why; audited.
    reason: String,
}

/// An ecosystem to be opened again.
#[derive(InputObject)]
pub struct EcosystemActivateInput {
    /// Which.
    ecosystem_id: ID,
}

/// The ecosystem, or why not.
#[derive(SimpleObject)]
pub struct EcosystemPayload {
    /// As it is now.
    ecosystem: Option<Ecosystem>,
    /// Empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The people's part of the mutations.
#[derive(Default)]
pub struct PeopleMutations;

#[Object]
impl PeopleMutations {
    /// Makes a person.
    async fn user_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person.")] input: UserCreateInput,
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

    /// Changes what is known of a person.
    async fn user_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who, and what.")] input: UserUpdateInput,
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

    /// What the store tells us of a subscription. The first one makes a lead a customer. Can be sent again: the same `externalId` is the same object.
    async fn plan_subscription_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The subscription.")] input: PlanSubscriptionRecordInput,
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

    /// What the store tells us of an ecosystem. Can be sent again: the same `externalId` is the same object.
    async fn ecosystem_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ecosystem.")] input: EcosystemRecordInput,
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

    /// Closes an ecosystem to everybody in it, at once. Nobody closes the one that they are in.
    async fn ecosystem_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: EcosystemSuspendInput,
    ) -> Result<EcosystemPayload> {
        let id = input_id("ecosystemId", &input.ecosystem_id);
        let outcome = ecosystems::suspend(ctx.app(), ctx.actor()?, id, &input.reason).await;
        ctx.caller().keyring.forget_all();
        Ok(ecosystem(ctx.payload(outcome)?))
    }

    /// Opens an ecosystem again.
    async fn ecosystem_activate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: EcosystemActivateInput,
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
