//! What simulated gateways make up of a payment that they do not know: what the purchases of this installation say of it.

use std::sync::Arc;

use domain::{
    database::{Database, Sql},
    values,
};
use entities::{Currency, PaymentGateway};
use futures::FutureExt;

use super::parts;
use crate::{
    sandbox::{Payment, PaymentsKnown, Provider},
    settings::Settings,
};

/// Looks payments up among the purchases. None without a database.
pub async fn of(settings: &Settings) -> anyhow::Result<Option<PaymentsKnown>> {
    if settings.database_url.is_none() {
        return Ok(None);
    }
    let db = parts::database(settings, None).await?;
    let known: PaymentsKnown = Arc::new(move |provider, id| {
        let db = db.clone();
        async move {
            find(&db, provider, &id).await.unwrap_or_else(|error| {
                tracing::warn!(payment = id, error = %error, "the purchases could not be asked for a payment");
                None
            })
        }
        .boxed()
    });
    Ok(Some(known))
}

/// The sum of the purchases that it has paid for, in their currency.
async fn find(db: &Database, provider: Provider, id: &str) -> anyhow::Result<Option<Payment>> {
    let (gateway, other_name) = match provider {
        Provider::Stripe => (PaymentGateway::Stripe, id.replacen("pi_", "ch_", 1)),
        Provider::MercadoPago => (PaymentGateway::MercadoPago, id.to_owned()),
    };
    let sql = "SELECT CAST(sum(amount_minor) AS BIGINT), min(currency) FROM purchases \
               WHERE gateway = $1 AND gateway_payment_id IN ($2, $3)";
    let row = db
        .connection()
        .row(sql, values![gateway, id, other_name])
        .await?
        .ok_or_else(|| anyhow::anyhow!("a sum has a row"))?;
    let amount: Option<i64> = row.try_get_by_index(0)?;
    let currency: Option<Currency> = row.try_get_by_index(1)?;
    let payment = |(amount, currency): (i64, Currency)| Payment::new(id, amount, currency.as_str());
    Ok(amount.zip(currency).map(payment))
}
