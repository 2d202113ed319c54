//! What happened to an entitlement.

use sea_orm::entity::prelude::*;

use crate::{
    id::{EntitlementEventId, EntitlementId, TeamId, UserId},
    vocabulary::EntitlementAction,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entitlement_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EntitlementEventId,
    pub team_id: TeamId,
    pub entitlement_id: EntitlementId,
    pub user_id: UserId,
    pub action: EntitlementAction,
    pub at: DateTimeUtc,
    pub actor_id: Option<UserId>,
    pub impersonator_id: Option<UserId>,
    pub previous_expires_at: Option<DateTimeUtc>,
    pub expires_at: Option<DateTimeUtc>,
    pub detail: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
