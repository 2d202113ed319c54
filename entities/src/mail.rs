//! A mail to a person.

use sea_orm::entity::prelude::*;

use crate::{
    id::{MailId, TeamId, UserId},
    vocabulary::{Locale, MailStatus},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MailId,
    pub team_id: TeamId,
    pub user_id: Option<UserId>,
    /// Whose doing occasioned it; None if it was nobody's.
    pub actor_id: Option<UserId>,
    /// The administrator behind them.
    pub impersonator_id: Option<UserId>,
    pub template: String,
    pub locale: Locale,
    pub from_address: String,
    pub to_address: String,
    pub subject: String,
    pub html: String,
    pub plain: String,
    /// Fixed before the first attempt: a repeat is recognisable (RFC 5322, section 3.6.4).
    pub message_id: String,
    /// The same occasion is told once.
    pub occasion: String,
    pub subject_id: Option<String>,
    pub status: MailStatus,
    pub last_error: Option<String>,
    pub created_at: DateTimeUtc,
    pub sent_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}
