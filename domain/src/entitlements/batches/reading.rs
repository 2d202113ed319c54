//! Looking at batches and their results.

use std::future::ready;

use entities::{
    EntitlementBatchId, EntitlementBatchOutcome, EventTopic, TeamId, entitlement_batch,
    entitlement_batch_result,
};
use futures::{Stream, StreamExt};
use sea_orm::Value;

use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Planned, Sql, places},
    error::{Outcome, Refusal},
    events,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    values,
};

const NEWEST_FIRST: Order = Order {
    name: "entitlement batches",
    key: "requested_at",
    id: "id",
    direction: Direction::Descending,
};
const IN_ORDER: Order = Order {
    name: "entitlement batch results",
    key: "position",
    id: "user_id",
    direction: Direction::Ascending,
};

/// One batch, if the caller may see it.
pub async fn find(
    app: &App,
    actor: &Actor,
    id: EntitlementBatchId,
) -> Outcome<Option<entitlement_batch::Model>> {
    if !actor.scopes.contains(Scope::EntitlementsRead) {
        return Ok(None);
    }
    let found = entitlement_batch::Entity::of_by_id(actor.team, id);
    Ok(found.one(app.db.connection()).await?)
}

/// One batch each time that it changes, or every batch of the team. Takes `commerce.entitlements.read`.
pub async fn follow(
    app: &App,
    actor: &Actor,
    id: Option<Result<EntitlementBatchId, Refusal>>,
) -> Outcome<impl Stream<Item = Outcome<entitlement_batch::Model>> + Send + use<>> {
    actor.require(Scope::EntitlementsRead)?;
    let id = id.transpose()?;
    if let Some(id) = id {
        let found = find(app, actor, id).await?;
        found.ok_or_else(|| Refusal::not_found("batchId", "entitlement-batch"))?;
    }
    let find = async |app, actor, id| find(&app, &actor, id).await;
    let found = events::follow(app, actor, EventTopic::EntitlementBatchUpdated, id, find).await?;
    Ok(found.filter_map(|found| ready(found.transpose())))
}

/// A page of the team's batches, newest first.
pub async fn list(app: &App, actor: &Actor, args: &PageArgs) -> Outcome<Page<entitlement_batch::Model>> {
    actor.require(Scope::EntitlementsRead)?;
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let mut values = values![actor.team];
    let page = request.sql(&mut values);
    let sql = format!("SELECT * FROM entitlement_batches WHERE team_id = $1{page}");
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &entitlement_batch::Model| {
        (Key::Time(row.requested_at), row.id.0)
    });
    page.await
}

pub async fn count(app: &App, actor: &Actor) -> Outcome<i64> {
    actor.require(Scope::EntitlementsRead)?;
    number(
        app,
        "SELECT count(*) FROM entitlement_batches WHERE team_id = $1",
        values![actor.team],
    )
    .await
}

/// A page of a batch's results in the order in which they came; all outcomes if none is named.
pub async fn results(
    app: &App,
    actor: &Actor,
    of: EntitlementBatchId,
    outcomes: &[EntitlementBatchOutcome],
    args: &PageArgs,
) -> Outcome<Page<entitlement_batch_result::Model>> {
    actor.require(Scope::EntitlementsRead)?;
    let request = PageRequest::new(args, IN_ORDER)?;
    let (condition, mut values) = condition(actor.team, of, outcomes);
    let page = request.sql(&mut values);
    let sql = format!("SELECT * FROM entitlement_batch_results{condition}{page}");
    // How many have one of the outcomes is for the planner to weigh.
    let planned = if outcomes.is_empty() {
        Planned::Once
    } else {
        Planned::ByValues
    };
    let asked = (planned, sql.as_str(), values);
    let page = request.models(
        app.db.connection(),
        asked,
        |row: &entitlement_batch_result::Model| (Key::Number(row.position), row.user_id.0),
    );
    page.await
}

pub async fn results_count(
    app: &App,
    actor: &Actor,
    of: EntitlementBatchId,
    outcomes: &[EntitlementBatchOutcome],
) -> Outcome<i64> {
    actor.require(Scope::EntitlementsRead)?;
    let (condition, values) = condition(actor.team, of, outcomes);
    number(
        app,
        &format!("SELECT count(*) FROM entitlement_batch_results{condition}"),
        values,
    )
    .await
}

fn condition(
    team: TeamId,
    of: EntitlementBatchId,
    outcomes: &[EntitlementBatchOutcome],
) -> (String, Vec<Value>) {
    let mut values = values![team, of];
    let mut sql = " WHERE team_id = $1 AND batch_id = $2".to_owned();
    if !outcomes.is_empty() {
        sql.push_str(&format!(" AND outcome IN ({})", places(3, outcomes.len())));
        values.extend(outcomes.iter().map(|outcome| Value::from(*outcome)));
    }
    (sql, values)
}

async fn number(app: &App, sql: &str, values: Vec<Value>) -> Outcome<i64> {
    let row = app.db.connection().row(sql, values).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}
