//! A user's right to use a product.

use sea_orm::entity::prelude::*;

use crate::{
    id::{EntitlementId, ProductId, TeamId, UserId},
    vocabulary::EntitlementStatus,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entitlements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EntitlementId,
    pub team_id: TeamId,
    pub user_id: UserId,
    pub product_id: ProductId,
    /// The run of grants that counts: what lasts, else what comes next, else what was last.
    pub starts_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    pub grace_ends_at: Option<DateTimeUtc>,
    /// The run behind the gap, if there is one.
    pub next_starts_at: Option<DateTimeUtc>,
    pub next_expires_at: Option<DateTimeUtc>,
    pub next_grace_ends_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub revocation_reason: Option<String>,
    /// Set when it is revoked, or replaced after its end: an open one is the one that counts.
    pub closed_at: Option<DateTimeUtc>,
    /// The last status that was announced as an event.
    pub announced_status: EntitlementStatus,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
