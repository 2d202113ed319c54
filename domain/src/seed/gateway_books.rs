//! What simulated gateways have to know of a team: the payments and agreements that its purchases name.

use entities::{Currency, PaymentGateway, TeamId, purchase};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use crate::{app::App, error::Outcome, scoped::Scoped};

/// A payment that a gateway has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayPayment {
    pub gateway: PaymentGateway,
    pub id: String,
    pub amount_minor: i64,
    pub currency: Currency,
    /// What has gone back of it.
    pub refunded_minor: i64,
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
    pub subscriptions: Vec<GatewaySubscription>,
}

/// Reads them from the team's purchases: also after a restart, for a gateway that has forgotten everything.
pub async fn of(app: &App, team: TeamId) -> Outcome<GatewayBooks> {
    let rows = purchase::Entity::of(team)
        .filter(purchase::Column::Gateway.is_in([PaymentGateway::Stripe, PaymentGateway::MercadoPago]))
        .filter(purchase::Column::GatewayPaymentId.is_not_null())
        .order_by_asc(purchase::Column::Id);
    let mut books = GatewayBooks::default();
    for row in rows.all(app.db.connection()).await? {
        let (gateway, currency) = (row.gateway, row.currency);
        if let Some(id) = row.gateway_payment_id {
            books.payments.push(GatewayPayment {
                gateway,
                id,
                amount_minor: row.amount_minor,
                currency,
                refunded_minor: row.refunded_minor,
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
    Ok(books)
}
