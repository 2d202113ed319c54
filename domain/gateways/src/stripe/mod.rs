//! Stripe: refunds of payment intents and charges, over async-stripe's requests and our own connection pool.

mod amounts;
mod answers;
mod errors;
#[cfg(test)]
mod tests;
mod transport;
pub mod webhooks;

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use entities::{PaymentGateway, RefundReason};
use secrecy::SecretString;
use stripe_client_core::{IdempotencyKey, RequestBuilder, RequestStrategy, StripeMethod, StripeRequest};
use stripe_core::payment_intent::RetrievePaymentIntent;
use stripe_core::refund::{CreateRefund, CreateRefundReason, ListRefund, RetrieveRefund};
use url::Url;

use chrono::TimeDelta;
use domain::adapters::gateways::{
    Agreements, GatewayAccount, GatewayAdapter, GatewayPayment, GatewayRefund, OrderError, PaymentRef,
    Payments, RefundAbility, RefundOrder, Refunds, SecretName, Unanswered, Unsendable, Webhooks,
};

use crate::{Malformed, checked_id, http};
use answers::{StripeCharge, StripePaymentIntent, StripeRefund, StripeRefunds, StripeSubscription};
use transport::{Failure, StripeTransport};

const API_BASE: &str = "https://api.stripe.com";

/// The refund's id in Stripe's metadata: what a refund is recognised by when its answer was lost.
pub const METADATA_REFUND: &str = "postventa_refund";
const METADATA_REASON: &str = "postventa_reason";
const METADATA_NOTE: &str = "postventa_note";

/// A metadata value has at most 500 characters: <https://docs.stripe.com/api/metadata>.
const LONGEST_METADATA: usize = 500;

/// A page of a list has at most 100 objects: <https://docs.stripe.com/api/pagination>.
const PAGE: i64 = 100;

/// Stripe, and the pool of connections to it.
pub struct Stripe {
    http: reqwest::Client,
    base: Url,
}

impl Stripe {
    /// Without an address: the real one.
    pub(crate) fn at(base: Option<Url>, timeout: Duration) -> anyhow::Result<Self> {
        let base = base.map_or_else(|| Url::parse(API_BASE), Ok)?;
        let http = http::client(&base, timeout)?;
        Ok(Self { http, base })
    }
}

impl GatewayAdapter for Stripe {
    fn gateway(&self) -> PaymentGateway {
        PaymentGateway::Stripe
    }

    fn secret(&self) -> SecretName {
        SecretName::StripeSecretKey
    }

    fn open(&self, secret: &SecretString) -> Result<Box<dyn GatewayAccount>, Unsendable> {
        Ok(Box::new(StripeGateway::new(
            self.http.clone(),
            &self.base,
            secret,
        )?))
    }

    /// Keys are removed "after they are at least 24 hours old": <https://docs.stripe.com/api/idempotent_requests>.
    fn refund_ability(&self) -> RefundAbility {
        RefundAbility {
            smallest_step: amounts::smallest_step,
            carries_our_id: true,
            key_lifetime: TimeDelta::hours(24),
        }
    }

    fn webhooks(&self) -> &dyn Webhooks {
        &webhooks::StripeWebhooks
    }
}

/// One account at Stripe.
struct StripeGateway {
    transport: StripeTransport,
}

impl StripeGateway {
    fn new(http: reqwest::Client, base: &Url, secret: &SecretString) -> Result<Self, Unsendable> {
        Ok(Self {
            transport: StripeTransport::new(http, base, secret)?,
        })
    }

    /// Sends without a key: questions, and orders that may be repeated.
    async fn once<T: miniserde::Deserialize>(&self, request: RequestBuilder) -> Result<T, Failure> {
        request
            .customize::<T>()
            .request_strategy(RequestStrategy::Once)
            .send(&self.transport)
            .await
    }

    /// Whether no invoice will come from this subscription any more.
    async fn has_ended(&self, path: &str) -> Result<bool, Unanswered> {
        let it: StripeSubscription = self.once(RequestBuilder::new(StripeMethod::Get, path)).await?;
        Ok(matches!(it.status.as_str(), "canceled" | "incomplete_expired"))
    }
}

/// What a payment's id stands for.
enum Source<'a> {
    PaymentIntent(&'a str),
    Charge(&'a str),
}

/// `ch_` are card charges, `py_` those of other payment methods; both are charges to the API.
fn source_of(payment_id: &str) -> Result<Source<'_>, Malformed> {
    let id = checked_id(payment_id)?;
    match id.split_once('_').map(|(kind, _)| kind) {
        Some("pi") => Ok(Source::PaymentIntent(id)),
        Some("ch" | "py") => Ok(Source::Charge(id)),
        _ => Err(Malformed(format!("not a payment at Stripe: {id}"))),
    }
}

#[async_trait]
impl Refunds for StripeGateway {
    fn check(&self, order: &RefundOrder) -> Result<(), OrderError> {
        refund_request(order).map(|_| ())
    }

    async fn refund(&self, order: &RefundOrder) -> Result<GatewayRefund, OrderError> {
        let key = IdempotencyKey::new(order.refund_id.to_string())
            .map_err(|error| OrderError::refused("malformed_key", error.to_string()))?;
        let answer: StripeRefund = refund_request(order)?
            .customize()
            .request_strategy(RequestStrategy::Idempotent(key))
            .send(&self.transport)
            .await?;
        Ok(answer.read()?)
    }

