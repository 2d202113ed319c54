//! What simulated gateways make up of a payment that they do not know: what the purchases of this installation say of it.

use std::sync::Arc;

use domain::database::Database;
use entities::PaymentGateway;
use futures::FutureExt;
use sandbox::{Payment, PaymentsKnown, Provider};
use seed::gateway_books;

use super::parts;
use crate::settings::Settings;

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
async fn find(db: &Database, provider: Provider, id: &str) -> domain::Outcome<Option<Payment>> {
    let (gateway, other_name) = match provider {
        Provider::Stripe => (PaymentGateway::Stripe, id.replacen("pi_", "ch_", 1)),
        Provider::MercadoPago => (PaymentGateway::MercadoPago, id.to_owned()),
    };
    let paid = gateway_books::paid_with(db, gateway, [id, &other_name]).await?;
    Ok(paid.map(|paid| Payment::new(id, paid.minor, paid.currency.as_str())))
}
