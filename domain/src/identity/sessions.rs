//! Signing in and out.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{Locale, SessionId, TeamId, UserId, UserRole, session, user};
use sea_orm::{ActiveModelTrait, Set};
use secrecy::SecretString;
use serde_json::json;

use super::tries::Tries;
use crate::{
    actor::{Actor, Principal, Scopes},
    app::App,
    database::Sql,
    error::{Denied, Outcome, Refusal, UserErrorCode},
    scoped::Scoped,
    tx::Tx,
    users, values,
    vault::Token,
};

/// What a session's token begins with.
pub const TOKEN_PREFIX: &str = "pvs";
/// A working day.
const LIFETIME: TimeDelta = TimeDelta::hours(12);

/// The proof of a sign-in. The token is shown this once.
pub struct SignedIn {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    pub actor: Actor,
}

/// What became of a sign-in with the right password.
pub enum SignIn {
    Opened(SignedIn),
    /// It is right in several teams, and none was named: these.
    Which(Vec<TeamChoice>),
}

/// A team that one may sign in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamChoice {
    pub id: TeamId,
    pub name: String,
}

/// Where a sign-in comes from.
#[derive(Clone, Debug, Default)]
pub struct SignInOrigin {
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub trace: Option<String>,
}

/// S3.1: staff sign in with e-mail and password. An unknown address and a wrong password get the same
/// answer in the same time. Whoever has one address and password in several teams names one of them: `team`.
pub async fn sign_in(
    app: &App,
    email: &str,
    password: &SecretString,
    team: Option<TeamId>,
    origin: SignInOrigin,
) -> Outcome<SignIn> {
    let tries = Tries::new(email, origin.ip_address.as_deref());
    tries.count(app).await?;
    let candidates = super::passwords::candidates(app, email, team).await?;
    let mut matching = super::passwords::with_password(candidates, password, team.is_some()).await?;
    let Some(only) = matching.pop() else {
        return Err(Refusal::new(UserErrorCode::CredentialsInvalid).into());
    };
    tries.succeeded(app).await?;
    if matching.is_empty() {
        return Ok(SignIn::Opened(
            open(app, (only.team, only.user), &only.hash, origin).await?,
        ));
    }
    matching.push(only);
    let choice = |it: super::passwords::Candidate| TeamChoice {
        id: it.team,
        name: it.team_name,
    };
    Ok(SignIn::Which(matching.into_iter().map(choice).collect()))
}

/// `hash` is of the password that was given.
async fn open(
    app: &App,
    (team, user): (TeamId, UserId),
    hash: &str,
    origin: SignInOrigin,
) -> Outcome<SignedIn> {
    let found = user::Entity::of_by_id(team, user)
        .one(app.db.connection())
        .await?;
    let Some(user) = found else {
        return Err(Refusal::new(UserErrorCode::CredentialsInvalid).into());
    };
    let mut actor = actor_of(&user);
    actor.ip_address.clone_from(&origin.ip_address);
    actor.trace.clone_from(&origin.trace);
    let mut tx = app.begin(&actor).await?;
    // Checking the password took its time. Whoever sets another one meanwhile comes before this and is seen, or comes
    // after it and ends this session.
    users::lock_user(&tx, user.id).await?;
    if !super::passwords::opens(&tx, &user, hash).await? {
        return Err(Refusal::new(UserErrorCode::CredentialsInvalid).into());
    }
    let token = Token::new(&*app.ids, TOKEN_PREFIX);
    let id: SessionId = tx.id();
    let expires_at = tx.now() + LIFETIME;
    let row = session::ActiveModel {
        id: Set(id),
        team_id: Set(team),
        user_id: Set(user.id),
        token_hash: Set(token.hash),
        impersonator_id: Set(None),
        impersonation_reason: Set(None),
        created_at: Set(tx.now()),
        expires_at: Set(expires_at),
        revoked_at: Set(None),
        ip_address: Set(origin.ip_address),
        user_agent: Set(origin.user_agent.map(|agent| agent.chars().take(300).collect())),
    };
    row.insert(tx.db()).await?;
    tx.audit_with("session.opened", Some(user.id.to_string()), None, json!({}));
    tx.commit().await?;
    actor.session = Some(id);
    Ok(SignedIn {
        token: token.shown,
        expires_at,
        actor,
    })
}