    async fn refunds_of(&self, payment: &PaymentRef) -> Result<Vec<GatewayRefund>, Unanswered> {
        let first = match source_of(&payment.id)? {
            Source::PaymentIntent(id) => ListRefund::new().payment_intent(id),
            Source::Charge(id) => ListRefund::new().charge(id),
        }
        .limit(PAGE);
        let mut refunds = Vec::new();
        let mut next = first.clone();
        loop {
            let page: StripeRefunds = self.once(next.build()).await?;
            let last = page.data.last().map(|it| it.id.clone());
            for refund in page.data {
                refunds.push(refund.read()?);
            }
            match (page.has_more, last) {
                (false, _) => return Ok(refunds),
                (true, Some(last)) => next = first.clone().starting_after(last),
                (true, None) => return Err(Unanswered::unknown("an empty page that has more")),
            }
        }
    }

    async fn refund_by_id(
        &self,
        _payment: &PaymentRef,
        gateway_refund_id: &str,
    ) -> Result<GatewayRefund, Unanswered> {
        let request = RetrieveRefund::new(checked_id(gateway_refund_id)?);
        Ok(self.once::<StripeRefund>(request.build()).await?.read()?)
    }
}

#[async_trait]
impl Payments for StripeGateway {
    async fn payment(&self, payment_id: &str) -> Result<GatewayPayment, Unanswered> {
        let payment = match source_of(payment_id)? {
            Source::PaymentIntent(id) => {
                let request = RetrievePaymentIntent::new(id).expand(["latest_charge".to_owned()]);
                self.once::<StripePaymentIntent>(request.build()).await?.read()?
            }
            Source::Charge(id) => {
                let request = RequestBuilder::new(StripeMethod::Get, format!("/charges/{id}"));
                self.once::<StripeCharge>(request).await?.read()?
            }
        };
        Ok(payment)
    }
}

#[async_trait]
impl Agreements for StripeGateway {
    /// `void`: invoices that come up in the meantime are never collected.
    /// Source: <https://docs.stripe.com/billing/subscriptions/pause-payment>.
    async fn pause_subscription(&self, subscription_id: &str) -> Result<(), OrderError> {
        let path = format!("/subscriptions/{}", checked_id(subscription_id)?);
        let request = RequestBuilder::new(StripeMethod::Post, path.as_str()).form(&HashMap::from([(
            "pause_collection",
            HashMap::from([("behavior", "void")]),
        )]));
        match self
            .once::<StripeSubscription>(request)
            .await
            .map_err(OrderError::from)
        {
            Ok(_) => Ok(()),
            // A canceled subscription can no longer be changed, and need not be.
            Err(refused @ OrderError::Refused { .. }) => match self.has_ended(&path).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(refused),
                // Whoever cannot see it has not refused anything: the key may be of another account.
                Err(unanswered) => Err(OrderError::Unknown {
                    detail: unanswered.to_string(),
                }),
            },
            Err(error) => Err(error),
        }
    }
}

/// `POST /v1/refunds`. The currency is the payment's own and cannot be sent: the caller has read the payment, and
/// compares the answer's.
fn refund_request(order: &RefundOrder) -> Result<RequestBuilder, OrderError> {
    let amount = amounts::to_stripe(order.amount)
        .ok_or_else(|| OrderError::refused("amount_not_representable", order.amount.to_string()))?;
    if amount <= 0 {
        return Err(OrderError::refused(
            "amount_not_positive",
            order.amount.to_string(),
        ));
    }
    let mut request = CreateRefund::new().amount(amount).metadata(metadata(order));
    request = match source_of(&order.payment_id)? {
        Source::PaymentIntent(id) => request.payment_intent(id),
        Source::Charge(id) => request.charge(id),
    };
    if let Some(reason) = reason_at_stripe(order.reason) {
        request = request.reason(reason);
    }
    let mut built = request.build();
    // The metadata comes from a hash map: a repeat must be the same request to the last byte.
    built.body = built.body.map(|body| {
        let mut fields: Vec<&str> = body.split('&').collect();
        fields.sort_unstable();
        fields.join("&")
    });
    Ok(built)
}

/// Stripe knows no "other", so none is sent; `fraudulent` puts card and address on its block lists.
/// Source: <https://docs.stripe.com/api/refunds/create#create_refund-reason>.
fn reason_at_stripe(reason: RefundReason) -> Option<CreateRefundReason> {
    match reason {
        RefundReason::Duplicate => Some(CreateRefundReason::Duplicate),
        RefundReason::Fraudulent => Some(CreateRefundReason::Fraudulent),
        RefundReason::RequestedByCustomer => Some(CreateRefundReason::RequestedByCustomer),
        RefundReason::Other => None,
    }
}

fn metadata(order: &RefundOrder) -> HashMap<String, String> {
    let mut metadata = HashMap::from([
        (METADATA_REFUND.to_owned(), order.refund_id.to_string()),
        (METADATA_REASON.to_owned(), order.reason.to_string()),
    ]);
    if let Some(note) = order.note.as_deref().map(str::trim).filter(|it| !it.is_empty()) {
        metadata.insert(
            METADATA_NOTE.to_owned(),
            note.chars().take(LONGEST_METADATA).collect(),
        );
    }
    metadata
}
