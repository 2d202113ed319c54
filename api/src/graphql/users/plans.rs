//! Subscriptions to plans, as the store reports them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    Loaded,
    users::{
        EcosystemView, PlanView,
        plans::{self, PlanReport},
    },
};

use crate::graphql::{
    context::{Ctx, input_id},
    errors::UserError,
    products::{self, Product},
    scalars::{DateTime, Whole, Written, int},
    users::{
        ecosystems::Ecosystem,
        enums::{BillingInterval, PlanSubscriptionStatus},
    },
};

/// A customer's subscription to a plan.
#[derive(Clone, Debug)]
pub struct PlanSubscription {
    pub plan: PlanView,
    pub ecosystem: Loaded<EcosystemView>,
}

/// A customer's subscription to a plan.
#[Object]
impl PlanSubscription {
    /// TypeID of the subscription.
    pub async fn id(&self) -> ID {
        self.plan.id.to_string().into()
    }

    /// The plan.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        match self.plan.product_view.found() {
            Some(known) => Ok(known.clone().into()),
            None => products::load(ctx, self.plan.product).await,
        }
    }

    /// How often the plan is billed.
    async fn interval(&self) -> BillingInterval {
        self.plan.interval.into()
    }

    /// Status of the subscription, as the store reports it.
    async fn status(&self) -> PlanSubscriptionStatus {
        self.plan.status.into()
    }

    /// When the subscription started.
    async fn starts_at(&self) -> DateTime {
        self.plan.starts_at.into()
    }

    /// When the subscription ends; null if it has no end.
    async fn ends_at(&self) -> Option<DateTime> {
        self.plan.ends_at.map(Into::into)
    }

    /// The ecosystem that the customer has deployed; null if there is none.
    async fn ecosystem(&self, ctx: &Context<'_>) -> Result<Option<Ecosystem>> {
        super::ecosystems::of_user(ctx, self.ecosystem.clone(), self.plan.user).await
    }

    /// Number of encounters, as the store reports it.
    async fn encounters(&self) -> i32 {
        int(self.plan.encounters)
    }

    /// Numbers of licences by state.
    async fn licenses(&self) -> LicenseSummary {
        LicenseSummary {
            total: int(self.plan.licenses_total),
            available: int(self.plan.licenses_available()),
            assigned: int(self.plan.licenses_assigned),
            suspended: int(self.plan.licenses_suspended),
        }
    }
}

/// Numbers of licences by state.
#[derive(SimpleObject, Clone, Debug)]
pub struct LicenseSummary {
    /// All licences of the subscription.
    total: i32,
    /// Licences that are free to be assigned.
    available: i32,
    /// Licences assigned to somebody.
    assigned: i32,
    /// Licences taken out of use.
    suspended: i32,
}

/// The plan subscription with this id, if the caller may see its user.
pub async fn find(ctx: &Context<'_>, id: entities::PlanSubscriptionId) -> Result<Option<PlanSubscription>> {
    let found = ctx.answer(plans::find(ctx.app(), ctx.actor()?, id).await)?;
    Ok(found.map(|plan| PlanSubscription {
        plan,
        ecosystem: Loaded::NotAsked,
    }))
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
    starts_at: Written,
    /// When the subscription ends; left out if it has no end.
    ends_at: Option<Written>,
    /// Number of encounters.
    #[graphql(default = 0)]
    encounters: Whole,
    /// Number of all licences.
    #[graphql(default = 0)]
    licenses_total: Whole,
    /// Number of licences assigned to somebody.
    #[graphql(default = 0)]
    licenses_assigned: Whole,
    /// Number of licences taken out of use.
    #[graphql(default = 0)]
    licenses_suspended: Whole,
}

/// The subscription, or the reasons why it was not recorded.
#[derive(SimpleObject)]
pub struct PlanSubscriptionPayload {
    /// The subscription as it is now; null if it was refused.
    plan_subscription: Option<PlanSubscription>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The plan subscriptions' part of the mutations.
#[derive(Default)]
pub struct PlanSubscriptionMutations;

#[Object]
impl PlanSubscriptionMutations {
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
            starts_at: input.starts_at.time("startsAt"),
            ends_at: Written::end(input.ends_at.as_ref(), "endsAt"),
            encounters: input.encounters.into(),
            licenses_total: input.licenses_total.into(),
            licenses_assigned: input.licenses_assigned.into(),
            licenses_suspended: input.licenses_suspended.into(),
        };
        let (plan, user_errors) = ctx.payload(plans::record(ctx.app(), ctx.actor()?, report).await)?;
        let plan_subscription = plan.map(|plan| PlanSubscription {
            plan,
            ecosystem: Loaded::NotAsked,
        });
        Ok(PlanSubscriptionPayload {
            plan_subscription,
            user_errors,
        })
    }
}