/// What a user may do by role.
fn actor_of(user: &user::Model) -> Actor {
    Actor {
        team: user.team_id,
        principal: Principal::User {
            id: user.id,
            role: user.role,
        },
        impersonator: None,
        scopes: Scopes::of_role(user.role),
        locale: user.locale,
        session: None,
        ip_address: None,
        trace: None,
    }
}

/// Ends the session that asks.
pub async fn sign_out(app: &App, actor: &Actor) -> Outcome<()> {
    let Some(session) = actor.session else {
        return Err(Denied::Unauthenticated.into());
    };
    let mut tx = app.begin(actor).await?;
    let now = tx.now();
    let sql = "UPDATE sessions SET revoked_at = $1 WHERE id = $2 AND team_id = $3 AND revoked_at IS NULL";
    tx.db().run(sql, values![now, session, actor.team]).await?;
    tx.audit_with(
        "session.closed",
        actor.user().map(|user| user.to_string()),
        None,
        json!({}),
    );
    tx.commit().await
}

/// Ends every session of a user, also those in which they see the platform as somebody else, but for the one
/// that asks.
pub async fn revoke_all_except(tx: &Tx, user: UserId, but: Option<SessionId>) -> Outcome<()> {
    let mut sql =
        "UPDATE sessions SET revoked_at = $1 WHERE (user_id = $2 OR impersonator_id = $2) AND team_id = $3 \
                   AND revoked_at IS NULL"
            .to_owned();
    let mut values = values![tx.now(), user, tx.actor().team];
    if let Some(session) = but {
        sql.push_str(" AND id <> $4");
        values.push(session.into());
    }
    tx.db().run(&sql, values).await?;
    Ok(())
}

/// Ends every session in which this administrator sees the platform as somebody else; their own go on.
pub async fn end_impersonations_by(tx: &Tx, administrator: UserId) -> Outcome<()> {
    let sql = "UPDATE sessions SET revoked_at = $1 WHERE impersonator_id = $2 AND team_id = $3 AND revoked_at IS NULL";
    let values = values![tx.now(), administrator, tx.actor().team];
    tx.db().run(sql, values).await?;
    Ok(())
}

/// A session as it is found by its token.
pub(super) struct LiveSession {
    pub actor: Actor,
    pub expires_at: DateTime<Utc>,
}

/// The sessions that count at the time `$1`: not expired, not revoked, their user and the user's ecosystem not
/// suspended, and whoever sees the platform through the user's eyes still an administrator and not suspended either
/// way. Nobody looks through the eyes of an administrator (S0.3).
const LIVE: &str = "FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
     LEFT JOIN users i ON i.id = s.impersonator_id LEFT JOIN ecosystems o ON o.id = i.ecosystem_id \
     WHERE s.revoked_at IS NULL AND s.expires_at > $1 \
     AND u.suspended_at IS NULL AND e.suspended_at IS NULL AND i.suspended_at IS NULL AND o.suspended_at IS NULL \
     AND (i.id IS NULL OR (i.role = 'ADMIN' AND u.role <> 'ADMIN'))";

/// Whether a session counts, and goes on to until the end of the transaction.
pub(super) async fn is_live(tx: &Tx, id: SessionId) -> Outcome<bool> {
    let sql = format!(
        "SELECT 1 {LIVE} AND s.id = $2 AND s.team_id = $3{}",
        tx.db().dialect().for_share_of("s")
    );
    let found = tx.db().row(&sql, values![tx.now(), id, tx.actor().team]).await?;
    Ok(found.is_some())
}

/// The live session with this token.
pub(super) async fn find(app: &App, token: &str) -> Outcome<Option<LiveSession>> {
    let row = app
        .db
        .connection()
        .row(
            &format!(
                "SELECT s.id, s.team_id, s.user_id, s.impersonator_id, s.expires_at, u.role, u.locale \
                 {LIVE} AND s.token_hash = $2"
            ),
            values![app.clock.now(), Token::hash(token)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let role: UserRole = row.try_get_by_index(5)?;
    let locale: Locale = row.try_get_by_index(6)?;
    let actor = Actor {
        team: row.try_get_by_index(1)?,
        principal: Principal::User {
            id: row.try_get_by_index(2)?,
            role,
        },
        impersonator: row.try_get_by_index(3)?,
        scopes: Scopes::of_role(role),
        locale,
        session: row.try_get_by_index(0)?,
        ip_address: None,
        trace: None,
    };
    Ok(Some(LiveSession {
        actor,
        expires_at: row.try_get_by_index(4)?,
    }))
}
