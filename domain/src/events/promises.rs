//! What must hold of events: what has happened is told in order.

use crate::promises::{Promises, references, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
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
    ],
    references: references! {
        events.id ("event"): actor_id -> users, impersonator_id -> users;
    },
};
