//! Which gateways there are: the adapters that the program was put together with.

use std::{sync::Arc, time::Duration};

use entities::PaymentGateway;
use secrecy::SecretString;

use super::{GatewayAccount, RefundAbility, SecretName, Unsendable, Webhooks};

/// A gateway that can be asked, as its adapter makes it known.
pub trait GatewayAdapter: Send + Sync {
    fn gateway(&self) -> PaymentGateway;

    /// The credential that opens an account.
    fn secret(&self) -> SecretName;

    /// No connection is opened here; the error is of credentials that cannot even be sent.
    fn open(&self, secret: &SecretString) -> Result<Box<dyn GatewayAccount>, Unsendable>;

    fn refund_ability(&self) -> RefundAbility;

    fn webhooks(&self) -> &dyn Webhooks;
}

/// All gateways that can be asked; at every other one nobody but a person can do anything. Cheap to clone.
#[derive(Clone)]
pub struct Gateways {
    adapters: Arc<[Box<dyn GatewayAdapter>]>,
    /// How long all calls of one attempt may take together.
    attempt_limit: Duration,
}

impl Gateways {
    pub fn new(adapters: Vec<Box<dyn GatewayAdapter>>, attempt_limit: Duration) -> Self {
        Self {
            adapters: adapters.into(),
            attempt_limit,
        }
    }

    /// None where nobody but a person can do anything.
    pub fn of(&self, gateway: PaymentGateway) -> Option<&dyn GatewayAdapter> {
        self.all().find(|adapter| adapter.gateway() == gateway)
    }

    pub fn all(&self) -> impl Iterator<Item = &dyn GatewayAdapter> {
        self.adapters.iter().map(AsRef::as_ref)
    }

    /// None where refunds are not made by asking.
    pub fn refund_ability(&self, gateway: PaymentGateway) -> Option<RefundAbility> {
        self.of(gateway).map(GatewayAdapter::refund_ability)
    }

    /// The gateway that calls this address: `stripe` of `/webhooks/stripe`.
    pub fn calling(&self, path: &str) -> Option<&dyn GatewayAdapter> {
        self.all().find(|adapter| adapter.webhooks().path() == path)
    }

    /// The gateway at which this credential opens an account.
    pub fn opened_by(&self, secret: SecretName) -> Option<PaymentGateway> {
        let mut adapters = self.all();
        adapters
            .find(|adapter| adapter.secret() == secret)
            .map(GatewayAdapter::gateway)
    }

    /// How long all calls of one attempt may take together.
    pub fn attempt_limit(&self) -> Duration {
        self.attempt_limit
    }
}
