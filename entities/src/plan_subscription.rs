//! A subscription to a plan, as the store reports it.

use sea_orm::entity::prelude::*;

use crate::{
    id::{PlanSubscriptionId, ProductId, TeamId, UserId},
    vocabulary::{BillingInterval, PlanSubscriptionStatus},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plan_subscriptions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlanSubscriptionId,
    pub team_id: TeamId,
    pub external_id: String,
    pub user_id: UserId,
    pub product_id: ProductId,
    pub interval: BillingInterval,
    pub status: PlanSubscriptionStatus,
    pub starts_at: DateTimeUtc,
    pub ends_at: Option<DateTimeUtc>,
    pub encounters: i64,
    pub licenses_total: i64,
    pub licenses_assigned: i64,
    pub licenses_suspended: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
