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
    pub status: PurchaseStatus,
    pub purchased_at: DateTimeUtc,
    pub canceled_at: Option<DateTimeUtc>,
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

    /// What has gone back for certain.
    pub fn refunded(&self) -> Money {
        Money::new(self.refunded_minor, self.currency)
    }

    /// What can still go back: neither gone nor promised.
    pub fn refundable(&self) -> Money {
        Money::new(
            self.amount_minor - self.refunded_minor - self.reserved_minor,
            self.currency,
        )
    }
}
