//! Finding people by any part of their fields (S3.16), in the order of a list.
//!
//! There are two ways to fill a page. Walking through the list in its order is quick if many people match, and reads
//! everybody if nobody does. Asking an index and sorting what it finds is quick if few match, and slow if many do.
//! PostgreSQL would choose one of them for all terms, because a prepared statement is planned without them. So a page
//! is tried in two steps: the first 2,000 people of the list are looked at; if they do not fill the page, an index is
//! asked. On PostgreSQL that is `users_search_long` for one word of six and more characters, else that of trigrams,
//! which takes all the words together.

use entities::TeamId;
use sea_orm::Value;

use super::{
    UserFilter, UserParts, UserView,
    store::{condition, read},
};
use crate::{
    app::App,
    database::{Dialect, Planned},
    error::Outcome,
    input::{Sought, Word},
    page::PageRequest,
};

/// How many people are walked past: what costs about as much as to fetch a few hundred that the index has found.
const NEAR: i64 = 2000;
/// Trigram indexes have nothing to say about less.
const SHORTEST: usize = 3;
/// From here on PostgreSQL's index of longer stretches knows better (`0008_long_terms.postgres.sql`): an address is
/// made of trigrams that many people have.
const LONG: usize = 6;
/// Of several words, one that is no name.
const RARE: usize = 12;

/// What is searched for, if anything is.
pub(super) fn sought(filter: &UserFilter) -> Option<Sought> {
    Sought::read(filter.search.as_deref()?)
}

/// Nobody has anything so long in their fields, so nobody is asked for.
pub(super) fn finds_nobody(filter: &UserFilter) -> bool {
    sought(filter).is_some_and(|sought| !sought.can_be_found())
}

/// The same, if the index knows one of the words.
pub(super) fn indexed(filter: &UserFilter) -> Option<Sought> {
    let known = |word: &Word| word.has_length(SHORTEST);
    sought(filter).filter(|sought| sought.words().iter().any(known))
}

/// Every stretch of the text is somewhere in the column.
fn has_stretches(column: &str, text: &str, values: &mut Vec<Value>) -> String {
    values.push(text.into());
    let n = values.len();
    format!("search_stretches({column}) @> search_stretches(${n})")
}

/// The people of a page.
pub(super) async fn page(
    app: &App,
    team: TeamId,
    (filter, sought): (&UserFilter, &Sought),
    request: &PageRequest,
    parts: UserParts,
) -> Outcome<Vec<UserView>> {
    let mut values = Vec::new();
    let wanted = condition(team, filter, looked_up, &mut values);
    let near = format!(
        "(SELECT u.* FROM users u WHERE u.team_id = $1{})",
        request.sql_of(NEAR, &mut values)
    );
    let among = |source: &str, wanted: &str, values: &mut Vec<Value>| {
        let people = request.rows_of("u", &format!("{source} u"), wanted, values);
        parts.select_from(&people, app.db.dialect(), app.clock.now(), values) + &request.order_by()
    };
    let sql = among(&near, &wanted, &mut values);
    let people = read(app, (Planned::ByValues, &sql, values), parts).await?;
    if i64::try_from(people.len()).is_ok_and(|found| found == request.rows()) {
        return Ok(people);
    }
    let mut values = Vec::new();
    let wanted = condition(team, filter, looked_up, &mut values);
    let found = found(app.db.dialect(), sought, &mut values);
    let sql = among(&found, &wanted, &mut values);
    read(app, (Planned::ByValues, &sql, values), parts).await
}

/// A look at the ecosystem of those who are left: joined, all ecosystems would be read first.
fn looked_up(column: &str) -> String {
    format!("(SELECT e.{column} FROM ecosystems e WHERE e.id = u.ecosystem_id)")
}

/// Those who have the stretches of what hardly anybody else has: of a single word that is long, or of addresses and
/// the like. Several names are better looked up by the trigrams of all at once; and the stretches beside another
/// condition would tempt the planner to make them for each row.
fn by_stretches(sought: &Sought, values: &mut Vec<Value>) -> Option<String> {
    let least = if sought.words().len() == 1 { LONG } else { RARE };
    let rare = sought.words().iter().filter(|word| word.has_length(least));
    let sql: String = rare
        .map(|word| {
            word.in_one_way(LONG, values, |text, values| {
                has_stretches("search_text", text, values)
            })
        })
        .collect();
    (!sql.is_empty()).then_some(sql)
}

/// Those of the team `$1` whom the database's index finds: everybody who has all the words, and others perhaps.
pub(super) fn found(dialect: Dialect, sought: &Sought, values: &mut Vec<Value>) -> String {
    match dialect {
        // OFFSET 0 keeps the search by itself, so that the list's order cannot tempt the planner to walk.
        Dialect::Postgres => {
            let condition = by_stretches(sought, values);
            let condition = condition.unwrap_or_else(|| sought.condition("search_text", values));
            format!("(SELECT * FROM users WHERE team_id = $1{condition} OFFSET 0)")
        }
        // A CROSS JOIN is made in the order in which it is written.
        Dialect::Sqlite => {
            values.push(matching(sought).into());
            let n = values.len();
            format!(
                "(SELECT f.* FROM users_search CROSS JOIN users f ON f.rowid = users_search.rowid \
                 WHERE users_search MATCH ${n} AND f.team_id = $1)"
            )
        }
    }
}

/// What FTS5 has of the words: a way's texts that are long enough for it, all the ways, all the words.
fn matching(sought: &Sought) -> String {
    let known = |text: &&String| text.chars().count() >= SHORTEST;
    let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
    let way = |texts: &Vec<String>| {
        let all: Vec<String> = texts.iter().filter(known).map(quoted).collect();
        format!("({})", all.join(" AND "))
    };
    let words = sought.words().iter().filter(|word| word.has_length(SHORTEST));
    let word = |word: &Word| format!("({})", word.0.iter().map(way).collect::<Vec<_>>().join(" OR "));
    words.map(word).collect::<Vec<_>>().join(" AND ")
}
