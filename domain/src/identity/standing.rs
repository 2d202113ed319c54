//! Whether the actor is still allowed to act. Changes that outlast a session (sessions, keys, roles, passwords) are
//! decided by what the database says now, not by what was known of a token half a second ago.

use entities::{UserId, user};

use super::{api_keys, sessions};
use crate::{
    actor::Principal,
    error::{Denied, Outcome},
    tx::Tx,
    users,
};

/// Locks the acting user, or the one for whom the acting key stands, together with `others`, in the order of their
/// ids, and insists that their session or key still counts and that they have the role with which they were let in. Who
/// takes one of these away comes before this transaction and is seen, or waits for it. Returns those who are locked.
pub async fn confirm(tx: &Tx, others: &[UserId]) -> Outcome<Vec<user::Model>> {
    let acting = match tx.actor().principal {
        Principal::User { id, .. } => Some(id),
        Principal::ApiKey { created_by, .. } => Some(created_by),
        Principal::System => None,
    };
    let ids: Vec<UserId> = acting.into_iter().chain(others.iter().copied()).collect();
    let locked = if ids.is_empty() {
        Vec::new()
    } else {
        users::lock_users(tx, &ids).await?
    };
    if stands(tx, &locked).await? {
        Ok(locked)
    } else {
        Err(Denied::Unauthenticated.into())
    }
}

async fn stands(tx: &Tx, locked: &[user::Model]) -> Outcome<bool> {
    let actor = tx.actor();
    match actor.principal {
        Principal::User { id, role } => {
            let is_same =
                |user: &user::Model| user.id == id && user.role == role && user.suspended_at.is_none();
            if !locked.iter().any(is_same) {
                return Ok(false);
            }
            match actor.session {
                Some(session) => sessions::is_live(tx, session).await,
                // Nobody who was let in by a token.
                None => Ok(true),
            }
        }
        Principal::ApiKey { id, .. } => api_keys::is_live(tx, id).await,
        Principal::System => Ok(true),
    }
}
