//! How the two simulated gateways are set up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::clock::SandboxClock;
use super::provider::Provider;
use super::records::Payment;

/// Tells what is known elsewhere of a payment that the gateway does not know.
pub type PaymentsKnown = Arc<dyn Fn(Provider, String) -> BoxFuture<'static, Option<Payment>> + Send + Sync>;

/// Both gateways and the clock they share.
#[derive(Clone)]
pub struct SandboxConfig {
    pub stripe: GatewayConfig,
    pub mercado_pago: GatewayConfig,
    pub clock: SandboxClock,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            stripe: GatewayConfig::new("sk_test_sandbox", "whsec_sandbox"),
            mercado_pago: GatewayConfig::new("TEST-sandbox", "sandbox-webhook-secret"),
            clock: SandboxClock::default(),
        }
    }
}

/// One gateway. The keys are those of a simulation and open nothing else.
#[derive(Clone)]
pub struct GatewayConfig {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The only secret key (Stripe) or access token (MercadoPago) that is accepted.
    pub secret_key: String,
    pub webhook_secret: String,
    /// Where notifications go; they are collected until there is a target.
    pub webhook_url: Option<String>,
    /// Keeps what the gateway knows beyond the end of the process.
    pub journal: Option<PathBuf>,
    /// `/_control` wants it as `x-control-token`; open to everybody on loopback without.
    pub control_token: Option<String>,
    /// Makes up any unknown payment whose id looks right, with the amount and currency below
    /// (or, at Stripe, the currency in the refund's `metadata[currency]`).
    pub accept_unknown_payments: bool,
    pub unknown_amount: i64,
    pub unknown_currency: String,
    /// Asked before a payment is made up: its amount and currency are those of what it has paid for.
    pub payments_known: Option<PaymentsKnown>,
    /// Pending refunds succeed by themselves after this time; on command only if absent.
    pub settle_after: Option<Duration>,
    /// The pause before a notification is repeated, doubled each time up to five seconds.
    pub webhook_first_retry: Duration,
    /// MercadoPago's `ts` is documented in seconds and met in milliseconds.
    pub signature_in_ms: bool,
    /// MercadoPago leaves `request-id` out of header and manifest.
    pub without_request_id: bool,
}

impl GatewayConfig {
    /// A free port, no file, no target, known payments only, pending until told.
    pub fn new(secret_key: &str, webhook_secret: &str) -> Self {
        Self {
            port: 0,
            secret_key: secret_key.into(),
            webhook_secret: webhook_secret.into(),
            webhook_url: None,
            journal: None,
            control_token: None,
            accept_unknown_payments: false,
            unknown_amount: 100_000_000,
            unknown_currency: "USD".into(),
            payments_known: None,
            settle_after: None,
            webhook_first_retry: Duration::from_millis(200),
            signature_in_ms: false,
            without_request_id: false,
        }
    }
}
