//! Who may what of refunds.

use super::{
    EDGE, EYES, OWN, PAGE, REFUNDS, Rules, SETTLED, STAFF, STAFF_INSIDE, STAFF_INSIDE_REFUND, TypeRule,
    Verdict::{F, M, N, U, Y},
    entry, of,
};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.refunds",
            "{ refunds { nodes { id } totalCount } }",
            STAFF,
            &["refunds.read"],
        ),
        entry(
            "Mutation.refundRequest",
            "mutation { refundRequest(input: { purchaseId: \"<purchase>\", reason: DUPLICATE }) { refund { status } \
         userErrors { code message } } }",
            [U, F, F, F, Y, EYES, Y, F, Y, M],
            &["refunds.write"],
        ),
        entry(
            "Mutation.refundResolve",
            "mutation { refundResolve(input: { refundId: \"<refund>\", outcome: FAILED, note: \"x\" }) { refund { status } \
         userErrors { code message } } }",
            [U, F, F, F, F, F, SETTLED, F, SETTLED, M],
            &["refunds.override"],
        ),
    ],
    followed: &[entry(
        "Subscription.refundUpdated",
        "subscription { refundUpdated(refundId: \"<refund>\") { id } }",
        OWN,
        &["refunds.read"],
    )],
    types: &[
        TypeRule {
            name: "Refund",
            path: "{ node(id: \"<refund>\") { ... on Refund { FIELD } } }",
            row: OWN,
            scopes: REFUNDS,
            fields: "amount completedAt effects failureMessage gatewayRefundId id percentReadAtRequest purchase reason \
                 requestedAt status timeline",
            others: &[
                ("followUps", STAFF_INSIDE_REFUND, REFUNDS),
                ("note", [U, N, M, N, Y, Y, Y, M, Y, M], REFUNDS),
                ("requestedBy", STAFF_INSIDE, &["users.read"]),
            ],
        },
        of(
            "RefundCheck",
            "{ node(id: \"<purchase>\") { ... on Purchase { refundEligibility { checks { FIELD } } } } }",
            STAFF_INSIDE,
            &["users.read", "refunds.read"],
            "detail item passed",
        ),
        of("RefundConnection", "{ refunds { FIELD } }", STAFF, REFUNDS, PAGE),
        of(
            "RefundEdge",
            "{ refunds { edges { FIELD } } }",
            STAFF,
            REFUNDS,
            EDGE,
        ),
        of(
            "RefundEffect",
            "{ node(id: \"<refund>\") { ... on Refund { effects { FIELD } } } }",
            OWN,
            REFUNDS,
            "at detail kind status",
        ),
        of(
            "RefundEligibility",
            "{ node(id: \"<purchase>\") { ... on Purchase { refundEligibility { FIELD } } } }",
            STAFF_INSIDE,
            &["users.read", "refunds.read"],
            "blockers checks duplicates eligible overrideRequired percentRead refundableAmount secondsRead",
        ),
        of(
            "RefundFollowUp",
            "{ node(id: \"<refund>\") { ... on Refund { followUps { FIELD } } } }",
            STAFF_INSIDE_REFUND,
            REFUNDS,
            "doneAt dueAt id note",
        ),
        of(
            "RefundStep",
            "{ node(id: \"<refund>\") { ... on Refund { timeline { FIELD } } } }",
            OWN,
            REFUNDS,
            "at detail status",
        ),
    ],
    payloads: &[
        ("RefundPayload", "refund userErrors"),
        ("RefundResolvePayload", "decidedByGateway refund userErrors"),
    ],
};
