//! What is stored: one file per table, typed ids, Money. No rules live here.

pub mod id;
pub mod money;
pub mod search_text;
pub mod vocabulary;

pub mod api_key;
pub mod audit_entry;
pub mod ecosystem;
pub mod entitlement;
pub mod entitlement_batch;
pub mod entitlement_batch_result;
pub mod entitlement_event;
pub mod entitlement_grant;
pub mod event;
pub mod event_head;
pub mod export;
pub mod export_download;
pub mod external_refund;
pub mod external_refund_share;
pub mod follow_up;
pub mod gateway_event;
pub mod job;
pub mod mail;
pub mod password;
pub mod plan_subscription;
pub mod product;
pub mod purchase;
pub mod queue_setting;
pub mod rate_limit;
pub mod reading_session;
pub mod refund;
pub mod refund_effect;
pub mod refund_step;
pub mod session;
pub mod team;
pub mod team_secret;
pub mod title_reading;
pub mod user;
pub mod user_reading;
pub mod worker_process;

pub use id::*;
pub use money::{Currency, Money, MoneyError};
pub use vocabulary::*;

/// A table whose rows belong to a team. `domain` reads them only through the team (`Scoped`).
pub trait TeamOwned: sea_orm::EntityTrait {
    const TEAM: Self::Column;
}
