//! What is sold, as the store tells us.

use entities::{ProductId, TeamId, product};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, Set, Value};
use serde_json::json;

use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql},
    entitlements,
    error::{self, Outcome},
    input::{self, Sought},
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    values,
};

/// A product as the store reports it. The same `external_id` is the same product.
#[derive(Clone, Debug)]
pub struct ProductReport {
    pub external_id: String,
    pub name: String,
    pub active: bool,
    pub grace_days: i64,
}

/// Takes in what the store says of a product.
pub async fn record(app: &App, actor: &Actor, report: ProductReport) -> Outcome<product::Model> {
    actor.require(Scope::UsersWrite)?;
    let (external_id, name, grace_days) = error::all((
        input::reference("externalId", &report.external_id, input::LINE),
        input::line("name", &report.name, input::LINE),
        input::within("graceDays", report.grace_days, 0, 365),
    ))?;

    let mut tx = app.begin(actor).await?;
    let known = product::Entity::of(actor.team).filter(product::Column::ExternalId.eq(&external_id));
    let product = if let Some(known) = known.one(tx.db()).await? {
        if (&known.name, known.active, known.grace_days) == (&name, report.active, grace_days) {
            return Ok(known);
        }
        let mut row = known.into_active_model();
        row.search_text = Set(input::searchable(&name));
        row.name = Set(name);
        row.active = Set(report.active);
        row.grace_days = Set(grace_days);
        row.updated_at = Set(tx.now());
        let product = row.update(tx.db()).await?;
        entitlements::follow_grace_days(&tx, product.id, product.grace_days).await?;
        product
    } else {
        let row = product::ActiveModel {
            id: Set(tx.id()),
            team_id: Set(actor.team),
            external_id: Set(external_id),
            search_text: Set(input::searchable(&name)),
            name: Set(name),
            active: Set(report.active),
            grace_days: Set(grace_days),
            created_at: Set(tx.now()),
            updated_at: Set(tx.now()),
        };
        row.insert(tx.db()).await?
    };
    let facts = json!({ "name": product.name, "active": product.active, "graceDays": product.grace_days });
    tx.audit_with("product.recorded", Some(product.id.to_string()), None, facts);
    tx.commit().await?;
    Ok(product)
}

/// Several products at once, in no particular order. Everybody of the team may see what it sells.
pub async fn visible(app: &App, actor: &Actor, ids: &[ProductId]) -> Outcome<Vec<product::Model>> {
    by_ids(app, actor.team, ids).await
}

pub(crate) async fn by_ids(app: &App, team: TeamId, ids: &[ProductId]) -> Outcome<Vec<product::Model>> {
    let rows = product::Entity::of(team).filter(product::Column::Id.is_in(ids.iter().copied()));
    Ok(rows.all(app.db.connection()).await?)
}

const BY_NAME: Order = Order {
    name: "products",
    key: r#"name COLLATE "und-x-icu""#,
    id: "id",
    direction: Direction::Ascending,
};

/// A page of the team's products, by name. Everybody of the team may see what it sells.
pub async fn list(
    app: &App,
    actor: &Actor,
    search: Option<&str>,
    active: Option<bool>,
    args: &PageArgs,
) -> Outcome<Page<product::Model>> {
    let request = PageRequest::new(args, BY_NAME)?;
    let by = |product: &product::Model| (Key::Text(product.name.clone()), product.id.0);
    let Some((mut sql, mut values)) = condition(actor.team, search, active) else {
        return Ok(request.page(Vec::new(), by));
    };
    sql = format!("SELECT * FROM products{sql}{}", request.sql(&mut values));
    // Where a term is sought, it depends on the term.
    let planned = match search {
        Some(_) => Planned::ByValues,
        None => Planned::Once,
    };
    let asked = (planned, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, by);
    page.await
}

pub async fn count(app: &App, actor: &Actor, search: Option<&str>, active: Option<bool>) -> Outcome<i64> {
    let Some((condition, values)) = condition(actor.team, search, active) else {
        return Ok(0);
    };
    let sql = format!("SELECT count(*) FROM products{condition}");
    Ok(app.db.connection().count(&sql, values).await?)
}

/// None: nothing can have what is searched for.
fn condition(team: TeamId, search: Option<&str>, active: Option<bool>) -> Option<(String, Vec<Value>)> {
    let mut sql = " WHERE team_id = $1".to_owned();
    let mut values = values![team];
    if let Some(active) = active {
        sql.push_str(if active { " AND active" } else { " AND NOT active" });
    }
    if let Some(sought) = search.and_then(Sought::read) {
        if !sought.can_be_found() {
            return None;
        }
        sql.push_str(&sought.condition("search_text", &mut values));
    }
    Some((sql, values))
}
