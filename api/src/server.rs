//! Everything that is served on one port.

use std::{net::SocketAddr, sync::Arc};

use async_graphql::parser::Error as SdlError;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, Method, StatusCode, header},
    middleware,
    response::IntoResponse,
    routing::get,
    serve::ListenerExt,
};
use domain::{App, identity::Keyring};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
};

use crate::{
    authentication::Identity,
    downloads,
    forwarded::{self, Proxies},
    graphql,
    http::{self, GraphqlService, Limits},
    pages::{
        self,
        graphiql::{GraphiqlPage, Tab},
    },
    webhooks,
};

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
        let cors = cors(&self.limits.allowed_origins);
        let keyring = Keyring::new(self.app.clone());
        let identity = Arc::new(Identity {
            app: self.app.clone(),
            keyring,
        });
        let service = GraphqlService::new(schema, &sdl, self.limits, identity, self.shutdown.clone())?;
        let mut router = http::routes(service)
            .layer(cors)
            .merge(webhooks::routes(self.app.clone()))
            .merge(downloads::routes(self.app.clone()))
            .merge(probes(self.app.clone(), self.metrics, self.ready, self.shutdown));
        if self.introspection {
            let page = GraphiqlPage {
                endpoint: "/graphql".into(),
                tabs: self.tabs,
            };
            router = router.merge(pages::graphiql::routes(page).layer(CompressionLayer::new()));
        }
        if self.mailbox {
            router = router.merge(pages::mailbox::routes(self.app));
        }
        if !self.trusted_proxies.is_empty() {
            let proxies: Proxies = self.trusted_proxies.into();
            router = router.layer(middleware::from_fn_with_state(proxies, forwarded::recognise));
        }
        Ok(router.layer(CatchPanicLayer::new()))
    }
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

/// Browsers of other origins may call if they are named; our own pages need no permission.
fn cors(origins: &[String]) -> CorsLayer {
    let allowed: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(allowed))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
        ])
}

async fn readyz(State(probes): State<Probes>) -> impl IntoResponse {
    use domain::database::Sql;
    if probes.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    let tables = "SELECT 1 FROM teams LIMIT 1";
    if probes.app.db.connection().row(tables, vec![]).await.is_err() || !probes.app.can_write().await {
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

/// Serves until `shutdown`, then lets what has begun come to its end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    // Answers are small: waiting to fill a packet would only make them late.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(
        listener,
        router.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(async move { shutdown.cancelled().await })
    .await
}
