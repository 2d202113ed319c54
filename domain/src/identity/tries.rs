//! How often somebody may try to sign in, without letting others lock them out.
//!
//! Each network has its own tries for an address, so that whoever guesses uses up theirs. All networks together have
//! more, and more slowly: that ends guessing from many at once. A network from which the account was signed in to
//! lately is let through that one, or guessing would keep its owner out.

use chrono::TimeDelta;
use sea_orm::QueryResult;

use super::{
    Network,
    limits::{self, Limit},
};
use crate::{
    app::App,
    database::Sql,
    email,
    error::{Error, Outcome},
    values,
    vault::Token,
};

const OF_NETWORK: Limit = Limit {
    most: 100,
    window: TimeDelta::minutes(5),
};
const FROM_NETWORK: Limit = Limit {
    most: 10,
    window: TimeDelta::minutes(5),
};
/// More than one network alone can have in that time.
const FROM_ANYWHERE: Limit = Limit {
    most: 200,
    window: TimeDelta::hours(1),
};
/// Of an address's latest sessions, those whose networks are known.
const REMEMBERED: i64 = 50;

/// The tries for one address from one network. Nothing here tells whether anybody has the address.
pub(super) struct Tries {
    email: String,
    network: Option<Network>,
    of_network: Option<String>,
    from_network: String,
    from_anywhere: String,
}

impl Tries {
    pub(super) fn new(email: &str, ip_address: Option<&str>) -> Self {
        let network = ip_address.and_then(Network::read);
        let address = hex::encode(Token::hash(&email::key(email)));
        let from = network.map_or_else(|| "nowhere".to_owned(), |network| network.to_string());
        Self {
            email: email.to_owned(),
            network,
            of_network: network.map(|network| format!("sign-in-from:{network}")),
            from_network: format!("sign-in:{address}:{from}"),
            from_anywhere: format!("sign-in-anywhere:{address}"),
        }
    }

    /// Counts one try, or refuses it.
    pub(super) async fn count(&self, app: &App) -> Outcome<()> {
        if let Some(network) = &self.of_network {
            limits::count(app, network, OF_NETWORK).await?;
        }
        limits::count(app, &self.from_network, FROM_NETWORK).await?;
        match limits::count(app, &self.from_anywhere, FROM_ANYWHERE).await {
            Err(Error::Refused(_)) if self.is_from_a_known_network(app).await? => Ok(()),
            counted => counted,
        }
    }

    /// The password was right: that was no guess.
    pub(super) async fn succeeded(&self, app: &App) -> Outcome<()> {
        limits::clear(app, &self.from_network).await?;
        limits::give_back(app, &self.from_anywhere).await
    }

    async fn is_from_a_known_network(&self, app: &App) -> Outcome<bool> {
        let Some(network) = self.network else {
            return Ok(false);
        };
        let [key, former] = email::keys(&self.email);
        let rows = app
            .db
            .connection()
            .rows(
                "SELECT s.ip_address FROM users u JOIN sessions s ON s.user_id = u.id \
                 WHERE u.email_key IN ($1, $2) AND u.role <> 'MEMBER' AND s.impersonator_id IS NULL \
                 AND s.ip_address IS NOT NULL ORDER BY s.expires_at DESC LIMIT $3",
                values![key, former, REMEMBERED],
            )
            .await?;
        let read = |row: &QueryResult| row.try_get_by_index::<String>(0);
        let known = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(known
            .iter()
            .any(|address| Network::read(address) == Some(network)))
    }
}
