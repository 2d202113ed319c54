//! What Postventa decides and does: one folder for each subject, in the words of the business.

pub mod actor;
pub mod adapters;
pub mod app;
pub mod audit;
pub mod clock;
pub mod database;
pub mod email;
pub mod entitlements;
pub mod error;
pub mod events;
pub mod exports;
pub mod identity;
pub mod ids;
pub mod impersonation;
pub mod input;
mod installation;
pub mod jobs;
pub mod language;
pub mod mails;
pub mod message;
pub mod operations;
pub mod page;
pub mod payments;
pub mod products;
pub mod purchases;
pub mod refunds;
pub mod scoped;
pub mod stats;
pub mod teams;
mod tx;
pub mod users;
pub mod vault;

pub use app::{App, Services, Settings};
pub use error::{Denied, Error, Outcome, Refusal, UserErrorCode};
pub use message::Message;
