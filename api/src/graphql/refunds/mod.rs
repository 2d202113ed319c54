//! Refunds: requested, looked at, followed live.

pub mod eligibility;
pub mod enums;
mod loaders;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, Subscription};
use domain::{
    App, Message, Outcome,
    actor::Actor,
    refunds::{self, EffectsOf, RefundFilter as Filter, RefundRequest, RefundResolve, StepsOf},
};
use entities::{follow_up, refund, refund_effect, refund_step};
use futures::Stream;

use self::enums::{EffectStatus, RefundEffectKind, RefundOutcome, RefundReason, RefundStatus};
use super::{
    connection::{connection, page_args, weight},
    context::{Ctx, input_id},
    errors::UserError,
    following::shown,
    money::{Money, MoneyInput},
    purchases::{self, Purchase, enums::PaymentGateway},
    scalars::DateTime,
    users::{self, User},
};

/// A refund of a purchase.
#[derive(Clone, Debug)]
pub struct Refund(pub refund::Model);

impl From<refund::Model> for Refund {
    fn from(model: refund::Model) -> Self {
        Self(model)
    }
}

/// A refund of a purchase.
#[Object]
impl Refund {
    /// TypeID of the refund; also the idempotency key at the gateway.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The purchase that is refunded.
    async fn purchase(&self, ctx: &Context<'_>) -> Result<Purchase> {
        let found = purchases::find(ctx, self.0.purchase_id).await?;
        ctx.visible(found, domain::purchases::NOT_VISIBLE)
    }

    /// Amount to be given back.
    async fn amount(&self) -> Money {
        self.0.amount().into()
    }

    /// Reason for the refund.
    async fn reason(&self) -> RefundReason {
        self.0.reason.into()
    }

    /// Note of whoever requested the refund; null for customers.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        Ok(ctx
            .actor()
            .ok()
            .and_then(|actor| refunds::staff_note(actor, &self.0)))
    }

    /// Status of the refund.
    async fn status(&self) -> RefundStatus {
        self.0.status.into()
    }

    /// The gateway's id of the refund; null until it is known.
    async fn gateway_refund_id(&self) -> Option<&str> {
        self.0.gateway_refund_id.as_deref()
    }

    /// Why the gateway refused the refund, in its own words; null if it did not.
    async fn failure_message(&self) -> Option<&str> {
        self.0.failure_message.as_deref()
    }

    /// The user who requested the refund; for an API key, its creator.
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<User> {
        users::visible(ctx, self.0.requested_by).await
    }

    /// When the refund was requested.
    async fn requested_at(&self) -> DateTime {
        self.0.requested_at.into()
    }

    /// When the refund succeeded, failed or was reversed; null while it is under way.
    async fn completed_at(&self) -> Option<DateTime> {
        self.0.completed_at.map(Into::into)
    }

    /// Furthest share of the title that had been read when the refund was requested, 0 to 100.
    async fn percent_read_at_request(&self) -> f64 {
        self.0.percent_read_at_request
    }

    /// Everything the refund brings about, and how far each has come.
    async fn effects(&self, ctx: &Context<'_>) -> Result<Vec<RefundEffect>> {
        let found = ctx.load(EffectsOf::from(&self.0)).await?;
        Ok(found
            .unwrap_or_default()
            .into_iter()
            .map(|row| RefundEffect::of(ctx, row))
            .collect())
    }

    /// Statuses that the refund has had, in order.
    async fn timeline(&self, ctx: &Context<'_>) -> Result<Vec<RefundStep>> {
        let found = ctx.load(StepsOf::from(&self.0)).await?;
        Ok(found
            .unwrap_or_default()
            .into_iter()
            .map(|row| RefundStep::of(ctx, row, &self.0))
            .collect())
    }

    /// Tasks for staff that the refund has left. Takes the scope `refunds.read`.
    async fn follow_ups(&self, ctx: &Context<'_>) -> Result<Vec<RefundFollowUp>> {
        let rows = refunds::follow_ups(ctx.app(), ctx.actor()?, &self.0).await;
        Ok(ctx
            .answer(rows)?
            .into_iter()
            .map(|row| RefundFollowUp::of(ctx, row))
            .collect())
    }
}

