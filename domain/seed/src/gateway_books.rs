//! What simulated gateways have to know of a team: the payments and agreements that its purchases name, and what
//! has gone back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{Currency, Money, PaymentGateway, RefundId, RefundStatus, TeamId, purchase, refund};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use domain::{
    adapters::gateways::GatewayAdapter,
    app::App,
    database::{Database, Sql},
    error::Outcome,
    scoped::Scoped,
    values,
};

/// A payment that a gateway has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayPayment {
    pub gateway: PaymentGateway,
    pub id: String,
    pub amount_minor: i64,
    pub currency: Currency,
}

/// A refund that a gateway has made of one of its payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRefunded {
    pub gateway: PaymentGateway,
    /// The gateway's.
    pub id: String,
    pub refund: RefundId,
    pub payment: String,
    pub amount_minor: i64,
    pub currency: Currency,
    pub at: DateTime<Utc>,
    /// The gateway has taken the money back later.
    pub reversed: bool,
}

/// A recurring agreement at a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySubscription {
    pub gateway: PaymentGateway,
    pub id: String,
    pub currency: Currency,
}

#[derive(Clone, Debug, Default)]
pub struct GatewayBooks {
    pub payments: Vec<GatewayPayment>,
    pub refunds: Vec<GatewayRefunded>,
    pub subscriptions: Vec<GatewaySubscription>,
}

/// Reads them from the team's purchases and refunds: also after a restart, for a gateway that has forgotten everything.
pub async fn of(app: &App, team: TeamId) -> Outcome<GatewayBooks> {
    let rows = purchase::Entity::of(team)
        .filter(purchase::Column::Gateway.is_in(app.gateways.all().map(GatewayAdapter::gateway)))
        .filter(purchase::Column::GatewayPaymentId.is_not_null())
        .order_by_asc(purchase::Column::Id);
    let mut books = GatewayBooks::default();
    let mut paid = HashMap::new();
    for row in rows.all(app.db.connection()).await? {
        let (gateway, currency) = (row.gateway, row.currency);
        if let Some(id) = row.gateway_payment_id {
            paid.insert(row.id, id.clone());
            books.payments.push(GatewayPayment {
                gateway,
                id,
                amount_minor: row.amount_minor,
                currency,
            });
        }
        if let Some(id) = row.gateway_subscription_id {
            books.subscriptions.push(GatewaySubscription {
                gateway,
                id,
                currency,
            });
        }
    }
    let settled = refund::Entity::of(team)
        .filter(refund::Column::Status.is_in([RefundStatus::Succeeded, RefundStatus::Reversed]))
        .order_by_asc(refund::Column::Id);
    let made = |row: refund::Model| {
        Some(GatewayRefunded {
            gateway: row.gateway,
            id: row.gateway_refund_id?,
            refund: row.id,
            payment: paid.get(&row.purchase_id)?.clone(),
            amount_minor: row.amount_minor,
            currency: row.currency,
            at: row.requested_at,
            reversed: row.status == RefundStatus::Reversed,
        })
    };
    let settled = settled.all(app.db.connection()).await?;
    books.refunds = settled.into_iter().filter_map(made).collect();
    Ok(books)
}

/// What the purchases of all teams say of a payment, under either of its names: their sum, in their currency.
pub async fn paid_with(db: &Database, gateway: PaymentGateway, names: [&str; 2]) -> Outcome<Option<Money>> {
    let sql = "SELECT CAST(sum(amount_minor) AS BIGINT), min(currency) FROM purchases \
               WHERE gateway = $1 AND gateway_payment_id IN ($2, $3)";
    let [name, other_name] = names;
    let row = db.connection().row(sql, values![gateway, name, other_name]);
    let Some(row) = row.await? else {
        return Ok(None);
    };
    let amount: Option<i64> = row.try_get_by_index(0)?;
    let currency: Option<Currency> = row.try_get_by_index(1)?;
    Ok(amount
        .zip(currency)
        .map(|(amount, currency)| Money::new(amount, currency)))
}
