//! A process that does background work.

use sea_orm::entity::prelude::*;

use crate::id::WorkerId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "worker_processes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkerId,
    pub host: String,
    pub started_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    /// {"refunds": {"running": 1, "concurrency": 8}, …}
    #[sea_orm(column_type = "JsonBinary")]
    pub pools: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
