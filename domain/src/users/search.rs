//! Finding people by any part of their fields (S3.16), in the order of a list.
//!
//! There are two ways to fill a page. Walking through the list in its order is quick if many people match, and reads
//! everybody if nobody does. Asking an index and sorting what it finds is quick if few match, and slow if many do.
//! PostgreSQL would choose one of them for all terms, because a prepared statement is planned without them. So a page
//! is tried in two steps: the first 2,000 people of the list are looked at; if they do not fill the page, an index is
//! asked. On PostgreSQL that is `users_search_long` for terms of six and more characters, else that of trigrams.

use chrono::{DateTime, Utc};
use entities::TeamId;
use sea_orm::Value;

use super::{
    UserFilter, UserParts, UserView,
    store::{condition, read},
};
use crate::{app::App, database::Dialect, error::Outcome, input, page::PageRequest};

/// How many people are walked past: what costs about as much as to fetch a few hundred that the index has found.
const NEAR: i64 = 2000;
/// Trigram indexes have nothing to say about less.
const SHORTEST: usize = 3;
/// From here on PostgreSQL's index of longer stretches knows better (`0008_long_terms.postgres.sql`): an address is
/// made of trigrams that many people have.
const LONG: usize = 6;

/// What is searched for, if anything is.
pub(super) fn term(filter: &UserFilter) -> Option<String> {
    let term = input::searchable(filter.search.as_deref()?);
    Some(term.trim().to_owned()).filter(|term| !term.is_empty())
}

/// Nobody has anything so long in their fields, so nobody is asked for.
pub(super) fn finds_nobody(filter: &UserFilter) -> bool {
    term(filter).is_some_and(|term| !input::can_be_found(&term))
}

/// The same, if the index knows it.
pub(super) fn indexed(filter: &UserFilter) -> Option<String> {
    term(filter).filter(|term| term.chars().count() >= SHORTEST)
}

/// As it is written and, if it is a phone, as it is dialled.
fn spellings(term: &str) -> Vec<String> {
    std::iter::once(term.to_owned())
        .chain(input::dialled(term))
        .collect()
}

/// ` AND (…)`: the term is anywhere in the column.
pub(super) fn contains(column: &str, term: &str, values: &mut Vec<Value>) -> String {
    let mut any = Vec::new();
    for term in spellings(term) {
        let (condition, pattern) = input::contains(column, &term, values.len() + 1);
        values.push(pattern.into());
        any.push(condition);
    }
    format!(" AND ({})", any.join(" OR "))
}

fn is_long(term: &str) -> bool {
    term.chars().count() >= LONG
}

/// ` AND (…)`: every stretch of the term is somewhere in the column.
fn has_stretches(column: &str, term: &str, values: &mut Vec<Value>) -> String {
    let mut any = Vec::new();
    for term in spellings(term) {
        values.push(term.into());
        let n = values.len();
        any.push(format!("search_stretches({column}) @> search_stretches(${n})"));
    }
    format!(" AND ({})", any.join(" OR "))
}

/// The people of a page.
pub(super) async fn page(
    app: &App,
    team: TeamId,
    (filter, searched): (&UserFilter, &str),
    request: &PageRequest,
    parts: UserParts,
) -> Outcome<Vec<UserView>> {
    let mut values = Vec::new();
    let wanted = condition(team, filter, looked_up, &mut values);
    let near = format!(
        "(SELECT u.* FROM users u WHERE u.team_id = $1{})",
        request.sql_of(NEAR, &mut values)
    );
    let parts_now = (parts, app.clock.now());
    let sql = among(&near, &wanted, request, parts_now, &mut values);
    let people = read(app, &sql, values, parts).await?;
    if i64::try_from(people.len()).is_ok_and(|found| found == request.rows()) {
        return Ok(people);
    }
    let mut values = Vec::new();
    let wanted = condition(team, filter, looked_up, &mut values);
    let found = found(app.db.dialect(), searched, &mut values);
    let sql = among(&found, &wanted, request, parts_now, &mut values);
    read(app, &sql, values, parts).await
}

/// A look at the ecosystem of those who are left: joined, all ecosystems would be read first.
fn looked_up(column: &str) -> String {
    format!("(SELECT e.{column} FROM ecosystems e WHERE e.id = u.ecosystem_id)")
}

/// The page of those whom a source of rows offers. What hangs on them comes to these few only: joined to all, it
/// would be read for all.
fn among(
    source: &str,
    wanted: &str,
    request: &PageRequest,
    (parts, now): (UserParts, DateTime<Utc>),
    values: &mut Vec<Value>,
) -> String {
    let page = request.sql(values);
    let people = format!("(SELECT u.* FROM {source} u{wanted}{page})");
    parts.select_from(&people, now, values) + &request.order_by()
}

/// Those of the team `$1` whom the database's index finds: everybody who has the term, and others perhaps.
pub(super) fn found(dialect: Dialect, term: &str, values: &mut Vec<Value>) -> String {
    match dialect {
        // OFFSET 0 keeps the search by itself, so that the list's order cannot tempt the planner to walk.
        Dialect::Postgres => {
            let condition = if spellings(term).iter().all(|term| is_long(term)) {
                has_stretches("search_text", term, values)
            } else {
                contains("search_text", term, values)
            };
            format!("(SELECT * FROM users WHERE team_id = $1{condition} OFFSET 0)")
        }
        // A CROSS JOIN is made in the order in which it is written.
        Dialect::Sqlite => {
            let quoted = |term: &String| format!("\"{}\"", term.replace('"', "\"\""));
            let any: Vec<_> = spellings(term).iter().map(quoted).collect();
            values.push(any.join(" OR ").into());
            let n = values.len();
            format!(
                "(SELECT f.* FROM users_search CROSS JOIN users f ON f.rowid = users_search.rowid \
                 WHERE users_search MATCH ${n} AND f.team_id = $1)"
            )
        }
    }
}
