//! Announcing what happened by itself: access that began, ran into its grace period, or ended (S4.22). The
//! status never waits for this: it is computed whenever it is asked for.

use super::{follow_grants, record, rules, store};
use crate::{app::App, database::Sql, error::Outcome, scoped::Scoped, values};
use entities::{EntitlementAction, EntitlementId, EntitlementStatus, TeamId, entitlement};

/// So many in one round; the rest comes in the next, at once.
const BATCH: usize = 200;

/// Announces every transition that is due, each once. Returns how many there were.
pub async fn announce(app: &App) -> Outcome<usize> {
    let mut announced = 0;
    loop {
        let due = due(app).await?;
        for (team, id) in &due {
            announced += usize::from(announce_one(app, *team, *id).await?);
        }
        if due.len() < BATCH {
            return Ok(announced);
        }
    }
}

async fn due(app: &App) -> Outcome<Vec<(TeamId, EntitlementId)>> {
    let now = app.clock.now();
    let one = |column: &str, which: &str| {
        format!(
            "SELECT * FROM (SELECT team_id, id FROM entitlements WHERE closed_at IS NULL \
             AND {which} AND {column} <= $1 ORDER BY {column} LIMIT {BATCH}) AS {column}_due"
        )
    };
    let sql = [
        one("starts_at", "announced_status = 'SCHEDULED'"),
        one("expires_at", "announced_status = 'ACTIVE'"),
        one("grace_ends_at", "announced_status = 'GRACE_PERIOD'"),
        one("next_starts_at", "next_starts_at IS NOT NULL"),
    ];
    let rows = app
        .db
        .connection()
        .rows(&format!("{} LIMIT {BATCH}", sql.join(" UNION ")), values![now])
        .await?;
    let read = |row: &sea_orm::QueryResult| -> Result<_, sea_orm::DbErr> {
        Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

async fn announce_one(app: &App, team: TeamId, id: EntitlementId) -> Outcome<bool> {
    let mut tx = app.begin_as_system(team).await?;
    let Some(row) = entitlement::Entity::of_by_id(team, id).one(tx.db()).await? else {
        return Ok(false);
    };
    store::lock_user(&tx, row.user_id).await?;
    let Some(row) = entitlement::Entity::of_by_id(team, id).one(tx.db()).await? else {
        return Ok(false);
    };
    let (before, began) = (row.announced_status, row.starts_at);
    let next_has_begun = row.next_starts_at.is_some_and(|at| at <= tx.now());
    if row.closed_at.is_some() || (rules::status(&row, tx.now()) == before && !next_has_begun) {
        return Ok(false);
    }
    let days = store::grace_days(&tx, row.product_id).await?;
    let row = follow_grants(&tx, row, days).await?;
    let (status, moved) = (row.announced_status, row.starts_at != began);
    for action in happened(before, status, moved) {
        record(&mut tx, &row, *action, None, None).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// What has happened by itself since the last announcement. `moved` says that another run of grants counts now: a
/// gap that began and ended without anybody to announce it is told all the same.
fn happened(before: EntitlementStatus, now: EntitlementStatus, moved: bool) -> &'static [EntitlementAction] {
    use EntitlementAction as Action;
    use EntitlementStatus as Status;
    match (before, now) {
        (Status::Active, Status::Active) if moved => &[Action::Expired, Action::Granted],
        (Status::Active | Status::GracePeriod, Status::Scheduled) => &[Action::Expired],
        (before, now) if before == now => &[],
        (_, Status::Active) => &[Action::Granted],
        (_, Status::GracePeriod) => &[Action::EnteredGracePeriod],
        (_, Status::Expired) => &[Action::Expired],
        (_, Status::Scheduled | Status::Revoked) => &[],
    }
}
