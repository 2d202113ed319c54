//! A person of a team: staff, customer or lead.

use sea_orm::entity::prelude::*;

use crate::{
    id::{EcosystemId, TeamId, UserId},
    vocabulary::{CustomerTier, Locale, UserRole, UserSegment},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    pub team_id: TeamId,
    pub role: UserRole,
    pub segment: UserSegment,
    pub tier: CustomerTier,
    #[sea_orm(column_type = "JsonBinary")]
    pub features: Json,
    pub first_name: String,
    pub last_name: String,
    pub company_email: String,
    /// The form in which addresses are compared (`domain::email::key`).
    pub email_key: String,
    pub phone: Option<String>,
    pub company_name: Option<String>,
    pub locale: Locale,
    pub suspended_at: Option<DateTimeUtc>,
    pub ecosystem_id: Option<EcosystemId>,
    /// The five searched fields in one normal form: lower case, no accents, phone also without punctuation.
    pub search_text: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
