//! The people of a team, with what hangs on them.

pub mod ecosystems;
pub mod enums;
mod loaders;
pub mod people;
pub mod plans;
mod rows;

use std::borrow::Cow;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use domain::{
    App, Loaded, Outcome,
    actor::Actor,
    entitlements::reading::HistoryOf,
    impersonation,
    page::PageRequest,
    purchases::{self, PurchasesOf},
    users::{self, EcosystemView, UserDetails, UserFilter as Filter, UserOrderField as Field, UserView},
};
use futures::FutureExt;

pub use self::rows::{along, parts as parts_of_rows};
use self::{
    ecosystems::Ecosystem,
    enums::{CustomerTier, Feature, Locale, UserRole, UserSegment},
    loaders::WholeUser,
    plans::PlanSubscription,
    rows::Along,
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
pub struct User(pub UserView, Along);

impl From<UserView> for User {
    fn from(view: UserView) -> Self {
        Self(view, Along::default())
    }
}

impl From<(UserView, Along)> for User {
    fn from((view, along): (UserView, Along)) -> Self {
        Self(view, along)
    }
}

/// The user with this id, if the caller may see them.
pub async fn load(ctx: &Context<'_>, id: entities::UserId) -> Result<Option<User>> {
    Ok(ctx.load(WholeUser(id)).await?.map(User::from))
}

/// The user whom something names; refused if the caller may not see them.
pub async fn visible(ctx: &Context<'_>, id: entities::UserId) -> Result<User> {
    ctx.visible(load(ctx, id).await?, users::NOT_VISIBLE)
}

impl User {
    /// As they came with the person, or asked for now.
    async fn details(&self, ctx: &Context<'_>) -> Result<Cow<'_, UserDetails>> {
        if let Some(known) = self.0.details.found() {
            return Ok(Cow::Borrowed(known));
        }
        let found = visible(ctx, self.0.id).await?.0.details.into_found();
        let found =
            found.ok_or_else(|| async_graphql::Error::new(format!("{} has no details", self.0.id)))?;
        Ok(Cow::Owned(found))
    }
}

/// A person of the team: staff, customer or lead.
#[Object]
impl User {
    /// TypeID of the user.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Role in the team.
    async fn role(&self, ctx: &Context<'_>) -> Result<UserRole> {
        Ok(self.details(ctx).await?.role.into())
    }

    /// Whether the user is a customer or a lead.
    async fn segment(&self, ctx: &Context<'_>) -> Result<UserSegment> {
        Ok(self.details(ctx).await?.segment.into())
    }

    /// Service level of the customer.
    async fn tier(&self, ctx: &Context<'_>) -> Result<CustomerTier> {
        Ok(self.details(ctx).await?.tier.into())
    }

    /// Special abilities of a member of staff.
    async fn features(&self, ctx: &Context<'_>) -> Result<Vec<Feature>> {
        let details = self.details(ctx).await?;
        Ok(details.features.iter().copied().map(Into::into).collect())
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
    async fn phone(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.details(ctx).await?.into_owned().phone)
    }

    /// Name of the company that the user works for.
    async fn company_name(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(self.details(ctx).await?.into_owned().company_name)
    }

    /// Language in which the user is addressed.
    async fn locale(&self, ctx: &Context<'_>) -> Result<Locale> {
        Ok(self.details(ctx).await?.locale.into())
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
        stats::of(ctx, self.0.id, self.1.reading.as_ref()).await
    }

    /// Why the viewer may not see the platform as this user; null if the viewer may.
    async fn impersonation_blocker(&self, ctx: &Context<'_>) -> Result<Option<UserErrorCode>> {
        let actor = ctx.actor()?;
        let features = ctx.load(OwnFeatures).await?.unwrap_or_default();
        let (id, role, active) = (self.0.id, self.details(ctx).await?.role, self.0.active);
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
            let asked = FirstPurchases { of, first };
            match self.1.purchases(&asked) {
                Some(known) => known,
                None => ctx.load(asked).await?.unwrap_or_default(),
            }
        } else {
            let args = page_args(first, after, last, before);
            let page = purchases::list(ctx.app(), ctx.actor()?, of, &args);
            ctx.answer(page.boxed().await)?
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
    UserConnection, UserEdge of User from (UserView, Along), counted by UserCount
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
        let parts = rows::parts_of(&ctx.look_ahead());
        Ok(ctx
            .answer(users::find(ctx.app(), actor, id, parts).await)?
            .map(User::from))
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
        let parts = rows::parts(ctx);
        let args = page_args(first, after, last, before);
        let order = UserOrder::split(order_by);
        let page = ctx.answer(users::list(ctx.app(), actor, &filter, order, &args, parts).await)?;
        let page = rows::along(ctx, page).await?;
        Ok(UserConnection::new(page, UserCount::Matching(filter)))
    }
}
