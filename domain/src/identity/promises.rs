//! What must hold of who comes in: no key outlives what it comes from.

use crate::promises::{Promises, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[rule(
        "api-key-parent",
        "An API key that another has made stands for the same person and ends with it at the latest.",
        "key",
        "SELECT k.id, CASE WHEN k.created_by <> p.created_by THEN 'stands for somebody else than its parent' \
             WHEN k.revoked_at IS NULL AND p.revoked_at IS NOT NULL THEN 'its parent is revoked' \
             ELSE 'expires after its parent' END \
             FROM api_keys k JOIN api_keys p ON p.id = k.parent_id \
             WHERE k.created_by <> p.created_by OR (k.revoked_at IS NULL AND (p.revoked_at IS NOT NULL \
             OR (p.expires_at IS NOT NULL AND (k.expires_at IS NULL OR k.expires_at > p.expires_at))))",
    )],
    references: references! {
        passwords.user_id ("user"): user_id -> users;
        sessions.id ("session"): user_id -> users, impersonator_id -> users;
        api_keys.id ("key"): created_by -> users, parent_id -> api_keys;
    },
};
