//! A refund that a gateway knows and nobody has asked us for: made by hand in its own pages, or by another program.

use sea_orm::entity::prelude::*;

use crate::{
    id::{ExternalRefundId, TeamId},
    money::{Currency, Money},
    vocabulary::{ExternalRefundStatus, PaymentGateway},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_refunds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExternalRefundId,
    pub team_id: TeamId,
    pub gateway: PaymentGateway,
    pub gateway_payment_id: String,
    pub gateway_refund_id: String,
    pub amount_minor: i64,
    pub currency: Currency,
    pub status: ExternalRefundStatus,
    /// It may be one of ours whose answer is awaited: it counts as nothing until that is known.
    pub in_doubt: bool,
    /// As the gateway says; when we first heard of it, if it does not.
    pub made_at: DateTimeUtc,
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
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// Whether the money is gone or on its way, and not by us.
    pub fn counts(&self) -> bool {
        !self.in_doubt && self.status != ExternalRefundStatus::Failed
    }
}
