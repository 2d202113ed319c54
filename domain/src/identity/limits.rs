//! How often something may be tried; counted in the database, so that every process counts alike. What is counted by
//! origin is counted by [`super::Network`], never by single addresses.

use chrono::TimeDelta;

use crate::{
    app::App,
    database::Sql,
    error::{Outcome, Refusal, UserErrorCode},
    values,
};

/// So many in a window.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub most: i64,
    pub window: TimeDelta,
}

/// Counts one try. Refused, with the seconds to wait, once there were too many.
pub async fn count(app: &App, key: &str, limit: Limit) -> Outcome<()> {
    let now = app.clock.now();
    let rows = app
        .db
        .execute_returning(
            "INSERT INTO rate_limits (key, window_ends_at, used) VALUES ($1, $2, 1) ON CONFLICT (key) DO UPDATE SET \
             used = CASE WHEN rate_limits.window_ends_at <= $3 THEN 1 ELSE rate_limits.used + 1 END, \
             window_ends_at = CASE WHEN rate_limits.window_ends_at <= $3 THEN $2 ELSE rate_limits.window_ends_at END \
             RETURNING used, window_ends_at",
            values![key, now + limit.window, now],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let used: i64 = row.try_get_by_index(0)?;
    let ends: chrono::DateTime<chrono::Utc> = row.try_get_by_index(1)?;
    if used > limit.most {
        let seconds = (ends - now).num_seconds().max(1);
        return Err(Refusal::new(UserErrorCode::RateLimited)
            .with("seconds", seconds)
            .into());
    }
    Ok(())
}

/// Takes back one try that was counted and should not have been.
pub async fn give_back(app: &App, key: &str) -> Outcome<()> {
    let sql = "UPDATE rate_limits SET used = used - 1 WHERE key = $1 AND used > 0";
    app.db.execute(sql, values![key]).await?;
    Ok(())
}

/// Forgets what was counted.
pub async fn clear(app: &App, key: &str) -> Outcome<()> {
    app.db
        .execute("DELETE FROM rate_limits WHERE key = $1", values![key])
        .await?;
    Ok(())
}

/// The seconds to wait, if there have been too many tries already. Counts none.
pub async fn exhausted(app: &App, key: &str, limit: Limit) -> Outcome<Option<i64>> {
    let now = app.clock.now();
    let sql = "SELECT used, window_ends_at FROM rate_limits WHERE key = $1 AND window_ends_at > $2";
    let Some(row) = app.db.connection().row(sql, values![key, now]).await? else {
        return Ok(None);
    };
    let (used, ends): (i64, chrono::DateTime<chrono::Utc>) =
        (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok((used >= limit.most).then(|| (ends - now).num_seconds().max(1)))
}
