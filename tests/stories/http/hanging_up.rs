//! A caller who hangs up in the middle of a change leaves nothing half done behind.

use std::{future::Future, pin::pin, task::Poll};

use domain::{
    actor::{Actor, Principal},
    database::Sql,
    stats,
    users::{self, NewUser},
};
use entities::UserId;
use tests::stage::{AGENT, Stage};

/// Drops a future when it has been polled so many times.
async fn hang_up_after(polls: usize, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        let done = future.as_mut().poll(context);
        // The last poll is not waited for.
        if left == 0 { Poll::Ready(()) } else { done }
    })
    .await;
}

#[tokio::test]
async fn the_next_change_on_the_same_connections_is_kept() {
    let stage = Stage::new().await;
    let elsewhere = stage.database.connect().await;
    let mut kept = 0_usize;
    for polls in 1..40 {
        for again in 0..2 {
            let email = format!("gone-{polls}-{again}@shop.test");
            hang_up_after(polls, write_somebody(&stage, email)).await;
        }
        // Without a transaction around them, on whichever connections there are.
        for number in 0..8 {
            let insert = "INSERT INTO rate_limits (key, window_ends_at, used) SELECT";
            let sql = format!("{insert} 'kept-{polls}-{number}', created_at, 1 FROM teams");
            stage.sql(&sql).await;
            kept += 1;
        }
        let seen = "SELECT key FROM rate_limits WHERE key LIKE 'kept-%'";
        let seen = elsewhere.connection().rows(seen, vec![]).await.expect("rows");
        assert_eq!(
            seen.len(),
            kept,
            "after {polls} polls a change is stuck in somebody else's transaction"
        );
    }
    stage.end().await;
}

async fn write_somebody(stage: &Stage, email: String) {
    let mut tx = stage
        .app
        .begin_as_system(stage.team)
        .await
        .expect("a transaction");
    let person = NewUser {
        company_email: email,
        ..NewUser::default()
    };
    users::insert_or_find(&mut tx, person).await.expect("a person");
    tx.commit().await.expect("a commit");
}

/// S0.23: whoever has seen it is on record, wherever an earlier caller hung up; and a moment's looks are one.
#[tokio::test]
async fn the_next_look_at_somebodys_reading_is_on_record() {
    let stage = Stage::new().await;
    stage.agent().await;
    let agent = Actor {
        principal: Principal::User {
            id: stage.user_with(AGENT).await.id,
            role: entities::UserRole::Agent,
        },
        ..Actor::system(stage.team)
    };
    let look = async |user: UserId| {
        stats::note_reading(&stage.app, &agent, user)
            .await
            .expect("a note");
    };
    let noted = async |user: UserId| {
        let sql = "SELECT 1 FROM audit_entries WHERE action = 'stats.read' AND subject_id = $1";
        let values = vec![user.to_string().into()];
        stage
            .app
            .db
            .connection()
            .rows(sql, values)
            .await
            .expect("rows")
            .len()
    };
    for polls in 1..40 {
        let user: UserId = stage
            .customer(&format!("{polls}@shop.test"))
            .await
            .parse()
            .expect("an id");
        hang_up_after(polls, look(user)).await;
        look(user).await;
        assert!((1..=2).contains(&noted(user).await), "after {polls} polls");
    }
    let user: UserId = stage.customer("ana@shop.test").await.parse().expect("an id");
    futures::future::join_all((0..8).map(|_| look(user))).await;
    assert_eq!(noted(user).await, 1);
    stage.end().await;
}
