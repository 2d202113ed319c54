//! What must hold of the audit log.

use crate::promises::{Promises, references};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[],
    references: references! {
        audit_entries.id ("audit"): actor_id -> users, impersonator_id -> users, api_key_id -> api_keys;
    },
};
