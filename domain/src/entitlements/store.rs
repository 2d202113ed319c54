//! The entitlements' rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{
    EntitlementId, EntitlementStatus, GrantId, ProductId, PurchaseId, RefundId, TeamId, UserId, entitlement,
    entitlement_grant, product,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QueryOrder, QueryResult, QuerySelect, Value,
};

use super::{Access, rules};
use crate::{
    app::App,
    database::{Sql, places},
    error::Outcome,
    scoped::Scoped,
    tx::Tx,
    users, values,
};

/// One look-up in the index of open entitlements; suspension of the user or of their ecosystem comes with it.
pub async fn access(app: &App, team: TeamId, user: UserId, product: ProductId) -> Outcome<Access> {
    let row = app
        .db
        .connection()
        .row(
            "SELECT n.starts_at, n.expires_at, n.grace_ends_at, n.next_starts_at, n.next_expires_at, n.next_grace_ends_at, \
             u.suspended_at IS NULL AND e.suspended_at IS NULL \
             FROM entitlements n JOIN users u ON u.id = n.user_id LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
             WHERE n.user_id = $1 AND n.product_id = $2 AND n.closed_at IS NULL AND n.team_id = $3",
            values![user, product, team],
        )
        .await?;
    row.map_or(Ok(Access::NONE), |row| read_access(&row, 0, app.clock.now()))
}

/// Reads the span and the switches from the columns that begin at `at`.
pub(super) fn read_access(row: &QueryResult, at: usize, now: DateTime<Utc>) -> Outcome<Access> {
    let next: Option<DateTime<Utc>> = row.try_get_by_index(at + 3)?;
    let run = |starts_at, at: usize| -> Outcome<rules::Run> {
        Ok(rules::Run {
            starts_at,
            expires_at: row.try_get_by_index(at)?,
            grace_ends_at: row.try_get_by_index(at + 1)?,
        })
    };
    let span = rules::Schedule {
        run: run(row.try_get_by_index(at)?, at + 1)?,
        next: next.map(|starts_at| run(starts_at, at + 4)).transpose()?,
    };
    let active: bool = row.try_get_by_index(at + 6)?;
    let status = span.status(now);
    let usable = super::is_usable(status);
    Ok(Access {
        allowed: active && usable,
        status: Some(status),
        until: span.until(now),
    })
}

/// Nobody else changes this user's access until the transaction ends. Its time is read again once the lock is had.
pub async fn lock_user(tx: &mut Tx, user: UserId) -> Outcome<()> {
    users::lock_user(tx, user).await?;
    tx.read_clock_again();
    Ok(())
}

