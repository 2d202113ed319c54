//! Where the gateways call: verified, stored, answered at once; the rest is a job.

use std::{collections::HashMap, convert::Infallible, net::IpAddr};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{
    App, Outcome,
    payments::{self, Addressed, Received, webhooks::StoredDelivery},
};
use entities::TeamId;

use transport::client_ip;

/// More than any event of either gateway.
const MAX_BODY: usize = 512 * 1024;

/// With the team's id in the address one secret is tried, without it every team's.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/webhooks/stripe", post(stripe))
        .route("/webhooks/stripe/{team}", post(stripe))
        .route("/webhooks/mercadopago", post(mercado_pago))
        .route("/webhooks/mercadopago/{team}", post(mercado_pago))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

async fn stripe(
    State(app): State<App>,
    Path(path): Path<HashMap<String, String>>,
    Origin(from): Origin,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(team) = named_team(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let to = Addressed { team, from };
    let signature = text(&headers, "stripe-signature").unwrap_or_default();
    answer(payments::receive_stripe(&app, to, &signature, &body).await)
}

async fn mercado_pago(
    State(app): State<App>,
    Path(path): Path<HashMap<String, String>>,
    Query(query): Query<HashMap<String, String>>,
    Origin(from): Origin,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(team) = named_team(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let to = Addressed { team, from };
    let Ok(body) = String::from_utf8(body.into()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let delivery = StoredDelivery {
        signature: text(&headers, "x-signature"),
        request_id: text(&headers, "x-request-id"),
        data_id: query.get("data.id").or_else(|| query.get("id")).cloned(),
        body,
    };
    answer(payments::receive_mercado_pago(&app, to, delivery).await)
}

/// Where a delivery comes from.
struct Origin(Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(client_ip(parts)))
    }
}

fn named_team(path: &HashMap<String, String>) -> Result<Option<TeamId>, ()> {
    path.get("team").map(|id| id.parse().map_err(|_| ())).transpose()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// A gateway tries again unless it reads 2xx: what is wrong for good must not sound like a hiccup.
fn answer(received: Outcome<Received>) -> Response {
    let status = match received {
        Ok(Received::Stored | Received::Known) => StatusCode::OK,
        Ok(Received::NotGenuine) => StatusCode::UNAUTHORIZED,
        Ok(Received::Unreadable) => StatusCode::BAD_REQUEST,
        Ok(Received::NoSuchTeam) => StatusCode::NOT_FOUND,
        Ok(Received::TooMany(seconds)) => {
            let wait = [(header::RETRY_AFTER, seconds.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, wait).into_response();
        }
        Err(error) => {
            tracing::error!(error = ?error, "a webhook could not be stored");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    status.into_response()
}
