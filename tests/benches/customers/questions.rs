//! What is asked, with the variables of many askings.

use domain::{database::Sql, values};
use entities::{ProductId, UserId};
use serde_json::{Value, json};

use crate::installation::Installation;

/// How often each is asked with other variables.
const VARIETY: i64 = 40;
const ACCESSES: usize = 50;
const PAGE: u64 = 20;
const DEEP: u64 = 10_000;

/// What is promised of it beside the general.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    FirstPage,
    DeepPage,
    /// Counts what there is: it takes longer where there is more.
    Count,
    Other,
}

pub struct Question {
    pub name: String,
    pub query: String,
    pub variables: Vec<Value>,
    pub kind: Kind,
    /// Asked once with each of its variables, as it writes when it is asked anew: not again as SQL.
    pub once: bool,
}

impl Question {
    fn new(name: &str, query: &str, variables: Vec<Value>) -> Self {
        Self {
            name: name.to_owned(),
            query: query.to_owned(),
            variables,
            kind: Kind::Other,
            once: false,
        }
    }

    fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }
}

const USER: &str = "query($id: ID!) { user(id: $id) { id firstName lastName companyEmail active } }";
const PAGE_OF_USERS: &str = "query($first: Int, $after: String) { users(first: $first, after: $after) { \
     nodes { id firstName lastName companyEmail active } pageInfo { hasNextPage endCursor } } }";
const CUSTOMERS: &str = "{ users(first: 50, filter: { segment: CUSTOMER }) { nodes { id firstName lastName companyEmail \
     planSubscription { status interval endsAt } ecosystem { name active } } } }";
const SEARCH: &str = "query($search: String) { users(first: 20, filter: { search: $search }) { \
     nodes { id firstName lastName companyEmail active } pageInfo { hasNextPage endCursor } } }";
const SEARCH_BY_NAME: &str = "query($search: String) { users(first: 20, filter: { search: $search }, \
     orderBy: { field: LAST_NAME }) { nodes { id firstName lastName companyEmail active } } }";
const SEARCH_CUSTOMERS: &str = "query($search: String) { users(first: 20, filter: { search: $search, segment: CUSTOMER, \
     active: true }) { nodes { id firstName lastName companyEmail active } } }";
const CUSTOMER_PAGE: &str = "query($id: ID!) { user(id: $id) { \
     id firstName lastName companyEmail phone companyName tier locale active createdAt \
     planSubscription { id status interval startsAt endsAt encounters product { name } \
       licenses { total available assigned suspended } } \
     ecosystem { id name active suspendedAt } \
     readingStats { asOf totalSessions totalSeconds activeSession lastReadAt \
       titles(first: 20) { nodes { product { id name } sessions seconds percentRead firstReadAt lastReadAt } } } \
     entitlements(first: 20) { nodes { id status startsAt expiresAt product { id name } } } \
     purchases(first: 20) { nodes { id kind gateway status purchasedAt amount { amount currency } product { id name } \
       refundEligibility { eligible blockers overrideRequired refundableAmount { amount currency } percentRead \
         checks { item passed detail } } } } } }";

pub async fn all(installation: &Installation) -> Vec<Question> {
    let people = people(installation).await;
    let id = |user: &UserId| json!({ "id": user.to_string() });
    let terms = |terms: &[&str]| {
        terms
            .iter()
            .map(|term| json!({ "search": term }))
            .collect::<Vec<_>>()
    };
    let pairs = access(installation).await;
    let rare = emails(installation).await.into_iter();
    let rare: Vec<Value> = rare.map(|term| json!({ "search": term })).collect();
    let (looked_at, new) = people.split_at(people.len() / 2);
    vec![
        Question::new("one user by id", USER, people.iter().map(id).collect()),
        Question::new("50 customers, plan and ecosystem", CUSTOMERS, vec![json!({})]),
        Question::new("users, page 1", PAGE_OF_USERS, vec![json!({ "first": PAGE })]).of(Kind::FirstPage),
        deep_page(installation).await,
        Question::new("users, total count", "{ users { totalCount } }", vec![json!({})]).of(Kind::Count),
        Question::new(
            "search, three common letters",
            SEARCH,
            terms(&["mar", "gar", "san", "edi", "ter"]),
        ),
        Question::new(
            "search, three rare letters",
            SEARCH,
            terms(&["xim", "zoe", "oko", "zun", "kaf"]),
        ),
        Question::new(
            "search, three letters of nobody",
            SEARCH,
            terms(&["qqz", "xjq", "wqy", "zzk", "vvq"]),
        ),
        Question::new("search, one person by e-mail", SEARCH, rare.clone()),
        Question::new(
            "search, two names",
            SEARCH,
            terms(&[
                "ximena zuniga",
                "zoe bronte",
                "nuno lacerda",
                "inigo cifuentes",
                "maeve singh",
            ]),
        ),
        Question::new(
            "search, common names of nobody",
            SEARCH,
            terms(&[
                "lucia silva",
                "garcia garcia garcia",
                "mateo santos",
                "martin.garcia.books",
            ]),
        ),
        Question::new(
            "search, common letters by last name",
            SEARCH_BY_NAME,
            terms(&["mar", "gar", "san"]),
        ),
        Question::new(
            "search, common letters, active customers",
            SEARCH_CUSTOMERS,
            terms(&["mar", "gar", "san"]),
        ),
        Question::new("search, e-mail, active customers", SEARCH_CUSTOMERS, rare),
        Question::new("search, two letters", SEARCH, terms(&["ma", "lu", "oz"])),
        Question::new(
            "access",
            "query($u: ID!, $p: ID!) { access(userId: $u, productId: $p) { allowed status until } }",
            pairs
                .iter()
                .map(|(user, product)| json!({ "u": user.to_string(), "p": product.to_string() }))
                .collect(),
        ),
        accesses(&pairs),
        Question::new("customer page", CUSTOMER_PAGE, looked_at.iter().map(id).collect()),
        Question {
            once: true,
            ..Question::new(
                "customer page, first look (audited)",
                CUSTOMER_PAGE,
                new.iter().map(id).collect(),
            )
        },
    ]
}

