//! A file that somebody has asked for.

use sea_orm::entity::prelude::*;

use crate::{
    id::{ApiKeyId, ExportId, TeamId, UserId},
    vocabulary::{ExportKind, ExportStatus, Locale},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExportId,
    pub team_id: TeamId,
    pub kind: ExportKind,
    pub status: ExportStatus,
    /// Which rows are wanted; the kind says how it is read.
    #[sea_orm(column_type = "JsonBinary")]
    pub filter: Json,
    /// The language of the headings.
    pub locale: Locale,
    /// What the file is called where it is saved.
    pub file_name: String,
    pub requested_by: UserId,
    pub api_key_id: Option<ApiKeyId>,
    /// Rows made later are not in the file.
    pub requested_at: DateTimeUtc,
    /// Counts the workers that have begun: a write that carries an older number changes nothing.
    pub attempt: i64,
    pub done: i64,
    pub total: i64,
    /// Where the whole file is, while there is one.
    pub object_key: Option<String>,
    pub size_bytes: Option<i64>,
    /// Hexadecimal.
    pub sha256: Option<String>,
    pub failure: Option<String>,
    pub completed_at: Option<DateTimeUtc>,
    pub expires_at: Option<DateTimeUtc>,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
