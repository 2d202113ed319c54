//! API keys: how integrations come in.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{ApiKeyId, TeamId, api_key};
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder, QueryResult, Set};
use serde_json::json;

use super::standing;
use crate::{
    actor::{Actor, Principal, Scope, Scopes},
    app::App,
    database::Sql,
    error::{Denied, Error, Outcome, Refusal, Refusals, UserErrorCode},
    input,
    message::Message,
    scoped::Scoped,
    tx::Tx,
    values,
    vault::Token,
};

/// What a key's secret begins with.
pub const SECRET_PREFIX: &str = "pvk";

/// A key that was just made. The secret is shown this once.
pub struct Created {
    pub key: api_key::Model,
    pub secret: String,
}

/// Makes a key with some of the maker's own scopes.
pub async fn create(
    app: &App,
    actor: &Actor,
    name: &str,
    scopes: &[String],
    expires_at: Result<Option<DateTime<Utc>>, Refusal>,
) -> Outcome<Created> {
    actor.require(Scope::ApiKeysWrite)?;
    if actor.impersonator.is_some() {
        return Err(Refusal::new(UserErrorCode::NotAllowedWhileImpersonating).into());
    }
    // A key made by a key stands for the same person.
    let created_by = match actor.principal {
        Principal::User { id, .. } => id,
        Principal::ApiKey { created_by, .. } => created_by,
        Principal::System => return Err(Error::Denied(Denied::Unauthenticated)),
    };
    let mut tx = app.begin(actor).await?;
    standing::confirm(&tx, &[]).await?;
    let mut refusals = Refusals::default();
    let name = refusals.keep(input::line("name", name, 100));
    let granted = refusals.keep(check_scopes(actor, scopes));
    let expires_at = refusals.keep(expires_at).flatten();
    if expires_at.is_some_and(|at| at <= tx.now()) {
        refusals.add(Refusal::invalid("expiresAt", Message::key("invalid-date-past")));
    }
    refusals.check()?;
    let (name, granted) = (name.unwrap_or_default(), granted.unwrap_or_default());
    let token = Token::new(&*app.ids, SECRET_PREFIX);
    let row = api_key::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(actor.team),
        name: Set(name),
        secret_hash: Set(token.hash),
        scopes: Set(json!(granted.iter().map(Scope::as_str).collect::<Vec<_>>())),
        created_by: Set(created_by),
        created_at: Set(tx.now()),
        last_used_at: Set(None),
        expires_at: Set(expires_at),
        revoked_at: Set(None),
    };
    let key = row.insert(tx.db()).await?;
    tx.audit_with(
        "api_key.created",
        Some(key.id.to_string()),
        None,
        json!({ "scopes": key.scopes }),
    );
    tx.commit().await?;
    Ok(Created {
        key,
        secret: token.shown,
    })
}

fn check_scopes(actor: &Actor, names: &[String]) -> Result<Scopes, Refusal> {
    let refused = |name: &str| {
        let shown: String = name.chars().take(60).collect();
        Refusal::invalid("scopes", Message::key("invalid-scope").with("scope", shown))
    };
    if names.is_empty() {
        return Err(Refusal::invalid("scopes", Message::key("invalid-required")));
    }
    // Nobody hands out more than they have.
    let check = |name: &String| {
        let scope: Option<Scope> = name.parse().ok();
        scope
            .filter(|scope| actor.scopes.contains(*scope))
            .ok_or_else(|| refused(name))
    };
    names.iter().map(check).collect()
}

/// Ends a key. Doing it again changes nothing.
pub async fn revoke(app: &App, actor: &Actor, id: ApiKeyId) -> Outcome<api_key::Model> {
    actor.require(Scope::ApiKeysWrite)?;
    if actor.impersonator.is_some() {
        return Err(Refusal::new(UserErrorCode::NotAllowedWhileImpersonating).into());
    }
    let mut tx = app.begin(actor).await?;
    let found = api_key::Entity::of_by_id(actor.team, id).one(tx.db()).await?;
    let key = found.ok_or_else(|| Refusal::not_found("apiKeyId", "api-key"))?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let mut row = key.into_active_model();
    row.revoked_at = Set(Some(tx.now()));
    let key = row.update(tx.db()).await?;
    tx.audit("api_key.revoked", key.id);
    tx.commit().await?;
    Ok(key)
}

/// All keys of the team, newest first.
pub async fn list(app: &App, actor: &Actor) -> Outcome<Vec<api_key::Model>> {
    actor.require(Scope::ApiKeysWrite)?;
    let keys = api_key::Entity::of(actor.team).order_by_desc(api_key::Column::Id);
    Ok(keys.all(app.db.connection()).await?)
}

/// One key of a team.
pub async fn by_id(app: &App, team: TeamId, id: ApiKeyId) -> Outcome<Option<api_key::Model>> {
    Ok(api_key::Entity::of_by_id(team, id)
        .one(app.db.connection())
        .await?)
}

pub(super) struct Found {
    pub actor: Actor,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The keys that count at the time `$1`.
const LIVE: &str = "SELECT k.id, k.team_id, k.created_by, k.scopes, k.expires_at, k.last_used_at, t.default_locale \
     FROM api_keys k JOIN teams t ON t.id = k.team_id \
     WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $1)";

/// Whether a key counts, and goes on to until the end of the transaction.
pub(super) async fn is_live(tx: &Tx, id: ApiKeyId) -> Outcome<bool> {
    let sql = format!(
        "{LIVE} AND k.id = $2 AND k.team_id = $3{}",
        tx.db().dialect().for_share_of("k")
    );
    let found = tx.db().row(&sql, values![tx.now(), id, tx.actor().team]).await?;
    Ok(found.is_some())
}

/// The live key with this secret. Notes, at most once a minute, that it is used.
pub(super) async fn find(app: &App, secret: &str) -> Outcome<Option<Found>> {
    let now = app.clock.now();
    let row = app
        .db
        .connection()
        .row(
            &format!("{LIVE} AND k.secret_hash = $2"),
            values![now, Token::hash(secret)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let actor = read(&row)?;
    let id: ApiKeyId = row.try_get_by_index(0)?;
    let last_used: Option<DateTime<Utc>> = row.try_get_by_index(5)?;
    if last_used.is_none_or(|at| now - at > TimeDelta::minutes(1)) {
        app.db
            .execute(
                "UPDATE api_keys SET last_used_at = $1 WHERE id = $2",
                values![now, id],
            )
            .await?;
    }
    Ok(Some(Found {
        actor,
        expires_at: row.try_get_by_index(4)?,
    }))
}

/// Whoever acts with a key that is live, without its secret: for what was signed for it.
pub(super) async fn actor(app: &App, id: ApiKeyId) -> Outcome<Option<Actor>> {
    let sql = format!("{LIVE} AND k.id = $2");
    let row = app
        .db
        .connection()
        .row(&sql, values![app.clock.now(), id])
        .await?;
    row.map(|row| read(&row)).transpose()
}

fn read(row: &QueryResult) -> Outcome<Actor> {
    let names: Vec<String> = serde_json::from_value(row.try_get_by_index(3)?)?;
    Ok(Actor {
        team: row.try_get_by_index(1)?,
        principal: Principal::ApiKey {
            id: row.try_get_by_index(0)?,
            created_by: row.try_get_by_index(2)?,
        },
        impersonator: None,
        scopes: names
            .iter()
            .filter_map(|name| name.parse::<Scope>().ok())
            .collect(),
        locale: row.try_get_by_index(6)?,
        session: None,
        ip_address: None,
        trace: None,
    })
}
