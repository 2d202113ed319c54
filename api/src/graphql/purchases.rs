//! What was bought, and whether it can be refunded.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    App, Outcome,
    actor::{Actor, Scope},
    purchases::{self, PurchaseReport},
    refunds::{self, Eligibility},
};
use entities::{PurchaseId, UserId, purchase};

use super::{
    connection::connection,
    context::{Ctx, input_id},
    enums::{PaymentGateway, PurchaseKind, PurchaseStatus, RefundCheckItem, UserErrorCode},
    errors::UserError,
    loaders::{EligibilityOf, RefundsOf},
    money::{Money, MoneyInput},
    products::{self, Product},
    refunds::Refund,
    scalars::{DateTime, Written, int},
    users::{self, User},
};

/// A user's payment for a product.
#[derive(Clone, Debug)]
pub struct Purchase(pub purchase::Model);

impl From<purchase::Model> for Purchase {
    fn from(model: purchase::Model) -> Self {
        Self(model)
    }
}

/// The purchase with this id, if the caller may see it.
pub async fn find(ctx: &Context<'_>, id: PurchaseId) -> Result<Option<Purchase>> {
    let actor = ctx.actor()?;
    let found = ctx.load(id).await?;
    let sees = |user: UserId| actor.sees(user, Scope::UsersRead) || actor.sees(user, Scope::RefundsRead);
    Ok(found.filter(|purchase| sees(purchase.user_id)).map(Purchase))
}

/// A user's payment for a product.
#[Object]
impl Purchase {
    /// TypeID of the purchase.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The store's own id of the purchase.
    async fn external_id(&self) -> &str {
        &self.0.external_id
    }

    /// The user who bought it.
    async fn user(&self, ctx: &Context<'_>) -> Result<User> {
        users::load(ctx, self.0.user_id)
            .await?
            .ok_or_else(|| not_visible(ctx, Scope::UsersRead))
    }

    /// The product that was bought.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product> {
        products::load(ctx, self.0.product_id).await
    }

    /// How the product was sold.
    async fn kind(&self) -> PurchaseKind {
        self.0.kind.into()
    }

    /// The payment provider through which it was paid.
    async fn gateway(&self) -> PaymentGateway {
        self.0.gateway.into()
    }

    /// The gateway's id of the payment; null if there is none.
    async fn gateway_payment_id(&self) -> Option<&str> {
        self.0.gateway_payment_id.as_deref()
    }

    /// Amount that was paid.
    async fn amount(&self) -> Money {
        self.0.amount().into()
    }

    /// Amount of the refunds that have succeeded.
    async fn refunded_amount(&self) -> Money {
        self.0.refunded().into()
    }

    /// The part of `refundedAmount` that went back past Postventa: by hand at the gateway, or by the store.
    async fn refunded_externally(&self) -> Money {
        self.0.refunded_externally().into()
    }

    /// Status of the purchase.
    async fn status(&self) -> PurchaseStatus {
        self.0.status.into()
    }

    /// When the product was bought.
    async fn purchased_at(&self) -> DateTime {
        self.0.purchased_at.into()
    }

    /// When the purchase was canceled; null if it was not.
    async fn canceled_at(&self) -> Option<DateTime> {
        self.0.canceled().map(Into::into)
    }

    /// Refunds of this purchase, oldest first.
    async fn refunds(&self, ctx: &Context<'_>) -> Result<Vec<Refund>> {
        let actor = ctx.actor()?;
        if !actor.sees(self.0.user_id, Scope::RefundsRead) {
            ctx.answer(actor.require(Scope::RefundsRead))?;
        }
        let found = ctx.load(RefundsOf(self.0.id)).await?;
        Ok(found.unwrap_or_default().into_iter().map(Refund).collect())
    }

    /// What an agent checks before a refund, answered in one place. Takes the scope `refunds.read`.
    #[graphql(complexity = "20 + child_complexity")]
    async fn refund_eligibility(&self, ctx: &Context<'_>) -> Result<RefundEligibility> {
        ctx.answer(ctx.actor()?.require(Scope::RefundsRead))?;
        let found = ctx.load(EligibilityOf(self.0.id)).await?;
        let eligibility = found.ok_or_else(|| async_graphql::Error::new(format!("{} is gone", self.0.id)))?;
        Ok(RefundEligibility {
            purchase: self.0.clone(),
            eligibility,
        })
    }
}

pub(super) fn not_visible(ctx: &Context<'_>, scope: Scope) -> async_graphql::Error {
    let error = domain::Error::Denied(domain::Denied::Forbidden(scope));
    super::context::to_graphql(error, ctx.caller().locale)
}

/// What an agent checks before a refund, answered in one place.
pub struct RefundEligibility {
    purchase: purchase::Model,
    eligibility: Arc<Eligibility>,
}

/// What an agent checks before a refund, answered in one place.
#[Object]
impl RefundEligibility {
    /// Whether a refund can be requested, if need be with `overridePolicy`.
    async fn eligible(&self) -> bool {
        self.eligibility.blockers.is_empty()
    }

