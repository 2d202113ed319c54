//! A payment for a product, as the store reports it.

use sea_orm::entity::prelude::*;

use crate::{
    id::{ProductId, PurchaseId, TeamId, UserId},
    money::{Currency, Money},
    vocabulary::{PaymentGateway, PurchaseKind, PurchaseStatus},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "purchases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PurchaseId,
    pub team_id: TeamId,
    pub external_id: String,
    pub user_id: UserId,
    pub product_id: ProductId,
    pub kind: PurchaseKind,
    pub gateway: PaymentGateway,
    pub gateway_payment_id: Option<String>,
    pub gateway_subscription_id: Option<String>,
    pub amount_minor: i64,
    pub currency: Currency,
    /// Given back for certain, and promised to refunds that are under way.
    pub refunded_minor: i64,
    pub reserved_minor: i64,
    /// Given back past us: by hand at the gateway, or at the store.
    pub refunded_externally_minor: i64,
    pub status: PurchaseStatus,
    pub purchased_at: DateTimeUtc,
    /// By a refund of ours, which undoes it if it fails.
    pub canceled_at: Option<DateTimeUtc>,
    /// By the store, which nothing undoes.
    pub store_canceled_at: Option<DateTimeUtc>,
    /// The store says that the whole payment went back.
    pub store_refunded_at: Option<DateTimeUtc>,
    pub disputed_at: Option<DateTimeUtc>,
    pub access_until: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}

impl Model {
    /// What was paid.
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// What has gone back for certain, through us and past us.
    pub fn refunded(&self) -> Money {
        Money::new(
            self.refunded_minor + self.refunded_externally_minor,
            self.currency,
        )
    }

    /// Of that, what went back past us.
    pub fn refunded_externally(&self) -> Money {
        Money::new(self.refunded_externally_minor, self.currency)
    }

    /// What can still go back: neither gone nor promised.
    pub fn refundable(&self) -> Money {
        Money::new(
            self.amount_minor - self.refunded().minor - self.reserved_minor,
            self.currency,
        )
    }

    /// When it was canceled first, by the store or by a refund of ours.
    pub fn canceled(&self) -> Option<DateTimeUtc> {
        match (self.canceled_at, self.store_canceled_at) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        }
    }
}
