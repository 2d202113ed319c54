//! Announcing what happened by itself: access that began, ran into its grace period, or ended (S4.22). The
//! status never waits for this: it is computed whenever it is asked for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entities::{
    EntitlementAction, EntitlementId, EntitlementStatus, TeamId, entitlement, entitlement_event,
    entitlement_grant,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use super::{
    follow_grants,
    history::{Line, entry, tell},
    rules::{self, Run},
    store,
};
use crate::{app::App, database::Sql, error::Outcome, tx::Tx, values};

/// So many in one transaction at most; the next follows at once.
const BATCH: usize = 200;

/// Announces every transition that is due, each once. Returns how many entitlements there were. What somebody else
/// changes at this moment is left to them or to the next run.
pub async fn announce(app: &App) -> Outcome<usize> {
    let mut announced = 0;
    loop {
        let due = due(app).await?;
        let mut now = 0;
        for (team, ids) in &due {
            now += announce_together(app, *team, ids).await?;
        }
        announced += now;
        if now == 0 || due.values().map(Vec::len).sum::<usize>() < BATCH {
            return Ok(announced);
        }
    }
}

async fn due(app: &App) -> Outcome<BTreeMap<TeamId, Vec<EntitlementId>>> {
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
    let mut due = BTreeMap::<_, Vec<_>>::new();
    for row in rows {
        let team = due.entry(row.try_get_by_index(0)?).or_default();
        team.push(row.try_get_by_index(1)?);
    }
    Ok(due)
}

/// In one transaction: a team may have given ten thousand people the same end.
async fn announce_together(app: &App, team: TeamId, ids: &[EntitlementId]) -> Outcome<usize> {
    let mut tx = app.begin_as_system(team).await?;
    let mut rows = store::lock_free(&mut tx, ids).await?;
    // A row with a time ahead of our clock comes in the next run: read at its time, others would be told of too early.
    rows.retain(|row| !tx.is_ahead(row.updated_at) && is_behind(row, tx.now()));
    store::hold_products(&tx, rows.iter().map(|row| row.product_id)).await?;
    let grants = store::grants_of(&tx, rows.iter().map(|row| row.id)).await?;
    let announced = rows.len();
    let (mut history, mut statuses) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    for row in rows {
        let grants = grants.get(&row.id).map_or(&[][..], Vec::as_slice);
        let now = rules::with_grants(row.clone(), grants, tx.now());
        for passage in passages(&row, grants, tx.now()) {
            history.push(passage.entry(&tx, &row));
            passage.tell(&mut tx, &row, grants);
        }
        if rules::Schedule::of(&row) == rules::Schedule::of(&now) {
            statuses.entry(now.announced_status).or_default().push(now.id);
        } else {
            now.into_active_model().reset_all().update(tx.db()).await?;
        }
    }
    for (status, ids) in &statuses {
        store::announce(&tx, *status, ids).await?;
    }
    if !history.is_empty() {
        let lines = entitlement_event::Entity::insert_many(history);
        lines.exec_without_returning(tx.db()).await?;
    }
    tx.commit().await?;
    Ok(announced)
}

/// Announces what has happened to an entitlement by itself, and returns it as its grants have it now. To be called before
/// any change of access, which may be quicker than the periodic task. The user is locked.
pub(super) async fn catch_up(tx: &mut Tx, row: entitlement::Model) -> Outcome<entitlement::Model> {
    tx.not_before(row.updated_at);
    if !is_behind(&row, tx.now()) {
        return Ok(row);
    }
    store::hold_products(tx, std::iter::once(row.product_id)).await?;
    let grants = store::grants(tx, row.id).await?;
    let origin = tx.take_origin();
    for passage in passages(&row, &grants, tx.now()) {
        passage.entry(tx, &row).insert(tx.db()).await?;
        passage.tell(tx, &row, &grants);
    }
    tx.give_back(origin);
    follow_grants(tx, row, &grants).await
}

/// Whether anything has happened by itself that was not announced. A next run that has begun is one, also where it is
/// the same as the one that counts: migration `0007` marks so what has to be read from its grants anew.
fn is_behind(row: &entitlement::Model, now: DateTime<Utc>) -> bool {
    let schedule = rules::Schedule::of(row);
    let next_has_begun = schedule.next.is_some_and(|next| next.starts_at <= now);
    let changed = schedule.at(now) != schedule.run || schedule.status(now) != row.announced_status;
    row.closed_at.is_none() && (next_has_begun || changed)
}

/// What has happened to an entitlement by itself, and when.
struct Passage {
    action: EntitlementAction,
    at: DateTime<Utc>,
    /// What began or ended.
    run: Run,
}

impl Passage {
    fn entry(&self, tx: &Tx, row: &entitlement::Model) -> entitlement_event::ActiveModel {
        let line = Line {
            expires_at: self.run.expires_at,
            ..Line::of(self.action)
        };
        entry(tx, row, &line)
    }

    /// Publishes it with the entitlement as it was at that time.
    fn tell(&self, tx: &mut Tx, row: &entitlement::Model, grants: &[entitlement_grant::Model]) {
        let then = rules::with_grants(row.clone(), grants, self.at);
        tell(tx, &then, self.action, self.at);
    }
}

/// What has happened by itself since the last announcement, in its order: what was left of the run that was told of,
/// and all of those that have begun since, whether or not anybody looked at the time.
fn passages(
    row: &entitlement::Model,
    grants: &[entitlement_grant::Model],
    now: DateTime<Utc>,
) -> Vec<Passage> {
    use EntitlementStatus::{Active, Expired, Scheduled};
    let runs = rules::runs(grants);
    let Some(current) = rules::span(grants, now).map(|span| span.run) else {
        return Vec::new();
    };
    let told = |run: &&Run| run.starts_at >= row.starts_at && run.starts_at <= current.starts_at;
    let runs: Vec<&Run> = runs.iter().filter(told).collect();
    let mut passages = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let from = if run.starts_at == row.starts_at {
            row.announced_status
        } else {
            Scheduled
        };
        let to = match runs.get(i + 1) {
            None => run.status(now),
            // Access that lasted, with its tolerance, until the next run began has not ended.
            Some(next) if run.over_at().is_none_or(|end| end >= next.starts_at) => Active,
            Some(_) => Expired,
        };
        for action in passed(from, to) {
            let at = match action {
                EntitlementAction::EnteredGracePeriod => run.expires_at,
                EntitlementAction::Expired => run.over_at(),
                _ => Some(run.starts_at),
            };
            passages.push(Passage {
                action: *action,
                at: at.unwrap_or(now),
                run: **run,
            });
        }
    }
    passages
}

/// What a run of grants has gone through from one status to another.
fn passed(from: EntitlementStatus, to: EntitlementStatus) -> &'static [EntitlementAction] {
    use EntitlementAction as Action;
    use EntitlementStatus as Status;
    match (from, to) {
        (Status::Scheduled, Status::Active) => &[Action::Granted],
        (Status::Scheduled, Status::GracePeriod) => &[Action::Granted, Action::EnteredGracePeriod],
        (Status::Scheduled, Status::Expired) => &[Action::Granted, Action::Expired],
        (Status::Active, Status::GracePeriod) => &[Action::EnteredGracePeriod],
        (Status::Active | Status::GracePeriod, Status::Expired) => &[Action::Expired],
        _ => &[],
    }
}
