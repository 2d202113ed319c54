//! The people of a team, with what hangs on them.

pub mod ecosystems;
pub mod enums;
mod loaders;
pub mod people;
pub mod plans;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use domain::{
    App, Loaded, Outcome,
    actor::Actor,
    entitlements::reading::HistoryOf,
    impersonation,
    page::PageRequest,
    purchases::{self, PurchasesOf},
    users::{self, EcosystemView, UserFilter as Filter, UserOrderField as Field, UserParts, UserView},
};

use self::{
    ecosystems::Ecosystem,
    enums::{CustomerTier, Feature, Locale, UserRole, UserSegment},
    loaders::WholeUser,
    plans::PlanSubscription,
};
use crate::graphql::{
    connection::{OrderDirection, connection, page_args, weight},
    context::{Ctx, input_id},
    entitlements::{self, EntitlementConnection, EntitlementEventConnection, enums::EntitlementStatus},
    errors::UserErrorCode,
    impersonation::OwnFeatures,
    products::ProductConnection,
    purchases::{FirstPurchases, PurchaseConnection, PurchaseCount, enums::PurchaseKind},
    scalars::DateTime,
    stats::{self, ReadingStats},
};

/// A person of the team: staff, customer or lead.
#[derive(Clone, Debug)]
pub struct User(pub UserView);

impl From<UserView> for User {
    fn from(view: UserView) -> Self {
        Self(view)
    }
}

/// The user with this id, if the caller may see them.
pub async fn load(ctx: &Context<'_>, id: entities::UserId) -> Result<Option<User>> {
    Ok(ctx.load(WholeUser(id)).await?.map(User))
}

/// The user whom something names; refused if the caller may not see them.
pub async fn visible(ctx: &Context<'_>, id: entities::UserId) -> Result<User> {
    ctx.visible(load(ctx, id).await?, users::NOT_VISIBLE)
}

/// A person of the team: staff, customer or lead.
#[Object]
impl User {
    /// TypeID of the user.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Role in the team.
    async fn role(&self) -> UserRole {
        self.0.role.into()
    }

    /// Whether the user is a customer or a lead.
    async fn segment(&self) -> UserSegment {
        self.0.segment.into()
    }

    /// Service level of the customer.
    async fn tier(&self) -> CustomerTier {
        self.0.tier.into()
    }

    /// Special abilities of a member of staff.
    async fn features(&self) -> Vec<Feature> {
        self.0.features.iter().copied().map(Into::into).collect()
    }

    /// Given name.
    async fn first_name(&self) -> &str {
        &self.0.first_name
    }

    /// Family name.
    async fn last_name(&self) -> &str {
        &self.0.last_name
    }

    /// E-mail address to which mails go; unique in the team.
    async fn company_email(&self) -> &str {
        &self.0.company_email
    }

    /// Phone number as it was entered.
    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    /// Name of the company that the user works for.
    async fn company_name(&self) -> Option<&str> {
        self.0.company_name.as_deref()
    }

    /// Language in which the user is addressed.
    async fn locale(&self) -> Locale {
        self.0.locale.into()
    }

    /// False while the user, or the ecosystem the user belongs to, is suspended.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// When the user was created.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// The ecosystem this customer has deployed; null while it is not complete.
    async fn ecosystem(&self, ctx: &Context<'_>) -> Result<Option<Ecosystem>> {
        let known = self.0.ecosystem.clone();
        ecosystems::of_user(ctx, known, self.0.id).await
    }

    /// The plan subscription that counts now: the one that started last, or one that is to come if none has started yet.
    async fn plan_subscription(&self, ctx: &Context<'_>) -> Result<Option<PlanSubscription>> {
        let plan = match &self.0.plan {
            Loaded::Known(known) => known.clone(),
            Loaded::NotAsked => load(ctx, self.0.id)
                .await?
                .and_then(|user| user.0.plan.into_found()),
        };
        let ecosystem = self.0.ecosystem.clone();
        Ok(plan.map(|plan| PlanSubscription { plan, ecosystem }))
    }

    /// What the user has read. Staff need the scope `stats.read`, and their look is audited.
    #[graphql(complexity = "10 + child_complexity")]
    async fn reading_stats(&self, ctx: &Context<'_>) -> Result<ReadingStats> {
        stats::of(ctx, self.0.id).await
    }

    /// Why the viewer may not see the platform as this user; null if the viewer may.
    async fn impersonation_blocker(&self, ctx: &Context<'_>) -> Result<Option<UserErrorCode>> {
        let actor = ctx.actor()?;
        let features = ctx.load(OwnFeatures).await?.unwrap_or_default();
        let (id, role, active) = (self.0.id, self.0.role, self.0.active);
        Ok(impersonation::blocker(actor, &features, id, role, active).map(|blocker| blocker.code().into()))
    }

