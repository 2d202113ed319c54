//! What a gateway told us, as it came.

use sea_orm::entity::prelude::*;

use crate::{
    id::{GatewayEventId, TeamId},
    vocabulary::PaymentGateway,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gateway_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GatewayEventId,
    pub team_id: TeamId,
    pub gateway: PaymentGateway,
    pub external_id: String,
    pub kind: String,
    pub payload: String,
    pub received_at: DateTimeUtc,
    pub processed_at: Option<DateTimeUtc>,
    pub outcome: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
