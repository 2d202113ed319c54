//! One thing that a refund brings about.

use sea_orm::entity::prelude::*;

use crate::{
    id::{RefundId, TeamId},
    vocabulary::{EffectStatus, RefundEffectKind},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refund_effects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub refund_id: RefundId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: RefundEffectKind,
    pub team_id: TeamId,
    pub status: EffectStatus,
    pub at: Option<DateTimeUtc>,
    pub detail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
