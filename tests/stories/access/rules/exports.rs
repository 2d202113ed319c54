//! Who may what of exports.

use super::{EDGE, EXPORTS, OF_ADMIN, OF_ADMIN_LOOKS, PAGE, Rules, STAFF, entry, of};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.exports",
            "{ exports { nodes { id } totalCount } }",
            STAFF,
            EXPORTS,
        ),
        entry(
            "Mutation.usersExport",
            "mutation { usersExport(input: { segment: LEAD }) { userErrors { code } } }",
            STAFF,
            &["exports.write", "users.read"],
        ),
        entry(
            "Mutation.exportCancel",
            "mutation { exportCancel(input: { exportId: \"<export>\" }) { userErrors { code message } } }",
            OF_ADMIN_LOOKS,
            EXPORTS,
        ),
    ],
    followed: &[entry(
        "Subscription.exportUpdated",
        "subscription { exportUpdated(exportId: \"<export>\") { id } }",
        OF_ADMIN,
        EXPORTS,
    )],
    types: &[
        of(
            "Export",
            "{ node(id: \"<export>\") { ... on Export { FIELD } } }",
            OF_ADMIN,
            EXPORTS,
            "done downloadUrl expiresAt failureMessage id kind requestedAt requestedBy sha256 sizeBytes status total",
        ),
        of("ExportConnection", "{ exports { FIELD } }", STAFF, EXPORTS, PAGE),
        of(
            "ExportEdge",
            "{ exports { edges { FIELD } } }",
            STAFF,
            EXPORTS,
            EDGE,
        ),
    ],
    payloads: &[("ExportPayload", "export userErrors")],
};
