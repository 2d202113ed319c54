//! MercadoPago: refunds of payments, in the one currency of the seller's account.
//!
//! MercadoPago takes a missing amount as "all of it" and an amount without a currency as the payment's: whoever orders
//! has read the payment before, and has compared the currency.

mod answers;
mod errors;
#[cfg(test)]
mod tests;
pub mod webhooks;

use std::time::Duration;

use async_trait::async_trait;
use entities::{Money, PaymentGateway};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use crate::http::Undelivered;
use chrono::TimeDelta;
use domain::adapters::gateways::{
    Agreements, GatewayAccount, GatewayAdapter, GatewayPayment, GatewayRefund, OrderError, PaymentRef,
    Payments, RefundAbility, RefundOrder, Refunds, SecretName, Unanswered, Unsendable, Webhooks,
};

use crate::{Unreadable, checked_id, http};
use answers::{MercadoPagoPayment, MercadoPagoRefund, Preapproval};

const API_BASE: &str = "https://api.mercadopago.com";

/// Missing: error 4292. The only protection against a second refund.
const IDEMPOTENCY_KEY: &str = "x-idempotency-key";

/// Without it a Pix refund that was accepted and takes a while answers 400.
/// Source: MercadoPago's page "Refund of transactions with Pix" (`…/cancellations-and-refunds/refund-pix`).
const RENDER_IN_PROCESS: &str = "x-render-in-process-refunds";

/// MercadoPago, and the pool of connections to it.
pub struct MercadoPago {
    http: reqwest::Client,
    base: Url,
}

impl MercadoPago {
    /// Without an address: the real one.
    pub(crate) fn at(base: Option<Url>, timeout: Duration) -> anyhow::Result<Self> {
        let base = base.map_or_else(|| Url::parse(API_BASE), Ok)?;
        let http = http::client(&base, timeout)?;
        Ok(Self { http, base })
    }
}

impl GatewayAdapter for MercadoPago {
    fn gateway(&self) -> PaymentGateway {
        PaymentGateway::MercadoPago
    }

    fn secret(&self) -> SecretName {
        SecretName::MercadoPagoAccessToken
    }

    fn open(&self, secret: &SecretString) -> Result<Box<dyn GatewayAccount>, Unsendable> {
        Ok(Box::new(MercadoPagoGateway::new(
            self.http.clone(),
            &self.base,
            secret,
        )?))
    }

    /// MercadoPago does not say how long it remembers a key; a day is what others promise. A refund's metadata is the
    /// payment's, so that no id of ours can stand in it.
    fn refund_ability(&self) -> RefundAbility {
        RefundAbility {
            smallest_step: |_| 1,
            carries_our_id: false,
            key_lifetime: TimeDelta::hours(24),
        }
    }

    fn webhooks(&self) -> &dyn Webhooks {
        &webhooks::MercadoPagoWebhooks
    }
}

/// One seller's account at MercadoPago.
struct MercadoPagoGateway {
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
    fn new(http: reqwest::Client, base: &Url, access_token: &SecretString) -> Result<Self, Unsendable> {
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

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Unanswered> {
        Ok(answer_to(self.request(Method::GET, path)).await?)
    }
}

/// A call that brought nothing. What that means depends on whether it was an order or a question.
enum Failure {
    Undelivered(Undelivered),
    Answered(http::Answer),
    Unreadable(Unreadable),
}

impl From<Failure> for OrderError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Undelivered(undelivered) => undelivered.into(),
            Failure::Answered(answer) => errors::of_an_order(&answer),
            Failure::Unreadable(unreadable) => unreadable.into(),
        }
    }
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Undelivered(undelivered) => undelivered.into(),
            Failure::Answered(answer) => errors::of_a_question(&answer),
            Failure::Unreadable(unreadable) => unreadable.into(),
        }
    }
}

