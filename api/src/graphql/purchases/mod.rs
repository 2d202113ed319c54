//! What was bought.

pub mod enums;
mod loaders;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::{
    App, Outcome,
    actor::Actor,
    purchases::{self, PurchaseReport, PurchasesOf},
    refunds::{EligibilityOf, RefundsOf},
};
use entities::{PurchaseId, purchase};

use self::enums::{PaymentGateway, PurchaseKind, PurchaseStatus};
pub use self::loaders::FirstPurchases;
use super::{
    connection::connection,
    context::{Ctx, input_id},
    errors::UserError,
    money::{Money, MoneyInput},
    products::{self, Product},
    refunds::{Refund, eligibility::RefundEligibility},
    scalars::{DateTime, Written},
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
    Ok(ctx.load(id).await?.map(Purchase))
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
        users::visible(ctx, self.0.user_id).await
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
        let key = ctx.answer(RefundsOf::new(ctx.actor()?, &self.0))?;
        let found = ctx.load(key).await?;
        Ok(found.unwrap_or_default().into_iter().map(Refund).collect())
    }

    /// What an agent checks before a refund, answered in one place. Takes the scope `refunds.read`.
    #[graphql(complexity = "20 + child_complexity")]
    async fn refund_eligibility(&self, ctx: &Context<'_>) -> Result<RefundEligibility> {
        let key = ctx.answer(EligibilityOf::new(ctx.actor()?, &self.0))?;
        let found = ctx.load(key).await?;
        let eligibility = found.ok_or_else(|| async_graphql::Error::new(format!("{} is gone", self.0.id)))?;
        Ok(RefundEligibility {
            purchase: self.0.clone(),
            eligibility,
        })
    }
}

/// How purchases are counted.
pub struct PurchaseCount(pub PurchasesOf);

impl PurchaseCount {
    async fn count(&self, app: &App, actor: &Actor) -> Outcome<i64> {
        purchases::count(app, actor, self.0).await
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