fn accesses(pairs: &[(UserId, ProductId)]) -> Question {
    let one = |(n, (user, product)): (usize, &(UserId, ProductId))| {
        format!("a{n}: access(userId: \"{user}\", productId: \"{product}\") {{ allowed }} ")
    };
    let all: String = pairs.iter().take(ACCESSES).enumerate().map(one).collect();
    Question::new(
        &format!("{ACCESSES} × access in one document"),
        &format!("{{ {all} }}"),
        vec![json!({})],
    )
}

/// Customers from everywhere in the table, with an ecosystem.
async fn people(installation: &Installation) -> Vec<UserId> {
    let sql = "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users WHERE team_id = $1 \
               AND segment = 'CUSTOMER' AND ecosystem_id IS NOT NULL) c WHERE n % $2 = 0 ORDER BY id LIMIT $3";
    let every = i64::try_from(installation.users / 9 * 2).unwrap_or(i64::MAX) / (2 * VARIETY + 1);
    let values = values![installation.team, every.max(1), 2 * VARIETY];
    let rows = installation
        .db
        .connection()
        .rows(sql, values)
        .await
        .expect("people");
    rows.iter()
        .map(|row| row.try_get_by_index(0).expect("an id"))
        .collect()
}

/// Something that each may use.
async fn access(installation: &Installation) -> Vec<(UserId, ProductId)> {
    let sql = "SELECT n.user_id, n.product_id FROM entitlements n WHERE n.team_id = $1 AND n.closed_at IS NULL \
               AND n.user_id = (SELECT id FROM users WHERE id >= $2 ORDER BY id LIMIT 1) LIMIT 1";
    let mut pairs = Vec::new();
    for user in people(installation).await {
        let row = installation
            .db
            .connection()
            .row(sql, values![installation.team, user])
            .await;
        if let Some(row) = row.expect("an entitlement") {
            pairs.push((
                row.try_get_by_index(0).expect("a user"),
                row.try_get_by_index(1).expect("a product"),
            ));
        }
    }
    pairs
}

/// What is before the `@` of some addresses: nobody else has it.
async fn emails(installation: &Installation) -> Vec<String> {
    let mut parts = Vec::new();
    for user in people(installation).await.into_iter().step_by(4) {
        let sql = "SELECT split_part(company_email, '@', 1) FROM users WHERE id = $1";
        let row = installation
            .db
            .connection()
            .row(sql, values![user])
            .await
            .expect("an address");
        parts.push(row.expect("a user").try_get_by_index(0).expect("a text"));
    }
    parts
}

/// Page 10,000, or the last one: its cursor is found by walking there, in larger steps.
async fn deep_page(installation: &Installation) -> Question {
    let number = DEEP.min((installation.users - 1) / PAGE);
    let mut left = (number - 1) * PAGE;
    let mut after = Value::Null;
    while left > 0 {
        let step = left.min(100);
        let variables = json!({ "first": step, "after": after });
        let query = "query($first: Int, $after: String) { users(first: $first, after: $after) { pageInfo { endCursor } } }";
        let data = installation.caller.ask(query, variables).await.data();
        after = data["users"]["pageInfo"]["endCursor"].clone();
        left -= step;
    }
    let variables = vec![json!({ "first": PAGE, "after": after })];
    Question::new(
        &format!("users, page {DEEP} or the last one"),
        PAGE_OF_USERS,
        variables,
    )
    .of(Kind::DeepPage)
}
