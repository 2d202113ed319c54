//! Events: every reader sees all of them, once, in one order.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    App, Denied, Error,
    events::{Event, Feed, Start},
    values,
};
use entities::{EventTopic, TeamId};
use futures::{Stream, StreamExt};
use serde_json::json;
use tokio::sync::Barrier;

use tests::processes::{World, within};

const WRITERS: usize = 8;
const EACH: usize = 15;

fn feed(team: TeamId) -> Feed {
    Feed {
        team,
        topics: Vec::new(),
        subject: None,
    }
}

async fn publish(app: &App, team: TeamId, subjects: &[String]) {
    let mut tx = app.begin_as_system(team).await.unwrap();
    for subject in subjects {
        tx.publish(EventTopic::UserUpdated, subject, json!({}));
    }
    tx.commit().await.unwrap();
}

async fn take(stream: impl Stream<Item = domain::Outcome<Event>>, count: usize) -> Vec<Event> {
    let events = within(stream.take(count).collect::<Vec<_>>()).await;
    events.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_and_a_reader_who_joins_in_the_middle() {
    let world = World::new().await;
    let barrier = Arc::new(Barrier::new(WRITERS + 1));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (app, team, barrier) = (world.app.clone(), world.team, barrier.clone());
            tokio::spawn(async move {
                for number in 0..EACH {
                    if number == EACH / 2 {
                        barrier.wait().await;
                    }
                    publish(
                        &app,
                        team,
                        &[format!("{writer}-{number}"), format!("{writer}-{number}b")],
                    )
                    .await;
                }
            })
        })
        .collect();
    // The last one is published when the second reader has joined.
    let total = WRITERS * EACH * 2 + 1;
    let from_start = feed(world.team)
        .follow(world.app.clone(), Start::Oldest)
        .await
        .unwrap();
    let from_start = tokio::spawn(take(from_start, total));
    within(barrier.wait()).await;
    let joined = feed(world.team)
        .follow(world.app.clone(), Start::Now)
        .await
        .unwrap();
    let position = feed(world.team).position(&world.app, Start::Now).await.unwrap();
    publish(&world.app, world.team, &["last".to_owned()]).await;
    let mut joined = Box::pin(joined);
    let first = within(joined.next()).await.unwrap().unwrap();
    assert!(
        first.position <= position + 1,
        "nothing between joining and reading is left out"
    );
    let rest = total - usize::try_from(first.position).unwrap();
    let rest = take(joined, rest).await;
    for writer in writers {
        within(writer).await.unwrap();
    }
    let all = within(from_start).await.unwrap();
    let positions: Vec<i64> = all.iter().map(|event| event.position).collect();
    let expected: Vec<i64> = (1..=i64::try_from(total).unwrap()).collect();
    assert_eq!(positions, expected, "no gap, no doubling, in order");
    let subjects: BTreeSet<&str> = all.iter().map(|event| event.subject_id.as_str()).collect();
    assert_eq!(subjects.len(), total);
    let seen: Vec<Event> = std::iter::once(first).chain(rest).collect();
    let begun = usize::try_from(seen[0].position).unwrap() - 1;
    assert_eq!(seen, all[begun..], "the one who joined saw the same");
}

#[tokio::test]
async fn positions_are_each_teams_own() {
    let world = World::new().await;
    let new = domain::teams::NewTeam {
        name: "Leitura".into(),
        default_locale: entities::Locale::Pt,
        time_zone: "America/Sao_Paulo".into(),
        currency: "BRL".parse().unwrap(),
        support_address: "help@example.test".into(),
    };
    let other = domain::teams::create(&world.app, new).await.unwrap().id;
    for number in 0..4 {
        publish(&world.app, world.team, &[number.to_string()]).await;
        publish(&world.app, other, &[number.to_string()]).await;
    }
    for team in [world.team, other] {
        let events = feed(team).after(&world.app, 0, 100).await.unwrap();
        let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
        assert_eq!(positions, [1, 2, 3, 4]);
    }
}

#[tokio::test]
async fn only_what_was_asked_for() {
    let world = World::new().await;
    let mut tx = world.app.begin_as_system(world.team).await.unwrap();
    tx.publish(EventTopic::UserUpdated, "a", json!({}));
    tx.publish(EventTopic::RefundUpdated, "b", json!({}));
    tx.publish(EventTopic::RefundUpdated, "c", json!({}));
    tx.commit().await.unwrap();
    let refunds = Feed {
        topics: vec![EventTopic::RefundUpdated],
        subject: Some("c".into()),
        ..feed(world.team)
    };
    let events = take(refunds.follow(world.app.clone(), Start::Oldest).await.unwrap(), 1).await;
    assert_eq!(events[0].subject_id, "c");
}

#[tokio::test]
async fn a_cursor_that_is_too_old_is_refused() {
    let world = World::new().await;
    for number in 0..5 {
        publish(&world.app, world.team, &[number.to_string()]).await;
    }
    let sql = "UPDATE event_heads SET pruned_through = 3 WHERE team_id = $1";
    world.app.db.execute(sql, values![world.team]).await.unwrap();
    let at = async |start| feed(world.team).position(&world.app, start).await;
    assert!(matches!(
        at(Start::After(2)).await,
        Err(Error::Denied(Denied::CursorExpired))
    ));
    assert!(matches!(
        at(Start::After(6)).await,
        Err(Error::Denied(Denied::CursorInvalid))
    ));
    assert_eq!(at(Start::After(3)).await.unwrap(), 3);
    assert_eq!(at(Start::Oldest).await.unwrap(), 3);
    // One who follows and falls behind what is kept is told so, and the stream ends.
    let mut slow = Box::pin(
        feed(world.team)
            .follow(world.app.clone(), Start::After(3))
            .await
            .unwrap(),
    );
    let sql = "UPDATE event_heads SET pruned_through = 5 WHERE team_id = $1";
    world.app.db.execute(sql, values![world.team]).await.unwrap();
    let end = within(slow.next()).await.unwrap();
    assert!(matches!(end, Err(Error::Denied(Denied::CursorExpired))));
    assert!(within(slow.next()).await.is_none());
}
