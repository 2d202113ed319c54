//! The first purchases of many people at once: a list of people shows them without a query per row.

use std::collections::HashMap;

use entities::{PurchaseKind, TeamId, UserId, purchase};
use sea_orm::{EntityTrait, Statement, Value};

use super::store::NEWEST_FIRST;
use crate::{
    app::App,
    database::places,
    error::Outcome,
    page::{Key, Page, PageArgs, PageRequest},
    values,
};

/// A first page for each, newest first; nothing for those who have bought nothing.
pub async fn of(
    app: &App,
    team: TeamId,
    users: &[UserId],
    kind: Option<PurchaseKind>,
    first: Option<i32>,
) -> Outcome<HashMap<UserId, Page<purchase::Model>>> {
    let args = PageArgs {
        first,
        ..PageArgs::default()
    };
    let request = PageRequest::new(&args, NEWEST_FIRST)?;
    let (condition, values) = condition(team, users, kind);
    let sql = format!(
        "SELECT * FROM (SELECT p.*, row_number() OVER (PARTITION BY p.user_id ORDER BY p.purchased_at DESC, p.id DESC) \
         AS place FROM purchases p{condition}) AS placed WHERE place <= {} ORDER BY purchased_at DESC, id DESC",
        request.rows()
    );
    let connection = app.db.connection();
    let statement = Statement::from_sql_and_values(
        sea_orm::ConnectionTrait::get_database_backend(connection),
        sql,
        values,
    );
    let rows = purchase::Entity::find()
        .from_raw_sql(statement)
        .all(connection)
        .await?;
    let mut lists: HashMap<UserId, Vec<purchase::Model>> = HashMap::new();
    for row in rows {
        lists.entry(row.user_id).or_default().push(row);
    }
    let page = |rows| {
        request.page(rows, |row: &purchase::Model| {
            (Key::Time(row.purchased_at), row.id.0)
        })
    };
    Ok(lists.into_iter().map(|(user, rows)| (user, page(rows))).collect())
}

fn condition(team: TeamId, users: &[UserId], kind: Option<PurchaseKind>) -> (String, Vec<Value>) {
    let mut sql = format!(
        " WHERE p.team_id = $1 AND p.user_id IN ({})",
        places(2, users.len())
    );
    let mut values = values![team];
    values.extend(users.iter().map(|user| Value::from(*user)));
    if let Some(kind) = kind {
        sql.push_str(&format!(" AND p.kind = ${}", values.len() + 1));
        values.push(kind.into());
    }
    (sql, values)
}
