//! Maintenance: what is old goes, and nobody's cursor skips over it.

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    App,
    database::Sql,
    error::{Denied, Error},
    events::{Feed, Start},
    operations::{self, Maintained},
    values,
};
use entities::TeamId;
use sea_orm::ConnectionTrait;
use seed::DemoOptions;
use support::{fresh, now};

async fn run(app: &App, sql: &str) {
    let done = app.db.connection().execute_unprepared(sql).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn demo() -> (support::Installation, TeamId) {
    let installation = fresh().await;
    let demo = seed::demo(&installation.app, DemoOptions::default()).await;
    let team = demo.expect("a demo").team;
    // What the demo tells of long ago goes at once. The next run has nothing to do.
    maintained(&installation.app).await;
    assert_eq!(maintained(&installation.app).await, Maintained::default());
    (installation, team)
}

async fn maintained(app: &App) -> Maintained {
    operations::maintain(app)
        .await
        .expect("a run")
        .expect("nobody else")
}

async fn one(app: &App, sql: &str) -> i64 {
    let row = app.db.connection().row(sql, vec![]).await.expect(sql);
    row.expect("a row").try_get_by_index(0).expect("a number")
}

#[tokio::test]
async fn what_is_old_goes_and_what_is_young_stays() {
    let (installation, team) = demo().await;
    let app = &installation.app;
    let add = async |status: &str, age: TimeDelta, count: usize| {
        let sql = format!(
            "INSERT INTO jobs (id, team_id, queue, kind, payload, status, run_at, attempts, max_attempts, crash_count, fence, \
             created_at, finished_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
             SELECT randomblob(16), $1, 'emails', 'probe', '{{}}', '{status}', $2, 1, 5, 0, 0, $2, $2 FROM n"
        );
        let at: DateTime<Utc> = now() - age;
        app.db.execute(&sql, values![team, at]).await.expect("jobs");
    };
    add("DONE", TimeDelta::days(8), 4500).await;
    add("DONE", TimeDelta::days(6), 3).await;
    add("DEAD", TimeDelta::days(80), 2).await;
    run(
        app,
        "INSERT INTO sessions (id, team_id, user_id, token_hash, created_at, expires_at) \
         SELECT randomblob(16), team_id, id, randomblob(32), created_at, '2026-01-01T00:00:00+00:00' FROM users LIMIT 5; \
         INSERT INTO sessions (id, team_id, user_id, token_hash, created_at, expires_at) \
         SELECT randomblob(16), team_id, id, randomblob(32), created_at, '2026-02-20T00:00:00+00:00' FROM users LIMIT 2; \
         INSERT INTO rate_limits VALUES ('old', '2026-03-02T10:20:00+00:00', 3), ('new', '2026-03-02T10:21:00+00:00', 3)",
    )
    .await;
    let done = maintained(app).await;
    assert_eq!(
        (done.jobs_deleted, done.sessions_deleted, done.limits_deleted),
        (4500, 5, 1)
    );
    assert_eq!(
        one(app, "SELECT count(*) FROM jobs WHERE kind = 'probe'").await,
        5
    );
    assert_eq!(maintained(app).await, Maintained::default());
}

#[tokio::test]
async fn old_events_go_and_cursors_before_them_say_so() {
    let (installation, team) = demo().await;
    let app = &installation.app;
    run(app, "DELETE FROM events; DELETE FROM event_heads").await;
    for (days, count) in [(40, 2500), (31, 10), (29, 5), (35, 2), (1, 3)] {
        let sql = format!(
            "INSERT INTO events (id, team_id, topic, subject_id, data, at) \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
             SELECT randomblob(16), $1, 'USER_UPDATED', 'x', '{{}}', $2 FROM n"
        );
        let at = now() - TimeDelta::days(days);
        app.db.execute(&sql, values![team, at]).await.expect("events");
        app.place_events().await.expect("positions");
    }
    // The two that are old and stand behind younger ones stay with them.
    assert_eq!(maintained(app).await.events_pruned, 2510);
    assert_eq!(operations::verify(app).await.expect("an answer"), vec![]);
    let feed = Feed {
        team,
        topics: Vec::new(),
        subject: None,
    };
    let expired = feed.position(app, Start::After(2509)).await;
    assert!(matches!(expired, Err(Error::Denied(Denied::CursorExpired))));
    assert_eq!(feed.position(app, Start::Oldest).await.expect("a position"), 2510);
    assert_eq!(feed.after(app, 2510, 100).await.expect("events").len(), 10);
}
