//! Following one kind of object: each time that something happens to it, the object as it is then.

use std::str::FromStr;

use entities::EventTopic;
use futures::{Stream, StreamExt};

use super::{Feed, Start};
use crate::{actor::Actor, app::App, error::Outcome};

/// For each event of the topic what `find` finds of its subject; None where the caller may not see that any more.
/// All of the team's if no subject is named. Whether the caller may follow them is for the subject to say before.
pub(crate) async fn follow<Id, Found, Finding, Find>(
    app: &App,
    actor: &Actor,
    topic: EventTopic,
    subject: Option<Id>,
    find: Find,
) -> Outcome<impl Stream<Item = Outcome<Option<Found>>> + Send + use<Id, Found, Finding, Find>>
where
    Id: FromStr + ToString + Send,
    Found: Send,
    Find: Fn(App, Actor, Id) -> Finding + Send,
    Finding: Future<Output = Outcome<Option<Found>>> + Send,
{
    let (app, actor) = (app.clone(), actor.clone());
    let feed = Feed {
        team: actor.team,
        topics: vec![topic],
        subject: subject.map(|id| id.to_string()),
    };
    let events = feed.follow(app.clone(), Start::Now).await?;
    Ok(events.then(move |event| {
        let finding = event.map(|event| {
            let id = event.subject_id.parse().ok()?;
            Some(find(app.clone(), actor.clone(), id))
        });
        async move {
            match finding? {
                Some(finding) => finding.await,
                None => Ok(None),
            }
        }
    }))
}
