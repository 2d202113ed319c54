//! Who may what of events.

use super::{EDGE, Rules, STAFF, STAFF_FINDS, entry, of};

pub const RULES: Rules = Rules {
    entries: &[entry(
        "Query.events",
        "{ events { nodes { id subjectId } } }",
        STAFF,
        &["events.read"],
    )],
    followed: &[entry(
        "Subscription.events",
        "subscription { events { id subjectId } }",
        STAFF,
        &["events.read"],
    )],
    types: &[
        of(
            "Event",
            "{ node(id: \"<event>\") { ... on Event { FIELD } } }",
            STAFF_FINDS,
            &["events.read"],
            "actor at cursor data id impersonator subject subjectId topic",
        ),
        of(
            "EventConnection",
            "{ events { FIELD } }",
            STAFF,
            &["events.read"],
            "edges nodes pageInfo",
        ),
        of(
            "EventEdge",
            "{ events { edges { FIELD } } }",
            STAFF,
            &["events.read"],
            EDGE,
        ),
    ],
    payloads: &[],
};