async fn answer_to<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, Failure> {
    let answer = http::send(request).await.map_err(Failure::Undelivered)?;
    if !(200..300).contains(&answer.status) {
        return Err(Failure::Answered(answer));
    }
    serde_json::from_slice(&answer.body)
        .map_err(|error| Failure::Unreadable(Unreadable(format!("an answer that cannot be read: {error}"))))
}

#[async_trait]
impl Refunds for MercadoPagoGateway {
    fn check(&self, order: &RefundOrder) -> Result<(), OrderError> {
        checked_id(&order.payment_id)?;
        refund_body(order.amount).map(|_| ())
    }

    async fn refund(&self, order: &RefundOrder) -> Result<GatewayRefund, OrderError> {
        let id = checked_id(&order.payment_id)?;
        let request = self
            .request(Method::POST, &format!("/v1/payments/{id}/refunds"))
            .header(IDEMPOTENCY_KEY, order.refund_id.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(refund_body(order.amount)?);
        let answer: MercadoPagoRefund = answer_to(request).await?;
        Ok(answer.read(order.amount.currency)?)
    }

    /// MercadoPago answers all refunds of a payment at once, without pages.
    async fn refunds_of(&self, payment: &PaymentRef) -> Result<Vec<GatewayRefund>, Unanswered> {
        let path = format!("/v1/payments/{}/refunds", checked_id(&payment.id)?);
        let refunds: Vec<MercadoPagoRefund> = self.get(&path).await?;
        let read = refunds.into_iter().map(|it| it.read(payment.currency));
        Ok(read.collect::<Result<_, _>>()?)
    }

    async fn refund_by_id(
        &self,
        payment: &PaymentRef,
        gateway_refund_id: &str,
    ) -> Result<GatewayRefund, Unanswered> {
        let (payment_id, refund_id) = (checked_id(&payment.id)?, checked_id(gateway_refund_id)?);
        let path = format!("/v1/payments/{payment_id}/refunds/{refund_id}");
        Ok(self
            .get::<MercadoPagoRefund>(&path)
            .await?
            .read(payment.currency)?)
    }
}

#[async_trait]
impl Payments for MercadoPagoGateway {
    async fn payment(&self, payment_id: &str) -> Result<GatewayPayment, Unanswered> {
        let path = format!("/v1/payments/{}", checked_id(payment_id)?);
        Ok(self.get::<MercadoPagoPayment>(&path).await?.read()?)
    }
}

#[async_trait]
impl Agreements for MercadoPagoGateway {
    /// Source: <https://www.mercadopago.com/developers/en/reference/subscriptions/_preapproval_id/put>.
    async fn pause_subscription(&self, subscription_id: &str) -> Result<(), OrderError> {
        let path = format!("/preapproval/{}", checked_id(subscription_id)?);
        let request = self
            .request(Method::PUT, &path)
            .json(&serde_json::json!({"status": "paused"}));
        match answer_to::<Preapproval>(request).await.map_err(OrderError::from) {
            Ok(_) => Ok(()),
            // One that is paused or cancelled already cannot be paused, and need not be.
            Err(refused @ OrderError::Refused { .. }) => match self.get::<Preapproval>(&path).await {
                Ok(it) if it.takes_no_more_money() => Ok(()),
                Ok(_) => Err(refused),
                // Whoever cannot see it has not refused anything: the token may be of another account.
                Err(unanswered) => Err(OrderError::Unknown {
                    detail: unanswered.to_string(),
                }),
            },
            Err(error) => Err(error),
        }
    }
}

/// A JSON number with exactly the currency's decimals: `{"amount":12.30}`.
fn refund_body(amount: Money) -> Result<Vec<u8>, OrderError> {
    if amount.minor <= 0 {
        return Err(OrderError::refused("amount_not_positive", amount.to_string()));
    }
    RawValue::from_string(amount.to_major())
        .and_then(|amount| serde_json::to_vec(&RefundBody { amount }))
        .map_err(|error| OrderError::refused("amount_not_representable", error.to_string()))
}
