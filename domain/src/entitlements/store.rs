//! The entitlements' rows.

use entities::{
    EntitlementId, EntitlementStatus, GrantId, ProductId, PurchaseId, RefundId, TeamId, UserId, entitlement,
    entitlement_grant,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, Value};

use super::{Access, rules};
use crate::{
    app::App,
    database::{Sql, places},
    error::Outcome,
    scoped::Scoped,
    tx::Tx,
    values,
};

/// One look-up in the index of open entitlements; suspension of the user or of their ecosystem comes with it.
pub async fn access(app: &App, team: TeamId, user: UserId, product: ProductId) -> Outcome<Access> {
    let row = app
        .db
        .connection()
        .row(
            "SELECT n.starts_at, n.expires_at, n.grace_ends_at, u.suspended_at IS NULL AND e.suspended_at IS NULL \
             FROM entitlements n JOIN users u ON u.id = n.user_id LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
             WHERE n.user_id = $1 AND n.product_id = $2 AND n.closed_at IS NULL AND n.team_id = $3",
            values![user, product, team],
        )
        .await?;
    let Some(row) = row else { return Ok(Access::NONE) };
    let span = rules::Span {
        starts_at: row.try_get_by_index(0)?,
        expires_at: row.try_get_by_index(1)?,
        grace_ends_at: row.try_get_by_index(2)?,
    };
    let user_active: bool = row.try_get_by_index(3)?;
    let now = app.clock.now();
    let status = span.status(now);
    let allowed = user_active && matches!(status, EntitlementStatus::Active | EntitlementStatus::GracePeriod);
    Ok(Access {
        allowed,
        status: Some(status),
        until: span.until(now),
    })
}

/// Changes of one user's access come one after the other.
pub async fn lock_user(tx: &Tx, user: UserId) -> Outcome<()> {
    let sql = format!(
        "SELECT 1 FROM users WHERE id = $1 AND team_id = $2{}",
        tx.db().dialect().for_update()
    );
    tx.db().rows(&sql, values![user, tx.actor().team]).await?;
    Ok(())
}

/// The entitlement that counts for a user and a product.
pub async fn open(tx: &Tx, user: UserId, product: ProductId) -> Outcome<Option<entitlement::Model>> {
    let rows = entitlement::Entity::of(tx.actor().team)
        .filter(entitlement::Column::UserId.eq(user))
        .filter(entitlement::Column::ProductId.eq(product))
        .filter(entitlement::Column::ClosedAt.is_null());
    Ok(rows.one(tx.db()).await?)
}

pub async fn by_id(tx: &Tx, id: EntitlementId) -> Outcome<entitlement::Model> {
    let row = entitlement::Entity::of_by_id(tx.actor().team, id)
        .one(tx.db())
        .await?;
    Ok(row.ok_or_else(|| anyhow::anyhow!("{id} is gone"))?)
}

pub async fn grants(tx: &Tx, of: EntitlementId) -> Outcome<Vec<entitlement_grant::Model>> {
    let rows = entitlement_grant::Entity::of(tx.actor().team)
        .filter(entitlement_grant::Column::EntitlementId.eq(of));
    Ok(rows
        .order_by_asc(entitlement_grant::Column::Id)
        .all(tx.db())
        .await?)
}

pub async fn grant_of_purchase(tx: &Tx, purchase: PurchaseId) -> Outcome<Option<entitlement_grant::Model>> {
    let rows = entitlement_grant::Entity::of(tx.actor().team);
    Ok(rows
        .filter(entitlement_grant::Column::PurchaseId.eq(purchase))
        .one(tx.db())
        .await?)
}

pub async fn revoked_by(tx: &Tx, refund: RefundId) -> Outcome<Vec<entitlement_grant::Model>> {
    let rows = entitlement_grant::Entity::of(tx.actor().team);
    let rows = rows.filter(entitlement_grant::Column::RevokedByRefund.eq(refund));
    Ok(rows
        .order_by_asc(entitlement_grant::Column::Id)
        .all(tx.db())
        .await?)
}

pub async fn revoke_grants(tx: &Tx, grants: &[GrantId], by: RefundId) -> Outcome<()> {
    if grants.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE entitlement_grants SET revoked_at = $1, revoked_by_refund = $2 WHERE team_id = $3 AND id IN ({})",
        places(4, grants.len())
    );
    let mut values = values![tx.now(), by, tx.actor().team];
    values.extend(grants.iter().map(|id| Value::from(*id)));
    tx.db().run(&sql, values).await?;
    Ok(())
}

/// Lets grants stand again, under the entitlement that is open now.
pub async fn reinstate_grants(tx: &Tx, grants: &[GrantId], under: EntitlementId) -> Outcome<()> {
    let sql = format!(
        "UPDATE entitlement_grants SET revoked_at = NULL, revoked_by_refund = NULL, entitlement_id = $1 \
         WHERE team_id = $2 AND id IN ({})",
        places(3, grants.len())
    );
    let mut values = values![under, tx.actor().team];
    values.extend(grants.iter().map(|id| Value::from(*id)));
    tx.db().run(&sql, values).await?;
    Ok(())
}
