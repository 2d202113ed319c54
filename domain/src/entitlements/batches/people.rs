//! Who is meant by a batch, and how it goes through them.

use entities::{TeamId, UserId, entitlement_batch};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    error::{Outcome, Refusal},
    message::Message,
    tx::Tx,
    users::{self, Position, UserFilter, UserParts},
};

/// The most that can be named one by one.
pub const MOST_NAMED: usize = 1000;

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum People {
    Everybody,
    Filter(UserFilter),
    /// In the order of their ids.
    Named(Vec<UserId>),
}

impl People {
    /// Exactly one way to say it. A filter that lets everybody through is refused: whoever forgot to fill it in
    /// would change the access of the whole team; who means everybody says so.
    pub fn new(
        filter: Option<UserFilter>,
        ids: Option<Vec<Result<UserId, Refusal>>>,
        everybody: bool,
    ) -> Result<Self, Refusal> {
        match (filter, ids, everybody) {
            (None, None, true) => Ok(Self::Everybody),
            (Some(filter), None, false) if filter.lets_everybody_through() => {
                Err(Refusal::invalid("filter", Message::key("batch-filter-empty")))
            }
            (Some(filter), None, false) => Ok(Self::Filter(filter.to_keep())),
            (None, Some(ids), false) => Self::named(ids),
            _ => Err(Refusal::invalid("filter", Message::key("batch-people-one-way"))),
        }
    }

    fn named(ids: Vec<Result<UserId, Refusal>>) -> Result<Self, Refusal> {
        if ids.is_empty() {
            return Err(Refusal::invalid("userIds", Message::key("invalid-required")));
        }
        if ids.len() > MOST_NAMED {
            let message = Message::key("batch-too-many").with("max", MOST_NAMED);
            return Err(Refusal::invalid("userIds", message));
        }
        let mut ids = ids.into_iter().collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        Ok(Self::Named(ids))
    }

    /// How many there are at the moment.
    pub(super) async fn count(&self, app: &App, team: TeamId) -> Outcome<i64> {
        match self {
            Self::Everybody => users::count_in_team(app, team, &UserFilter::default()).await,
            Self::Filter(filter) => users::count_in_team(app, team, filter).await,
            Self::Named(ids) => Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX)),
        }
    }
}

/// The next users of a batch, and the place behind them. Whoever came after it was asked for is not meant.
pub(super) async fn next(
    tx: &Tx,
    batch: &entitlement_batch::Model,
    most: usize,
) -> Outcome<(Vec<UserId>, Option<Position>)> {
    let walk = async |filter: &UserFilter| -> Outcome<_> {
        let place: Option<Position> = batch.place.clone().map(serde_json::from_value).transpose()?;
        let (until, parts) = (batch.requested_at, (UserParts::default(), tx.now()));
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let found = users::walk(tx.db(), batch.team_id, filter, (place, until), most, parts).await?;
        let last = found.last().map(|user| Position {
            created_at: user.created_at,
            id: user.id,
        });
        Ok((found.into_iter().map(|user| user.id).collect(), last.or(place)))
    };
    match serde_json::from_value(batch.people.clone())? {
        People::Everybody => walk(&UserFilter::default()).await,
        People::Filter(filter) => walk(&filter).await,
        People::Named(ids) => {
            let done = usize::try_from(batch.done).unwrap_or(usize::MAX);
            Ok((ids.into_iter().skip(done).take(most).collect(), None))
        }
    }
}
