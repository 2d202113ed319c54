//! Mails to customers: what they say, how they look, and their way out.

pub mod compose;
mod jobs;
mod notice;
pub mod outbox;
mod promises;

pub use compose::{
    AccessAfter, AccessFacts, Brand, ComposeError, Composed, MailContent, RefundFacts, compose,
};
pub use jobs::SendMail;
pub use outbox::write;
pub(crate) use outbox::{DeliveryReport, Followers};
pub(crate) use promises::PROMISES;
