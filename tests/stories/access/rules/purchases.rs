//! Who may what of purchases.

use super::{
    EDGE, OWN, OWN_INSIDE, PAGE, Rules, STAFF_INSIDE, TypeRule, USERS,
    Verdict::{F, M, U, Y},
    entry, of,
};

pub const RULES: Rules = Rules {
    entries: &[entry(
        "Mutation.purchaseRecord",
        "mutation { purchaseRecord(input: { externalId: \"new\", userId: \"<ana>\", productId: \"<product>\", kind: SINGLE, \
         gateway: MANUAL, amount: { amount: \"1\", currency: \"EUR\" }, purchasedAt: \"2026-03-01T00:00:00Z\" }) \
         { purchase { status } userErrors { code message } } }",
        [U, F, F, F, Y, Y, Y, F, Y, M],
        &["users.write"],
    )],
    followed: &[],
    types: &[
        TypeRule {
            name: "Purchase",
            path: "{ node(id: \"<purchase>\") { ... on Purchase { FIELD } } }",
            row: OWN,
            scopes: &["refunds.read", "users.read"],
            fields: "amount canceledAt externalId gateway gatewayPaymentId id kind product purchasedAt refundedAmount \
         refundedExternally status",
            others: &[
                ("refundEligibility", STAFF_INSIDE, &["refunds.read"]),
                ("refunds", OWN_INSIDE, &["refunds.read"]),
                ("user", OWN_INSIDE, &["users.read"]),
            ],
        },
        of(
            "PurchaseConnection",
            "{ node(id: \"<ana>\") { ... on User { purchases { FIELD } } } }",
            OWN,
            USERS,
            PAGE,
        ),
        of(
            "PurchaseEdge",
            "{ node(id: \"<ana>\") { ... on User { purchases { edges { FIELD } } } } }",
            OWN,
            USERS,
            EDGE,
        ),
    ],
    payloads: &[("PurchasePayload", "purchase userErrors")],
};
