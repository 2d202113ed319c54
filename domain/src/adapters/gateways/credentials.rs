//! The credentials that gateways want, and a team's.

use std::collections::HashMap;

use secrecy::SecretString;

/// Which secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretName {
    StripeSecretKey,
    StripePublishableKey,
    StripeWebhookSecret,
    MercadoPagoAccessToken,
    MercadoPagoWebhookSecret,
    PaypalClientId,
    PaypalClientSecret,
}

impl SecretName {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StripeSecretKey => "stripeSecretKey",
            Self::StripePublishableKey => "stripePublishableKey",
            Self::StripeWebhookSecret => "stripeWebhookSecret",
            Self::MercadoPagoAccessToken => "mercadoPagoAccessToken",
            Self::MercadoPagoWebhookSecret => "mercadoPagoWebhookSecret",
            Self::PaypalClientId => "paypalClientId",
            Self::PaypalClientSecret => "paypalClientSecret",
        }
    }

    /// The one with this name, as it is stored.
    pub fn named(name: &str) -> Option<Self> {
        [
            Self::StripeSecretKey,
            Self::StripePublishableKey,
            Self::StripeWebhookSecret,
            Self::MercadoPagoAccessToken,
            Self::MercadoPagoWebhookSecret,
            Self::PaypalClientId,
            Self::PaypalClientSecret,
        ]
        .into_iter()
        .find(|secret| secret.as_str() == name)
    }
}

/// A team's gateway credentials, opened.
#[derive(Clone, Debug, Default)]
pub struct GatewaySecrets(HashMap<SecretName, SecretString>);

impl GatewaySecrets {
    pub fn get(&self, name: SecretName) -> Option<&SecretString> {
        self.0.get(&name)
    }

    pub fn set(&mut self, name: SecretName, secret: SecretString) {
        self.0.insert(name, secret);
    }

    /// Whether all of them are there.
    pub fn have(&self, names: &[SecretName]) -> bool {
        names.iter().all(|name| self.0.contains_key(name))
    }
}
