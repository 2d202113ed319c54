//! The way in for GraphQL: over HTTP, as events and over WebSockets, on one path. It knows neither
//! our schema nor our users, only an executor and an [`Authenticator`]; what it promises to clients
//! is the GraphQL-over-HTTP specification, `graphql-transport-ws` and `graphql-sse`.

mod answer;
mod caller;
pub mod connections;
mod documents;
mod endpoint;
mod errors;
mod events;
pub mod forwarded;
pub mod graphiql;
mod limits;
mod negotiation;
mod nulls;
mod operation;
mod order;
pub mod origin;
mod params;
mod refusal;
mod socket;
mod trace;
mod variables;

use std::sync::Arc;

use async_graphql::{Executor, parser::parse_schema};
use axum::{Router, routing::any};
use tokio_util::sync::CancellationToken;

pub use caller::{AuthenticationError, Authenticator, Call, Caller, ClientIp, client_ip};
pub use limits::Limits;
pub use origin::Origin;
pub use refusal::codes;
pub use trace::TraceId;

use documents::Documents;
use nulls::FieldTypes;
use variables::InputTypes;

/// Everything that a request needs; clones share their caches.
#[derive(Clone)]
pub struct GraphqlService<E> {
    schema: E,
    /// For documents that have been validated before.
    trusting: Option<E>,
    limits: Arc<Limits>,
    authenticator: Arc<dyn Authenticator>,
    documents: Documents,
    types: Arc<FieldTypes>,
    inputs: Arc<InputTypes>,
    shutdown: CancellationToken,
}

impl<E: Executor> GraphqlService<E> {
    /// When `shutdown` is cancelled, sockets close with 1001 and event streams end, so that their
    /// clients connect again elsewhere.
    ///
    /// `sdl` is the schema's own, with which nulls are put where errors belong.
    pub fn new(
        schema: E,
        sdl: &str,
        limits: Limits,
        authenticator: Arc<dyn Authenticator>,
        shutdown: CancellationToken,
    ) -> Result<Self, async_graphql::parser::Error> {
        let definitions = parse_schema(sdl)?;
        Ok(Self {
            schema,
            trusting: None,
            inputs: Arc::new(InputTypes::of(&definitions)),
            types: Arc::new(FieldTypes::of(definitions)),
            documents: Documents::new(&limits),
            limits: Arc::new(limits),
            authenticator,
            shutdown,
        })
    }

    /// The same schema, but one that leaves out the rules which a document keeps once and for all. It is asked what has
    /// been validated before, with variables of which there is no doubt; it still weighs each request.
    #[must_use]
    pub fn trusting(mut self, schema: E) -> Self {
        self.trusting = Some(schema);
        self
    }
}

/// `/graphql`: GET for queries, event streams and WebSockets, POST for everything but sockets. The
/// answer to a preflight is left to a CORS layer around it.
pub fn routes<E: Executor>(service: GraphqlService<E>) -> Router {
    Router::new()
        .route("/graphql", any(endpoint::serve::<E>))
        .with_state(service)
}
