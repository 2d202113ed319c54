//! What the transport itself says no to, before any resolver runs, and with which code and status.

use async_graphql::Pos;
use axum::http::StatusCode;

use super::caller::AuthenticationError;

/// The codes that the transport sets in `extensions.code`. Resolvers add their own.
pub mod codes {
    pub const BAD_REQUEST: &str = "BAD_REQUEST";
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    pub const FORBIDDEN: &str = "FORBIDDEN";
    pub const INTERNAL_SERVER_ERROR: &str = "INTERNAL_SERVER_ERROR";
    pub const PARSE_FAILED: &str = "GRAPHQL_PARSE_FAILED";
    pub const PERSISTED_QUERY_NOT_FOUND: &str = "PERSISTED_QUERY_NOT_FOUND";
    pub const QUERY_TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
    pub const QUERY_TOO_DEEP: &str = "QUERY_TOO_DEEP";
    pub const QUERY_TOO_LONG: &str = "QUERY_TOO_LONG";
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    pub const SERVICE_UNAVAILABLE: &str = "SERVICE_UNAVAILABLE";
    pub const TIMEOUT: &str = "TIMEOUT";
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    pub const VALIDATION_FAILED: &str = "GRAPHQL_VALIDATION_FAILED";
}

/// A request that does not reach execution.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub code: &'static str,
    pub message: String,
    pub locations: Vec<Pos>,
    /// The status whatever the client accepts; without one the GraphQL document is at fault, which
    /// is 400 for `application/graphql-response+json` and 200 for `application/json`.
    pub status: Option<StatusCode>,
    pub retry_after_secs: Option<u32>,
    /// The methods that would be answered, for 405.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// The GraphQL document, or what was sent with it, is at fault.
    pub fn document(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            locations: Vec::new(),
            status: None,
            retry_after_secs: None,
            allow: None,
        }
    }

    pub fn http(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: Some(status),
            ..Self::document(code, message)
        }
    }

    /// The request has not the shape of a GraphQL request.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::http(StatusCode::BAD_REQUEST, codes::BAD_REQUEST, message)
    }

    pub fn method(allow: &'static str, message: impl Into<String>) -> Self {
        Self {
            allow: Some(allow),
            ..Self::http(StatusCode::METHOD_NOT_ALLOWED, codes::BAD_REQUEST, message)
        }
    }

    pub fn is_malformed(&self) -> bool {
        self.code == codes::BAD_REQUEST
    }
}

impl From<AuthenticationError> for Refusal {
    fn from(denied: AuthenticationError) -> Self {
        match denied {
            AuthenticationError::Invalid => Self::http(
                StatusCode::UNAUTHORIZED,
                codes::UNAUTHENTICATED,
                "The credential is unknown, has expired or was revoked.",
            ),
            AuthenticationError::RateLimited { retry_after_secs } => Self {
                retry_after_secs: Some(retry_after_secs),
                ..Self::http(
                    StatusCode::TOO_MANY_REQUESTS,
                    codes::RATE_LIMITED,
                    format!("Too many requests. Try again in {retry_after_secs} s."),
                )
            },
            AuthenticationError::Unavailable => Self::http(
                StatusCode::SERVICE_UNAVAILABLE,
                codes::SERVICE_UNAVAILABLE,
                "The service cannot answer at the moment. Try again soon.",
            ),
        }
    }
}
