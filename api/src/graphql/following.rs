//! Subscriptions: what the domain follows, as GraphQL has it.

use async_graphql::{Context, Result};
use domain::Outcome;
use futures::{Stream, StreamExt};

use super::context::{Ctx, to_graphql};

/// Objects as they are shown, and errors in the viewer's language.
pub fn shown<Found, Shown, Following>(
    ctx: &Context<'_>,
    found: Following,
) -> impl Stream<Item = Result<Shown>> + use<Found, Shown, Following>
where
    Shown: From<Found>,
    Following: Stream<Item = Outcome<Found>>,
{
    let locale = ctx.caller().locale;
    found.map(move |found| found.map(Shown::from).map_err(|error| to_graphql(error, locale)))
}
