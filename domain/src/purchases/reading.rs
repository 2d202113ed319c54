//! Looking at what was bought: the customer, and staff.

use std::collections::HashMap;

use entities::{PurchaseId, PurchaseKind, PurchaseStatus, TeamId, UserId, purchase};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Statement, Value};

use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql, places},
    error::{Denied, Outcome},
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    values,
};

/// The answer to whoever sees what hangs on a purchase and not the purchase itself.
pub const NOT_VISIBLE: Denied = Denied::Forbidden(Scope::RefundsRead);

const NEWEST_FIRST: Order = Order {
    name: "purchases",
    key: "purchased_at",
    id: "id",
    direction: Direction::Descending,
};

/// What somebody has bought, for a caller who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PurchasesOf {
    user: UserId,
    /// Of every kind if none.
    kind: Option<PurchaseKind>,
}

impl PurchasesOf {
    /// Refuses whoever is neither the customer nor allowed `users.read`.
    pub fn new(actor: &Actor, user: UserId, kind: Option<PurchaseKind>) -> Outcome<Self> {
        if actor.user() != Some(user) {
            actor.require(Scope::UsersRead)?;
        }
        Ok(Self { user, kind })
    }

    fn condition(self, team: TeamId) -> (String, Vec<Value>) {
        let mut sql = " WHERE team_id = $1 AND user_id = $2".to_owned();
        let mut values = values![team, self.user];
        if let Some(kind) = self.kind {
            sql.push_str(" AND kind = $3");
            values.push(kind.into());
        }
        (sql, values)
    }
}

/// A page of what somebody has bought, newest first.
pub async fn list(
    app: &App,
    actor: &Actor,
    of: PurchasesOf,
    args: &PageArgs,
) -> Outcome<Page<purchase::Model>> {
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let (condition, mut values) = of.condition(actor.team);
    let sql = format!("SELECT * FROM purchases{condition}{}", request.sql(&mut values));
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &purchase::Model| {
        (Key::Time(row.purchased_at), row.id.0)
    });
    page.await
}

pub async fn count(app: &App, actor: &Actor, of: PurchasesOf) -> Outcome<i64> {
    let (condition, values) = of.condition(actor.team);
    let sql = format!("SELECT count(*) FROM purchases{condition}");
    Ok(app.db.connection().count(&sql, values).await?)
}

/// A first page for each of several customers, so that a list of people shows them without a statement for each row.
/// Those who have bought nothing are left out. One statement for each kind that is asked for; a query rarely has more
/// than one.
pub async fn first_pages(
    app: &App,
    actor: &Actor,
    of: &[PurchasesOf],
    first: Option<i32>,
) -> Outcome<HashMap<PurchasesOf, Page<purchase::Model>>> {
    let mut kinds: HashMap<Option<PurchaseKind>, Vec<UserId>> = HashMap::new();
    for one in of {
        kinds.entry(one.kind).or_default().push(one.user);
    }
    let mut pages = HashMap::new();
    for (kind, users) in kinds {
        let found = of_kind(app, actor.team, &users, kind, first).await?.into_iter();
        pages.extend(found.map(|(user, page)| (PurchasesOf { user, kind }, page)));
    }
    Ok(pages)
}

async fn of_kind(
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
    let mut condition = format!(
        " WHERE p.team_id = $1 AND p.user_id IN ({})",
        places(2, users.len())
    );
    let mut values = values![team];
    values.extend(users.iter().map(|user| Value::from(*user)));
    if let Some(kind) = kind {
        condition.push_str(&format!(" AND p.kind = ${}", values.len() + 1));
        values.push(kind.into());
    }
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

/// Several purchases at once, in no particular order: those that the caller may see, as their customer, with
/// `users.read` or with `refunds.read`.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[PurchaseId]) -> Outcome<Vec<purchase::Model>> {
    let rows = purchase::Entity::of(actor.team).filter(purchase::Column::Id.is_in(ids.iter().copied()));
    let mut rows = rows.all(app.db.connection()).await?;
    rows.retain(|row| {
        actor.sees(row.user_id, Scope::UsersRead) || actor.sees(row.user_id, Scope::RefundsRead)
    });
    Ok(rows)
}

/// Other active purchases of the same product by the same user, oldest first: a sign of a double payment.
pub async fn duplicates(app: &App, actor: &Actor, of: &purchase::Model) -> Outcome<Vec<purchase::Model>> {
    actor.require(Scope::RefundsRead)?;
    let rows = purchase::Entity::of(actor.team)
        .filter(purchase::Column::UserId.eq(of.user_id))
        .filter(purchase::Column::ProductId.eq(of.product_id))
        .filter(purchase::Column::Status.eq(PurchaseStatus::Active))
        .filter(purchase::Column::Id.ne(of.id));
    Ok(rows
        .order_by_asc(purchase::Column::PurchasedAt)
        .all(app.db.connection())
        .await?)
}
