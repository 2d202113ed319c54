//! What Postventa decides and does.

pub mod adapters;
pub mod language;
pub mod mails;
