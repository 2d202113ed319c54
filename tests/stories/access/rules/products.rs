//! Who may what of products.

use super::{EDGE, PAGE, Rules, STAFF, TEAM, TEAM_LISTS, entry, of};

pub const RULES: Rules = Rules {
    entries: &[
        entry(
            "Query.products",
            "{ products { nodes { id } totalCount } }",
            TEAM_LISTS,
            &[],
        ),
        entry(
            "Mutation.productRecord",
            "mutation { productRecord(input: { externalId: \"new\", name: \"New\" }) { userErrors { code } } }",
            STAFF,
            &["users.write"],
        ),
    ],
    followed: &[],
    types: &[
        of(
            "Product",
            "{ node(id: \"<product>\") { ... on Product { FIELD } } }",
            TEAM,
            &[],
            "active graceDays id name",
        ),
        of(
            "ProductConnection",
            "{ products { FIELD } }",
            TEAM_LISTS,
            &[],
            PAGE,
        ),
        of(
            "ProductEdge",
            "{ products { edges { FIELD } } }",
            TEAM_LISTS,
            &[],
            EDGE,
        ),
    ],
    payloads: &[("ProductPayload", "product userErrors")],
};
