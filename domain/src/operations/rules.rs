//! What must hold whenever anybody looks: money, access, work and history, one SQL statement for each rule.
//!
//! A statement returns the rows that break the rule: the id of the subject, and what is wrong with it.

/// One invariant. `$quiet_since` in its SQL is five minutes ago, `$now` is now.
pub struct Rule {
    pub name: &'static str,
    /// What holds when nothing is wrong.
    pub means: &'static str,
    /// The prefix of the public id whose UUID is the first column.
    pub subject: &'static str,
    /// Speaks to both databases.
    pub sql: &'static str,
    /// Public ids that are no violation after all: what is in the audit log. Public ids
    /// cannot be made in SQL, so the two lists meet here.
    pub answered_by: Option<&'static str>,
}

pub(super) const fn rule(
    name: &'static str,
    means: &'static str,
    subject: &'static str,
    sql: &'static str,
) -> Rule {
    Rule {
        name,
        means,
        subject,
        sql,
        answered_by: None,
    }
}

pub(super) const fn answered(rule: Rule, by: &'static str) -> Rule {
    Rule {
        answered_by: Some(by),
        ..rule
    }
}

/// Money: what goes back, and what a purchase says of it.
pub const MONEY: &[Rule] = &[
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
        "purchase-status",
        "A purchase's status agrees with what has gone back and with its cancellation.",
        "purchase",
        "SELECT id, status || ' where it should be ' || expected FROM (SELECT id, status, CASE \
         WHEN amount_minor > 0 AND refunded_minor + refunded_externally_minor = amount_minor THEN 'REFUNDED' \
         WHEN refunded_minor + refunded_externally_minor > 0 THEN 'PARTIALLY_REFUNDED' \
         WHEN canceled_at IS NOT NULL OR store_canceled_at IS NOT NULL THEN 'CANCELED' ELSE 'ACTIVE' END AS expected FROM purchases) judged \
         WHERE status <> expected AND NOT (status = 'PENDING' AND expected = 'ACTIVE')",
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
];

/// A refund's own story: effects, steps, and what comes next.
pub const REFUNDS: &[Rule] = &[
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
];

/// Work: what runs is held, once, and what has happened is told in order.
pub const WORK: &[Rule] = &[
    rule(
        "job-lease",
        "A running job's lease has not been over for a minute: a sweeper is at work.",
        "job",
        "SELECT id, kind || ' is held by nobody' FROM jobs WHERE status = 'RUNNING' \
         AND (lease_expires_at IS NULL OR lease_expires_at < {a_minute_ago})",
    ),
    rule(
        "job-once",
        "There is one unfinished job for each key.",
        "job",
        "SELECT j.id, 'shares ' || j.unique_key FROM jobs j JOIN (SELECT unique_key FROM jobs WHERE unique_key IS NOT NULL \
         AND status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING') GROUP BY unique_key HAVING count(*) > 1) d \
         ON d.unique_key = j.unique_key WHERE j.status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING')",
    ),
    rule(
        "event-order",
        "A team's events stand without gaps between what was pruned and the head.",
        "team",
        "SELECT h.team_id, CAST(COALESCE(e.n, 0) AS TEXT) || ' events from ' || CAST(COALESCE(e.first, 0) AS TEXT) || ' to ' || \
         CAST(COALESCE(e.last, 0) AS TEXT) || ', pruned through ' || CAST(h.pruned_through AS TEXT) || ', head ' || \
         CAST(h.last_position AS TEXT) FROM event_heads h LEFT JOIN (SELECT team_id, count(*) AS n, min(position) AS first, \
         max(position) AS last FROM events WHERE position IS NOT NULL GROUP BY team_id) e ON e.team_id = h.team_id \
         WHERE (e.n IS NULL AND h.last_position <> h.pruned_through) OR (e.n IS NOT NULL AND (e.n <> e.last - e.first + 1 \
         OR e.last <> h.last_position OR e.first <> h.pruned_through + 1))",
    ),
    rule(
        "event-placed",
        "Every event gets its position within minutes.",
        "event",
        "SELECT id, topic || ' has no position' FROM events WHERE position IS NULL AND at < $quiet_since",
    ),
];
