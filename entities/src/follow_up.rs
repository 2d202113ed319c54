//! Where a person has to look.

use sea_orm::entity::prelude::*;

use crate::id::{FollowUpId, RefundId, TeamId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "follow_ups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FollowUpId,
    pub team_id: TeamId,
    pub refund_id: Option<RefundId>,
    pub note: String,
    pub due_at: DateTimeUtc,
    pub assignee_id: Option<UserId>,
    pub done_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
