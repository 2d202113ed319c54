//! What a team entrusts to us: gateway credentials, encrypted at rest, set and replaced but never shown.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use entities::{PaymentGateway, TeamId, team, team_secret};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set, sea_query::OnConflict};
use secrecy::{ExposeSecret, SecretString};

pub use crate::adapters::gateways::{GatewaySecrets, SecretName};

use crate::{
    adapters::gateways::{GatewayAccount, GatewayAdapter},
    app::App,
    error::{Outcome, Refusal},
    message::Message,
    scoped::Scoped,
    tx::Tx,
};

/// Longer than any gateway's credential.
const LONGEST: usize = 500;

/// A team's own credentials, over the installation's.
pub async fn load(app: &App, team: TeamId, connection: &impl ConnectionTrait) -> Outcome<GatewaySecrets> {
    let rows = team_secret::Entity::of(team).all(connection).await?;
    let mut secrets = app.settings.gateway_secrets.clone();
    for row in rows {
        if let Some(name) = SecretName::named(&row.name) {
            secrets.set(name, app.vault.open(team, &row.name, &row.ciphertext)?);
        }
    }
    Ok(secrets)
}

/// The gateway with a team's credentials; none if it has none for it that can be sent.
pub async fn open_gateway(
    app: &App,
    team: TeamId,
    gateway: PaymentGateway,
    connection: &impl ConnectionTrait,
) -> Outcome<Option<Box<dyn GatewayAccount>>> {
    let Some(adapter) = app.gateways.of(gateway) else {
        return Ok(None);
    };
    let secrets = load(app, team, connection).await?;
    let opened = secrets.get(adapter.secret()).map(|secret| adapter.open(secret));
    // Nobody can send them, so there are none.
    Ok(opened.and_then(|opened| {
        opened
            .inspect_err(
                |error| tracing::warn!(%team, %gateway, %error, "credentials that no request can carry"),
            )
            .ok()
    }))
}

/// Whether two teams ask the gateway with the same credentials: with those of the installation, or with equal ones. A
/// secret that cannot be decrypted equals no other.
pub async fn same_account(
    app: &App,
    gateway: PaymentGateway,
    (one, other): (TeamId, TeamId),
    connection: &impl ConnectionTrait,
) -> Outcome<bool> {
    let Some(name) = app.gateways.of(gateway).map(GatewayAdapter::secret) else {
        return Ok(false);
    };
    let (one, other) = (
        load_one(app, one, name, connection).await?,
        load_one(app, other, name, connection).await?,
    );
    Ok(matches!((one, other), (Some(one), Some(other)) if one.expose_secret() == other.expose_secret()))
}

/// One credential of a team, its own or the installation's. None if there is none, or if its own does not open.
pub async fn load_one(
    app: &App,
    team: TeamId,
    name: SecretName,
    connection: &impl ConnectionTrait,
) -> Outcome<Option<SecretString>> {
    let row = team_secret::Entity::of(team).filter(team_secret::Column::Name.eq(name.as_str()));
    Ok(match row.one(connection).await? {
        Some(row) => open_or_skip(app, &row),
        None => app.settings.gateway_secrets.get(name).cloned(),
    })
}

/// Opens a stored secret. One that does not open is skipped, and said once in a process's life.
fn open_or_skip(app: &App, row: &team_secret::Model) -> Option<SecretString> {
    static TOLD: Mutex<BTreeSet<(TeamId, String)>> = Mutex::new(BTreeSet::new());
    match app.vault.open(row.team_id, &row.name, &row.ciphertext) {
        Ok(secret) => Some(secret),
        Err(error) => {
            let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
            if told.insert((row.team_id, row.name.clone())) {
                tracing::error!(team = %row.team_id, error = %error, "a team's secret is skipped: enter it again");
            }
            None
        }
    }
}

/// The secrets of all that may have sent what came without saying from whom. One that does not open is skipped.
pub async fn of_all(app: &App, name: SecretName) -> Outcome<Vec<(TeamId, SecretString)>> {
    let rows = team_secret::Entity::find()
        .filter(team_secret::Column::Name.eq(name.as_str()))
        .all(app.db.connection())
        .await?;
    let with: BTreeSet<TeamId> = rows.iter().map(|row| row.team_id).collect();
    let mut secrets: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row.team_id, open_or_skip(app, row)?)))
        .collect();
    // The installation's own secret stands for the team without one. Of several such teams nobody could say
    // which is meant: they need the address with their id.
    if let Some(secret) = app.settings.gateway_secrets.get(name) {
        let all = team::Entity::find().all(app.db.connection()).await?;
        let mut without = all
            .into_iter()
            .map(|team| team.id)
            .filter(|id| !with.contains(id));
        let (first, second) = (without.next(), without.next());
        if let (Some(only), None) = (first, second) {
            secrets.push((only, secret.clone()));
        }
    }
    Ok(secrets)
}

/// Refuses what cannot be a credential: nothing at all, or what a copy and paste has brought along.
pub(super) fn check(name: SecretName, secret: &SecretString) -> Result<(), Refusal> {
    let text = secret.expose_secret();
    let refused = |message: Message| Err(Refusal::invalid(name.as_str(), message));
    if text.trim().is_empty() {
        return refused(Message::key("invalid-required"));
    }
    if text.chars().count() > LONGEST {
        return refused(Message::key("invalid-too-long").with("max", LONGEST));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refused(Message::key("invalid-secret"));
    }
    Ok(())
}

/// Sets or replaces a secret of the acting team.
pub(super) async fn store(app: &App, tx: &Tx, name: SecretName, secret: &SecretString) -> Outcome<()> {
    let team = tx.actor().team;
    let row = team_secret::ActiveModel {
        team_id: Set(team),
        name: Set(name.as_str().to_owned()),
        ciphertext: Set(app.vault.seal(&*app.ids, team, name.as_str(), secret)?),
        updated_at: Set(tx.now()),
    };
    let conflict = OnConflict::columns([team_secret::Column::TeamId, team_secret::Column::Name])
        .update_columns([team_secret::Column::Ciphertext, team_secret::Column::UpdatedAt])
        .to_owned();
    team_secret::Entity::insert(row)
        .on_conflict(conflict)
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}
