//! Requests and answers between HTTP and the simulators.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use url::form_urlencoded;

use super::records::StoredAnswer;

/// No request that a gateway takes is longer.
const LONGEST_BODY: usize = 1024 * 1024;

/// A request with its body read as text.
pub(super) struct Incoming {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: String,
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = StatusCode;

    async fn from_request(request: Request, _: &S) -> Result<Self, StatusCode> {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, LONGEST_BODY)
            .await
            .map_err(|_| StatusCode::BAD_REQUEST)?;
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

impl Incoming {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The token of `Authorization: Bearer …`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")
            .and_then(|it| it.strip_prefix("Bearer "))
    }
}

/// What a gateway answers.
pub(super) struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: Vec<(&'static str, String)>,
    /// Stored under the idempotency key.
    pub keep: bool,
    pub replayed: bool,
}

impl Answer {
    /// Stored: the gateway began to execute.
    pub fn executed(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
            keep: true,
            replayed: false,
        }
    }

    /// Not stored: nothing was begun.
    pub fn rejected(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
            keep: false,
            replayed: false,
        }
    }

    pub fn kept(mut self) -> Self {
        self.keep = true;
        self
    }

    pub fn replayed(stored: &StoredAnswer) -> Self {
        let mut answer = Self::rejected(stored.status, stored.body.clone());
        answer.replayed = true;
        answer
    }

    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body.to_string()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
