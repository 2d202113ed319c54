//! A customer's deployed workspace.

use sea_orm::entity::prelude::*;

use crate::id::{EcosystemId, TeamId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ecosystems")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EcosystemId,
    pub team_id: TeamId,
    pub external_id: String,
    pub name: String,
    pub owner_id: UserId,
    pub suspended_at: Option<DateTimeUtc>,
    pub suspension_reason: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
