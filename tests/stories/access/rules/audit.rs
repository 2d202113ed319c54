//! Who may what of the audit log.

use super::{EDGE, PAGE, Rules, SENIOR, SENIOR_FINDS, entry, of};

pub const RULES: Rules = Rules {
    entries: &[entry(
        "Query.auditLog",
        "{ auditLog { nodes { id subjectId } } }",
        SENIOR,
        &["audit.read"],
    )],
    followed: &[],
    types: &[
        of(
            "AuditEntry",
            "{ node(id: \"<audit>\") { ... on AuditEntry { FIELD } } }",
            SENIOR_FINDS,
            &["audit.read"],
            "action actor apiKey at id impersonator ipAddress reason subject subjectId",
        ),
        of(
            "AuditEntryConnection",
            "{ auditLog { FIELD } }",
            SENIOR,
            &["audit.read"],
            PAGE,
        ),
        of(
            "AuditEntryEdge",
            "{ auditLog { edges { FIELD } } }",
            SENIOR,
            &["audit.read"],
            EDGE,
        ),
    ],
    payloads: &[],
};
