//! Money on its way back to a customer.

use sea_orm::entity::prelude::*;

use crate::{
    id::{ApiKeyId, PurchaseId, RefundId, TeamId, UserId},
    money::{Currency, Money},
    vocabulary::{PaymentGateway, RefundReason, RefundStatus},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "refunds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RefundId,
    pub team_id: TeamId,
    pub purchase_id: PurchaseId,
    pub user_id: UserId,
    pub gateway: PaymentGateway,
    pub amount_minor: i64,
    pub currency: Currency,
    pub reason: RefundReason,
    pub note: Option<String>,
    pub override_policy: bool,
    pub status: RefundStatus,
    /// Whether nothing of the payment is left after it: only then plan and access go.
    pub takes_access: bool,
    pub gateway_refund_id: Option<String>,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    /// Set, in a commit of its own, before the gateway first gets the order.
    pub first_sent_at: Option<DateTimeUtc>,
    /// Since when an order may have been carried out whose answer never came; set before each order, and gone with the
    /// gateway's word.
    pub in_doubt_since: Option<DateTimeUtc>,
    /// How many questions were not answered while it is in doubt or pending.
    pub inquiries: i64,
    /// How often the gateway has said that it will confirm.
    pub answers: i64,
    /// What keeps it from going on, as a message.
    pub hindrance: Option<String>,
    pub hindered_since: Option<DateTimeUtc>,
    /// Tries in a row that met a hindrance.
    pub hindered_times: i64,
    /// Who of the staff has declared how it ended.
    pub resolved_by: Option<UserId>,
    pub requested_by: UserId,
    pub api_key_id: Option<ApiKeyId>,
    pub idempotency_key: Option<String>,
    pub request_fingerprint: String,
    pub requested_at: DateTimeUtc,
    pub completed_at: Option<DateTimeUtc>,
    pub percent_read_at_request: f64,
    pub seconds_read_at_request: i64,
    /// The reading and the checklist as they stood.
    #[sea_orm(column_type = "JsonBinary")]
    pub evidence: Json,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TeamOwned for Entity {
    const TEAM: Column = Column::TeamId;
}

impl Model {
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}
