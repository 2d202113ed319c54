//! Who may what of reading statistics.

use super::{
    EDGE, OWN, OWN_INSIDE, PAGE, Rules, STATS,
    Verdict::{F, M, U, Y},
    entry, of,
};

pub const RULES: Rules = Rules {
    entries: &[entry(
        "Mutation.readingSessionsRecord",
        "mutation { readingSessionsRecord(input: { sessions: [{ externalId: \"new\", userId: \"<ana>\", \
         productId: \"<product>\", startedAt: \"2026-03-01T00:00:00Z\", endedAt: \"2026-03-01T00:10:00Z\", seconds: 60, \
         percentRead: 1 }] }) { recorded userErrors { code message } } }",
        [U, F, F, F, F, F, Y, F, Y, M],
        &["stats.write"],
    )],
    followed: &[],
    types: &[
        of(
            "ReadingSession",
            "{ node(id: \"<reading>\") { ... on ReadingSession { FIELD } } }",
            OWN,
            &["stats.read"],
            "device endedAt id percentRead product seconds startedAt",
        ),
        of(
            "ReadingSessionConnection",
            "{ node(id: \"<ana>\") { ... on User { readingStats { activity { FIELD } } } } }",
            OWN_INSIDE,
            STATS,
            PAGE,
        ),
        of(
            "ReadingSessionEdge",
            "{ node(id: \"<ana>\") { ... on User { readingStats { activity { edges { FIELD } } } } } }",
            OWN_INSIDE,
            STATS,
            EDGE,
        ),
        of(
            "ReadingStats",
            "{ node(id: \"<ana>\") { ... on User { readingStats { FIELD } } } }",
            OWN_INSIDE,
            STATS,
            "activeSession activity asOf lastReadAt titles totalSeconds totalSessions",
        ),
        of(
            "TitleReading",
            "{ node(id: \"<ana>\") { ... on User { readingStats { titles { nodes { FIELD } } } } } }",
            OWN_INSIDE,
            STATS,
            "firstReadAt lastReadAt percentRead product seconds sessions",
        ),
        of(
            "TitleReadingConnection",
            "{ node(id: \"<ana>\") { ... on User { readingStats { titles { FIELD } } } } }",
            OWN_INSIDE,
            STATS,
            PAGE,
        ),
        of(
            "TitleReadingEdge",
            "{ node(id: \"<ana>\") { ... on User { readingStats { titles { edges { FIELD } } } } } }",
            OWN_INSIDE,
            STATS,
            EDGE,
        ),
    ],
    payloads: &[("ReadingSessionsRecordPayload", "recorded userErrors")],
};
