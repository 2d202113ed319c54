//! Receiving: whose secret signed it, stored once by the gateway's id of the event, answered at once.

use std::net::IpAddr;

use chrono::TimeDelta;
use entities::{GatewayEventId, PaymentGateway, TeamId, gateway_event};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};
use secrecy::SecretString;

use super::HandleGatewayEvent;
use crate::{
    adapters::gateways::{GatewayNotice, SecretName, WebhookDelivery},
    app::App,
    error::{Error, Outcome},
    identity::{
        Network,
        limits::{self, Limit},
    },
    jobs::NewJob,
    teams,
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
    /// Signed, for a team that does not exist.
    NoSuchTeam,
    /// No gateway calls this address.
    NoSuchGateway,
    /// Nobody's secret has signed too many from there. Seconds to wait.
    TooMany(i64),
}

/// To whom a delivery is addressed, and where it comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Addressed {
    /// None: every team's secret is tried.
    pub team: Option<TeamId>,
    pub from: Option<IpAddr>,
}

/// Deliveries to no team in particular that nobody's secret has signed: so many from one network, then it waits. Those
/// that are genuine are not counted.
const STRANGERS: Limit = Limit {
    most: 60,
    window: TimeDelta::minutes(1),
};

/// Takes in a delivery to `/webhooks/{path}`. Without a team in the address every team's secret is tried.
pub async fn receive(app: &App, path: &str, to: Addressed, delivery: &WebhookDelivery) -> Outcome<Received> {
    let Some(adapter) = app.gateways.calling(path) else {
        return Ok(Received::NoSuchGateway);
    };
    let (webhooks, now) = (adapter.webhooks(), app.clock.now());
    if !webhooks.is_plausible(delivery, now) {
        return Ok(Received::NotGenuine);
    }
    let genuine = |secret: &SecretString| webhooks.verify(secret, delivery, now).is_ok();
    let team = match signer(app, to, webhooks.secret(), genuine).await? {
        Signer::Team(team) => team,
        Signer::None(answer) => return Ok(answer),
    };
    let (Ok(notice), Ok(kept)) = (webhooks.read(delivery), webhooks.keep(delivery)) else {
        return Ok(Received::Unreadable);
    };
    store(app, team, adapter.gateway(), &notice, kept).await
}

enum Signer {
    Team(TeamId),
    /// None of those that were tried, and what the sender reads.
    None(Received),
}

/// The team whose secret has signed it. A secret that does not open is skipped.
async fn signer(
    app: &App,
    to: Addressed,
    name: SecretName,
    genuine: impl Fn(&SecretString) -> bool,
) -> Outcome<Signer> {
    let Some(team) = to.team else {
        return signer_of_all(app, to.from, name, genuine).await;
    };
    let secret = teams::secrets::load_one(app, team, name, app.db.connection()).await?;
    if !secret.is_some_and(|secret| genuine(&secret)) {
        return Ok(Signer::None(Received::NotGenuine));
    }
    // The installation's secret would otherwise verify deliveries for a team that does not exist.
    if teams::exists(app, team).await? {
        Ok(Signer::Team(team))
    } else {
        Ok(Signer::None(Received::NoSuchTeam))
    }
}

/// Without a team in the address every team's secret is tried, which anybody can cause: a network whose deliveries are
/// signed with none of them too often has to wait.
async fn signer_of_all(
    app: &App,
    from: Option<IpAddr>,
    name: SecretName,
    genuine: impl Fn(&SecretString) -> bool,
) -> Outcome<Signer> {
    let origin = from.map_or_else(|| "nowhere".to_owned(), |ip| Network::of(ip).to_string());
    let key = format!("webhook-strangers:{origin}");
    if let Some(seconds) = limits::exhausted(app, &key, STRANGERS).await? {
        return Ok(Signer::None(Received::TooMany(seconds)));
    }
    let candidates = teams::secrets::of_all(app, name).await?;
    if let Some((team, _)) = candidates.into_iter().find(|(_, secret)| genuine(secret)) {
        return Ok(Signer::Team(team));
    }
    match limits::count(app, &key, STRANGERS).await {
        // Of several at once the one that is too many is still answered for what it is: not signed.
        Ok(()) | Err(Error::Refused(_)) => Ok(Signer::None(Received::NotGenuine)),
        Err(error) => Err(error),
    }
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
    tx.enqueue(NewJob::now::<HandleGatewayEvent>(id));
    tx.commit().await?;
    Ok(Received::Stored)
}
