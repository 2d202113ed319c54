//! From a bearer token to an actor, quickly: what was found stays known for less than a second, so that a
//! revocation acts within one everywhere.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use moka::future::Cache;

use super::{api_keys, sessions};
use crate::{
    actor::Actor,
    app::App,
    error::{Denied, Error, Outcome},
    vault::Token,
};

/// Half of the second that a revocation may take; the other half is for the question to the database.
const KNOWN_FOR: Duration = Duration::from_millis(500);

/// Who a token stands for, and until when at most.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub actor: Actor,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The tokens that were shown lately.
#[derive(Clone)]
pub struct Keyring {
    app: App,
    known: Cache<Vec<u8>, Option<Arc<Credentials>>>,
}

impl Keyring {
    pub fn new(app: App) -> Self {
        Self {
            app,
            known: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(KNOWN_FOR)
                .build(),
        }
    }

    /// Who the token stands for. Tokens that nobody has or that no longer count are all alike.
    pub async fn authenticate(&self, token: &str) -> Outcome<Arc<Credentials>> {
        let looking = async { find(&self.app, token).await.map(|found| found.map(Arc::new)) };
        let found = self.known.try_get_with(Token::hash(token), looking).await;
        let found = found.map_err(|error: Arc<Error>| anyhow::anyhow!("cannot look a token up: {error}"))?;
        // Expiry counts at once, however fresh the entry is.
        let now = self.app.clock.now();
        found
            .filter(|credentials| credentials.expires_at.is_none_or(|at| at > now))
            .ok_or(Error::Denied(Denied::Unauthenticated))
    }

    /// Forgets a token in this process: for a sign-out that is answered here.
    pub async fn forget(&self, token: &str) {
        self.known.invalidate(&Token::hash(token)).await;
    }

    /// Forgets every token at once in this process: for a revocation that is answered here.
    pub fn forget_all(&self) {
        self.known.invalidate_all();
    }

    /// Resolves when the token counts no longer. While the database cannot be asked, it is taken to count.
    pub async fn ended(self, token: String) {
        loop {
            tokio::time::sleep(KNOWN_FOR).await;
            if matches!(self.authenticate(&token).await, Err(Error::Denied(_))) {
                return;
            }
        }
    }
}

async fn find(app: &App, token: &str) -> Outcome<Option<Credentials>> {
    match token.split_once('_').map(|(prefix, _)| prefix) {
        Some(sessions::TOKEN_PREFIX) => Ok(sessions::find(app, token).await?.map(|found| Credentials {
            actor: found.actor,
            expires_at: Some(found.expires_at),
        })),
        Some(api_keys::SECRET_PREFIX) => {
            Ok(api_keys::by_secret(app, token).await?.map(|found| Credentials {
                actor: found.actor,
                expires_at: found.expires_at,
            }))
        }
        _ => Ok(None),
    }
}
