//! From a request to its caller.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    App, database,
    identity::{Keyring, sessions::SignInOrigin},
    language,
};
use entities::Locale;
use futures::FutureExt;

use transport::{AuthenticationError, Authenticator, Call};

use crate::graphql::context::{self, Caller};

/// Knows tokens through the keyring.
pub struct Identity {
    pub app: App,
    pub keyring: Keyring,
}

#[async_trait]
impl Authenticator for Identity {
    async fn authenticate(&self, call: Call) -> Result<transport::Caller, AuthenticationError> {
        let ip_address = call.ip.map(|ip| ip.to_string());
        let mut locale = call.accept_language.as_deref().and_then(language::negotiate);
        let mut actor = None;
        if let Some(token) = &call.credential {
            let credentials = self.keyring.authenticate(token).await.map_err(|error| match error {
                domain::Error::Denied(_) | domain::Error::Refused(_) => AuthenticationError::Invalid,
                domain::Error::Fault(fault) => {
                    tracing::error!(error = ?fault, trace_id = %call.trace_id, "nobody can be authenticated");
                    AuthenticationError::Unavailable
                }
            })?;
            let mut known = credentials.actor.clone();
            known.ip_address.clone_from(&ip_address);
            known.trace = Some(call.trace_id.clone());
            // People have chosen a language with us; an integration says it with each request.
            if known.user().is_none() {
                known.locale = locale.unwrap_or(known.locale);
            }
            locale = Some(known.locale);
            actor = Some(known);
        }
        let origin = SignInOrigin {
            ip_address,
            user_agent: call.user_agent,
            trace: Some(call.trace_id),
        };
        let token = call.credential.clone();
        let caller = Arc::new(Caller {
            app: self.app.clone(),
            keyring: self.keyring.clone(),
            actor,
            token: call.credential,
            locale: locale.unwrap_or(Locale::En),
            origin,
        });
        let transport = transport::Caller::new(move |data| context::enrich(&caller, data))
            .attempting(|execution| database::attempt(execution).boxed());
        Ok(match token {
            Some(token) => {
                let keyring = self.keyring.clone();
                transport.ending(move || keyring.clone().ended(token.clone()).boxed())
            }
            None => transport,
        })
    }
}
