//! One session of one reader with one title.

use sea_orm::entity::prelude::*;

use crate::id::{ProductId, ReadingSessionId, TeamId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reading_sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReadingSessionId,
    pub team_id: TeamId,
    pub external_id: String,
    pub user_id: UserId,
    pub product_id: ProductId,
    pub started_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub seconds: i64,
    pub percent_read: f64,
    pub device: Option<String>,
    pub reported_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
