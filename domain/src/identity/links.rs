//! Who a signed link belongs to: the same rules as for a token, for somebody who shows none.

use entities::{ApiKeyId, Locale, TeamId, UserId, UserRole};

use super::api_keys;
use crate::{
    actor::{Actor, Principal, Scopes},
    app::App,
    database::Sql,
    error::Outcome,
    values,
};

/// The public id under which a link names whoever it was made for.
pub fn holder(actor: &Actor) -> Option<String> {
    match actor.principal {
        Principal::User { id, .. } => Some(id.to_string()),
        Principal::ApiKey { id, .. } => Some(id.to_string()),
        Principal::System => None,
    }
}

/// Whoever the link was made for, if they could still come in: not suspended, their ecosystem neither, a key neither
/// revoked nor expired. `through`: the administrator who had it made through their eyes (S0.6), could still come in
/// themselves, and still looks through them (S0.5).
pub async fn actor(app: &App, holder: &str, through: Option<UserId>) -> Outcome<Option<Actor>> {
    if let Ok(user) = holder.parse::<UserId>() {
        return of_user(app, user, through).await;
    }
    match holder.parse::<ApiKeyId>() {
        Ok(key) => api_keys::actor(app, key).await,
        Err(_) => Ok(None),
    }
}

async fn of_user(app: &App, user: UserId, through: Option<UserId>) -> Outcome<Option<Actor>> {
    let sql = "SELECT u.team_id, u.role, u.locale, i.id FROM users u \
               LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
               LEFT JOIN users i ON i.id = $2 AND i.team_id = u.team_id AND i.role = 'ADMIN' AND i.suspended_at IS NULL \
               AND u.role <> 'ADMIN' \
               AND NOT EXISTS (SELECT 1 FROM ecosystems o WHERE o.id = i.ecosystem_id AND o.suspended_at IS NOT NULL) \
               AND EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.impersonator_id = i.id \
               AND s.revoked_at IS NULL AND s.expires_at > $3) \
               WHERE u.id = $1 AND u.suspended_at IS NULL AND e.suspended_at IS NULL";
    let row = app
        .db
        .connection()
        .row(sql, values![user, through, app.clock.now()])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let team: TeamId = row.try_get_by_index(0)?;
    let role: UserRole = row.try_get_by_index(1)?;
    let locale: Locale = row.try_get_by_index(2)?;
    let impersonator: Option<UserId> = row.try_get_by_index(3)?;
    if impersonator != through {
        return Ok(None);
    }
    Ok(Some(Actor {
        team,
        principal: Principal::User { id: user, role },
        impersonator,
        scopes: Scopes::of_role(role),
        locale,
        session: None,
        ip_address: None,
        trace: None,
    }))
}
