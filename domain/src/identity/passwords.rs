//! Staff passwords: argon2id, checked off the async threads and a few at a time.

use std::{
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

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
    email,
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

/// Half of the cores: sign-ins must not keep everything else waiting.
static TURNS: LazyLock<Turns> = LazyLock::new(|| {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Turns::new((cores / 2).clamp(1, 4), 200)
});

/// In how many teams a password is tried where none is named. Whoever is in more of them names theirs.
const TEAMS_TRIED: u32 = 8;
/// A wrong password is answered after the time that all teams would have taken, but not for ever while many sign in.
const LONGEST_DELAY: Duration = Duration::from_secs(2);

/// A hash to check against where there is no user: the answer takes the same time.
static DUMMY: LazyLock<String> = LazyLock::new(|| hash_now("nobody's password", [7; 32]).unwrap_or_default());

/// Hashing takes a core and 19 MiB each time: so many at once, and so many more in line.
struct Turns {
    working: Arc<Semaphore>,
    line: Semaphore,
}

impl Turns {
    fn new(at_once: usize, in_line: usize) -> Self {
        Self {
            working: Arc::new(Semaphore::new(at_once)),
            line: Semaphore::new(at_once + in_line),
        }
    }

    /// Works off the async threads. The turn lasts as long as the work does, also when whoever wanted it hangs up.
    async fn take<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let Ok(_place) = self.line.try_acquire() else {
            return Err(Refusal::new(UserErrorCode::RateLimited).with("seconds", 5).into());
        };
        let turn = Arc::clone(&self.working).acquire_owned().await;
        let turn = turn.map_err(|error| anyhow!(error))?;
        let working = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        Ok(working.await.map_err(|error| anyhow!(error))??)
    }
}

/// Hashes a password for storage.
pub async fn hash(app: &App, password: &SecretString) -> Outcome<String> {
    let (password, salt) = (password.clone(), app.ids.secret());
    TURNS.take(move || hash_now(password.expose_secret(), salt)).await
}

/// Whether the password is the one that was hashed. With no hash it takes as long and says no.
pub async fn verify(hash: Option<String>, password: &SecretString) -> Outcome<bool> {
    let password = password.clone();
    let check = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY.clone());
        let parsed = PasswordHash::new(&hash).map_err(|error| anyhow!("stored password hash: {error}"))?;
        let matches = Argon2::default()
            .verify_password(password.expose_secret().as_bytes(), &parsed)
            .is_ok();
        anyhow::Ok(matches && known)
    };
    TURNS.take(check).await
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
        // At an open screen of somebody else there are no more tries than at the sign-in.
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
    super::sessions::revoke_all_except(&tx, target, actor.session).await?;
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

/// Whether a user may still sign in with the role that they had and with the password of this hash.
pub(super) async fn opens(tx: &Tx, user: &user::Model, hash: &str) -> Outcome<bool> {
    let sql = format!("SELECT 1 {STAFF} AND u.id = $1 AND u.team_id = $2 AND u.role = $3 AND p.hash = $4");
    let values = values![user.id, user.team_id, user.role, hash];
    Ok(tx.db().row(&sql, values).await?.is_some())
}

/// Somebody who may sign in with a password.
pub(super) struct Candidate {
    pub team: TeamId,
    pub team_name: String,
    pub user: UserId,
    pub hash: String,
}

/// Everybody with this address who may sign in with a password, in one team or in any. Whoever has it as it is written
/// comes first.
pub(super) async fn candidates(app: &App, email: &str, team: Option<TeamId>) -> Outcome<Vec<Candidate>> {
    let [key, former] = email::keys(email);
    let mut values = values![key, former];
    let in_team = team.map_or("", |team| {
        values.push(team.into());
        " AND u.team_id = $3"
    });
    let sql = format!(
        "SELECT u.team_id, u.id, p.hash, (SELECT t.name FROM teams t WHERE t.id = u.team_id) \
         {STAFF} AND u.email_key IN ($1, $2){in_team} ORDER BY (u.email_key = $2) DESC, u.id LIMIT {TEAMS_TRIED}"
    );
    let rows = app.db.connection().rows(&sql, values).await?;
    let read = |row: &sea_orm::QueryResult| -> Result<_, sea_orm::DbErr> {
        Ok(Candidate {
            team: row.try_get_by_index(0)?,
            user: row.try_get_by_index(1)?,
            hash: row.try_get_by_index(2)?,
            team_name: row.try_get_by_index(3)?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// The candidates whose password it is, one in each team. If it is nobody's, the answer takes the same time whether
/// nobody has the address or somebody has it in several teams. `one`: a team was named, so that only one can be tried.
pub(super) async fn with_password(
    candidates: Vec<Candidate>,
    password: &SecretString,
    one: bool,
) -> Outcome<Vec<Candidate>> {
    let begun = Instant::now();
    let mut tried = 0;
    let mut matching = Vec::new();
    for candidate in candidates {
        tried += 1;
        let fits = verify(Some(candidate.hash.clone()), password).await?;
        if fits && !matching.iter().any(|it: &Candidate| it.team == candidate.team) {
            matching.push(candidate);
        }
    }
    if tried == 0 {
        tried = 1;
        verify(None, password).await?;
    }
    if matching.is_empty() && !one {
        let left = begun.elapsed() / tried * TEAMS_TRIED.saturating_sub(tried);
        tokio::time::sleep(left.min(LONGEST_DELAY)).await;
    }
    Ok(matching)
}

fn hash_now(password: &str, salt: [u8; 32]) -> anyhow::Result<String> {
    let salt = Salt::new(&salt[..16]).map_err(|error| anyhow!("salt: {error}"))?;
    let hash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt.as_ref())
        .map_err(|error| anyhow!("cannot hash the password: {error}"))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::FutureExt;

    use super::*;

    /// Whoever sends a password and hangs up, again and again, gets no more cores than whoever waits.
    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work() {
        let turns = Turns::new(1, 1);
        let (finish, finished) = mpsc::channel::<()>();
        let mut hanging_up = Box::pin(turns.take(move || Ok(finished.recv()?)));
        assert!((&mut hanging_up).now_or_never().is_none());
        drop(hanging_up);
        assert_eq!(turns.working.available_permits(), 0, "the work goes on");

        let mut next = Box::pin(turns.take(|| Ok("done")));
        assert!((&mut next).now_or_never().is_none(), "it is not its turn yet");
        let second = turns.take(|| Ok("done"));
        let mut second = Box::pin(second);
        assert!((&mut second).now_or_never().is_none(), "behind the next");
        let refused = turns.take(|| Ok("done")).await;
        assert!(
            matches!(refused, Err(Error::Refused(_))),
            "the line has an end: {refused:?}"
        );
        drop(second);
        finish.send(()).expect("the work waits for it");
        assert_eq!(next.await.expect("its turn"), "done");
    }
}
