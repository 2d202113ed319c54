//! What a user has read of a title, all sessions together.

use sea_orm::entity::prelude::*;

use crate::id::{ProductId, TeamId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "title_readings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: ProductId,
    pub team_id: TeamId,
    pub sessions: i64,
    pub seconds: i64,
    pub percent_read: f64,
    pub first_read_at: DateTimeUtc,
    pub last_read_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
