//! What became of one user in a batch.

use sea_orm::entity::prelude::*;

use crate::{
    id::{EntitlementBatchId, EntitlementId, TeamId, UserId},
    vocabulary::EntitlementBatchOutcome,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entitlement_batch_results")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: EntitlementBatchId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub team_id: TeamId,
    /// From 1, in the order in which it was done.
    pub position: i64,
    pub outcome: EntitlementBatchOutcome,
    pub entitlement_id: Option<EntitlementId>,
    pub code: Option<String>,
    pub message: Option<String>,
    pub at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
