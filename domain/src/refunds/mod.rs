//! Refunds: the payment goes back, once, and the access with it.
//!
//! `request` accepts a refund and takes the access away in one commit; `process` brings it to the gateway, `inquiry` asks
//! what became of it, `waiting` says when it goes on; `settle` is the one place where what we learn changes anything.
//! `resolve` is how staff end what the gateway does not, and `past_us` knows what somebody has given back there.
//! `agreements` pauses what would charge again, and `parked` hands what no job brings on any more to a person.

mod agreements;
mod case;
pub mod evidence;
mod inquiry;
mod notifications;
mod parked;
mod past_us;
pub mod process;
pub mod request;
mod resolve;
pub mod rules;
pub mod settle;
pub mod state;
pub mod store;
mod waiting;

pub(crate) use agreements::parked as pause_parked;
pub use agreements::pause as pause_subscription;
pub use evidence::{Check, Eligibility, eligibilities};
pub(crate) use notifications::mail_delivered;
pub(crate) use parked::parked;
pub use parked::{OWED, OWED_PAUSE};
pub use process::process;
pub(crate) use process::{ask_now, observe};
pub use request::{RefundRequest, request};
pub use resolve::{Declared, RefundResolve, Resolved, resolve};
pub use store::{RefundFilter, count, find, list};
pub(crate) use waiting::with_other_credentials;
