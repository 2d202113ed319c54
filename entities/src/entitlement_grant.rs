//! One reason why an entitlement stands.

use sea_orm::entity::prelude::*;

use crate::{
    id::{EntitlementId, GrantId, PurchaseId, RefundId, TeamId, UserId},
    vocabulary::GrantSource,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entitlement_grants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GrantId,
    pub team_id: TeamId,
    pub entitlement_id: EntitlementId,
    pub source: GrantSource,
    pub purchase_id: Option<PurchaseId>,
    pub granted_by: Option<UserId>,
    pub starts_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_by_refund: Option<RefundId>,
    pub created_at: DateTimeUtc,
    /// Until when its end is tolerated, which counts if access ends with it. As the product says until then, and as it
    /// was said from then on.
    pub grace_ends_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
