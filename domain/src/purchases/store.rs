//! The purchases' rows.

use entities::{PaymentGateway, PurchaseId, TeamId, purchase};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};

use sha2::{Digest, Sha256};

use crate::{
    adapters::gateways::Gateways,
    database::{Dialect, Sql},
    error::Outcome,
    scoped::Scoped,
    tx::Tx,
    values,
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

/// Until the end of the transaction nobody else records a purchase of this payment, in whichever team, or books what was
/// given back of it past us.
pub async fn serialise_by_payment(tx: &Tx, gateway: PaymentGateway, payment: &str) -> Outcome<()> {
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
