//! Who may what of people, their plans and their ecosystems.

use super::{EDGE, OWN, OWN_INSIDE, PAGE, Rules, STAFF, STAFF_LOOKS, TypeRule, USERS, entry, of};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.user",
            "{ user(id: \"<ana>\") { companyEmail } }",
            OWN,
            &["users.read"],
        ),
        entry(
            "Query.users",
            "{ users { nodes { id } totalCount } }",
            STAFF,
            &["users.read"],
        ),
        entry(
            "Mutation.userCreate",
            "mutation { userCreate(input: { firstName: \"N\", lastName: \"N\", companyEmail: \"new@shop.test\" }) { userErrors { code } } }",
            STAFF,
            &["users.write"],
        ),
        entry(
            "Mutation.userUpdate",
            "mutation { userUpdate(input: { userId: \"<ana>\", tier: VIP }) { user { tier } userErrors { code message } } }",
            STAFF_LOOKS,
            &["users.write"],
        ),
        entry(
            "Mutation.planSubscriptionRecord",
            "mutation { planSubscriptionRecord(input: { externalId: \"new\", userId: \"<ana>\", productId: \"<product>\", \
         interval: ANNUAL, status: ACTIVE, startsAt: \"2026-03-01T00:00:00Z\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["users.write"],
        ),
        entry(
            "Mutation.ecosystemRecord",
            "mutation { ecosystemRecord(input: { externalId: \"eco-1\", ownerId: \"<ana>\", name: \"Ana's\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["users.write"],
        ),
        entry(
            "Mutation.ecosystemActivate",
            "mutation { ecosystemActivate(input: { ecosystemId: \"<ecosystem>\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["users.write"],
        ),
        // The last: it ends the customer's sessions.
        entry(
            "Mutation.ecosystemSuspend",
            "mutation { ecosystemSuspend(input: { ecosystemId: \"<ecosystem>\", reason: \"x\" }) { userErrors { code message } } }",
            STAFF_LOOKS,
            &["users.write"],
        ),
    ],
    followed: &[],
    types: &[
        of(
            "Ecosystem",
            "{ node(id: \"<ecosystem>\") { ... on Ecosystem { FIELD } } }",
            OWN,
            USERS,
            "active id members name owner suspendedAt suspensionReason",
        ),
        of(
            "LicenseSummary",
            "{ node(id: \"<plan>\") { ... on PlanSubscription { licenses { FIELD } } } }",
            OWN,
            USERS,
            "assigned available suspended total",
        ),
        of(
            "PlanSubscription",
            "{ node(id: \"<plan>\") { ... on PlanSubscription { FIELD } } }",
            OWN,
            USERS,
            "ecosystem encounters endsAt id interval licenses product startsAt status",
        ),
        TypeRule {
            name: "User",
            path: "{ node(id: \"<ana>\") { ... on User { FIELD } } }",
            row: OWN,
            scopes: USERS,
            fields: "active companyEmail companyName createdAt ecosystem features firstName id impersonationBlocker lastName \
                 locale phone planSubscription purchases role segment tier",
            others: &[
                ("readingStats", OWN_INSIDE, &["stats.read"]),
                ("entitlements", OWN_INSIDE, &["commerce.entitlements.read"]),
                ("entitlementHistory", OWN_INSIDE, &["commerce.entitlements.read"]),
                ("grantableProducts", OWN_INSIDE, &["commerce.entitlements.read"]),
            ],
        },
        of("UserConnection", "{ users { FIELD } }", STAFF, USERS, PAGE),
        of("UserEdge", "{ users { edges { FIELD } } }", STAFF, USERS, EDGE),
    ],
    payloads: &[
        ("EcosystemPayload", "affectedApiKeys ecosystem userErrors"),
        ("PlanSubscriptionPayload", "planSubscription userErrors"),
        ("UserPayload", "affectedApiKeys user userErrors"),
    ],
};
