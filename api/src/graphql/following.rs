//! Subscriptions to one kind of object: each time that something happens to it, the object as it is then.

use std::str::FromStr;

use async_graphql::{Context, Result};
use domain::{
    App, Outcome,
    actor::Actor,
    events::{Feed, Start},
};
use entities::EventTopic;
use futures::{Stream, StreamExt};

use super::context::{Ctx, to_graphql};

/// For each event of the topic what `find` finds of its subject; None where the caller may not see that any more.
/// All of the team's if no subject is named.
pub async fn follow<Id, Found, Finding, Find>(
    ctx: &Context<'_>,
    topic: EventTopic,
    subject: Option<Id>,
    find: Find,
) -> Result<impl Stream<Item = Option<Result<Found>>> + use<Id, Found, Finding, Find>>
where
    Id: FromStr + ToString,
    Find: Fn(App, Actor, Id) -> Finding,
    Finding: Future<Output = Outcome<Option<Found>>>,
{
    let (app, actor, locale) = (ctx.app().clone(), ctx.actor()?.clone(), ctx.caller().locale);
    let feed = Feed {
        team: actor.team,
        topics: vec![topic],
        subject: subject.map(|id| id.to_string()),
    };
    let events = ctx.answer(feed.follow(app.clone(), Start::Now).await)?;
    Ok(events.then(move |event| {
        let finding = event.map(|event| {
            let id = event.subject_id.parse().ok()?;
            Some(find(app.clone(), actor.clone(), id))
        });
        async move {
            let found = match finding {
                Ok(Some(finding)) => finding.await,
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            found.map_err(|error| to_graphql(error, locale)).transpose()
        }
    }))
}
