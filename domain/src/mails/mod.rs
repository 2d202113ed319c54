//! Mails to customers: what they say, and how they look.

pub mod compose;
mod notice;

pub use compose::{AccessAfter, Brand, ComposeError, Composed, MailContent, RefundFacts, compose};
