//! A simulated Stripe: refunds, payment intents, charges and subscriptions, form-encoded in and JSON
//! out, with Stripe's idempotency.

pub(super) mod errors;
pub(super) mod events;
pub(super) mod objects;
mod refunds;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use url::form_urlencoded;

use super::answer::{Answer, Incoming};
use super::gateway::{Call, Gateway, UNAUTHORIZED};
use super::records::{Change, Subscription};
use super::work::Work;

pub(super) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/refunds", post(refunds::create).get(refunds::list))
        .route("/v1/refunds/{id}", get(refunds::show))
        .route("/v1/refunds/{id}/cancel", post(refunds::cancel))
        .route("/v1/payment_intents/{id}", get(show_payment_intent))
        .route("/v1/charges/{id}", get(show_charge))
        .route(
            "/v1/subscriptions/{id}",
            get(show_subscription).post(update_subscription),
        )
}

/// Form parameters in their order of arrival.
type Form = Vec<(String, String)>;

fn form(incoming: &Incoming) -> Form {
    form_urlencoded::parse(incoming.body.as_bytes())
        .into_owned()
        .collect()
}

fn field<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// `Authorization: Bearer sk_…`, or Basic with the key as user name.
fn is_authorized(gateway: &Gateway, incoming: &Incoming) -> bool {
    let expected = gateway.config.secret_key.as_str();
    let basic = || {
        let encoded = incoming.header("authorization")?.strip_prefix("Basic ")?;
        let decoded = STANDARD.decode(encoded).ok()?;
        Some(decoded == format!("{expected}:").into_bytes())
    };
    incoming.bearer() == Some(expected) || basic().unwrap_or(false)
}

/// Authorises, then lets the gateway take the request through its steps.
async fn handle(
    gateway: Arc<Gateway>,
    incoming: Incoming,
    endpoint: &'static str,
    payment: Option<String>,
    run: impl FnOnce(&mut Work<'_>) -> Answer + Send,
) -> Response {
    let authorized = is_authorized(&gateway, &incoming);
    // A client may send a map's entries in any order: the same parameters nevertheless.
    let mut parameters = form(&incoming);
    parameters.sort();
    let keyed = authorized && incoming.method == "POST";
    let key = incoming
        .header("idempotency-key")
        .filter(|_| keyed)
        .map(str::to_owned);
    let call = Call {
        endpoint: if authorized { endpoint } else { UNAUTHORIZED },
        payment,
        key,
        fingerprint: json!([incoming.method, incoming.path, parameters]),
        method: incoming.method,
        path: incoming.path,
        body: incoming.body,
    };
    let run = move |work: &mut Work<'_>| {
        if authorized {
            run(work)
        } else {
            errors::unauthorized()
        }
    };
    gateway.handle(call, run).await
}

async fn show_payment_intent(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let expand = incoming
        .query
        .iter()
        .any(|(key, value)| key.starts_with("expand[") && value == "latest_charge");
    handle(
        gateway,
        incoming,
        "payments.get",
        Some(id.clone()),
        move |work| match work.payment(&id, None) {
            Some(payment) => Answer::executed(200, objects::payment_intent(work.store, &payment, expand)),
            None => errors::missing("payment_intent", &id, "intent"),
        },
    )
    .await
}

async fn show_charge(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let intent = objects::intent_id(&id);
    handle(
        gateway,
        incoming,
        "payments.get",
        Some(intent.clone()),
        move |work| match work.payment(&intent, None) {
            Some(payment) => Answer::executed(200, objects::charge(work.store, &payment)),
            None => errors::missing("charge", &id, "id"),
        },
    )
    .await
}

fn subscription(work: &Work<'_>, id: &str) -> Option<Subscription> {
    let known = work.store.subscriptions.get(id).cloned();
    let made_up = || {
        let config = &work.gateway.config;
        let plausible = id.starts_with("sub_") && work.gateway.provider.is_plausible(id);
        (config.accept_unknown_payments && plausible).then(|| Subscription {
            id: id.to_owned(),
            status: "active".into(),
            paused: None,
            currency: config.unknown_currency.clone(),
            created_ms: work.now_ms,
        })
    };
    known.or_else(made_up)
}

async fn show_subscription(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    handle(
        gateway,
        incoming,
        "subscriptions.get",
        None,
        move |work| match subscription(work, &id) {
            Some(it) => Answer::executed(200, objects::subscription(&it)),
            None => errors::missing("subscription", &id, "id"),
        },
    )
    .await
}

/// `pause_collection[behavior]`: `keep_as_draft`, `mark_uncollectible` or `void`; an empty
/// `pause_collection` resumes. <https://docs.stripe.com/billing/subscriptions/pause-payment>
async fn update_subscription(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Response {
    let form = form(&incoming);
    handle(gateway, incoming, "subscriptions.update", None, move |work| {
        let behavior = field(&form, "pause_collection[behavior]");
        if behavior.is_some_and(|it| !["keep_as_draft", "mark_uncollectible", "void"].contains(&it)) {
            let message = "Invalid pause_collection[behavior]: must be one of keep_as_draft, \
                           mark_uncollectible, or void";
            return errors::parameter(None, message, "pause_collection[behavior]");
        }
        let Some(mut it) = subscription(work, &id) else {
            return errors::missing("subscription", &id, "id");
        };
        if let Some(behavior) = behavior {
            it.paused = Some(behavior.to_owned());
        } else if field(&form, "pause_collection").is_some() {
            it.paused = None;
        }
        work.record(Change::Subscription(it.clone()));
        Answer::executed(200, objects::subscription(&it))
    })
    .await
}
