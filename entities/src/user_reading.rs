//! What a user has read, all titles together.

use sea_orm::entity::prelude::*;

use crate::id::{TeamId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_readings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub team_id: TeamId,
    pub sessions: i64,
    /// Wall-clock time: sessions that overlap count once.
    pub seconds: i64,
    pub last_read_at: Option<DateTimeUtc>,
    pub as_of: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
