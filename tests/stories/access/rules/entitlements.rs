//! Who may what of access.

use super::{
    ACCESS, EDGE, ENTITLED, OWN, OWN_INSIDE, PAGE, Rules, STAFF, STAFF_FINDS, STAFF_FINDS_INSIDE,
    STAFF_LOOKS, TypeRule, entry, of,
};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.access",
            "{ access(userId: \"<ana>\", productId: \"<product>\") { allowed status } }",
            OWN_INSIDE,
            &["commerce.entitlements.read"],
        ),
        entry(
            "Query.accessDiagnosis",
            "{ accessDiagnosis(userId: \"<ana>\", productId: \"<product>\") { findings } }",
            STAFF_LOOKS,
            ENTITLED,
        ),
        entry(
            "Mutation.entitlementExtend",
            "mutation { entitlementExtend(input: { entitlementId: \"<entitlement>\", expiresAt: \"2027-01-01T00:00:00Z\" }) \
         { userErrors { code message } } }",
            STAFF_LOOKS,
            &["commerce.entitlements.write"],
        ),
        entry(
            "Mutation.entitlementRevoke",
            "mutation { entitlementRevoke(input: { entitlementId: \"<entitlement>\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["commerce.entitlements.write"],
        ),
        entry(
            "Mutation.entitlementGrant",
            "mutation { entitlementGrant(input: { userId: \"<ana>\", productId: \"<product>\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["commerce.entitlements.write"],
        ),
        entry(
            "Query.entitlementBatches",
            "{ entitlementBatches { nodes { id } totalCount } }",
            STAFF,
            &["commerce.entitlements.read"],
        ),
        entry(
            "Mutation.entitlementBatchCancel",
            "mutation { entitlementBatchCancel(input: { batchId: \"<batch>\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["commerce.entitlements.write"],
        ),
        entry(
            "Mutation.entitlementsGrant",
            "mutation { entitlementsGrant(input: { userIds: [\"<ana>\"], productId: \"<product>\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["commerce.entitlements.write"],
        ),
        entry(
            "Mutation.entitlementsRevoke",
            "mutation { entitlementsRevoke(input: { userIds: [\"<ana>\"], productId: \"<product>\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["commerce.entitlements.write"],
        ),
    ],
    followed: &[entry(
        "Subscription.entitlementBatchUpdated",
        "subscription { entitlementBatchUpdated(batchId: \"<batch>\") { id } }",
        STAFF_LOOKS,
        &["commerce.entitlements.read"],
    )],
    types: &[
        of(
            "Access",
            "{ access(userId: \"<ana>\", productId: \"<product>\") { FIELD allowed } }",
            OWN_INSIDE,
            &["commerce.entitlements.read"],
            "allowed status until",
        ),
        of(
            "AccessDiagnosis",
            "{ accessDiagnosis(userId: \"<ana>\", productId: \"<product>\") { FIELD } }",
            STAFF_LOOKS,
            ENTITLED,
            "access activePurchase ecosystemActive entitlement findings productActive reading userActive",
        ),
        TypeRule {
            name: "Entitlement",
            path: "{ node(id: \"<entitlement>\") { ... on Entitlement { FIELD } } }",
            row: OWN,
            scopes: &["users.read", "commerce.entitlements.read"],
            fields: "canExtend expiresAt graceEndsAt history id lifetime product resumesAt revocationReason revokedAt \
                 secondsRemaining startsAt status",
            others: &[("user", OWN_INSIDE, &["users.read"])],
        },
        TypeRule {
            name: "EntitlementBatch",
            path: "{ node(id: \"<batch>\") { ... on EntitlementBatch { FIELD } } }",
            row: STAFF_FINDS,
            scopes: &["commerce.entitlements.read"],
            fields: "action done failed failureMessage finishedAt id product refused requestedAt results status succeeded total",
            others: &[("requestedBy", STAFF_FINDS_INSIDE, &["users.read"])],
        },
        of(
            "EntitlementBatchConnection",
            "{ entitlementBatches { FIELD } }",
            STAFF,
            &["commerce.entitlements.read"],
            PAGE,
        ),
        of(
            "EntitlementBatchEdge",
            "{ entitlementBatches { edges { FIELD } } }",
            STAFF,
            &["commerce.entitlements.read"],
            EDGE,
        ),
        TypeRule {
            name: "EntitlementBatchResult",
            path: "{ node(id: \"<batch>\") { ... on EntitlementBatch { results { nodes { FIELD } } } } }",
            row: STAFF_FINDS,
            scopes: &["commerce.entitlements.read"],
            fields: "at code entitlement message outcome",
            others: &[("user", STAFF_FINDS_INSIDE, &["users.read"])],
        },
        of(
            "EntitlementBatchResultConnection",
            "{ node(id: \"<batch>\") { ... on EntitlementBatch { results { FIELD } } } }",
            STAFF_FINDS,
            &["commerce.entitlements.read"],
            PAGE,
        ),
        of(
            "EntitlementBatchResultEdge",
            "{ node(id: \"<batch>\") { ... on EntitlementBatch { results { edges { FIELD } } } } }",
            STAFF_FINDS,
            &["commerce.entitlements.read"],
            EDGE,
        ),
        of(
            "EntitlementConnection",
            "{ node(id: \"<ana>\") { ... on User { entitlements { FIELD } } } }",
            OWN_INSIDE,
            ACCESS,
            PAGE,
        ),
        of(
            "EntitlementEdge",
            "{ node(id: \"<ana>\") { ... on User { entitlements(status: [REVOKED]) { edges { FIELD } } } } }",
            OWN_INSIDE,
            ACCESS,
            EDGE,
        ),
        of(
            "EntitlementEvent",
            "{ node(id: \"<happened>\") { ... on EntitlementEvent { FIELD } } }",
            OWN,
            &["commerce.entitlements.read"],
            "action actor at detail entitlement expiresAt id impersonator previousExpiresAt",
        ),
        of(
            "EntitlementEventConnection",
            "{ node(id: \"<ana>\") { ... on User { entitlementHistory { FIELD } } } }",
            OWN_INSIDE,
            ACCESS,
            PAGE,
        ),
        of(
            "EntitlementEventEdge",
            "{ node(id: \"<ana>\") { ... on User { entitlementHistory { edges { FIELD } } } } }",
            OWN_INSIDE,
            ACCESS,
            EDGE,
        ),
    ],
    payloads: &[
        ("EntitlementBatchPayload", "batch userErrors"),
        ("EntitlementPayload", "entitlement userErrors"),
    ],
};
