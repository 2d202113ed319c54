//! What must hold of people: the switch of an ecosystem reaches everybody whom it is meant for, and an address is one
//! person's.

use crate::promises::{Promises, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
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
    ],
    references: references! {
        users.id ("user"): ecosystem_id -> ecosystems, email_clashes_with -> users;
        ecosystems.id ("ecosystem"): owner_id -> users;
        plan_subscriptions.id ("plan"): user_id -> users, product_id -> products;
    },
};
