//! Seeing the platform as somebody else does: an administrator's session in which everything answers as it
//! would for the other user, and everything that is done carries both names.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{Feature, SessionId, UserId, UserRole, session, user};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryResult, Set};
use serde_json::json;

use crate::{
    actor::{Actor, Principal, Scope, Scopes},
    app::App,
    database::Sql,
    error::{self, Denied, Error, Outcome, Refusal, UserErrorCode},
    identity::{SignedIn, sessions, standing},
    input,
    message::Message,
    page::{Direction, Key, Order, Page, PageArgs, PageRequest},
    scoped::Scoped,
    tx::Tx,
    users::{self, UserParts, UserView},
    values,
    vault::Token,
};

/// S0.7: it ends by itself.
const LIFETIME: TimeDelta = TimeDelta::minutes(60);

/// Why somebody may not see the platform as a user. Each has its own answer (S0.2, S0.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    AlreadyImpersonating,
    NotAdministrator,
    FeatureMissing,
    Oneself,
    AnotherAdministrator,
    /// Nobody sees the platform as a suspended user: there is nothing that they would see.
    Suspended,
}

impl Blocker {
    pub const fn code(self) -> UserErrorCode {
        match self {
            Self::AlreadyImpersonating => UserErrorCode::NotAllowedWhileImpersonating,
            Self::NotAdministrator
            | Self::FeatureMissing
            | Self::Oneself
            | Self::AnotherAdministrator
            | Self::Suspended => UserErrorCode::ImpersonationNotAllowed,
        }
    }

    fn refusal(self) -> Refusal {
        let key = match self {
            Self::AlreadyImpersonating => return Refusal::new(self.code()),
            Self::NotAdministrator => "impersonation-administrators-only",
            Self::FeatureMissing => "impersonation-feature-missing",
            Self::Oneself => "impersonation-oneself",
            Self::AnotherAdministrator => "impersonation-administrator",
            Self::Suspended => "impersonation-suspended",
        };
        Refusal::new(self.code()).on("userId").saying(Message::key(key))
    }
}

/// The one rule: what stands in the way of `actor` seeing the platform as a user.
pub fn blocker(
    actor: &Actor,
    actor_features: &[Feature],
    target: UserId,
    target_role: UserRole,
    target_active: bool,
) -> Option<Blocker> {
    let me = match actor.principal {
        _ if actor.impersonator.is_some() => return Some(Blocker::AlreadyImpersonating),
        Principal::User {
            id,
            role: UserRole::Admin,
        } => id,
        Principal::User { .. } | Principal::ApiKey { .. } | Principal::System => {
            return Some(Blocker::NotAdministrator);
        }
    };
    if !actor_features.contains(&Feature::Impersonation) {
        return Some(Blocker::FeatureMissing);
    }
    if me == target {
        return Some(Blocker::Oneself);
    }
    if target_role == UserRole::Admin {
        return Some(Blocker::AnotherAdministrator);
    }
    (!target_active).then_some(Blocker::Suspended)
}

/// What the caller is specially able to do; asked once for a whole list.
pub async fn features(app: &App, actor: &Actor) -> Outcome<Vec<Feature>> {
    let Some(id) = actor.user() else {
        return Ok(Vec::new());
    };
    let row = user::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?;
    row.as_ref().map_or_else(|| Ok(Vec::new()), features_of)
}

fn features_of(user: &user::Model) -> Outcome<Vec<Feature>> {
    Ok(serde_json::from_value(user.features.clone())?)
}

