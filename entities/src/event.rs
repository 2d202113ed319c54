//! Something that happened, for whoever follows the team.

use sea_orm::entity::prelude::*;

use crate::{
    id::{EventId, TeamId, UserId},
    vocabulary::EventTopic,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    pub team_id: TeamId,
    /// Given after the commit, without gaps in the team, and never changed.
    pub position: Option<i64>,
    pub topic: EventTopic,
    pub subject_id: String,
    pub actor_id: Option<UserId>,
    pub impersonator_id: Option<UserId>,
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Json,
    pub at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
