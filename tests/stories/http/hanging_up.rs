//! A caller who hangs up in the middle of a change leaves nothing half done behind.

use std::{future::Future, pin::pin, task::Poll};

use domain::users::{self, NewUser};
use tests::stage::Stage;

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
    let mut kept = Vec::new();
    for polls in 1..60 {
        for again in 0..2 {
            let email = format!("gone-{polls}-{again}@shop.test");
            hang_up_after(polls, async {
                let mut tx = stage
                    .app
                    .begin_as_system(stage.team)
                    .await
                    .expect("a transaction");
                let person = NewUser {
                    company_email: email,
                    ..NewUser::default()
                };
                users::insert_or_find(&stage.app, &mut tx, person)
                    .await
                    .expect("a person");
                tx.commit().await.expect("a commit");
            })
            .await;
        }
        // Without a transaction around it, on whichever connection is free.
        let key = format!("kept-{polls}");
        stage
            .sql(&format!(
                "INSERT INTO rate_limits (key, window_ends_at, used) SELECT '{key}', created_at, 1 FROM teams"
            ))
            .await;
        kept.push(key);
    }
    let rows = domain::database::Sql::rows(
        elsewhere.connection(),
        "SELECT key FROM rate_limits WHERE key LIKE 'kept-%'",
        vec![],
    )
    .await;
    assert_eq!(
        rows.expect("rows").len(),
        kept.len(),
        "somebody else's rollback took a change along"
    );
    stage.end().await;
}