/// One consequence of a refund.
#[derive(SimpleObject)]
pub struct RefundEffect {
    /// Which effect it is.
    kind: RefundEffectKind,
    /// How far it has come.
    status: EffectStatus,
    /// When the effect reached its status; null while it is pending.
    at: Option<DateTime>,
    /// Why it was skipped, failed or undone.
    detail: Option<String>,
}

impl RefundEffect {
    fn of(ctx: &Context<'_>, row: refund_effect::Model) -> Self {
        let detail = row
            .detail
            .as_deref()
            .map(|stored| ctx.say(&Message::from_stored(stored)));
        Self {
            kind: row.kind.into(),
            status: row.status.into(),
            at: row.at.map(Into::into),
            detail,
        }
    }
}

/// A status that a refund has had.
#[derive(SimpleObject)]
pub struct RefundStep {
    /// When the refund reached this status.
    at: DateTime,
    /// The status that the refund reached.
    status: RefundStatus,
    /// What this status means, in the viewer's language; null if there is nothing to add.
    detail: Option<String>,
}

impl RefundStep {
    fn of(ctx: &Context<'_>, row: refund_step::Model, refund: &refund::Model) -> Self {
        let detail = row
            .detail
            .as_deref()
            .map(Message::from_stored)
            .or_else(|| hindrance(ctx, row.status, refund))
            .or_else(|| usual_detail(row.status, refund));
        Self {
            at: row.at.into(),
            status: row.status.into(),
            detail: detail.map(|detail| ctx.say(&detail)),
        }
    }
}

/// What holds the refund up at the station where it is now, if the caller may know.
fn hindrance(ctx: &Context<'_>, status: entities::RefundStatus, refund: &refund::Model) -> Option<Message> {
    let actor = ctx.actor().ok().filter(|_| status == refund.status)?;
    refunds::hindrance(actor, refund)
}

/// What a station means where nothing special was noted.
fn usual_detail(status: entities::RefundStatus, refund: &refund::Model) -> Option<Message> {
    use entities::RefundStatus as S;
    let message = match status {
        S::Requested => return None,
        S::Processing => Message::key("timeline-processing").with("gateway", refund.gateway),
        S::Pending => Message::key("timeline-pending").with("gateway", refund.gateway),
        S::Succeeded => Message::key("timeline-succeeded"),
        S::Failed => Message::key("timeline-failed")
            .with("message", refund.failure_message.as_deref().unwrap_or_default()),
        S::NeedsAttention => Message::key("timeline-needs-attention"),
        S::Reversed => Message::key("timeline-reversed"),
    };
    Some(message)
}

/// A task for staff that a refund has left.
#[derive(SimpleObject)]
pub struct RefundFollowUp {
    /// TypeID of the task.
    id: ID,
    /// What there is to do, in the viewer's language.
    note: String,
    /// When the task is due.
    due_at: DateTime,
    /// When the task was done; null while it is open.
    done_at: Option<DateTime>,
}

impl RefundFollowUp {
    fn of(ctx: &Context<'_>, row: follow_up::Model) -> Self {
        Self {
            id: row.id.to_string().into(),
            note: ctx.say(&Message::from_stored(&row.note)),
            due_at: row.due_at.into(),
            done_at: row.done_at.map(Into::into),
        }
    }
}

/// How refunds are counted.
pub struct RefundCount(Filter);

impl RefundCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        refunds::count(app, actor, &self.0).await
    }
}

connection! {
    /// A page of refunds.
    RefundConnection, RefundEdge of Refund from refund::Model, counted by RefundCount
}

/// Which refunds to list.
#[derive(InputObject, Default)]
pub struct RefundFilter {
    /// Only refunds with one of these statuses.
    status: Option<Vec<RefundStatus>>,
    /// Only refunds for this reason.
    reason: Option<RefundReason>,
    /// Only refunds at this gateway.
    gateway: Option<PaymentGateway>,
    /// Only refunds of the user with this TypeID.
    user_id: Option<ID>,
}

/// The refunds' part of the queries.
#[derive(Default)]
pub struct RefundQueries;

