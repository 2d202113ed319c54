//! Mails to customers: what they say, how they look, and their way out.

pub mod compose;
mod notice;
pub mod outbox;

pub use compose::{
    AccessAfter, AccessFacts, Brand, ComposeError, Composed, MailContent, RefundFacts, compose,
};
pub(crate) use outbox::{Delivery, Followers, parked};
pub use outbox::{OWED, deliver, write};
