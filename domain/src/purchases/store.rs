//! The purchases' rows.

use entities::{PaymentGateway, PurchaseId, PurchaseKind, PurchaseStatus, TeamId, UserId, purchase};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, Value};

use sha2::{Digest, Sha256};

use crate::{
    adapters::gateways::Gateways,
    app::App,
    database::{Dialect, Planned, Sql},
    error::Outcome,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    tx::Tx,
    values,
};

pub(super) const NEWEST_FIRST: Order = Order {
    name: "purchases",
    key: "purchased_at",
    id: "id",
    direction: Direction::Descending,
};

/// One purchase, locked until the end of the transaction.
pub async fn lock(tx: &Tx, id: PurchaseId) -> Outcome<Option<purchase::Model>> {
    let select = purchase::Entity::of_by_id(tx.actor().team, id);
    let select = if tx.db().dialect() == Dialect::Postgres {
        select.lock_exclusive()
    } else {
        select
    };
    Ok(select.one(tx.db()).await?)
}

/// The gateway and the payment that paid for it, where the gateway can be asked.
pub fn payment_of<'a>(
    gateways: &Gateways,
    purchase: &'a purchase::Model,
) -> Option<(PaymentGateway, &'a str)> {
    gateways.of(purchase.gateway)?;
    Some((purchase.gateway, purchase.gateway_payment_id.as_deref()?))
}

/// All purchases that a payment has paid for, oldest first, locked in that order until the end of the transaction.
pub async fn lock_payment(tx: &Tx, gateway: PaymentGateway, payment: &str) -> Outcome<Vec<purchase::Model>> {
    let select = purchase::Entity::of(tx.actor().team)
        .filter(purchase::Column::Gateway.eq(gateway))
        .filter(purchase::Column::GatewayPaymentId.eq(payment))
        .order_by_asc(purchase::Column::Id);
    let select = if tx.db().dialect() == Dialect::Postgres {
        select.lock_exclusive()
    } else {
        select
    };
    Ok(select.all(tx.db()).await?)
}

/// Whoever records a purchase of this payment, of whichever team, or books what was given back of it past us, comes
/// before or after.
pub async fn one_at_a_time(tx: &Tx, gateway: PaymentGateway, payment: &str) -> Outcome<()> {
    if tx.db().dialect() == Dialect::Postgres {
        let digest = Sha256::digest(format!("payment {gateway} {payment}"));
        let mut key = [0; 8];
        key.copy_from_slice(&digest[..8]);
        let key = i64::from_be_bytes(key);
        tx.db()
            .row("SELECT pg_advisory_xact_lock($1)", values![key])
            .await?;
    }
    Ok(())
}

/// The other teams that have recorded a purchase of this payment.
pub(super) async fn recorded_elsewhere(
    tx: &Tx,
    gateway: PaymentGateway,
    payment: &str,
) -> Outcome<Vec<TeamId>> {
    let rows = tx.db().rows(
        "SELECT DISTINCT team_id FROM purchases WHERE gateway = $1 AND gateway_payment_id = $2 AND team_id <> $3",
        values![gateway, payment, tx.actor().team],
    );
    let rows = rows.await?;
    Ok(rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?)
}

pub async fn by_id(app: &App, team: TeamId, id: PurchaseId) -> Outcome<Option<purchase::Model>> {
    Ok(purchase::Entity::of_by_id(team, id)
        .one(app.db.connection())
        .await?)
}

pub async fn by_ids(app: &App, team: TeamId, ids: &[PurchaseId]) -> Outcome<Vec<purchase::Model>> {
    let rows = purchase::Entity::of(team).filter(purchase::Column::Id.is_in(ids.iter().copied()));
    Ok(rows.all(app.db.connection()).await?)
}

/// The purchases that a payment at a gateway has paid for.
pub async fn of_payments(
    connection: &impl ConnectionTrait,
    team: TeamId,
    gateway: PaymentGateway,
    payments: &[String],
) -> Outcome<Vec<purchase::Model>> {
    let rows = purchase::Entity::of(team)
        .filter(purchase::Column::Gateway.eq(gateway))
        .filter(purchase::Column::GatewayPaymentId.is_in(payments.iter().cloned()));
    Ok(rows.order_by_asc(purchase::Column::Id).all(connection).await?)
}

/// A page of what somebody has bought, newest first.
pub async fn list(
    app: &App,
    team: TeamId,
    user: UserId,
    kind: Option<PurchaseKind>,
    args: &PageArgs,
) -> Outcome<Page<purchase::Model>> {
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let (condition, mut values) = condition(team, user, kind);
    let sql = format!("SELECT * FROM purchases{condition}{}", request.sql(&mut values));
    let asked = (Planned::Once, sql.as_str(), values);
    let page = request.models(app.db.connection(), asked, |row: &purchase::Model| {
        (Key::Time(row.purchased_at), row.id.0)
    });
    page.await
}

pub async fn count(app: &App, team: TeamId, user: UserId, kind: Option<PurchaseKind>) -> Outcome<i64> {
    let (condition, values) = condition(team, user, kind);
    let sql = format!("SELECT count(*) FROM purchases{condition}");
    Ok(app.db.connection().count(&sql, values).await?)
}

fn condition(team: TeamId, user: UserId, kind: Option<PurchaseKind>) -> (String, Vec<Value>) {
    let mut sql = " WHERE team_id = $1 AND user_id = $2".to_owned();
    let mut values = values![team, user];
    if let Some(kind) = kind {
        sql.push_str(" AND kind = $3");
        values.push(kind.into());
    }
    (sql, values)
}

/// Other active purchases of the same product by the same user, oldest first: a sign of a double payment.
pub async fn duplicates(app: &App, of: &purchase::Model) -> Outcome<Vec<purchase::Model>> {
    let rows = purchase::Entity::of(of.team_id)
        .filter(purchase::Column::UserId.eq(of.user_id))
        .filter(purchase::Column::ProductId.eq(of.product_id))
        .filter(purchase::Column::Status.eq(PurchaseStatus::Active))
        .filter(purchase::Column::Id.ne(of.id));
    Ok(rows
        .order_by_asc(purchase::Column::PurchasedAt)
        .all(app.db.connection())
        .await?)
}
