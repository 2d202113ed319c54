//! Everything that is served on one port.

use std::{sync::Arc, time::Duration};

use async_graphql::parser::Error as SdlError;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware,
    response::IntoResponse,
    routing::get,
};
use domain::{App, identity::Keyring};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::{Layer, util::MapRequestLayer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::{AllowHeaders, AllowOrigin, AllowPrivateNetwork, CorsLayer},
};
use transport::{
    GraphqlService, Limits, Origin,
    connections::{self, ConnectionLimits},
    forwarded::{self, Proxies},
    graphiql::{self, GraphiqlPage, Tab},
    origin,
};

use crate::{authentication::Identity, downloads, graphql, pages, webhooks};

/// What a process serves.
pub struct Server {
    pub app: App,
    pub limits: Limits,
    /// Whose word on a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Introspection and GraphiQL.
    pub introspection: bool,
    /// What GraphiQL opens with.
    pub tabs: Vec<Tab>,
    /// The page with the mails that would have gone out.
    pub mailbox: bool,
    pub metrics: Option<PrometheusHandle>,
    /// Whether the rest of the process is ready, too.
    pub ready: Arc<dyn Fn() -> bool + Send + Sync>,
    pub shutdown: CancellationToken,
}

#[derive(Clone)]
struct Probes {
    app: App,
    metrics: Option<PrometheusHandle>,
    ready: Arc<dyn Fn() -> bool + Send + Sync>,
    shutdown: CancellationToken,
}

impl Server {
    pub fn router(self) -> Result<Router, SdlError> {
        let schema = graphql::schema(self.introspection);
        let sdl = schema.sdl();
        let base = pages::base(&self.app.settings.public_url).to_owned();
        let cors = cors(&self.limits.allowed_origins);
        let keyring = Keyring::new(self.app.clone());
        let identity = Arc::new(Identity {
            app: self.app.clone(),
            keyring,
        });
        let service = GraphqlService::new(schema, &sdl, self.limits, identity, self.shutdown.clone())?
            .trusting(graphql::trusting_schema(self.introspection));
        let mut router = transport::routes(service)
            .merge(downloads::routes(self.app.clone()))
            .layer(cors)
            .merge(webhooks::routes(self.app.clone()))
            .merge(probes(self.app.clone(), self.metrics, self.ready, self.shutdown));
        if self.introspection {
            let page = GraphiqlPage {
                endpoint: format!("{base}/graphql"),
                base: base.clone(),
                tabs: self.tabs,
            };
            router = router.merge(graphiql::routes(page).layer(CompressionLayer::new()));
        }
        if self.mailbox {
            router = router.merge(pages::mailbox::routes(self.app));
        }
        if !self.trusted_proxies.is_empty() {
            let proxies: Proxies = self.trusted_proxies.into();
            router = router.layer(middleware::from_fn_with_state(proxies, forwarded::recognise));
        }
        let router = router.layer(CatchPanicLayer::new());
        Ok(if base.is_empty() {
            router
        } else {
            beneath(base, router)
        })
    }
}

/// The same beneath a path: proxies pass it on or take it off.
fn beneath(base: String, router: Router) -> Router {
    let shortened = MapRequestLayer::new(move |request| without(&base, request));
    Router::new().fallback_service(shortened.layer(router))
}

fn without(base: &str, mut request: Request) -> Request {
    let uri = request.uri();
    let rest = uri.path().strip_prefix(base);
    let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return request;
    };
    let rest = if rest.is_empty() { "/" } else { rest };
    let rest = match uri.query() {
        Some(query) => format!("{rest}?{query}").parse(),
        None => rest.parse(),
    };
    let mut parts = uri.clone().into_parts();
    if let Ok(rest) = rest {
        parts.path_and_query = Some(rest);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// `/healthz`: the process is there. `/readyz`: it can do its work. `/metrics`: for Prometheus.
pub fn probes(
    app: App,
    metrics: Option<PrometheusHandle>,
    ready: Arc<dyn Fn() -> bool + Send + Sync>,
    shutdown: CancellationToken,
) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(exposition))
        .with_state(Probes {
            app,
            metrics,
            ready,
            shutdown,
        })
}

/// What a page of another origin may read of an answer, beside what browsers always show: the trace to quote, when to
/// come again, and what programs that download in parts need.
const EXPOSED: [HeaderName; 9] = [
    HeaderName::from_static("x-trace-id"),
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    header::ALLOW,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::ETAG,
];

/// For how long a browser remembers a permission; none remembers it for longer.
const PERMITTED: Duration = Duration::from_hours(2);

/// Browsers of other origins may call if they are named; our own pages need no permission. The pages that are named
/// may send any header: each client library, and each tool that traces, adds its own. Credentials of the browser are
/// never allowed: ours is a header.
fn cors(origins: &[Origin]) -> CorsLayer {
    let listed: Arc<[Origin]> = origins.into();
    let is_listed = move |origin: &HeaderValue, _: &Parts| {
        let origin = origin.to_str();
        origin.is_ok_and(|origin| origin::is_listed(origin, &listed))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_listed.clone()))
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(PERMITTED)
        // A page from the internet may call an installation inside, if it is named.
        .allow_private_network(AllowPrivateNetwork::predicate(is_listed))
}

async fn readyz(State(probes): State<Probes>) -> impl IntoResponse {
    use domain::database::Sql;
    if probes.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    let tables = "SELECT 1 FROM teams LIMIT 1";
    let answers = probes.app.db.connection().row(tables, vec![]).await.is_ok();
    if !answers {
        probes.app.lost_database().await;
    }
    if !answers || !probes.app.can_write().await {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not take what is written, or is not migrated\n",
        );
    }
    if !(probes.ready)() {
        return (StatusCode::SERVICE_UNAVAILABLE, "no job has been done lately\n");
    }
    (StatusCode::OK, "ready\n")
}

async fn exposition(State(probes): State<Probes>) -> impl IntoResponse {
    match probes.metrics {
        Some(handle) => (StatusCode::OK, handle.render()),
        None => (StatusCode::NOT_FOUND, String::new()),
    }
}

/// Serves until `shutdown` with the usual bounds on connections, then lets what has begun come to its end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    connections::serve(listener, router, ConnectionLimits::default(), shutdown).await;
    Ok(())
}
