//! Refunds: the payment goes back, once, and the access with it.
//!
//! `request` accepts a refund and takes the access away in one commit; `process` brings it to the gateway, `inquiry` asks
//! what became of it, `waiting` says when it goes on; `settle` is the one place where what we learn changes anything.
//! `resolve` is how staff end what the gateway does not, and `past_us` knows what somebody has given back there.
//! `agreements` pauses what would charge again, and `jobs` hands what no job brings on any more to a person.

mod agreements;
mod case;
pub mod evidence;
mod inquiry;
mod jobs;
mod notifications;
mod past_us;
pub mod process;
mod promises;
mod reading;
pub mod request;
mod resolve;
pub mod rules;
pub mod settle;
pub mod state;
mod store;
mod waiting;

pub use evidence::{Check, Eligibility, EligibilityOf, eligibilities};
pub use jobs::{PauseSubscription, ProcessRefund};
pub(crate) use notifications::mail_delivered;
pub(crate) use process::{ask_now, observe};
pub(crate) use promises::PROMISES;
pub use reading::{
    EffectsOf, RefundFilter, RefundsOf, StepsOf, count, effects, find, follow, follow_ups, hindrance, list,
    of_each, staff_note, steps,
};
pub use request::{RefundRequest, request};
pub use resolve::{Declared, RefundResolve, Resolved, resolve};
pub(crate) use store::of_purchases;
pub(crate) use waiting::credentials_changed;