#[Object]
impl RefundQueries {
    /// The team's refunds, newest first. Takes the scope `refunds.read`.
    #[graphql(complexity = "weight(first, last, child_complexity)")]
    async fn refunds(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of rows from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which refunds to list; all if left out.")] filter: Option<RefundFilter>,
    ) -> Result<RefundConnection> {
        let actor = ctx.actor()?;
        let filter = filter.unwrap_or_default();
        let user = filter.user_id.map(|id| input_id("userId", &id)).transpose();
        let filter = Filter {
            status: filter
                .status
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            reason: filter.reason.map(Into::into),
            gateway: filter.gateway.map(Into::into),
            user: ctx.answer(user.map_err(Into::into))?,
        };
        let args = page_args(first, after, last, before);
        let page = ctx.answer(refunds::list(ctx.app(), actor, &filter, &args).await)?;
        Ok(RefundConnection::new(page, RefundCount(filter)))
    }
}

/// The refund to request.
#[derive(InputObject)]
pub struct RefundRequestInput {
    /// TypeID of the purchase to refund.
    purchase_id: ID,
    /// Reason for the refund.
    reason: RefundReason,
    /// Note for the record; required for OTHER and with `overridePolicy`.
    note: Option<String>,
    /// Amount to refund; the whole refundable amount if left out.
    amount: Option<MoneyInput>,
    /// Requests the refund although more was read than the team's threshold allows. Takes the scope `refunds.override`.
    #[graphql(default = false)]
    override_policy: bool,
    /// The same key with the same request returns the same refund, however often it is sent.
    idempotency_key: Option<String>,
}

/// The accepted refund, or the reasons why it was refused.
#[derive(SimpleObject)]
pub struct RefundPayload {
    /// The refund as it is now: access is gone, and a worker sends it to the gateway. Null if it was refused.
    refund: Option<Refund>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The refund to end, and how.
#[derive(InputObject)]
pub struct RefundResolveInput {
    /// TypeID of the refund.
    refund_id: ID,
    /// How it has ended, after a look at the gateway.
    outcome: RefundOutcome,
    /// What was found at the gateway; for the audit log.
    note: String,
}

/// The refund that was ended, or the reasons why it was not.
#[derive(SimpleObject)]
pub struct RefundResolvePayload {
    /// The refund as it is now. Null if it was refused.
    refund: Option<Refund>,
    /// True if the gateway, asked once more, said how the refund stands: that counts, whatever was declared. Null if it was refused.
    decided_by_gateway: Option<bool>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The refunds' part of the mutations.
#[derive(Default)]
pub struct RefundMutations;

#[Object]
impl RefundMutations {
    /// Requests the refund of a purchase: access is taken away at once, and a worker sends the refund to the gateway. Takes the scope `refunds.write`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn refund_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refund to request.")] input: RefundRequestInput,
    ) -> Result<RefundPayload> {
        let request = RefundRequest {
            purchase: input_id("purchaseId", &input.purchase_id),
            reason: input.reason.into(),
            note: input.note,
            amount: input.amount.map(|money| (money.amount.0, money.currency)),
            override_policy: input.override_policy,
            idempotency_key: input.idempotency_key,
        };
        let (refund, user_errors) = ctx.payload(refunds::request(ctx.app(), ctx.actor()?, request).await)?;
        Ok(RefundPayload {
            refund: refund.map(Refund),
            user_errors,
        })
    }

    /// Ends a refund that the gateway does not: staff have looked there and say whether the money went back. For one that needs attention, or has been on its way for a quarter of an hour. Takes the scope `refunds.override`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn refund_resolve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refund to end, and how.")] input: RefundResolveInput,
    ) -> Result<RefundResolvePayload> {
        let request = RefundResolve {
            refund: input_id("refundId", &input.refund_id),
            outcome: input.outcome.into(),
            note: input.note,
        };
        let (resolved, user_errors) =
            ctx.payload(refunds::resolve(ctx.app(), ctx.actor()?, request).await)?;
        Ok(RefundResolvePayload {
            decided_by_gateway: resolved.as_ref().map(|resolved| resolved.by_gateway),
            refund: resolved.map(|resolved| Refund(resolved.refund)),
            user_errors,
        })
    }
}

/// The refunds' part of the subscriptions.
#[derive(Default)]
pub struct RefundSubscriptions;

#[Subscription]
impl RefundSubscriptions {
    /// The refund each time it changes. Without `refundId` every refund of the team, which takes the scope `refunds.read`.
    async fn refund_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only the refund with this TypeID.")] refund_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Refund>> + use<>> {
        let id = refund_id.map(|id| input_id("refundId", &id));
        let found = refunds::follow(ctx.app(), ctx.actor()?, id).await;
        Ok(shown(ctx, ctx.answer(found)?))
    }
}
