//! What belongs to no subject: nodes, money, pages, refusals.

use super::{OWN, Rules, STAFF, USERS, entry, of};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.node",
            "{ node(id: \"<ana>\") { id } }",
            OWN,
            &["users.read"],
        ),
        entry(
            "Query.nodes",
            "{ nodes(ids: [\"<ana>\"]) { __typename } }",
            OWN,
            &["users.read"],
        ),
    ],
    followed: &[],
    types: &[
        of(
            "Money",
            "{ node(id: \"<purchase>\") { ... on Purchase { amount { FIELD } } } }",
            OWN,
            &["refunds.read", "users.read"],
            "amount currency",
        ),
        of(
            "PageInfo",
            "{ users { pageInfo { FIELD } } }",
            STAFF,
            USERS,
            "endCursor hasNextPage hasPreviousPage startCursor",
        ),
    ],
    payloads: &[("UserError", "code field message")],
};
