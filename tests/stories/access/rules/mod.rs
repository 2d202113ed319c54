//! Who may what: one row for each entry and for each type, and where a field differs from its type, for the
//! field. A field without a row fails the story. Each subject has a file of its own.

mod audit;
mod entitlements;
mod events;
mod exports;
mod identity;
mod impersonation;
mod products;
mod purchases;
mod refunds;
mod shared;
mod stats;
mod teams;
mod users;

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answered.
    Y,
    /// Answered about their own team: nothing of ours shows.
    O,
    /// Like an id that does not exist, to the letter.
    M,
    /// Null, without an error.
    N,
    /// UNAUTHENTICATED.
    U,
    /// FORBIDDEN.
    F,
    /// Refused in `userErrors`, with this code.
    R(&'static str),
}
use Verdict::{F, M, N, O, R, U, Y};

/// The callers, in the order of each row. Keys are made for the row: one with what it takes, one with all but that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    Nobody,
    /// Whose things they are.
    Customer,
    OtherCustomer,
    /// An administrator through the customer's eyes.
    AsCustomer,
    Agent,
    AsAgent,
    KeyWith,
    KeyWithout,
    Admin,
    OtherAdmin,
}
pub const CALLERS: [Caller; 10] = [
    Caller::Nobody,
    Caller::Customer,
    Caller::OtherCustomer,
    Caller::AsCustomer,
    Caller::Agent,
    Caller::AsAgent,
    Caller::KeyWith,
    Caller::KeyWithout,
    Caller::Admin,
    Caller::OtherAdmin,
];
pub type Row = [Verdict; 10];

// Nobody, customer, other customer, as customer, agent, as agent, key with, key without, admin, other admin.
/// Lists for whoever has the scope; agents have it.
const STAFF: Row = [U, F, F, F, Y, Y, Y, F, Y, O];
/// The same with a scope that agents lack.
const SENIOR: Row = [U, F, F, F, F, F, Y, F, Y, O];
/// One's own, or with the scope anybody's.
const OWN: Row = [U, Y, M, Y, Y, Y, Y, M, Y, M];
/// One's own, where a key with other scopes comes near enough to be told which it lacks.
const OWN_INSIDE: Row = [U, Y, M, Y, Y, Y, Y, F, Y, M];
/// Found with the scope only, a customer's own things included.
const STAFF_FINDS: Row = [U, M, M, M, Y, Y, Y, M, Y, M];
/// Within something that only staff find.
const STAFF_FINDS_INSIDE: Row = [U, M, M, M, Y, Y, Y, F, Y, M];
const SENIOR_FINDS: Row = [U, M, M, M, M, M, Y, M, Y, M];
/// Within something that customers see of their own.
const STAFF_INSIDE: Row = [U, F, M, F, Y, Y, Y, F, Y, M];
const STAFF_INSIDE_REFUND: Row = [U, F, M, F, Y, Y, Y, M, Y, M];
/// With the scope, about the customer's things.
const STAFF_LOOKS: Row = [U, F, F, F, Y, Y, Y, F, Y, M];
const TEAM: Row = [U, Y, Y, Y, Y, Y, Y, Y, Y, M];
const TEAM_LISTS: Row = [U, Y, Y, Y, Y, Y, Y, Y, Y, O];
/// The refund of the world has succeeded.
const SETTLED: Verdict = R("REFUND_NOT_RESOLVABLE");
const ADMINS: Row = [U, F, F, F, F, F, F, F, Y, M];
const ADMINS_CHANGE: Row = [U, F, F, F, F, F, F, F, Y, O];
/// What an administrator has asked for: nobody else's, whatever their scopes.
const OF_ADMIN: Row = [U, M, M, M, M, M, M, M, Y, M];
const OF_ADMIN_LOOKS: Row = [U, F, F, F, M, M, M, F, Y, M];
const EVERYBODY: Row = [Y; 10];
const VIEWER: Row = [N, Y, Y, Y, Y, Y, Y, Y, Y, O];

/// What an administrator may not do through somebody's eyes.
const EYES: Verdict = R("NOT_ALLOWED_WHILE_IMPERSONATING");
const NOT_YOU: Verdict = R("IMPERSONATION_NOT_ALLOWED");
const WRONG: Verdict = R("CREDENTIALS_INVALID");

pub struct Entry {
    pub name: &'static str,
    /// `<…>` stands for an id of the customer's things.
    pub ask: &'static str,
    pub row: Row,
    pub scopes: &'static [&'static str],
}

const fn entry(name: &'static str, ask: &'static str, row: Row, scopes: &'static [&'static str]) -> Entry {
    Entry {
        name,
        ask,
        row,
        scopes,
    }
}

pub struct TypeRule {
    pub name: &'static str,
    /// How one comes to an object of it; `FIELD` stands for the field.
    pub path: &'static str,
    pub row: Row,
    /// What a key must have, and which one is the last thing missing.
    pub scopes: &'static [&'static str],
    pub fields: &'static str,
    pub others: &'static [(&'static str, Row, &'static [&'static str])],
}

const fn of(
    name: &'static str,
    path: &'static str,
    row: Row,
    scopes: &'static [&'static str],
    fields: &'static str,
) -> TypeRule {
    TypeRule {
        name,
        path,
        row,
        scopes,
        fields,
        others: &[],
    }
}

const USERS: &[&str] = &["users.read"];
const REFUNDS: &[&str] = &["refunds.read"];
const EXPORTS: &[&str] = &["exports.write"];
const STATS: &[&str] = &["users.read", "stats.read"];
const ENTITLED: &[&str] = &["stats.read", "commerce.entitlements.read"];
const ACCESS: &[&str] = &["users.read", "commerce.entitlements.read"];
const PAGE: &str = "edges nodes pageInfo totalCount";
const EDGE: &str = "cursor node";

/// What one subject adds to the API.
pub struct Rules {
    pub entries: &'static [Entry],
    /// Subscriptions.
    pub followed: &'static [Entry],
    pub types: &'static [TypeRule],
    /// What a mutation answers with: whoever may call it may read it.
    pub payloads: &'static [(&'static str, &'static str)],
}

/// All subjects, in the order in which their mutations are called: what takes something away comes last.
const ALL: [&Rules; 13] = [
    &shared::RULES,
    &audit::RULES,
    &events::RULES,
    &identity::RULES,
    &teams::RULES,
    &products::RULES,
    &purchases::RULES,
    &stats::RULES,
    &refunds::RULES,
    &entitlements::RULES,
    &exports::RULES,
    &impersonation::RULES,
    &users::RULES,
];

/// Queries and mutations. Queries come first: mutations change what they answer.
pub fn entries() -> Vec<&'static Entry> {
    let mut entries: Vec<_> = ALL.iter().flat_map(|rules| rules.entries).collect();
    entries.sort_by_key(|entry| !entry.name.starts_with("Query."));
    entries
}

pub fn followed() -> impl Iterator<Item = &'static Entry> {
    ALL.iter().flat_map(|rules| rules.followed)
}

pub fn types() -> impl Iterator<Item = &'static TypeRule> {
    ALL.iter().flat_map(|rules| rules.types)
}

pub fn payloads() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    ALL.iter().flat_map(|rules| rules.payloads)
}
