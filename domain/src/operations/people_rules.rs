//! What must hold of people.

use super::rules::{Rule, rule};

/// People: the switch of an ecosystem reaches everybody whom it is meant for, an address is one person's, and no key
/// outlives what it comes from.
pub const PEOPLE: &[Rule] = &[
    rule(
        "ecosystem-owner",
        "Whoever has an ecosystem is in it, and so has no other.",
        "ecosystem",
        "SELECT e.id, 'its owner is in ' || CASE WHEN u.ecosystem_id IS NULL THEN 'none' ELSE 'another one' END \
         FROM ecosystems e JOIN users u ON u.id = e.owner_id WHERE u.ecosystem_id IS NULL OR u.ecosystem_id <> e.id",
    ),
    // From before addresses had one form, or there would be no two.
    rule(
        "address-once",
        "An e-mail address is one person's in a team, however it is written.",
        "user",
        "SELECT u.id, u.company_email || ' is also ' || o.company_email || ': give one of the two another address' \
         FROM users u JOIN users o ON o.id = u.email_clashes_with",
    ),
    rule(
        "api-key-parent",
        "An API key that another has made stands for the same person and ends with it at the latest.",
        "key",
        "SELECT k.id, CASE WHEN k.created_by <> p.created_by THEN 'stands for somebody else than its parent' \
         WHEN k.revoked_at IS NULL AND p.revoked_at IS NOT NULL THEN 'its parent is revoked' \
         ELSE 'expires after its parent' END \
         FROM api_keys k JOIN api_keys p ON p.id = k.parent_id \
         WHERE k.created_by <> p.created_by OR (k.revoked_at IS NULL AND (p.revoked_at IS NOT NULL \
         OR (p.expires_at IS NOT NULL AND (k.expires_at IS NULL OR k.expires_at > p.expires_at))))",
    ),
];