    /// The user's entitlements, newest first: those that are active or in their grace period, unless `status` asks for others.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn entitlements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Only entitlements with one of these statuses; ACTIVE and GRACE_PERIOD if left out."
        )]
        status: Option<Vec<EntitlementStatus>>,
    ) -> Result<EntitlementConnection> {
        entitlements::of_user(ctx, self.0.id, status, page_args(first, after, last, before)).await
    }

    /// Changes of the user's access to any product, newest first.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn entitlement_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<EntitlementEventConnection> {
        entitlements::history(
            ctx,
            HistoryOf::User(self.0.id),
            page_args(first, after, last, before),
        )
        .await
    }

    /// Products that can be granted now: active ones that the user has no active access to.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn grantable_products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> Result<ProductConnection> {
        entitlements::grantable(ctx, self.0.id, page_args(first, after, last, before)).await
    }

    /// The user's purchases, newest first.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn purchases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only purchases of this kind.")] kind: Option<PurchaseKind>,
    ) -> Result<PurchaseConnection> {
        let of = ctx.answer(PurchasesOf::new(ctx.actor()?, self.0.id, kind.map(Into::into)))?;
        let page = if last.is_none() && after.is_none() && before.is_none() {
            // The usual way of asking, for many people at once.
            ctx.answer(PageRequest::check(first))?;
            ctx.load(FirstPurchases { of, first }).await?.unwrap_or_default()
        } else {
            let args = page_args(first, after, last, before);
            ctx.answer(purchases::list(ctx.app(), ctx.actor()?, of, &args).await)?
        };
        Ok(PurchaseConnection::new(page, PurchaseCount(of)))
    }
}

/// How users are counted.
pub enum UserCount {
    Matching(Filter),
    Members(EcosystemView),
}

impl UserCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        match self {
            Self::Matching(filter) => users::count(app, actor, filter).await,
            Self::Members(of) => users::ecosystems::members_count(app, actor, of).await,
        }
    }
}

connection! {
    /// A page of users.
    UserConnection, UserEdge of User from UserView, counted by UserCount
}

/// Which users to list.
#[derive(InputObject, Clone, Debug, Default)]
pub struct UserFilter {
    /// Matches first name, last name, company email, phone and company name, case- and accent-insensitively, anywhere in the value.
    search: Option<String>,
    /// Only customers, or only leads.
    segment: Option<UserSegment>,
    /// Only users with this role.
    role: Option<UserRole>,
    /// Only users of this tier.
    tier: Option<CustomerTier>,
    /// Only active users, or only suspended ones.
    active: Option<bool>,
    /// Only users who have deployed an ecosystem, or only those who have not.
    has_ecosystem: Option<bool>,
}

impl From<UserFilter> for Filter {
    fn from(filter: UserFilter) -> Self {
        Self {
            search: filter.search,
            segment: filter.segment.map(Into::into),
            role: filter.role.map(Into::into),
            tier: filter.tier.map(Into::into),
            active: filter.active,
            has_ecosystem: filter.has_ecosystem,
        }
    }
}

/// A field by which users can be sorted.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserOrderField {
    /// By the time of creation.
    CreatedAt,
    /// By family name.
    LastName,
    /// By the name of the company.
    CompanyName,
}

/// Order of a list of users.
#[derive(InputObject, Clone, Copy, Debug)]
pub struct UserOrder {
    /// The field to sort by.
    field: UserOrderField,
    /// Direction of sorting.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

impl UserOrder {
    pub fn split(this: Option<Self>) -> (Field, domain::page::Direction) {
        let this = this.unwrap_or(Self {
            field: UserOrderField::CreatedAt,
            direction: OrderDirection::Asc,
        });
        let field = match this.field {
            UserOrderField::CreatedAt => Field::CreatedAt,
            UserOrderField::LastName => Field::LastName,
            UserOrderField::CompanyName => Field::CompanyName,
        };
        (field, this.direction.into())
    }
}

/// The users' part of the queries.
#[derive(Default)]
pub struct UserQueries;

#[Object]
impl UserQueries {
    /// The user with this id; null if there is none for the caller.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeID of the user.")] id: ID,
    ) -> Result<Option<User>> {
        let actor = ctx.actor()?;
        let Ok(id) = input_id("id", &id) else {
            return Ok(None);
        };
        let parts = parts(ctx.look_ahead());
        Ok(ctx
            .answer(users::find(ctx.app(), actor, id, parts).await)?
            .map(User))
    }

    /// The team's users: customers, leads and staff. Takes the scope `users.read`.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which users to list; all if left out.")] filter: Option<UserFilter>,
        #[graphql(desc = "Order of the list; by creation, oldest first, if left out.")] order_by: Option<
            UserOrder,
        >,
    ) -> Result<UserConnection> {
        let actor = ctx.actor()?;
        let filter = Filter::from(filter.unwrap_or_default());
        let parts = parts_of_rows(ctx);
        let args = page_args(first, after, last, before);
        let order = UserOrder::split(order_by);
        let page = ctx.answer(users::list(ctx.app(), actor, &filter, order, &args, parts).await)?;
        Ok(UserConnection::new(page, UserCount::Matching(filter)))
    }
}

/// What the selection below a list of users wants of each.
pub fn parts_of_rows(ctx: &Context<'_>) -> UserParts {
    let list = ctx.look_ahead();
    let (nodes, edges) = (
        parts(list.field("nodes")),
        parts(list.field("edges").field("node")),
    );
    UserParts {
        ecosystem: nodes.ecosystem || edges.ecosystem,
        plan: nodes.plan || edges.plan,
    }
}

/// What the selection wants beside a user's own columns.
fn parts(selection: async_graphql::Lookahead<'_>) -> UserParts {
    let plan = selection.field("planSubscription");
    UserParts {
        ecosystem: selection.field("ecosystem").exists() || plan.field("ecosystem").exists(),
        plan: plan.exists(),
    }
}
