//! What an external refund is taken to have given back of one of its payment's purchases.

use sea_orm::entity::prelude::*;

use crate::id::{ExternalRefundId, PurchaseId, TeamId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_refund_shares")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub external_refund_id: ExternalRefundId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub purchase_id: PurchaseId,
    pub team_id: TeamId,
    pub amount_minor: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
