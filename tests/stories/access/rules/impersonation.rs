//! Who may what of impersonation.

use super::{
    ADMINS, ADMINS_CHANGE, EDGE, EYES, NOT_YOU, PAGE, Rules,
    Verdict::{F, M, U, Y},
    entry, of,
};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.impersonations",
            "{ impersonations { nodes { id } totalCount } }",
            ADMINS_CHANGE,
            &[],
        ),
        entry(
            "Mutation.impersonationStart",
            "mutation { impersonationStart(input: { userId: \"<ana>\", reason: \"x\" }) { userErrors { code message } } }",
            [U, F, F, EYES, F, EYES, NOT_YOU, F, Y, M],
            &["users.impersonate"],
        ),
        entry(
            "Mutation.impersonationEnd",
            "mutation { impersonationEnd(input: { impersonationId: \"<impersonation>\" }) { userErrors { code message } } }",
            ADMINS,
            &[],
        ),
        entry(
            "Mutation.impersonationStop",
            "mutation { impersonationStop { userErrors { code } } }",
            [
                U, NOT_YOU, NOT_YOU, Y, NOT_YOU, Y, NOT_YOU, NOT_YOU, NOT_YOU, NOT_YOU,
            ],
            &[],
        ),
    ],
    followed: &[],
    types: &[
        of(
            "Impersonation",
            "{ impersonations { nodes { FIELD } } }",
            ADMINS_CHANGE,
            &[],
            "administrator expiresAt id reason startedAt user",
        ),
        of(
            "ImpersonationConnection",
            "{ impersonations { FIELD } }",
            ADMINS_CHANGE,
            &[],
            PAGE,
        ),
        of(
            "ImpersonationEdge",
            "{ impersonations { edges { FIELD } } }",
            ADMINS_CHANGE,
            &[],
            EDGE,
        ),
    ],
    payloads: &[
        ("ImpersonationEndPayload", "userErrors"),
        (
            "ImpersonationStartPayload",
            "accessToken expiresAt userErrors viewer",
        ),
        ("ImpersonationStopPayload", "userErrors viewer"),
    ],
};
