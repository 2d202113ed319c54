//! What must hold of what goes back past us.

use crate::promises::{Promises, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
        rule(
            "refunded-past-us",
            "What a purchase says went back past us is what is booked of it, or all that is left if the store says so.",
            "purchase",
            "SELECT id, 'says ' || CAST(said AS TEXT) || ' went back past us, booked: ' || CAST(booked AS TEXT) FROM \
             (SELECT p.id, p.refunded_externally_minor AS said, CASE WHEN p.store_refunded_at IS NOT NULL \
             THEN p.amount_minor - p.refunded_minor - p.reserved_minor ELSE COALESCE(s.shares, 0) END AS booked \
             FROM purchases p LEFT JOIN (SELECT purchase_id, sum(amount_minor) AS shares FROM external_refund_shares \
             GROUP BY purchase_id) s ON s.purchase_id = p.id) judged WHERE said <> booked",
        ),
        rule(
            "external-refund-shares",
            "A refund made past us is shared out among the purchases of its payment, at most as a whole, and not if it failed \
             or may be ours.",
            "externalrefund",
            "SELECT e.id, e.status || ' over ' || CAST(e.amount_minor AS TEXT) || ', shared out: ' || \
             CAST(sum(s.amount_minor) AS TEXT) FROM external_refunds e \
             JOIN external_refund_shares s ON s.external_refund_id = e.id JOIN purchases p ON p.id = s.purchase_id \
             GROUP BY e.id, e.status, e.amount_minor, e.in_doubt HAVING sum(s.amount_minor) > e.amount_minor \
             OR e.status = 'FAILED' OR e.in_doubt OR min(CASE WHEN p.gateway = e.gateway AND p.currency = e.currency \
             AND p.gateway_payment_id = e.gateway_payment_id THEN 1 ELSE 0 END) = 0",
        ),
        rule(
            "external-refund-not-ours",
            "A refund made past us is none of ours.",
            "externalrefund",
            "SELECT e.id, e.gateway_refund_id || ' is one of ours' FROM external_refunds e JOIN refunds r \
             ON r.team_id = e.team_id AND r.gateway = e.gateway AND r.gateway_refund_id = e.gateway_refund_id",
        ),
        rule(
            "external-refund-in-doubt",
            "A refund that may be ours or not is of a payment with a refund of ours whose answer is awaited.",
            "externalrefund",
            "SELECT e.id, e.gateway_refund_id || ' is in doubt, and nothing is awaited' FROM external_refunds e \
             WHERE e.in_doubt AND NOT EXISTS (SELECT 1 FROM purchases p JOIN refunds r ON r.purchase_id = p.id \
             WHERE p.team_id = e.team_id AND p.gateway = e.gateway AND p.gateway_payment_id = e.gateway_payment_id \
             AND r.gateway_refund_id IS NULL AND r.amount_minor = e.amount_minor \
             AND r.status IN ('PROCESSING', 'NEEDS_ATTENTION'))",
        ),
    ],
    references: references! {
        external_refund_shares.external_refund_id ("externalrefund"): external_refund_id -> external_refunds,
            purchase_id -> purchases;
    },
};
