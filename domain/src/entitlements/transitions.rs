//! Announcing what happened by itself: access that began, ran into its grace period, or ended (S4.22). The
//! status never waits for this: it is computed whenever it is asked for.

use entities::{EntitlementAction, EntitlementId, EntitlementStatus, TeamId, entitlement};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

use super::{record, rules, store};
use crate::{app::App, database::Sql, error::Outcome, scoped::Scoped, values};

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
    let one = |column: &str, status: &str| {
        format!(
            "SELECT * FROM (SELECT team_id, id FROM entitlements WHERE closed_at IS NULL \
             AND announced_status = '{status}' AND {column} <= $1 ORDER BY {column} LIMIT {BATCH}) AS {status}_due"
        )
    };
    let sql = [
        one("starts_at", "SCHEDULED"),
        one("expires_at", "ACTIVE"),
        one("grace_ends_at", "GRACE_PERIOD"),
    ];
    let rows = app
        .db
        .connection()
        .rows(
            &format!("{} LIMIT {BATCH}", sql.join(" UNION ALL ")),
            values![now],
        )
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
    let status = rules::status(&row, tx.now());
    if row.closed_at.is_some() || status == row.announced_status {
        return Ok(false);
    }
    let action = match status {
        EntitlementStatus::Active => EntitlementAction::Granted,
        EntitlementStatus::GracePeriod => EntitlementAction::EnteredGracePeriod,
        EntitlementStatus::Expired => EntitlementAction::Expired,
        EntitlementStatus::Scheduled | EntitlementStatus::Revoked => return Ok(false),
    };
    let mut change = row.into_active_model();
    change.announced_status = Set(status);
    let row = change.update(tx.db()).await?;
    record(&mut tx, &row, action, None, None).await?;
    tx.commit().await?;
    Ok(true)
}
