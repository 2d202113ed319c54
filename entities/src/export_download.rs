//! The first time that somebody has fetched the file of an export.

use sea_orm::entity::prelude::*;

use crate::id::{ApiKeyId, ExportId, TeamId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "export_downloads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub export_id: ExportId,
    /// The public id of the user or the API key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub reader_id: String,
    pub team_id: TeamId,
    pub user_id: Option<UserId>,
    pub api_key_id: Option<ApiKeyId>,
    pub at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