/// S0.1–S0.7: a session in which the administrator is the user.
pub async fn start(
    app: &App,
    actor: &Actor,
    target: Result<UserId, Refusal>,
    reason: &str,
    user_agent: Option<String>,
) -> Outcome<SignedIn> {
    if actor.impersonator.is_some() {
        return Err(Blocker::AlreadyImpersonating.refusal().into());
    }
    actor.require(Scope::UsersImpersonate)?;
    let (target, reason) = error::all((target, input::line("reason", reason, input::NOTE)))?;
    let found = users::load(app, actor.team, target, UserParts::OWN).await?;
    let known = |found: UserView| Some((found.active, found.details.into_found()?));
    let (active, details) = (found.and_then(known)).ok_or_else(|| Refusal::not_found("userId", "user"))?;
    let mut tx = app.begin(actor).await?;
    check(&tx, target, active).await?;
    let token = Token::new(&*app.ids, sessions::TOKEN_PREFIX);
    let (id, expires_at) = (tx.id::<SessionId>(), tx.now() + LIFETIME);
    let row = session::ActiveModel {
        id: Set(id),
        team_id: Set(actor.team),
        user_id: Set(target),
        token_hash: Set(token.hash),
        impersonator_id: Set(actor.user()),
        impersonation_reason: Set(Some(reason.clone())),
        created_at: Set(tx.now()),
        expires_at: Set(expires_at),
        revoked_at: Set(None),
        ip_address: Set(actor.ip_address.clone()),
        user_agent: Set(user_agent.map(|agent| agent.chars().take(300).collect())),
    };
    row.insert(tx.db()).await?;
    tx.audit_with(
        "impersonation.started",
        Some(target.to_string()),
        Some(reason),
        json!({ "session": id }),
    );
    tx.commit().await?;
    let seen_as = Actor {
        team: actor.team,
        principal: Principal::User {
            id: target,
            role: details.role,
        },
        impersonator: actor.user(),
        scopes: Scopes::of_role(details.role),
        locale: details.locale,
        session: Some(id),
        ip_address: actor.ip_address.clone(),
        trace: actor.trace.clone(),
    };
    Ok(SignedIn {
        token: token.shown,
        expires_at,
        actor: seen_as,
    })
}

/// Decides with both people locked: whoever takes the feature away, or makes the user an administrator, comes
/// before this and is seen, or comes after it and ends what has begun.
async fn check(tx: &Tx, target: UserId, active: bool) -> Outcome<()> {
    let actor = tx.actor();
    let locked = standing::confirm(tx, &[target]).await?;
    let of = |id: UserId| locked.iter().find(|user| user.id == id);
    let seen = of(target).ok_or_else(|| Refusal::not_found("userId", "user"))?;
    let active = active && seen.suspended_at.is_none();
    let me = actor.user().and_then(of);
    let features = me.map_or_else(|| Ok(Vec::new()), features_of)?;
    match blocker(actor, &features, target, seen.role, active) {
        Some(blocker) => Err(blocker.refusal().into()),
        None => Ok(()),
    }
}

/// S0.5, S0.10: ends it, on every device from which this administrator sees the platform as this user.
/// Returns the administrator as they are without it.
pub async fn stop(app: &App, actor: &Actor) -> Outcome<Actor> {
    let (Some(administrator), Some(seen_as)) = (actor.impersonator, actor.user()) else {
        return Err(Refusal::new(UserErrorCode::ImpersonationNotAllowed)
            .saying(Message::key("impersonation-none"))
            .into());
    };
    let mut tx = app.begin(actor).await?;
    tx.db()
        .run(
            "UPDATE sessions SET revoked_at = $1 WHERE team_id = $2 AND impersonator_id = $3 AND user_id = $4 \
             AND revoked_at IS NULL",
            values![tx.now(), actor.team, administrator, seen_as],
        )
        .await?;
    tx.audit("impersonation.stopped", seen_as);
    tx.commit().await?;
    Ok(Actor {
        principal: Principal::User {
            id: administrator,
            role: UserRole::Admin,
        },
        impersonator: None,
        scopes: Scopes::all(),
        session: None,
        ..actor.clone()
    })
}

/// The administrator who sees the platform as the caller, so that the caller's screen can say so. None if nobody does.
pub async fn administrator(app: &App, actor: &Actor) -> Outcome<Option<UserView>> {
    match actor.impersonator {
        Some(id) => users::load(app, actor.team, id, UserParts::OWN).await,
        None => Ok(None),
    }
}

/// An impersonation that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    pub id: SessionId,
    pub administrator: UserId,
    pub user: UserId,
    pub reason: String,
    pub started_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

const NEWEST_FIRST: Order = Order {
    name: "impersonations",
    key: "created_at",
    id: "id",
    direction: Direction::Descending,
};
const LIVE: &str = " FROM sessions WHERE team_id = $1 AND impersonator_id IS NOT NULL AND revoked_at IS NULL AND expires_at > $2";

/// Who sees the platform as whom at the moment. For administrators.
pub async fn list(app: &App, actor: &Actor, args: &PageArgs) -> Outcome<Page<Impersonation>> {
    administrators_only(actor)?;
    let request = PageRequest::new(args, NEWEST_FIRST)?;
    let mut values = values![actor.team, app.clock.now()];
    let sql = format!(
        "SELECT id, impersonator_id, user_id, impersonation_reason, created_at, expires_at{LIVE}{}",
        request.sql(&mut values)
    );
    let rows = app.db.connection().rows(&sql, values).await?;
    let live = rows.iter().map(read).collect::<Outcome<Vec<_>>>()?;
    Ok(request.page(live, |it| (Key::Time(it.started_at), it.id.0)))
}

