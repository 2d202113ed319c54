//! The batches' rows.

use entities::{EntitlementBatchId, ProductId, UserId, entitlement_batch, entitlement_batch_result, product};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Value};

use crate::{
    database::{Sql, places},
    error::Outcome,
    scoped::Scoped,
    tx::Tx,
    values,
};

/// The batch as it is once nobody else works on it.
pub async fn lock(tx: &Tx, id: EntitlementBatchId) -> Outcome<Option<entitlement_batch::Model>> {
    let (team, dialect) = (tx.actor().team, tx.db().dialect());
    let sql = format!(
        "SELECT 1 FROM entitlement_batches WHERE id = $1 AND team_id = $2{}",
        dialect.for_update()
    );
    tx.db().rows(&sql, values![id, team]).await?;
    Ok(entitlement_batch::Entity::of_by_id(team, id).one(tx.db()).await?)
}

/// The product, which stays as it is until the transaction ends.
pub async fn product(tx: &Tx, id: ProductId) -> Outcome<Option<product::Model>> {
    let row = product::Entity::of_by_id(tx.actor().team, id).lock_shared();
    Ok(row.one(tx.db()).await?)
}

/// How many of these are people of the team.
pub async fn known(tx: &Tx, ids: &[UserId]) -> Outcome<i64> {
    let sql = format!(
        "SELECT count(*) FROM users WHERE team_id = $1 AND id IN ({})",
        places(2, ids.len())
    );
    let mut values = values![tx.actor().team];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    let row = tx.db().row(&sql, values).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}

pub async fn by_idempotency_key(tx: &Tx, key: &str) -> Outcome<Option<entitlement_batch::Model>> {
    let found = entitlement_batch::Entity::of(tx.actor().team);
    let found = found.filter(entitlement_batch::Column::IdempotencyKey.eq(key));
    Ok(found.one(tx.db()).await?)
}

/// Writes the batch as it has become.
pub async fn save(tx: &Tx, batch: entitlement_batch::Model) -> Outcome<entitlement_batch::Model> {
    let row = batch.into_active_model().reset_all();
    Ok(entitlement_batch::Entity::update(row).exec(tx.db()).await?)
}

pub async fn add_results(tx: &Tx, results: Vec<entitlement_batch_result::Model>) -> Outcome<()> {
    let rows = results.into_iter().map(|row| row.into_active_model().reset_all());
    entitlement_batch_result::Entity::insert_many(rows)
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}
