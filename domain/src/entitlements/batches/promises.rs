//! What must hold of access that is changed for many at once: the counts are those of the results.

use crate::promises::{Promises, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
        rule(
            "batch-counts",
            "What a batch counts are its results, one for each user, numbered without gaps.",
            "entitlementbatch",
            "SELECT b.id, 'counts ' || CAST(b.done AS TEXT) || ', results: ' || CAST(COALESCE(r.n, 0) AS TEXT) \
             FROM entitlement_batches b LEFT JOIN (SELECT batch_id, count(*) AS n, max(position) AS last, \
             sum(CASE WHEN outcome IN ('GRANTED', 'REVOKED') THEN 1 ELSE 0 END) AS succeeded, \
             sum(CASE WHEN outcome = 'REFUSED' THEN 1 ELSE 0 END) AS refused FROM entitlement_batch_results GROUP BY batch_id) r \
             ON r.batch_id = b.id WHERE b.done <> COALESCE(r.n, 0) OR b.done <> COALESCE(r.last, 0) \
             OR b.succeeded <> COALESCE(r.succeeded, 0) OR b.refused <> COALESCE(r.refused, 0)",
        ),
        rule(
            "batch-finished",
            "A batch that has ended says when, and one that succeeded has done everybody.",
            "entitlementbatch",
            "SELECT id, status || ' with ' || CAST(done AS TEXT) || ' of ' || CAST(total AS TEXT) FROM entitlement_batches \
             WHERE (finished_at IS NULL) <> (status IN ('REQUESTED', 'RUNNING')) OR (status = 'SUCCEEDED' AND done <> total)",
        ),
        rule(
            "batch-result",
            "A result is of its batch's kind, and the access in it is that of its user to the batch's product.",
            "entitlementbatch",
            "SELECT r.batch_id, r.outcome || ' in a ' || b.action FROM entitlement_batch_results r \
             JOIN entitlement_batches b ON b.id = r.batch_id LEFT JOIN entitlements e ON e.id = r.entitlement_id \
             WHERE (r.outcome = 'GRANTED' AND b.action <> 'GRANT') OR (r.outcome = 'REVOKED' AND b.action <> 'REVOKE') \
             OR (r.outcome IN ('GRANTED', 'REVOKED') AND e.id IS NULL) OR (r.outcome = 'REFUSED' AND r.code IS NULL) \
             OR e.user_id <> r.user_id OR e.product_id <> b.product_id",
        ),
    ],
    references: references! {
        entitlement_batches.id ("entitlementbatch"): product_id -> products, requested_by -> users, impersonator_id -> users,
            api_key_id -> api_keys;
        entitlement_batch_results.batch_id ("entitlementbatch"): batch_id -> entitlement_batches, user_id -> users,
            entitlement_id -> entitlements;
    },
};
