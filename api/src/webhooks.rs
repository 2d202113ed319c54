//! Where the gateways call: verified, stored, answered at once; the rest is a job.

use std::{collections::HashMap, convert::Infallible, net::IpAddr};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{
    App, Outcome,
    adapters::gateways::WebhookDelivery,
    payments::{self, Addressed, Received},
};
use serde::Deserialize;
use transport::client_ip;

/// More than any event of a gateway.
const MAX_BODY: usize = 512 * 1024;

/// With the team's id in the address one secret is tried, without it every team's.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/webhooks/{gateway}", post(receive))
        .route("/webhooks/{gateway}/{team}", post(receive))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(app)
}

#[derive(Deserialize)]
struct Address {
    gateway: String,
    team: Option<String>,
}

async fn receive(
    State(app): State<App>,
    Path(address): Path<Address>,
    Query(query): Query<HashMap<String, String>>,
    Origin(from): Origin,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(team) = address.team.map(|id| id.parse()).transpose() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let delivery = WebhookDelivery {
        headers: texts(&headers),
        query,
        body: body.into(),
    };
    answer(payments::receive(&app, &address.gateway, Addressed { team, from }, &delivery).await)
}

/// What the headers say; of several with one name the first.
fn texts(headers: &HeaderMap) -> HashMap<String, String> {
    let text = |name: &HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let named = headers
        .keys()
        .filter_map(|name| Some((name.to_string(), text(name)?)));
    named.collect()
}

/// Where a delivery comes from.
struct Origin(Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(client_ip(parts)))
    }
}

/// A gateway tries again unless it reads 2xx: what is wrong for good must not sound like a hiccup.
fn answer(received: Outcome<Received>) -> Response {
    let status = match received {
        Ok(Received::Stored | Received::Known) => StatusCode::OK,
        Ok(Received::NotGenuine) => StatusCode::UNAUTHORIZED,
        Ok(Received::Unreadable) => StatusCode::BAD_REQUEST,
        Ok(Received::NoSuchTeam | Received::NoSuchGateway) => StatusCode::NOT_FOUND,
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
