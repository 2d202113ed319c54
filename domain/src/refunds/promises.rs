//! What must hold of refunds: what goes back, what is in doubt, and the story that each refund tells of itself.

use crate::promises::{Promises, answered, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
        rule(
            "refunds-within-payment",
            "The live refunds of a purchase and what went back past us are together no more than was paid.",
            "purchase",
            "SELECT p.id, 'refunds of ' || CAST(sum(r.amount_minor) AS TEXT) || ' and ' || \
             CAST(p.refunded_externally_minor AS TEXT) || ' past us against ' || CAST(p.amount_minor AS TEXT) \
             FROM purchases p JOIN refunds r ON r.purchase_id = p.id AND r.status NOT IN ('FAILED', 'REVERSED') \
             GROUP BY p.id, p.amount_minor, p.refunded_externally_minor \
             HAVING sum(r.amount_minor) + p.refunded_externally_minor > p.amount_minor",
        ),
        rule(
            "refunded-amount",
            "What a purchase says has gone back through us is the sum of the refunds that succeeded.",
            "purchase",
            "SELECT * FROM (SELECT p.id, 'says ' || CAST(p.refunded_minor AS TEXT) || ' went back, succeeded: ' || \
             CAST(COALESCE(r.gone, 0) AS TEXT) AS detail \
             FROM purchases p LEFT JOIN (SELECT purchase_id, sum(CASE WHEN status = 'SUCCEEDED' THEN amount_minor ELSE 0 END) AS gone \
             FROM refunds GROUP BY purchase_id) r ON r.purchase_id = p.id \
             WHERE p.refunded_minor <> COALESCE(r.gone, 0)) wrong",
        ),
        rule(
            "reserved-amount",
            "What a purchase has promised is the sum of the refunds that are under way.",
            "purchase",
            "SELECT p.id, 'promises ' || CAST(p.reserved_minor AS TEXT) || ', under way: ' || CAST(COALESCE(r.open, 0) AS TEXT) \
             FROM purchases p LEFT JOIN (SELECT purchase_id, sum(amount_minor) AS open FROM refunds \
             WHERE status IN ('REQUESTED', 'PROCESSING', 'PENDING', 'NEEDS_ATTENTION') GROUP BY purchase_id) r \
             ON r.purchase_id = p.id WHERE p.reserved_minor <> COALESCE(r.open, 0)",
        ),
        rule(
            "refund-of-its-purchase",
            "A refund has the customer, the currency and the gateway of its purchase.",
            "refund",
            "SELECT r.id, r.gateway || ' ' || r.currency || ' for a purchase at ' || p.gateway || ' in ' || p.currency \
             FROM refunds r JOIN purchases p ON p.id = r.purchase_id \
             WHERE r.user_id <> p.user_id OR r.currency <> p.currency OR r.gateway <> p.gateway",
        ),
        rule(
            "gateway-refund-known",
            "A refund that the gateway has taken carries the gateway's id of it, unless staff have said so in its place.",
            "refund",
            "SELECT id, status || ' without an id of the gateway' FROM refunds \
             WHERE status IN ('PENDING', 'SUCCEEDED', 'REVERSED') AND gateway_refund_id IS NULL AND resolved_by IS NULL",
        ),
        rule(
            "refund-in-doubt",
            "What the gateway has settled is in doubt no more, and what is in doubt was sent.",
            "refund",
            "SELECT id, status || ' and in doubt' FROM refunds WHERE in_doubt_since IS NOT NULL AND (first_sent_at IS NULL \
             OR status IN ('REQUESTED', 'PENDING') \
             OR (status IN ('SUCCEEDED', 'FAILED', 'REVERSED') AND resolved_by IS NULL))",
        ),
        rule(
            "refund-one-at-a-time",
            "One refund of a payment is on its way to the gateway at a time.",
            "refund",
            "SELECT r.id, 'on its way beside others of the payment ' || p.gateway_payment_id FROM refunds r \
             JOIN purchases p ON p.id = r.purchase_id JOIN (SELECT q.team_id, q.gateway, q.gateway_payment_id \
             FROM refunds s JOIN purchases q ON q.id = s.purchase_id WHERE s.status = 'PROCESSING' \
             GROUP BY q.team_id, q.gateway, q.gateway_payment_id HAVING count(*) > 1) d ON d.team_id = p.team_id \
             AND d.gateway = p.gateway AND d.gateway_payment_id = p.gateway_payment_id WHERE r.status = 'PROCESSING'",
        ),
        rule(
            "gateway-refund-once",
            "A gateway's refund stands for one of ours only.",
            "refund",
            "SELECT r.id, 'shares ' || r.gateway_refund_id FROM refunds r JOIN (SELECT team_id, gateway, gateway_refund_id \
             FROM refunds WHERE gateway_refund_id IS NOT NULL GROUP BY team_id, gateway, gateway_refund_id \
             HAVING count(*) > 1) d ON d.team_id = r.team_id AND d.gateway = r.gateway \
             AND d.gateway_refund_id = r.gateway_refund_id",
        ),
        rule(
            "refund-effects",
            "Every refund has its six effects.",
            "refund",
            "SELECT r.id, CAST(count(e.kind) AS TEXT) || ' effects' FROM refunds r \
             LEFT JOIN refund_effects e ON e.refund_id = r.id GROUP BY r.id HAVING count(e.kind) <> 6",
        ),
        rule(
            "refund-effect-agrees",
            "The effect at the gateway says what the refund's status says.",
            "refund",
            "SELECT r.id, r.status || ' with an effect at the gateway that is ' || e.status FROM refunds r \
             JOIN refund_effects e ON e.refund_id = r.id AND e.kind = 'REFUND_AT_GATEWAY' \
             WHERE e.status <> CASE r.status WHEN 'SUCCEEDED' THEN 'DONE' WHEN 'FAILED' THEN 'FAILED' \
             WHEN 'REVERSED' THEN 'UNDONE' ELSE 'PENDING' END",
        ),
        rule(
            "refund-first-step",
            "A refund's story begins with being requested.",
            "refund",
            "SELECT r.id, 'its first step is ' || COALESCE(s.status, 'missing') FROM refunds r \
             LEFT JOIN refund_steps s ON s.refund_id = r.id AND s.number = 1 \
             WHERE s.status IS NULL OR s.status <> 'REQUESTED'",
        ),
        rule(
            "refund-last-step",
            "The last step of a refund is the status that it has, and no step is missing.",
            "refund",
            "SELECT r.id, r.status || ' after ' || COALESCE(l.status, 'no step') FROM refunds r \
             LEFT JOIN (SELECT refund_id, max(number) AS last, count(*) AS steps FROM refund_steps GROUP BY refund_id) n \
             ON n.refund_id = r.id LEFT JOIN refund_steps l ON l.refund_id = r.id AND l.number = n.last \
             WHERE l.status IS NULL OR l.status <> r.status OR n.steps <> n.last",
        ),
        rule(
            "refund-completed",
            "A refund has a time of completion if, and only if, it is settled.",
            "refund",
            "SELECT id, status || CASE WHEN completed_at IS NULL THEN ' and not completed' ELSE ' and completed' END \
             FROM refunds WHERE (completed_at IS NOT NULL) <> (status IN ('SUCCEEDED', 'FAILED', 'REVERSED'))",
        ),
        rule(
            "refund-follow-up",
            "A refund that went wrong has a follow-up, and an open one while a person has to decide.",
            "refund",
            "SELECT r.id, r.status || ' without a follow-up' FROM refunds r \
             WHERE r.status IN ('FAILED', 'REVERSED', 'NEEDS_ATTENTION') AND NOT EXISTS (SELECT 1 FROM follow_ups f \
             WHERE f.refund_id = r.id AND (r.status <> 'NEEDS_ATTENTION' OR f.done_at IS NULL))",
        ),
        answered(
            rule(
                "refund-audited",
                "Whoever asked for a refund stands in the audit log.",
                "refund",
                "SELECT id, 'not in the audit log' FROM refunds",
            ),
            "SELECT subject_id FROM audit_entries WHERE action = 'refund.requested' AND subject_id IS NOT NULL",
        ),
    ],
    references: references! {
        refunds.id ("refund"): purchase_id -> purchases, user_id -> users, requested_by -> users, api_key_id -> api_keys;
        refund_effects.refund_id ("refund"): refund_id -> refunds;
        refund_steps.refund_id ("refund"): refund_id -> refunds;
        follow_ups.id ("followup"): refund_id -> refunds, assignee_id -> users;
    },
};
