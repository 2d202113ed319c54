//! What must hold of access: an entitlement stands on its grants, and goes with them.

use crate::promises::{Promises, references, rule};

/// A grant that stands, or that was taken only after the entitlement and its tolerance were over: that ended as it did.
macro_rules! counts {
    ($grant:literal) => {
        concat!(
            "(",
            $grant,
            ".revoked_at IS NULL OR ",
            $grant,
            ".revoked_at >= COALESCE(e.grace_ends_at, e.expires_at))"
        )
    };
}

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
        rule(
            "entitlement-once",
            "A user has one open entitlement to a product.",
            "entitlement",
            "SELECT e.id, 'not the only open one' FROM entitlements e JOIN (SELECT user_id, product_id FROM entitlements \
             WHERE closed_at IS NULL GROUP BY user_id, product_id HAVING count(*) > 1) d \
             ON d.user_id = e.user_id AND d.product_id = e.product_id WHERE e.closed_at IS NULL",
        ),
        rule(
            "entitlement-stands",
            "An open entitlement has a grant that stands, or had one until it was over.",
            "entitlement",
            concat!(
                "SELECT e.id, 'open without a grant' FROM entitlements e WHERE e.closed_at IS NULL AND NOT EXISTS \
                 (SELECT 1 FROM entitlement_grants g WHERE g.entitlement_id = e.id AND ",
                counts!("g"),
                ")"
            ),
        ),
        // A grant that was over when the last other one went keeps nothing open and may stand.
        rule(
            "entitlement-gone",
            "A revoked entitlement is closed and has no grant that would still last.",
            "entitlement",
            "SELECT e.id, CASE WHEN e.closed_at IS NULL THEN 'revoked and open' ELSE 'revoked with a grant that stands' END \
             FROM entitlements e WHERE e.revoked_at IS NOT NULL AND (e.closed_at IS NULL OR EXISTS (SELECT 1 \
             FROM entitlement_grants g WHERE g.entitlement_id = e.id AND g.revoked_at IS NULL \
             AND (g.expires_at IS NULL OR g.expires_at > e.revoked_at)))",
        ),
        rule(
            "entitlement-span",
            "An open entitlement begins and ends with a run of the grants that stand, and none before it still lasts.",
            "entitlement",
            concat!(
                "SELECT e.id, 'does not begin and end as its grants do' FROM entitlements e WHERE e.closed_at IS NULL AND ( \
                 NOT EXISTS (SELECT 1 FROM entitlement_grants g WHERE g.entitlement_id = e.id AND ",
                counts!("g"),
                " AND g.starts_at = e.starts_at) \
                 OR NOT EXISTS (SELECT 1 FROM entitlement_grants g WHERE g.entitlement_id = e.id AND ",
                counts!("g"),
                " AND (g.expires_at = e.expires_at OR (g.expires_at IS NULL AND e.expires_at IS NULL))) \
             OR EXISTS (SELECT 1 FROM entitlement_grants g WHERE g.entitlement_id = e.id AND g.revoked_at IS NULL \
             AND g.starts_at < e.starts_at AND (g.expires_at IS NULL OR g.expires_at >= e.starts_at OR g.expires_at > $now)) \
             OR EXISTS (SELECT 1 FROM entitlement_grants g WHERE g.entitlement_id = e.id AND g.revoked_at IS NULL \
             AND g.starts_at <= e.expires_at AND (g.expires_at IS NULL OR g.expires_at > e.expires_at)))"
            ),
        ),
        rule(
            "entitlement-without-gap",
            "From the start of an open entitlement to its end there is always a grant that stands.",
            "entitlement",
            concat!(
                "SELECT e.id, 'nothing gives it from ' || CAST(g.expires_at AS TEXT) FROM entitlements e \
             JOIN entitlement_grants g ON g.entitlement_id = e.id AND g.revoked_at IS NULL \
             WHERE e.closed_at IS NULL AND g.expires_at > e.starts_at AND (e.expires_at IS NULL OR g.expires_at < e.expires_at) \
             AND NOT EXISTS (SELECT 1 FROM entitlement_grants o WHERE o.entitlement_id = e.id AND ",
                counts!("o"),
                " AND o.starts_at <= g.expires_at AND (o.expires_at IS NULL OR o.expires_at > g.expires_at))"
            ),
        ),
        rule(
            "entitlement-next",
            "An open entitlement knows the first grant behind its end.",
            "entitlement",
            "SELECT e.id, 'goes on at ' || COALESCE(CAST(e.next_starts_at AS TEXT), 'no time') || ', granted from ' || \
             COALESCE(CAST(g.next AS TEXT), 'no time') FROM entitlements e LEFT JOIN (SELECT n.id, min(l.starts_at) AS next \
             FROM entitlements n JOIN entitlement_grants l ON l.entitlement_id = n.id AND l.revoked_at IS NULL \
             AND l.starts_at > n.expires_at WHERE n.closed_at IS NULL GROUP BY n.id) g ON g.id = e.id \
             WHERE e.closed_at IS NULL AND ((e.next_starts_at IS NULL) <> (g.next IS NULL) OR e.next_starts_at <> g.next)",
        ),
        rule(
            "entitlement-grace",
            "Grace follows an end, and only an end; one that has not begun is as long as the product says.",
            "entitlement",
            "SELECT id, 'grace without an end before it' FROM entitlements WHERE grace_ends_at IS NOT NULL \
             AND (expires_at IS NULL OR grace_ends_at < expires_at) \
             UNION ALL SELECT e.id, 'another grace period than its product has' FROM entitlements e \
             JOIN products p ON p.id = e.product_id WHERE e.closed_at IS NULL AND e.expires_at > $now \
             AND ((p.grace_days = 0) <> (e.grace_ends_at IS NULL) OR e.grace_ends_at <> {grace}) \
             UNION ALL SELECT e.id, 'ends with a grant of another grace period' FROM entitlements e WHERE e.closed_at IS NULL \
             AND e.grace_ends_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM entitlement_grants g WHERE g.entitlement_id = e.id \
             AND g.expires_at = e.expires_at AND g.grace_ends_at = e.grace_ends_at)",
        ),
        // Access ended with the grant that gave it last. One that has begun since has ended the grace period; one that was
        // taken before it began has not.
        rule(
            "grace-kept",
            "A grace period lasts while the grant stands whose end it follows.",
            "entitlement",
            "SELECT e.id, 'tolerated until ' || CAST(g.grace_ends_at AS TEXT) || ', and lost' FROM entitlement_grants g \
             JOIN entitlements e ON e.id = g.entitlement_id WHERE g.revoked_at IS NULL AND g.expires_at <= $now \
             AND g.grace_ends_at > $now AND (e.next_starts_at IS NULL OR e.next_starts_at > $now) \
             AND (e.revoked_at IS NOT NULL OR (e.closed_at IS NULL AND (e.expires_at <> g.expires_at \
             OR e.grace_ends_at IS NULL OR e.grace_ends_at < g.grace_ends_at))) \
             AND NOT EXISTS (SELECT 1 FROM entitlements x JOIN entitlement_grants o ON o.entitlement_id = x.id \
             WHERE x.user_id = e.user_id AND x.product_id = e.product_id AND o.starts_at <= $now \
             AND (o.expires_at IS NULL OR o.expires_at > g.expires_at) \
             AND (o.revoked_at IS NULL OR (o.revoked_at > o.starts_at AND o.revoked_at > g.expires_at)))",
        ),
        rule(
            "revocation-explained",
            "A revocation has a reason, was announced, and stands in the history.",
            "entitlement",
            "SELECT e.id, 'revoked without a word' FROM entitlements e WHERE e.revoked_at IS NOT NULL \
             AND (COALESCE(e.revocation_reason, '') = '' OR e.announced_status <> 'REVOKED' OR NOT EXISTS \
             (SELECT 1 FROM entitlement_events h WHERE h.entitlement_id = e.id AND h.action = 'REVOKED'))",
        ),
        rule(
            "entitlement-history",
            "An entitlement's history begins with its grant.",
            "entitlement",
            "SELECT e.id, 'nobody has granted it' FROM entitlements e WHERE NOT EXISTS \
             (SELECT 1 FROM entitlement_events h WHERE h.entitlement_id = e.id AND h.action = 'GRANTED')",
        ),
        rule(
            "grant-of-its-sale",
            "A purchase grants its own product to its own customer.",
            "grant",
            "SELECT g.id, 'granted by the purchase of something else' FROM entitlement_grants g \
             JOIN entitlements e ON e.id = g.entitlement_id JOIN purchases p ON p.id = g.purchase_id \
             WHERE e.user_id <> p.user_id OR e.product_id <> p.product_id",
        ),
        rule(
            "access-restored",
            "What a refund took is back if the money stayed, but not after fraud.",
            "grant",
            "SELECT g.id, 'taken by a refund that ' || r.status FROM entitlement_grants g \
             JOIN refunds r ON r.id = g.revoked_by_refund WHERE r.status IN ('FAILED', 'REVERSED') AND r.reason <> 'FRAUDULENT' \
             UNION ALL SELECT g.id, 'taken for what went back past us, and something of it is left' FROM entitlement_grants g \
             JOIN purchases p ON p.id = g.purchase_id AND p.id = g.revoked_by_refund WHERE p.refunded_externally_minor = 0 \
             OR p.refunded_minor + p.reserved_minor + p.refunded_externally_minor < p.amount_minor",
        ),
        rule(
            "access-cause",
            "What a refund took was taken by a refund that exists, or by what went back of its own purchase past us.",
            "grant",
            "SELECT g.id, 'taken by a refund that is not there' FROM entitlement_grants g WHERE g.revoked_by_refund IS NOT NULL \
             AND (g.revoked_at IS NULL OR (NOT EXISTS (SELECT 1 FROM refunds r WHERE r.id = g.revoked_by_refund) \
             AND (g.purchase_id IS NULL OR g.purchase_id <> g.revoked_by_refund)))",
        ),
        rule(
            "access-taken",
            "A purchase whose money goes back as a whole grants nothing any more.",
            "purchase",
            "SELECT p.id, 'refunded, and its grant stands' FROM purchases p \
             JOIN entitlement_grants g ON g.purchase_id = p.id AND g.revoked_at IS NULL \
             JOIN entitlements e ON e.id = g.entitlement_id AND e.closed_at IS NULL \
             WHERE EXISTS (SELECT 1 FROM refunds r WHERE r.purchase_id = p.id AND r.takes_access \
             AND r.status NOT IN ('FAILED', 'REVERSED'))",
        ),
    ],
    references: references! {
        entitlements.id ("entitlement"): user_id -> users, product_id -> products;
        entitlement_grants.id ("grant"): entitlement_id -> entitlements, purchase_id -> purchases, granted_by -> users,
            revoked_by_refund -> refunds;
        entitlement_events.id ("entitlementevent"): entitlement_id -> entitlements, user_id -> users, actor_id -> users,
            impersonator_id -> users;
    },
};