/// Locks these entitlements, but for those of users whose access somebody else is changing.
pub async fn lock_free(tx: &mut Tx, ids: &[EntitlementId]) -> Outcome<Vec<entitlement::Model>> {
    let team = tx.actor().team;
    let sql = format!(
        "SELECT id FROM users WHERE team_id = $1 AND id IN (SELECT user_id FROM entitlements WHERE id IN ({})) \
         ORDER BY id{}",
        places(2, ids.len()),
        tx.db().dialect().skip_locked(),
    );
    let mut values = values![team];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    let users = tx.db().rows(&sql, values).await?;
    let users: Vec<UserId> = users
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?;
    let rows = entitlement::Entity::of(team)
        .filter(entitlement::Column::Id.is_in(ids.iter().copied()))
        .filter(entitlement::Column::UserId.is_in(users));
    let rows = rows.order_by_asc(entitlement::Column::Id).all(tx.db()).await?;
    tx.read_clock_again();
    Ok(rows)
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

/// Those of several entitlements.
pub async fn grants_of(
    tx: &Tx,
    of: impl Iterator<Item = EntitlementId>,
) -> Outcome<HashMap<EntitlementId, Vec<entitlement_grant::Model>>> {
    let rows = entitlement_grant::Entity::of(tx.actor().team)
        .filter(entitlement_grant::Column::EntitlementId.is_in(of))
        .order_by_asc(entitlement_grant::Column::Id);
    let mut grants = HashMap::<_, Vec<_>>::new();
    for grant in rows.all(tx.db()).await? {
        grants.entry(grant.entitlement_id).or_default().push(grant);
    }
    Ok(grants)
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

/// How long a product's natural ends are tolerated. The product stays as it is until this transaction ends; it must
/// be asked for before any entitlement is written, or whoever changes the product would wait in a circle.
pub async fn grace_days(tx: &Tx, product: ProductId) -> Outcome<i64> {
    let row = product::Entity::of_by_id(tx.actor().team, product).lock_shared();
    let row = row.one(tx.db()).await?;
    Ok(row
        .ok_or_else(|| anyhow::anyhow!("{product} is gone"))?
        .grace_days)
}

/// Keeps products as they are until this transaction ends. Like [`grace_days`] before anything else is written.
pub async fn hold_products(tx: &Tx, products: impl Iterator<Item = ProductId>) -> Outcome<()> {
    let rows = product::Entity::of(tx.actor().team)
        .filter(product::Column::Id.is_in(products))
        .order_by_asc(product::Column::Id)
        .lock_shared();
    rows.all(tx.db()).await?;
    Ok(())
}

/// Moves the tolerance of the ends of a product's grants, see [`super::follow_grace_days`], and with them what their
/// entitlements say.
pub async fn move_grace(tx: &Tx, product: ProductId, days: i64) -> Outcome<()> {
    let dialect = tx.db().dialect();
    let moved = |end: &str, grace: &str| {
        let new = match days {
            0 => "CAST(NULL AS TIMESTAMPTZ)".to_owned(),
            days => dialect.plus_days(end, &days.to_string()),
        };
        format!("CASE WHEN {end} > $1 OR ({grace} > $1 AND {new} > {grace}) THEN {new} ELSE {grace} END")
    };
    let grants = format!(
        "UPDATE entitlement_grants SET grace_ends_at = {} WHERE team_id = $2 AND (expires_at > $1 OR grace_ends_at > $1) \
         AND entitlement_id IN (SELECT id FROM entitlements WHERE team_id = $2 AND product_id = $3)",
        moved("expires_at", "grace_ends_at"),
    );
    let rows = format!(
        "UPDATE entitlements SET grace_ends_at = {}, next_grace_ends_at = {} \
         WHERE team_id = $2 AND product_id = $3 AND closed_at IS NULL AND expires_at IS NOT NULL",
        moved("expires_at", "grace_ends_at"),
        moved("next_expires_at", "next_grace_ends_at"),
    );
    for sql in [grants, rows] {
        tx.db()
            .run(&sql, values![tx.now(), tx.actor().team, product])
            .await?;
    }
    Ok(())
}

/// Writes the announced status of several entitlements of which nothing else has changed.
pub async fn announce(tx: &Tx, status: EntitlementStatus, ids: &[EntitlementId]) -> Outcome<()> {
    let sql = format!(
        "UPDATE entitlements SET announced_status = $1, updated_at = $2 WHERE team_id = $3 AND id IN ({})",
        places(4, ids.len())
    );
    let mut values = values![status, tx.now(), tx.actor().team];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    tx.db().run(&sql, values).await?;
    Ok(())
}

pub async fn insert_grant(tx: &Tx, grant: entitlement_grant::Model) -> Outcome<()> {
    grant.into_active_model().reset_all().insert(tx.db()).await?;
    Ok(())
}

pub async fn revoke_grant(tx: &Tx, grant: GrantId, by: RefundId) -> Outcome<()> {
    tx.db()
        .run(
            "UPDATE entitlement_grants SET revoked_at = $1, revoked_by_refund = $2 WHERE team_id = $3 AND id = $4",
            values![tx.now(), by, tx.actor().team, grant],
        )
        .await?;
    Ok(())
}

/// Ends every grant of a user to a product for good: those that stand, and those that a refund under way has taken
/// and would otherwise give back.
pub async fn revoke_all_grants(
    tx: &Tx,
    user: UserId,
    product: ProductId,
    by: Option<RefundId>,
) -> Outcome<()> {
    tx.db()
        .run(
            "UPDATE entitlement_grants SET revoked_at = COALESCE(revoked_at, $1), revoked_by_refund = $2 \
             WHERE team_id = $3 AND (revoked_at IS NULL OR revoked_by_refund IS NOT NULL) AND entitlement_id IN \
             (SELECT id FROM entitlements WHERE team_id = $3 AND user_id = $4 AND product_id = $5)",
            values![tx.now(), by, tx.actor().team, user, product],
        )
        .await?;
    Ok(())
}

/// Writes another cause for the revocation of a purchase's grant: `to` in place of `from`.
pub async fn reassign_revocation(tx: &Tx, purchase: PurchaseId, from: RefundId, to: RefundId) -> Outcome<()> {
    tx.db()
        .run(
            "UPDATE entitlement_grants SET revoked_by_refund = $1 WHERE team_id = $2 AND purchase_id = $3 \
             AND revoked_by_refund = $4",
            values![to, tx.actor().team, purchase, from],
        )
        .await?;
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
