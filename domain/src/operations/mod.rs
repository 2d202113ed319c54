//! Keeping an installation sound: what must hold is checked, and what is no longer needed is cleared away.

mod at_gateway;
mod maintain;
mod verify;

pub use at_gateway::verify_with_gateway;
pub use maintain::{Maintained, Step, maintain, make};
pub use verify::{Note, TENANCY, Violation, notes, rules, verify};
