//! Which gateway to ask with whose credentials: made for each call, over pools that are shared.

use std::time::Duration;

use entities::PaymentGateway;
use secrecy::SecretString;
use url::Url;

use super::mercado_pago::{self, MercadoPagoGateway};
use super::stripe::{self, StripeGateway};
use super::{RefundGateway, Unsendable, http};

/// Where the gateways are, and how long an answer may take.
#[derive(Clone, Debug)]
pub struct GatewayEndpoints {
    /// None: the real one.
    pub stripe_api_base: Option<Url>,
    /// None: the real one.
    pub mercado_pago_api_base: Option<Url>,
    /// All calls of one attempt together, and so each by itself: from the beginning of the first request to the end of
    /// the last answer.
    pub timeout: Duration,
}

impl Default for GatewayEndpoints {
    fn default() -> Self {
        Self {
            stripe_api_base: None,
            mercado_pago_api_base: None,
            timeout: Duration::from_secs(20),
        }
    }
}

/// A team's secret, and the gateway that it opens.
#[derive(Clone, Debug)]
pub enum GatewayCredentials {
    Stripe { secret_key: SecretString },
    MercadoPago { access_token: SecretString },
}

impl GatewayCredentials {
    /// None for the gateways where nobody but a person can refund.
    pub fn new(gateway: PaymentGateway, secret: SecretString) -> Option<Self> {
        match gateway {
            PaymentGateway::Stripe => Some(Self::Stripe { secret_key: secret }),
            PaymentGateway::MercadoPago => Some(Self::MercadoPago { access_token: secret }),
            PaymentGateway::Paypal | PaymentGateway::Manual => None,
        }
    }
}

/// All gateways. Cheap to clone.
#[derive(Clone)]
pub struct Gateways {
    stripe: (reqwest::Client, Url),
    mercado_pago: (reqwest::Client, Url),
    timeout: Duration,
}

impl Gateways {
    pub fn new(endpoints: GatewayEndpoints) -> anyhow::Result<Self> {
        let at = |given: Option<Url>, real: &str| {
            let base = match given {
                Some(base) => base,
                None => Url::parse(real)?,
            };
            anyhow::Ok((http::client(&base, endpoints.timeout)?, base))
        };
        Ok(Self {
            stripe: at(endpoints.stripe_api_base, stripe::API_BASE)?,
            mercado_pago: at(endpoints.mercado_pago_api_base, mercado_pago::API_BASE)?,
            timeout: endpoints.timeout,
        })
    }

    /// How long all calls of one attempt may take together.
    pub fn attempt_limit(&self) -> Duration {
        self.timeout
    }

    /// No connection is opened here; the error is of credentials that cannot even be sent.
    pub fn open(&self, credentials: &GatewayCredentials) -> Result<Box<dyn RefundGateway>, Unsendable> {
        Ok(match credentials {
            GatewayCredentials::Stripe { secret_key } => {
                let (http, base) = &self.stripe;
                Box::new(StripeGateway::new(http.clone(), base, secret_key)?)
            }
            GatewayCredentials::MercadoPago { access_token } => {
                let (http, base) = &self.mercado_pago;
                Box::new(MercadoPagoGateway::new(http.clone(), base, access_token)?)
            }
        })
    }
}
