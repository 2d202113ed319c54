//! The queries that a first visit finds open, in the order in which one would try them.

use transport::graphiql::Tab;

/// Sign in, find a customer, refund a purchase, and watch it happen. `purchase_id` fills the refund's
/// variables in, where the caller knows a good one.
pub fn first_steps(email: &str, password: &str, purchase_id: Option<&str>) -> Vec<Tab> {
    let sign_in = serde_json::json!({ "input": { "email": email, "password": password } });
    let refund = serde_json::json!({ "input": {
        "purchaseId": purchase_id.unwrap_or("purchase_…"),
        "reason": "REQUESTED_BY_CUSTOMER",
        "note": "Bought by mistake",
    } });
    vec![
        Tab::new(SIGN_IN).with_variables(&pretty(&sign_in)),
        Tab::new(FIND_CUSTOMER).with_variables("{\n  \"search\": \"ana\"\n}"),
        Tab::new(REFUND_PURCHASE).with_variables(&pretty(&refund)),
        Tab::new(WATCH_REFUNDS),
        Tab::new(WATCH_EVENTS),
        Tab::new(PAST_EVENTS),
    ]
}

fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}")
}

const SIGN_IN: &str = "\
# Run this first: the other tabs then use the token by themselves.
# With a token of your own, write under Headers: {\"Authorization\": \"Bearer …\"}
mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    accessToken
    expiresAt
    viewer {
      user { firstName role }
      team { name }
      scopes
    }
    userErrors { code message field }
  }
}
";

const FIND_CUSTOMER: &str = "\
# Any part of a name, an email address, a phone number or a company; case and accents do not matter.
query FindCustomer($search: String!) {
  users(first: 5, filter: { search: $search, segment: CUSTOMER }) {
    totalCount
    nodes {
      id
      firstName
      lastName
      companyEmail
      active
      purchases(first: 5) {
        nodes {
          id
          product { name }
          amount { amount currency }
          status
          refundEligibility {
            eligible
            blockers
            overrideRequired
            refundableAmount { amount currency }
            checks { item passed detail }
          }
        }
      }
    }
  }
}
";

const REFUND_PURCHASE: &str = "\
# Put the id of a purchase from FindCustomer into the variables. Run WatchRefunds in another tab to see it go through.
mutation RefundPurchase($input: RefundRequestInput!) {
  refundRequest(input: $input) {
    refund {
      id
      status
      amount { amount currency }
      effects { kind status detail }
    }
    userErrors { code message field }
  }
}
";

const WATCH_REFUNDS: &str = "\
# Stays open: every change of a refund arrives here.
subscription WatchRefunds {
  refundUpdated {
    id
    status
    amount { amount currency }
    purchase { status user { firstName lastName } product { name } }
    effects { kind status at detail }
    timeline { at status detail }
  }
}
";

const WATCH_EVENTS: &str = "\
# Everything that happens. With `after`, everything since that cursor first: nothing is missed, nothing comes twice.
subscription WatchEvents($after: String) {
  events(after: $after) {
    cursor
    topic
    at
    subjectId
    actor { firstName lastName }
    data
  }
}
";

const PAST_EVENTS: &str = "\
# What a partner that was away asks for.
query PastEvents($after: String) {
  events(first: 20, after: $after) {
    edges { node { cursor topic at subjectId data } }
    pageInfo { hasNextPage endCursor }
  }
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tab_is_a_document_with_one_named_operation() {
        for tab in first_steps("admin@demo.test", "a password with \"quotes\"", None) {
            let document = async_graphql::parser::parse_query(&tab.query).expect(&tab.query);
            let names: Vec<_> = document
                .operations
                .iter()
                .map(|(name, _)| name.is_some())
                .collect();
            assert_eq!(names, [true], "{}", tab.query);
            let variables = tab.variables.as_deref().unwrap_or("{}");
            serde_json::from_str::<serde_json::Map<_, _>>(variables).expect(variables);
        }
    }
}
