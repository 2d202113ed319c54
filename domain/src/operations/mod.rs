//! Keeping an installation sound: what must hold is checked, and what is no longer needed is cleared away.

mod access_rules;
mod at_gateway;
mod batch_rules;
mod export_rules;
mod maintain;
mod people_rules;
mod reading_rules;
mod rules;
mod tenancy;
mod verify;

pub use at_gateway::verify_with_gateway;
pub use maintain::{Maintained, Step, maintain, make};
pub use verify::{Note, TENANCY, Violation, notes, rules, verify};
