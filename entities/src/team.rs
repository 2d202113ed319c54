//! A business that runs on Postventa, with what it decides for itself.

use sea_orm::entity::prelude::*;

use crate::{
    id::{TeamId, UserId},
    money::Currency,
    vocabulary::{ExternalRefundAccess, Locale},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TeamId,
    pub name: String,
    pub default_locale: Locale,
    pub time_zone: String,
    pub currency: Currency,
    #[sea_orm(column_type = "JsonBinary")]
    pub modules: Json,
    pub support_address: String,
    pub portal_url: Option<String>,
    pub refund_reading_threshold_percent: i64,
    pub refund_recently_canceled_days: i64,
    pub recent_payment_days: i64,
    pub recurring_issue_count: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub credit_limits: Json,
    pub billing_specialist_id: Option<UserId>,
    pub account_manager_id: Option<UserId>,
    pub external_refund_access: ExternalRefundAccess,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
