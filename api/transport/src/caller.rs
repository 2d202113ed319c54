//! The seam between the transport and identity: what a request says about its sender, and what
//! identity answers. The transport knows tokens only as strings to hand over.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_graphql::{Data, Response};
use async_trait::async_trait;
use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, header, request::Parts},
};
use futures::{FutureExt, future::BoxFuture};

use super::trace::TraceId;

/// Tells who is calling. Asked once for each HTTP request and once for each WebSocket, when it is
/// initialised.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// A call without a credential is allowed: it is for identity to say what an anonymous caller
    /// may do.
    async fn authenticate(&self, call: Call) -> Result<Caller, AuthenticationError>;
}

/// What a request says about its sender.
#[derive(Clone, Default)]
pub struct Call {
    /// The bearer token, without the word `Bearer`.
    pub credential: Option<String>,
    pub accept_language: Option<String>,
    /// See [`client_ip`].
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
    pub trace_id: String,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("credential", &self.credential.as_ref().map(|_| "***"))
            .field("ip", &self.ip)
            .field("trace_id", &self.trace_id)
            .finish_non_exhaustive()
    }
}

/// The client's address as a trusted proxy reports it; an outer layer puts it into the request's
/// extensions.
#[derive(Debug, Clone, Copy)]
pub struct ClientIp(pub IpAddr);

/// The [`ClientIp`] that an outer layer has found, else the peer's address.
pub fn client_ip(request: &Parts) -> Option<IpAddr> {
    let extensions = &request.extensions;
    let told = extensions.get::<ClientIp>().map(|client| client.0);
    told.or_else(|| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip()))
}

type Enrich = dyn Fn(&mut Data) + Send + Sync;
type Ended = dyn Fn() -> BoxFuture<'static, ()> + Send + Sync;
type Execution = BoxFuture<'static, Response>;
type Attempt = dyn Fn(Execution) -> BoxFuture<'static, (Response, bool)> + Send + Sync;

/// Who is calling, in the form that executions need: each gets its own data, also the many that
/// share a WebSocket.
#[derive(Clone)]
pub struct Caller {
    enrich: Arc<Enrich>,
    ended: Option<Arc<Ended>>,
    attempt: Option<Arc<Attempt>>,
}

impl Caller {
    /// `enrich` puts what resolvers ask for into the data of one execution.
    pub fn new(enrich: impl Fn(&mut Data) + Send + Sync + 'static) -> Self {
        Self {
            enrich: Arc::new(enrich),
            ended: None,
            attempt: None,
        }
    }

    /// `attempt` runs an execution, and says whether it may run again: only others were in its way, and it has
    /// changed nothing.
    #[must_use]
    pub fn attempting(
        mut self,
        attempt: impl Fn(Execution) -> BoxFuture<'static, (Response, bool)> + Send + Sync + 'static,
    ) -> Self {
        self.attempt = Some(Arc::new(attempt));
        self
    }

    /// `ended` makes a future that resolves once the credential has expired or was revoked. It is
    /// asked for by WebSockets and event streams only, so that a plain request does not pay for it.
    #[must_use]
    pub fn ending(mut self, ended: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        self.ended = Some(Arc::new(ended));
        self
    }

    pub(super) fn enrich(&self, data: &mut Data) {
        (self.enrich)(data);
    }

    pub(super) fn attempt(&self, execution: Execution) -> BoxFuture<'static, (Response, bool)> {
        match &self.attempt {
            Some(attempt) => attempt(execution),
            None => execution.map(|response| (response, false)).boxed(),
        }
    }

    pub(super) fn ended(&self) -> BoxFuture<'static, ()> {
        self.ended
            .as_ref()
            .map_or_else(|| Box::pin(futures::future::pending()) as _, |ended| ended())
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("can_end", &self.ended.is_some())
            .finish_non_exhaustive()
    }
}

/// Why a call is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationError {
    /// The credential is unknown, expired, revoked or not a bearer token.
    Invalid,
    RateLimited {
        retry_after_secs: u32,
    },
    /// Identity cannot answer at the moment.
    Unavailable,
}

impl Call {
    /// Reads the request's head; an `Authorization` header that is not a bearer token is an invalid
    /// credential, not an anonymous call.
    pub(super) fn read(parts: &Parts, trace: &TraceId) -> Result<Self, AuthenticationError> {
        Ok(Self {
            credential: bearer(&parts.headers)?,
            ..Self::anonymous(parts, trace)
        })
    }

    /// The same without looking for a credential.
    pub(super) fn anonymous(parts: &Parts, trace: &TraceId) -> Self {
        let text = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        Self {
            credential: None,
            accept_language: text(header::ACCEPT_LANGUAGE),
            ip: client_ip(parts),
            user_agent: text(header::USER_AGENT),
            trace_id: trace.to_string(),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<String>, AuthenticationError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(AuthenticationError::Invalid);
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(AuthenticationError::Invalid)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(AuthenticationError::Invalid);
    }
    Ok(Some(token.to_owned()))
}
