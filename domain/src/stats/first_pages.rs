//! The first titles and sessions of many readers at once: a list of people shows them without a query per row
//! (S0.15).

use std::{cmp::Reverse, collections::HashMap};

use entities::{TeamId, reading_session};
use sea_orm::{EntityTrait, Statement, Value};

use super::reading::{ACTIVITY, ReadingOf, TITLE_COLUMNS, TITLES, TitleReadingView, read_title};
use crate::{
    actor::Actor,
    app::App,
    database::Sql,
    error::Outcome,
    page::{Key, Order, Page, PageArgs, PageRequest},
    values,
};

/// Readers in one statement: SQLite takes no more than 500.
const AT_ONCE: usize = 100;

/// A first page of titles for each, as [`super::titles`] has it; nothing for those who have read nothing.
pub async fn titles(
    app: &App,
    actor: &Actor,
    of: &[ReadingOf],
    first: Option<i32>,
) -> Outcome<HashMap<ReadingOf, Page<TitleReadingView>>> {
    let request = request(first, TITLES)?;
    let one = format!("SELECT {TITLE_COLUMNS} FROM title_readings t WHERE t.team_id = $1 AND t.user_id");
    let mut lists: HashMap<ReadingOf, Vec<TitleReadingView>> = HashMap::new();
    for readers in of.chunks(AT_ONCE) {
        let (sql, values) = of_each(&one, &request, actor.team, readers);
        for row in app.db.connection().rows(&sql, values).await? {
            let title = read_title(&row)?;
            lists.entry(ReadingOf(title.user)).or_default().push(title);
        }
    }
    let page = |(of, mut titles): (ReadingOf, Vec<TitleReadingView>)| {
        titles.sort_by_key(|title| Reverse((title.last_read_at, title.product)));
        let page = request.page(titles, |title| (Key::Time(title.last_read_at), title.product.0));
        (of, page)
    };
    Ok(lists.into_iter().map(page).collect())
}

/// A first page of sessions for each, as [`super::activity`] has it.
pub async fn activity(
    app: &App,
    actor: &Actor,
    of: &[ReadingOf],
    first: Option<i32>,
) -> Outcome<HashMap<ReadingOf, Page<reading_session::Model>>> {
    let request = request(first, ACTIVITY)?;
    let one = "SELECT * FROM reading_sessions WHERE team_id = $1 AND user_id";
    let connection = app.db.connection();
    let mut lists: HashMap<ReadingOf, Vec<reading_session::Model>> = HashMap::new();
    for readers in of.chunks(AT_ONCE) {
        let (sql, values) = of_each(one, &request, actor.team, readers);
        let statement = Statement::from_sql_and_values(
            sea_orm::ConnectionTrait::get_database_backend(connection),
            sql,
            values,
        );
        let rows = reading_session::Entity::find().from_raw_sql(statement);
        for session in rows.all(connection).await? {
            lists.entry(ReadingOf(session.user_id)).or_default().push(session);
        }
    }
    let page = |(of, mut sessions): (ReadingOf, Vec<reading_session::Model>)| {
        sessions.sort_by_key(|session| Reverse((session.started_at, session.id)));
        let page = request.page(sessions, |session| (Key::Time(session.started_at), session.id.0));
        (of, page)
    };
    Ok(lists.into_iter().map(page).collect())
}

fn request(first: Option<i32>, order: Order) -> Outcome<PageRequest> {
    let args = PageArgs {
        first,
        ..PageArgs::default()
    };
    PageRequest::new(&args, order)
}

/// A page for each reader, one behind the other: each walks its own index from the end and stops, where a window
/// over all of them would read a million sessions for the first three.
fn of_each(one: &str, request: &PageRequest, team: TeamId, readers: &[ReadingOf]) -> (String, Vec<Value>) {
    let mut values = values![team];
    let mut pages = Vec::new();
    for reader in readers {
        values.push(reader.0.into());
        let n = values.len();
        pages.push(format!(
            "SELECT * FROM ({one} = ${n}{}) AS of_{n}",
            request.sql(&mut values)
        ));
    }
    (pages.join(" UNION ALL "), values)
}
