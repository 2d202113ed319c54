//! What must hold of people.

use super::rules::{Rule, rule};

/// People: the switch of an ecosystem reaches everybody whom it is meant for.
pub const PEOPLE: &[Rule] = &[rule(
    "ecosystem-owner",
    "Whoever has an ecosystem is in it, and so has no other.",
    "ecosystem",
    "SELECT e.id, 'its owner is in ' || CASE WHEN u.ecosystem_id IS NULL THEN 'none' ELSE 'another one' END \
     FROM ecosystems e JOIN users u ON u.id = e.owner_id WHERE u.ecosystem_id IS NULL OR u.ecosystem_id <> e.id",
)];
