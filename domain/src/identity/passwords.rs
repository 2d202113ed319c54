//! Staff passwords: argon2id, checked off the async threads and a few at a time.

use std::sync::LazyLock;

use anyhow::anyhow;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::phc::Salt};
use chrono::TimeDelta;
use entities::{TeamId, UserId, UserRole, password, user};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{
    limits::{self, Limit},
    standing,
};
use crate::{
    actor::Actor,
    app::App,
    database::Sql,
    error::{Denied, Error, Outcome, Refusal, UserErrorCode},
    message::Message,
    scoped::Scoped,
    tx::Tx,
    values,
};

/// Short enough to remember, long enough that guessing is hopeless within the sign-in limits.
pub const MIN_LENGTH: usize = 10;
const MAX_LENGTH: usize = 200;

const TRIES: Limit = Limit {
    most: 10,
    window: TimeDelta::minutes(5),
};

/// Each check takes 19 MiB: an attacker must not be able to start many.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));

/// A hash to check against where there is no user: the answer takes the same time.
static DUMMY: LazyLock<String> = LazyLock::new(|| hash_now("nobody's password", [7; 32]).unwrap_or_default());

/// Hashes a password for storage.
pub async fn hash(app: &App, password: &SecretString) -> Outcome<String> {
    let _turn = TURNS.acquire().await.map_err(|error| anyhow!(error))?;
    let (password, salt) = (password.clone(), app.ids.secret());
    let hashing = tokio::task::spawn_blocking(move || hash_now(password.expose_secret(), salt));
    Ok(hashing.await.map_err(|error| anyhow!(error))??)
}

/// Whether the password is the one that was hashed. With no hash it takes as long and says no.
pub async fn verify(hash: Option<String>, password: &SecretString) -> Outcome<bool> {
    let _turn = TURNS.acquire().await.map_err(|error| anyhow!(error))?;
    let password = password.clone();
    let checking = tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY.clone());
        let parsed = PasswordHash::new(&hash).map_err(|error| anyhow!("stored password hash: {error}"))?;
        let matches = Argon2::default()
            .verify_password(password.expose_secret().as_bytes(), &parsed)
            .is_ok();
        anyhow::Ok(matches && known)
    });
    Ok(checking.await.map_err(|error| anyhow!(error))??)
}

/// Sets one's own password, or, as an administrator, that of another member of staff. Signs every other
/// session of that person out.
pub async fn set(
    app: &App,
    actor: &Actor,
    of: Option<UserId>,
    current: Option<SecretString>,
    new: SecretString,
) -> Outcome<()> {
    let me = actor.user().ok_or(Error::Denied(Denied::Unauthenticated))?;
    if actor.impersonator.is_some() {
        return Err(Refusal::new(UserErrorCode::NotAllowedWhileImpersonating).into());
    }
    let target = of.unwrap_or(me);
    check_length("newPassword", &new)?;
    if target == me {
        // Whoever finds an open screen must not have more tries than at the door.
        limits::count(app, &format!("password-set:{me}"), TRIES).await?;
        let stored = password::Entity::of_by_id(actor.team, me)
            .one(app.db.connection())
            .await?;
        let given = current.unwrap_or_default();
        if !verify(stored.map(|row| row.hash), &given).await? {
            return Err(Refusal::new(UserErrorCode::CredentialsInvalid)
                .on("currentPassword")
                .into());
        }
    } else if !actor.is_admin() {
        return Err(Denied::AdministratorsOnly.into());
    }
    let hash = hash(app, &new).await?;
    let mut tx = app.begin(actor).await?;
    let locked = standing::confirm(&tx, &[target]).await?;
    let found = locked.iter().find(|user| user.id == target);
    if found.is_none_or(|user| user.role == UserRole::Member) {
        return Err(Refusal::not_found("userId", "user").into());
    }
    store(&tx, target, hash).await?;
    super::sessions::revoke_all_but(&tx, target, actor.session).await?;
    tx.audit_with("password.set", Some(target.to_string()), None, json!({}));
    tx.commit().await
}

/// Refuses what is too short to be safe or too long to be a password.
pub fn check_length(field: &'static str, password: &SecretString) -> Result<(), Refusal> {
    let length = password.expose_secret().chars().count();
    if length < MIN_LENGTH {
        return Err(Refusal::invalid(
            field,
            Message::key("invalid-password-too-short").with("min", MIN_LENGTH),
        ));
    }
    if length > MAX_LENGTH {
        return Err(Refusal::invalid(
            field,
            Message::key("invalid-too-long").with("max", MAX_LENGTH),
        ));
    }
    Ok(())
}

/// Writes a password hash of a user of the acting team, who is locked: nobody signs in with an older one meanwhile.
pub async fn store(tx: &Tx, user: UserId, hash: String) -> Outcome<()> {
    let row = password::ActiveModel {
        user_id: Set(user),
        team_id: Set(tx.actor().team),
        hash: Set(hash),
        changed_at: Set(tx.now()),
    };
    let conflict = OnConflict::column(password::Column::UserId)
        .update_columns([password::Column::Hash, password::Column::ChangedAt])
        .to_owned();
    password::Entity::insert(row)
        .on_conflict(conflict)
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Who may sign in with a password.
const STAFF: &str = "FROM users u JOIN passwords p ON p.user_id = u.id \
     LEFT JOIN ecosystems e ON e.id = u.ecosystem_id \
     WHERE u.suspended_at IS NULL AND e.suspended_at IS NULL AND u.role <> 'MEMBER'";

/// Whether a user may still sign in, as what they were and with the password of this hash.
pub(super) async fn opens(tx: &Tx, user: &user::Model, hash: &str) -> Outcome<bool> {
    let sql = format!("SELECT 1 {STAFF} AND u.id = $1 AND u.team_id = $2 AND u.role = $3 AND p.hash = $4");
    let values = values![user.id, user.team_id, user.role, hash];
    Ok(tx.db().row(&sql, values).await?.is_some())
}

/// The password hashes of everybody with this address who may sign in with one.
pub(super) async fn candidates(app: &App, email_key: &str) -> Outcome<Vec<(TeamId, UserId, String)>> {
    let rows = app
        .db
        .connection()
        .rows(
            &format!("SELECT u.team_id, u.id, p.hash {STAFF} AND u.email_key = $1 ORDER BY u.id LIMIT 4"),
            values![email_key],
        )
        .await?;
    let read = |row: &sea_orm::QueryResult| -> Result<_, sea_orm::DbErr> {
        Ok((
            row.try_get_by_index(0)?,
            row.try_get_by_index(1)?,
            row.try_get_by_index(2)?,
        ))
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn hash_now(password: &str, salt: [u8; 32]) -> anyhow::Result<String> {
    let salt = Salt::new(&salt[..16]).map_err(|error| anyhow!("salt: {error}"))?;
    let hash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt.as_ref())
        .map_err(|error| anyhow!("cannot hash the password: {error}"))?;
    Ok(hash.to_string())
}
