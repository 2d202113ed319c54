//! Receiving: whose secret signed it, stored once by the gateway's id of the event, answered at once.

use entities::{GatewayEventId, PaymentGateway, TeamId, gateway_event};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    adapters::gateways::{GatewayNotice, WEBHOOK_TOLERANCE, mercado_pago, stripe},
    app::App,
    error::Outcome,
    jobs::{NewJob, Work},
    teams::{self, SecretName},
};

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    Stored,
    /// The same event was there before.
    Known,
    /// Nobody's secret has signed it, or not lately.
    NotGenuine,
    /// Signed, but not what a gateway sends.
    Unreadable,
}

pub(super) fn job_key(event: GatewayEventId) -> String {
    format!("gateway-event:{event}")
}

/// A delivery of Stripe's. Without a team in the address every team's secret is tried.
pub async fn receive_stripe(
    app: &App,
    team: Option<TeamId>,
    signature: &str,
    body: &[u8],
) -> Outcome<Received> {
    let now = app.clock.now();
    let genuine = |secret: &SecretString| {
        stripe::webhooks::verify(secret, signature, body, now, WEBHOOK_TOLERANCE).is_ok()
    };
    let Some(team) = signer(app, team, SecretName::StripeWebhookSecret, genuine).await? else {
        return Ok(Received::NotGenuine);
    };
    let Ok(notice) = stripe::webhooks::read(body) else {
        return Ok(Received::Unreadable);
    };
    let payload = String::from_utf8_lossy(body).into_owned();
    store(app, team, PaymentGateway::Stripe, &notice, payload).await
}

/// A delivery of MercadoPago's. Its signature covers the ids, not the body: the body is never believed.
pub async fn receive_mercado_pago(
    app: &App,
    team: Option<TeamId>,
    delivery: StoredDelivery,
) -> Outcome<Received> {
    let now = app.clock.now();
    let genuine = |secret: &SecretString| {
        mercado_pago::webhooks::verify(secret, &delivery.as_delivery(), now, WEBHOOK_TOLERANCE).is_ok()
    };
    let Some(team) = signer(app, team, SecretName::MercadoPagoWebhookSecret, genuine).await? else {
        return Ok(Received::NotGenuine);
    };
    let Ok(notice) = mercado_pago::webhooks::read(&delivery.as_delivery(), delivery.body.as_bytes()) else {
        return Ok(Received::Unreadable);
    };
    let payload = serde_json::to_string(&delivery)?;
    store(app, team, PaymentGateway::MercadoPago, &notice, payload).await
}

/// A delivery of MercadoPago's with what its signature covers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StoredDelivery {
    pub signature: Option<String>,
    pub request_id: Option<String>,
    pub data_id: Option<String>,
    pub body: String,
}

impl StoredDelivery {
    pub fn as_delivery(&self) -> mercado_pago::webhooks::Delivery<'_> {
        mercado_pago::webhooks::Delivery {
            signature: self.signature.as_deref().unwrap_or_default(),
            request_id: self.request_id.as_deref(),
            data_id: self.data_id.as_deref(),
        }
    }
}

/// The team whose secret has signed it.
async fn signer(
    app: &App,
    named: Option<TeamId>,
    name: SecretName,
    genuine: impl Fn(&SecretString) -> bool,
) -> Outcome<Option<TeamId>> {
    let candidates = match named {
        Some(team) => vec![team],
        None => teams::secrets::teams_with(app, name).await?,
    };
    for team in candidates {
        let secrets = teams::secrets::load(app, team, app.db.connection()).await?;
        if secrets.get(name).is_some_and(&genuine) {
            return Ok(Some(team));
        }
    }
    Ok(None)
}

async fn store(
    app: &App,
    team: TeamId,
    gateway: PaymentGateway,
    notice: &GatewayNotice,
    payload: String,
) -> Outcome<Received> {
    let mut tx = app.begin_as_system(team).await?;
    let id: GatewayEventId = tx.id();
    let row = gateway_event::ActiveModel {
        id: Set(id),
        team_id: Set(team),
        gateway: Set(gateway),
        external_id: Set(notice.external_id.clone()),
        kind: Set(notice.kind.clone()),
        payload: Set(payload),
        received_at: Set(tx.now()),
        processed_at: Set(None),
        outcome: Set(None),
    };
    let once = OnConflict::columns([
        gateway_event::Column::TeamId,
        gateway_event::Column::Gateway,
        gateway_event::Column::ExternalId,
    ])
    .do_nothing()
    .to_owned();
    if gateway_event::Entity::insert(row)
        .on_conflict(once)
        .exec_without_returning(tx.db())
        .await?
        == 0
    {
        return Ok(Received::Known);
    }
    tx.enqueue(NewJob::now(Work::HandleGatewayEvent { event: id }).once(job_key(id)));
    tx.commit().await?;
    Ok(Received::Stored)
}