pub async fn count(app: &App, actor: &Actor) -> Outcome<i64> {
    administrators_only(actor)?;
    let row = app
        .db
        .connection()
        .row(
            &format!("SELECT count(*){LIVE}"),
            values![actor.team, app.clock.now()],
        )
        .await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}

/// Ends somebody's impersonation. For administrators. Doing it again changes nothing.
pub async fn end(app: &App, actor: &Actor, id: SessionId) -> Outcome<()> {
    administrators_only(actor)?;
    let mut tx = app.begin(actor).await?;
    let found = session::Entity::of_by_id(actor.team, id).one(tx.db()).await?;
    let found = found.filter(|session| session.impersonator_id.is_some());
    let found = found.ok_or_else(|| Refusal::not_found("impersonationId", "impersonation"))?;
    if found.revoked_at.is_some() {
        return Ok(());
    }
    let seen_as = found.user_id;
    let mut row = found.into_active_model();
    row.revoked_at = Set(Some(tx.now()));
    session::Entity::update(row).exec(tx.db()).await?;
    tx.audit_with(
        "impersonation.ended",
        Some(seen_as.to_string()),
        None,
        json!({ "session": id }),
    );
    tx.commit().await
}

fn administrators_only(actor: &Actor) -> Outcome<()> {
    if actor.is_admin() && actor.impersonator.is_none() {
        return Ok(());
    }
    Err(Error::Denied(Denied::AdministratorsOnly))
}

fn read(row: &QueryResult) -> Outcome<Impersonation> {
    Ok(Impersonation {
        id: row.try_get_by_index(0)?,
        administrator: row.try_get_by_index(1)?,
        user: row.try_get_by_index(2)?,
        reason: row.try_get_by_index::<Option<String>>(3)?.unwrap_or_default(),
        started_at: row.try_get_by_index(4)?,
        expires_at: row.try_get_by_index(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use entities::{Locale, TeamId};
    use uuid::Uuid;

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    fn actor(role: UserRole) -> Actor {
        Actor {
            principal: Principal::User { id: user(1), role },
            locale: Locale::En,
            ..Actor::system(TeamId(Uuid::nil()))
        }
    }

    #[test]
    fn s0_2_and_s0_3_each_missing_thing_has_its_own_answer() {
        let (admin, agent) = (actor(UserRole::Admin), actor(UserRole::Agent));
        let under_way = Actor {
            impersonator: Some(user(9)),
            ..actor(UserRole::Member)
        };
        let key = Actor::system(TeamId(Uuid::nil()));
        let able = [Feature::Impersonation];
        for (name, actor, features, target, role, active, expected) in [
            (
                "as it should be",
                &admin,
                able.as_slice(),
                2,
                UserRole::Member,
                true,
                None,
            ),
            ("an agent's view", &admin, &able, 2, UserRole::Agent, true, None),
            (
                "an agent",
                &agent,
                &able,
                2,
                UserRole::Member,
                true,
                Some(Blocker::NotAdministrator),
            ),
            (
                "an integration",
                &key,
                &able,
                2,
                UserRole::Member,
                true,
                Some(Blocker::NotAdministrator),
            ),
            (
                "without the feature",
                &admin,
                &[],
                2,
                UserRole::Member,
                true,
                Some(Blocker::FeatureMissing),
            ),
            (
                "oneself",
                &admin,
                &able,
                1,
                UserRole::Admin,
                true,
                Some(Blocker::Oneself),
            ),
            (
                "another administrator",
                &admin,
                &able,
                2,
                UserRole::Admin,
                true,
                Some(Blocker::AnotherAdministrator),
            ),
            (
                "somebody suspended",
                &admin,
                &able,
                2,
                UserRole::Member,
                false,
                Some(Blocker::Suspended),
            ),
            (
                "on and on",
                &under_way,
                &able,
                2,
                UserRole::Member,
                true,
                Some(Blocker::AlreadyImpersonating),
            ),
        ] {
            assert_eq!(
                blocker(actor, features, user(target), role, active),
                expected,
                "{name}"
            );
        }
    }
}