    /// Facts that rule a refund out, as codes of `UserError`.
    async fn blockers(&self) -> Vec<UserErrorCode> {
        self.eligibility
            .blockers
            .iter()
            .copied()
            .map(Into::into)
            .collect()
    }

    /// True if policy speaks against it (more than half was read): possible only with `overridePolicy` and a note.
    async fn override_required(&self) -> bool {
        self.eligibility.override_required
    }

    /// Amount that can still be refunded.
    async fn refundable_amount(&self) -> Money {
        self.eligibility.refundable.into()
    }

    /// Furthest share of the title that was read, 0 to 100.
    async fn percent_read(&self) -> f64 {
        self.eligibility.percent_read
    }

    /// Seconds that the user has read the title.
    async fn seconds_read(&self) -> i32 {
        int(self.eligibility.seconds_read)
    }

    /// Other active purchases of the same product by the same user: a sign of a duplicate payment.
    async fn duplicates(&self, ctx: &Context<'_>) -> Result<Vec<Purchase>> {
        let found = purchases::store::duplicates(ctx.app(), &self.purchase).await;
        Ok(ctx.answer(found)?.into_iter().map(Purchase).collect())
    }

    /// The checklist that an agent goes through, each item answered from the data.
    async fn checks(&self, ctx: &Context<'_>) -> Vec<RefundCheck> {
        let check = |check: &refunds::Check| RefundCheck {
            item: check.item.into(),
            passed: check.passed,
            detail: ctx.say(&check.detail),
        };
        self.eligibility.checks.iter().map(check).collect()
    }
}

/// One answered item of the checklist.
#[derive(SimpleObject)]
pub struct RefundCheck {
    /// The item of the checklist.
    item: RefundCheckItem,
    /// Whether nothing speaks against a refund here.
    passed: bool,
    /// The facts behind the answer, in the viewer's language.
    detail: String,
}

/// How purchases are counted.
pub struct PurchaseCount {
    pub user: UserId,
    pub kind: Option<entities::PurchaseKind>,
}

impl PurchaseCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        purchases::store::count(app, actor.team, self.user, self.kind).await
    }
}

connection! {
    /// A page of purchases.
    PurchaseConnection, PurchaseEdge of Purchase from purchase::Model, counted by PurchaseCount
}

/// A purchase as the store reports it.
#[derive(InputObject)]
pub struct PurchaseRecordInput {
    /// The store's own id: the same one is the same purchase.
    external_id: String,
    /// TypeID of the user who bought it.
    user_id: ID,
    /// TypeID of the product that was bought.
    product_id: ID,
    /// How the product was sold.
    kind: PurchaseKind,
    /// The payment provider through which it was paid.
    gateway: PaymentGateway,
    /// The gateway's id of the payment; required for Stripe and MercadoPago once it is paid.
    gateway_payment_id: Option<String>,
    /// The gateway's id of a recurring agreement that a refund has to pause.
    gateway_subscription_id: Option<String>,
    /// Amount that was paid.
    amount: MoneyInput,
    /// Status of the purchase; a paid one grants access to the product.
    #[graphql(default_with = "PurchaseStatus::Active")]
    status: PurchaseStatus,
    /// When the product was bought.
    purchased_at: Written,
    /// When the access that the purchase grants expires; lifetime if left out.
    access_until: Option<Written>,
}

/// The recorded purchase, or the reasons why it was not recorded.
#[derive(SimpleObject)]
pub struct PurchasePayload {
    /// The purchase as it is now; null if it was refused.
    purchase: Option<Purchase>,
    /// Reasons why the mutation was refused; empty if it was accepted.
    user_errors: Vec<UserError>,
}

/// The purchases' part of the mutations.
#[derive(Default)]
pub struct PurchaseMutations;

#[Object]
impl PurchaseMutations {
    /// Records a purchase as the store reports it; the same `externalId` is the same purchase, so it can be sent again. Takes the scope `users.write`.
    async fn purchase_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The purchase to record.")] input: PurchaseRecordInput,
    ) -> Result<PurchasePayload> {
        let report = PurchaseReport {
            external_id: input.external_id,
            user: input_id("userId", &input.user_id),
            product: input_id("productId", &input.product_id),
            kind: input.kind.into(),
            gateway: input.gateway.into(),
            gateway_payment_id: input.gateway_payment_id,
            gateway_subscription_id: input.gateway_subscription_id,
            amount: input.amount.amount.0,
            currency: input.amount.currency,
            status: input.status.into(),
            purchased_at: input.purchased_at.time("purchasedAt"),
            access_until: Written::end(input.access_until.as_ref(), "accessUntil"),
        };
        let (purchase, user_errors) =
            ctx.payload(purchases::record(ctx.app(), ctx.actor()?, report).await)?;
        Ok(PurchasePayload {
            purchase: purchase.map(Purchase),
            user_errors,
        })
    }
}
