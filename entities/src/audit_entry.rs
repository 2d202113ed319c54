//! Who changed what, when, and in whose name.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, AuditEntryId, TeamId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    pub team_id: TeamId,
    pub at: DateTimeUtc,
    pub action: String,
    pub actor_id: Option<UserId>,
    pub impersonator_id: Option<UserId>,
    pub api_key_id: Option<ApiKeyId>,
    pub subject_id: Option<String>,
    pub reason: Option<String>,
    pub ip_address: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
