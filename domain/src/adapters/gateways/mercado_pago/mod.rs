//! MercadoPago: refunds of payments, in the one currency of the seller's account.
//!
//! MercadoPago takes a missing amount as "all of it" and an amount without a currency as the payment's. So the
//! payment is read before each order, and an order in another currency is refused before anything is sent.

mod answers;
mod errors;
#[cfg(test)]
mod tests;
pub mod webhooks;

use async_trait::async_trait;
use entities::Money;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use super::{
    GatewayError, GatewayPayment, GatewayRefund, PaymentRef, RefundGateway, RefundOrder, checked_id, http,
};
use answers::{MercadoPagoPayment, MercadoPagoRefund, Preapproval};

pub(super) const API_BASE: &str = "https://api.mercadopago.com";

/// Missing: error 4292. The only protection against a second refund.
const IDEMPOTENCY_KEY: &str = "x-idempotency-key";

/// Without it a Pix refund that was accepted and takes a while answers 400.
/// Source: MercadoPago's page "Refund of transactions with Pix" (`…/cancellations-and-refunds/refund-pix`).
const RENDER_IN_PROCESS: &str = "x-render-in-process-refunds";

/// One seller's account at MercadoPago.
pub struct MercadoPagoGateway {
    http: reqwest::Client,
    base: String,
    authorization: HeaderValue,
}

/// `POST /v1/payments/{id}/refunds`. The amount is no option: left out, all of the payment would go back.
#[derive(Serialize)]
struct RefundBody {
    amount: Box<RawValue>,
}

impl MercadoPagoGateway {
    pub(super) fn new(
        http: reqwest::Client,
        base: &Url,
        access_token: &SecretString,
    ) -> Result<Self, GatewayError> {
        Ok(Self {
            http,
            base: http::base_of(base),
            authorization: http::bearer(access_token)?,
        })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(RENDER_IN_PROCESS, "true")
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, GatewayError> {
        answer_to(self.request(Method::GET, path)).await
    }
}

async fn answer_to<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, GatewayError> {
    let answer = http::send(request).await?;
    if !(200..300).contains(&answer.status) {
        return Err(errors::error_of(&answer));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| GatewayError::unknown(format!("an answer that cannot be read: {error}")))
}

#[async_trait]
impl RefundGateway for MercadoPagoGateway {
    async fn refund(&self, order: &RefundOrder) -> Result<GatewayRefund, GatewayError> {
        let id = checked_id(&order.payment_id)?;
        let body = refund_body(order.amount)?;
        let payment = self.payment(id).await.map_err(GatewayError::before_the_order)?;
        let currency = payment.captured.currency;
        if currency != order.amount.currency {
            let message = format!(
                "the payment was taken in {currency}, not {}",
                order.amount.currency
            );
            return Err(GatewayError::refused("currency_mismatch", message));
        }
        let request = self
            .request(Method::POST, &format!("/v1/payments/{id}/refunds"))
            .header(IDEMPOTENCY_KEY, order.refund_id.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        answer_to::<MercadoPagoRefund>(request)
            .await
            .map_err(errors::of_an_order)?
            .read(currency)
    }

    /// MercadoPago answers all refunds of a payment at once, without pages.
    async fn refunds_of(&self, payment: &PaymentRef) -> Result<Vec<GatewayRefund>, GatewayError> {
        let path = format!("/v1/payments/{}/refunds", checked_id(&payment.id)?);
        let refunds: Vec<MercadoPagoRefund> = self.get(&path).await?;
        refunds.into_iter().map(|it| it.read(payment.currency)).collect()
    }

    async fn refund_by_id(
        &self,
        payment: &PaymentRef,
        gateway_refund_id: &str,
    ) -> Result<GatewayRefund, GatewayError> {
        let (payment_id, refund_id) = (checked_id(&payment.id)?, checked_id(gateway_refund_id)?);
        let path = format!("/v1/payments/{payment_id}/refunds/{refund_id}");
        self.get::<MercadoPagoRefund>(&path).await?.read(payment.currency)
    }

    async fn payment(&self, payment_id: &str) -> Result<GatewayPayment, GatewayError> {
        let path = format!("/v1/payments/{}", checked_id(payment_id)?);
        self.get::<MercadoPagoPayment>(&path).await?.read()
    }

    /// Source: <https://www.mercadopago.com/developers/en/reference/subscriptions/_preapproval_id/put>.
    async fn pause_subscription(&self, subscription_id: &str) -> Result<(), GatewayError> {
        let path = format!("/preapproval/{}", checked_id(subscription_id)?);
        let request = self
            .request(Method::PUT, &path)
            .json(&serde_json::json!({"status": "paused"}));
        match answer_to::<Preapproval>(request).await {
            Ok(_) => Ok(()),
            // One that is paused or cancelled already cannot be paused, and need not be.
            Err(refused @ GatewayError::Refused { .. }) => match self.get::<Preapproval>(&path).await {
                Ok(it) if it.takes_no_more_money() => Ok(()),
                _ => Err(refused),
            },
            Err(error) => Err(error),
        }
    }
}

/// A JSON number with exactly the currency's decimals: `{"amount":12.30}`.
fn refund_body(amount: Money) -> Result<Vec<u8>, GatewayError> {
    if amount.minor <= 0 {
        return Err(GatewayError::refused("amount_not_positive", amount.to_string()));
    }
    RawValue::from_string(amount.to_major())
        .and_then(|amount| serde_json::to_vec(&RefundBody { amount }))
        .map_err(|error| GatewayError::refused("amount_not_representable", error.to_string()))
}
