//! Refunds: the payment goes back, once, and the access with it.
//!
//! `request` accepts a refund and takes the access away in one commit; `process` brings it to the gateway and
//! asks what became of it; `settle` is the one place where what we learn changes anything.

pub mod evidence;
mod notifications;
pub mod process;
pub mod request;
pub mod rules;
pub mod settle;
pub mod state;
pub mod store;

pub use evidence::{Check, Eligibility, eligibilities};
pub(crate) use notifications::note_effect;
pub(crate) use process::{ask_now, observe};
pub use process::{pause_subscription, process, reconcile};
pub use request::{RefundRequest, request};
pub use store::{RefundFilter, count, find, list};
