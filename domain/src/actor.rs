//! Who is acting, for whom, and what that lets them do.

use entities::{ApiKeyId, Locale, SessionId, TeamId, UserId, UserRole};
use serde::{Deserialize, Serialize};

pub use crate::scope::{Scope, Scopes};

use crate::error::{Denied, Error, Outcome};

/// What kind of caller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    User {
        id: UserId,
        role: UserRole,
    },
    ApiKey {
        id: ApiKeyId,
        created_by: UserId,
    },
    /// The product itself: a job, a gateway's notice, the command line.
    System,
}

/// Everything about the caller that a use case needs.
#[derive(Clone, Debug)]
pub struct Actor {
    pub team: TeamId,
    pub principal: Principal,
    /// S0.6: the administrator behind an impersonated user.
    pub impersonator: Option<UserId>,
    /// A role's, or those of the key. A customer has none and acts on what is theirs.
    pub scopes: Scopes,
    /// The language of what is said to the caller.
    pub locale: Locale,
    /// None for API keys and the system.
    pub session: Option<SessionId>,
    /// The client's, behind trusted proxies too, for the audit log. None for the system.
    pub ip_address: Option<String>,
    /// The id of the request, which jobs and log lines carry on.
    pub trace: Option<String>,
}

impl Actor {
    /// The product acting by itself in a team.
    pub fn system(team: TeamId) -> Self {
        Self {
            team,
            principal: Principal::System,
            impersonator: None,
            scopes: Scopes::all(),
            locale: Locale::En,
            session: None,
            ip_address: None,
            trace: None,
        }
    }

    /// The user whose action it counts as. An API key acts by itself.
    pub fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { id, .. } => Some(id),
            Principal::ApiKey { .. } | Principal::System => None,
        }
    }

    /// The person who answers for it: for an API key whoever made it. The product itself asks for nothing.
    pub fn accountable_user(&self) -> Outcome<UserId> {
        match self.principal {
            Principal::User { id, .. } => Ok(id),
            Principal::ApiKey { created_by, .. } => Ok(created_by),
            Principal::System => Err(Denied::Unauthenticated.into()),
        }
    }

    pub fn api_key(&self) -> Option<ApiKeyId> {
        match self.principal {
            Principal::ApiKey { id, .. } => Some(id),
            Principal::User { .. } | Principal::System => None,
        }
    }

    /// Whether it is a user with the role ADMIN. An API key is none, whatever its scopes.
    pub(crate) fn is_admin(&self) -> bool {
        matches!(
            self.principal,
            Principal::User {
                role: UserRole::Admin,
                ..
            }
        )
    }

    /// Fails with `Denied::Forbidden`, which names the scope, unless the caller has it. For what belongs to the team: a
    /// customer has no scopes, and is told by [`Actor::sees`] what is theirs.
    pub(crate) fn require(&self, scope: Scope) -> Outcome<()> {
        if self.scopes.contains(scope) {
            Ok(())
        } else {
            Err(Error::Denied(Denied::Forbidden(scope)))
        }
    }

    /// Whether this caller sees what belongs to `user`: their own, or with `scope` anybody's of the team.
    pub(crate) fn sees(&self, user: UserId, scope: Scope) -> bool {
        self.user() == Some(user) || self.scopes.contains(scope)
    }

    /// Who is behind this caller, in the form that jobs keep.
    pub fn origin(&self) -> Origin {
        Origin {
            actor: self.user(),
            impersonator: self.impersonator,
            api_key: self.api_key(),
            trace: self.trace.clone(),
        }
    }
}

/// Who is behind a piece of background work, as it is kept with the job (S0.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonator: Option<UserId>,
    /// The integration, if it is nobody's own doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}
