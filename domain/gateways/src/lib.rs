//! The payment gateways that can be asked: an adapter for each, over connection pools that are shared.

mod exact;
mod http;
pub mod mercado_pago;
mod signature;
pub mod stripe;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use domain::adapters::gateways::{Gateways, OrderError, Unanswered};
use url::Url;

use mercado_pago::MercadoPago;
use stripe::Stripe;

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

/// All gateways, each with its pool.
pub fn all(endpoints: GatewayEndpoints) -> anyhow::Result<Gateways> {
    let timeout = endpoints.timeout;
    let stripe = Stripe::at(endpoints.stripe_api_base, timeout)?;
    let mercado_pago = MercadoPago::at(endpoints.mercado_pago_api_base, timeout)?;
    Ok(Gateways::new(
        vec![Box::new(stripe), Box::new(mercado_pago)],
        timeout,
    ))
}

/// An answer that says something, but nothing that can be read.
#[derive(Debug)]
struct Unreadable(String);

impl From<Unreadable> for OrderError {
    /// Something was done, and nobody knows what.
    fn from(Unreadable(detail): Unreadable) -> Self {
        Self::Unknown { detail }
    }
}

impl From<Unreadable> for Unanswered {
    fn from(Unreadable(detail): Unreadable) -> Self {
        Self::Unknown { detail }
    }
}

/// No id of this gateway.
#[derive(Debug)]
struct Malformed(String);

impl From<Malformed> for OrderError {
    fn from(Malformed(message): Malformed) -> Self {
        Self::refused("malformed_id", message)
    }
}

impl From<Malformed> for Unanswered {
    fn from(Malformed(detail): Malformed) -> Self {
        Self::NotFound { detail }
    }
}

/// Ids become part of an address: nothing but letters, digits, `-` and `_` may stand in them.
fn checked_id(id: &str) -> Result<&str, Malformed> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (1..=255).contains(&id.len()) && id.bytes().all(plain) {
        Ok(id)
    } else {
        Err(Malformed(format!("not an id of a gateway: {id:?}")))
    }
}
