//! Access granted or revoked for many at once.

use sea_orm::entity::prelude::*;

use crate::{
    id::{ApiKeyId, EntitlementBatchId, ProductId, TeamId, UserId},
    vocabulary::{EntitlementBatchAction, EntitlementBatchStatus},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entitlement_batches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EntitlementBatchId,
    pub team_id: TeamId,
    pub action: EntitlementBatchAction,
    pub product_id: ProductId,
    /// Who is meant: everybody, a filter, or a list of ids in the order in which they are gone through.
    pub people: Json,
    pub starts_at: Option<DateTimeUtc>,
    pub expires_at: Option<DateTimeUtc>,
    /// For the history of a grant; the reason for a revocation.
    pub note: Option<String>,
    pub notify_customer: bool,
    pub status: EntitlementBatchStatus,
    pub total: i64,
    pub done: i64,
    pub succeeded: i64,
    pub refused: i64,
    pub failed: i64,
    /// Behind whom the walk through a filter goes on.
    pub place: Option<Json>,
    pub requested_by: UserId,
    pub impersonator_id: Option<UserId>,
    pub api_key_id: Option<ApiKeyId>,
    pub idempotency_key: Option<String>,
    pub request_fingerprint: String,
    pub requested_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub failure_message: Option<String>,
    /// When its progress was last told.
    pub told_at: Option<DateTimeUtc>,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
