//! Refunds: the payment goes back, once, and the access with it.
//!
//! `request` accepts a refund and takes the access away in one commit; `process` brings it to the gateway and
//! asks what became of it; `settle` is the one place where what we learn changes anything. `agreements` pauses what would
//! charge again, and `reconcile` takes up what was lost.

mod agreements;
mod case;
pub mod evidence;
mod notifications;
pub mod process;
mod reconcile;
pub mod request;
pub mod rules;
pub mod settle;
pub mod state;
pub mod store;

pub use agreements::pause as pause_subscription;
pub use evidence::{Check, Eligibility, eligibilities};
pub(crate) use notifications::note_effect;
pub use process::process;
pub(crate) use process::{ask_now, observe};
pub use reconcile::reconcile;
pub use request::{RefundRequest, request};
pub use store::{RefundFilter, count, find, list};
