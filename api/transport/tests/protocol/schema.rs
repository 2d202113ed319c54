//! A small schema with one field for each way in which a field can end, and callers to match.
#![expect(clippy::unused_async, reason = "resolvers are")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_graphql::{
    Context, Error, ErrorExtensions, InputObject, Object, Result, Schema, SimpleObject, Subscription,
};
use async_trait::async_trait;
use futures::{FutureExt, Stream, StreamExt, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use transport::{AuthenticationError, Authenticator, Call, Caller, GraphqlService, Limits, TraceId};

pub type TestSchema = Schema<Query, Mutation, Ticker>;

/// How much was taken from the endless subscription, and whether it is still held.
pub struct Flood {
    pub produced: AtomicUsize,
    pub dropped: watch::Sender<bool>,
}

/// Tells when its stream is dropped.
struct Held(Arc<Flood>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dropped.send_replace(true);
    }
}

#[derive(Clone)]
pub struct User(pub String);

pub struct Query;

#[derive(SimpleObject)]
pub struct Leaf {
    value: i32,
}

pub struct Tree;

#[Object]
impl Tree {
    async fn tree(&self) -> Tree {
        Tree
    }

    async fn value(&self) -> i32 {
        1
    }

    async fn broken(&self) -> Result<i32> {
        Err(Error::new("password of the database: 1234"))
    }
}

#[derive(InputObject)]
pub struct Filter {
    at: chrono::DateTime<chrono::Utc>,
}

#[Object]
impl Query {
    async fn hello(&self) -> &str {
        "world"
    }

    async fn tree(&self) -> Option<Tree> {
        Some(Tree)
    }

    async fn leaf(&self) -> Leaf {
        Leaf { value: 1 }
    }

    async fn me(&self, ctx: &Context<'_>) -> Option<String> {
        ctx.data_opt::<User>().map(|user| user.0.clone())
    }

    async fn trace(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(ctx.data::<TraceId>()?.to_string())
    }

    async fn number(&self, value: i32) -> i32 {
        value
    }

    async fn filtered(&self, filter: Filter) -> String {
        filter.at.to_rfc3339()
    }

    async fn broken(&self) -> Result<Option<i32>> {
        Err(Error::new("password of the database: 1234"))
    }

    async fn forbidden(&self) -> Result<Option<i32>> {
        Err(Error::new("Not yours.").extend_with(|_, extensions| extensions.set("code", "FORBIDDEN")))
    }

    async fn panics(&self) -> i32 {
        assert!(std::hint::black_box(false), "password of the database: 1234");
        1
    }

    async fn never(&self) -> i32 {
        std::future::pending().await
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn touch(&self) -> bool {
        true
    }

    async fn sign_in(&self) -> bool {
        true
    }
}

pub struct Ticker;

#[Subscription]
impl Ticker {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }

    async fn never(&self) -> impl Stream<Item = i32> {
        stream::pending()
    }

    /// One event, then silence.
    async fn once(&self) -> impl Stream<Item = i32> {
        stream::once(async { 1 }).chain(stream::pending())
    }

    /// A kilobyte, again and again, as fast as it is taken.
    async fn flood(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = String> + use<>> {
        let held = Held(Arc::clone(ctx.data::<Arc<Flood>>()?));
        Ok(stream::repeat_with(move || {
            held.0.produced.fetch_add(1, Ordering::Relaxed);
            "x".repeat(1024)
        }))
    }

    async fn denied(&self) -> Result<stream::Empty<i32>> {
        Err(Error::new("Not yours.").extend_with(|_, extensions| extensions.set("code", "FORBIDDEN")))
    }

    async fn panics(&self) -> impl Stream<Item = i32> {
        stream::once(async { panic!("password of the database: 1234") })
    }
}

/// Knows a token for each answer that identity can give.
pub struct Callers {
    revoked: watch::Sender<bool>,
}

#[async_trait]
impl Authenticator for Callers {
    async fn authenticate(&self, call: Call) -> Result<Caller, AuthenticationError> {
        let revoked = self.revoked.subscribe();
        match call.credential.as_deref() {
            None => Ok(Caller::new(|_| {})),
            Some("valid") => {
                let user = User("valid".to_owned());
                Ok(
                    Caller::new(move |data| data.insert(user.clone())).ending(move || {
                        let mut revoked = revoked.clone();
                        async move { drop(revoked.wait_for(|revoked| *revoked).await) }.boxed()
                    }),
                )
            }
            Some("slow") => std::future::pending().await,
            Some("limited") => Err(AuthenticationError::RateLimited { retry_after_secs: 7 }),
            Some("down") => Err(AuthenticationError::Unavailable),
            Some(_) => Err(AuthenticationError::Invalid),
        }
    }
}

/// A server on a free port of this machine.
pub struct Server {
    pub address: std::net::SocketAddr,
    pub shutdown: CancellationToken,
    pub flood: Arc<Flood>,
    callers: Arc<Callers>,
}

impl Server {
    pub async fn start(limits: Limits) -> Self {
        Self::listen("127.0.0.1:0", limits).await
    }

    pub async fn listen(address: &str, limits: Limits) -> Self {
        let callers = Arc::new(Callers {
            revoked: watch::Sender::new(false),
        });
        let shutdown = CancellationToken::new();
        let flood = Arc::new(Flood {
            produced: AtomicUsize::new(0),
            dropped: watch::Sender::new(false),
        });
        let schema: TestSchema = Schema::build(Query, Mutation, Ticker)
            .limit_recursive_depth(64)
            .data(Arc::clone(&flood))
            .finish();
        let service = GraphqlService::new(
            schema.clone(),
            &schema.sdl(),
            limits,
            Arc::clone(&callers) as _,
            shutdown.clone(),
        )
        .expect("a schema that can be read");
        let listener = tokio::net::TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, transport::routes(service)).await });
        Self {
            address,
            shutdown,
            flood,
            callers,
        }
    }

    /// Ends the credential `valid` wherever it is in use.
    pub fn revoke(&self) {
        self.callers.revoked.send_replace(true);
    }

    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }
}
