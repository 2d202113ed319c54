//! What must hold of purchases.

use crate::promises::{Promises, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[rule(
        "purchase-status",
        "A purchase's status agrees with what has gone back and with its cancellation.",
        "purchase",
        "SELECT id, status || ' where it should be ' || expected FROM (SELECT id, status, CASE \
             WHEN amount_minor > 0 AND refunded_minor + refunded_externally_minor = amount_minor THEN 'REFUNDED' \
             WHEN refunded_minor + refunded_externally_minor > 0 THEN 'PARTIALLY_REFUNDED' \
             WHEN canceled_at IS NOT NULL OR store_canceled_at IS NOT NULL THEN 'CANCELED' ELSE 'ACTIVE' END AS expected FROM purchases) judged \
             WHERE status <> expected AND NOT (status = 'PENDING' AND expected = 'ACTIVE')",
    )],
    references: references! {
        purchases.id ("purchase"): user_id -> users, product_id -> products;
    },
};
