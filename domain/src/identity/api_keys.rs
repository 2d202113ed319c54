//! API keys: how integrations come in.
//!
//! A key stands for the person who has made it, or who has made the key that has made it. It counts while that person
//! could make it: whoever is suspended or is no administrator any more has no way in left by a key, and gets it back
//! together with their own. A key that is revoked takes those that it has made with it, and none outlives it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{ApiKeyId, EcosystemId, UserId, UserRole, api_key, audit_entry, user};
use sea_orm::{ActiveModelTrait, ColumnTrait, QueryFilter, QueryOrder, QueryResult, Set, Value};
use serde_json::{Value as Json, json};

use super::standing;
use crate::{
    actor::{Actor, Principal, Scope, Scopes},
    app::App,
    database::{Sql, places},
    error::{self, Denied, Error, Outcome, Refusal, UserErrorCode},
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

/// A key that was revoked, and those that it had made and that ended with it.
pub struct Revoked {
    pub key: api_key::Model,
    pub with_it: Vec<api_key::Model>,
}

/// Makes a key with some of the maker's own scopes. One that a key makes ends with it at the latest.
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
    let expires_at = expires_at.and_then(|at| {
        if at.is_some_and(|at| at <= tx.now()) {
            return Err(Refusal::invalid("expiresAt", Message::key("invalid-date-past")));
        }
        Ok(at)
    });
    let (name, granted, expires_at) = error::all((
        input::line("name", name, 100),
        check_scopes(actor, scopes),
        expires_at,
    ))?;
    let parent = match actor.api_key() {
        Some(id) => api_key::Entity::of_by_id(actor.team, id).one(tx.db()).await?,
        None => None,
    };
    let latest = parent.as_ref().and_then(|parent| parent.expires_at);
    let expires_at = [expires_at, latest].into_iter().flatten().min();
    let token = Token::new(&*app.ids, SECRET_PREFIX);
    let row = api_key::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(actor.team),
        name: Set(name),
        secret_hash: Set(token.hash),
        scopes: Set(json!(granted.names())),
        created_by: Set(created_by),
        parent_id: Set(parent.map(|parent| parent.id)),
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

/// Ends a key and whatever it has made. Doing it again changes nothing.
pub async fn revoke(app: &App, actor: &Actor, id: ApiKeyId) -> Outcome<Revoked> {
    actor.require(Scope::ApiKeysWrite)?;
    if actor.impersonator.is_some() {
        return Err(Refusal::new(UserErrorCode::NotAllowedWhileImpersonating).into());
    }
    let mut tx = app.begin(actor).await?;
    let lock = format!(
        "SELECT 1 FROM api_keys WHERE id = $1 AND team_id = $2{}",
        tx.db().dialect().for_update()
    );
    tx.db().rows(&lock, values![id, actor.team]).await?;
    let found = api_key::Entity::of_by_id(actor.team, id).one(tx.db()).await?;
    let key = found.ok_or_else(|| Refusal::not_found("apiKeyId", "api-key"))?;
    if key.revoked_at.is_some() {
        return Ok(Revoked {
            key,
            with_it: Vec::new(),
        });
    }
    let ended = revoke_family(&tx, id).await?;
    tx.audit("api_key.revoked", id);
    for child in ended.iter().filter(|child| **child != id) {
        let why = json!({ "with": id.to_string() });
        tx.audit_with("api_key.revoked", Some(child.to_string()), None, why);
    }
    let keys = api_key::Entity::of(actor.team).filter(api_key::Column::Id.is_in(ended));
    let keys = keys.order_by_asc(api_key::Column::Id).all(tx.db()).await?;
    tx.commit().await?;
    let (mut own, with_it): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.id == id);
    let key = own
        .pop()
        .ok_or_else(|| anyhow::anyhow!("a revoked key is gone"))?;
    Ok(Revoked { key, with_it })
}

/// Revokes the key, which is locked, and all that come from it: locked by id, and whoever makes a key is older than it.
/// A key that is making another is locked until the other is there, so what is made during one turn of the loop is found
/// in the next.
async fn revoke_family(tx: &Tx, id: ApiKeyId) -> Outcome<Vec<ApiKeyId>> {
    let living = format!(
        "WITH RECURSIVE family (id) AS (SELECT id FROM api_keys WHERE id = $1 AND team_id = $2 \
         UNION SELECT k.id FROM api_keys k JOIN family f ON k.parent_id = f.id) \
         SELECT id FROM api_keys WHERE id IN (SELECT id FROM family) AND revoked_at IS NULL ORDER BY id{}",
        tx.db().dialect().for_update()
    );
    let mut ended: Vec<ApiKeyId> = Vec::new();
    loop {
        let rows = tx.db().rows(&living, values![id, tx.actor().team]).await?;
        if rows.is_empty() {
            return Ok(ended);
        }
        let mut values = values![tx.now()];
        for row in &rows {
            let key: ApiKeyId = row.try_get_by_index(0)?;
            ended.push(key);
            values.push(key.into());
        }
        let sql = format!(
            "UPDATE api_keys SET revoked_at = $1 WHERE id IN ({})",
            places(2, rows.len())
        );
        tx.db().run(&sql, values).await?;
    }
}

/// The keys of the team, newest first; those that stand for one person, or all.
pub async fn list(app: &App, actor: &Actor, created_by: Option<UserId>) -> Outcome<Vec<api_key::Model>> {
    actor.require(Scope::ApiKeysWrite)?;
    let mut keys = api_key::Entity::of(actor.team).order_by_desc(api_key::Column::Id);
    if let Some(user) = created_by {
        keys = keys.filter(api_key::Column::CreatedBy.eq(user));
    }
    Ok(keys.all(app.db.connection()).await?)
}

/// One key, if the caller may see the team's keys.
pub async fn find(app: &App, actor: &Actor, id: ApiKeyId) -> Outcome<Option<api_key::Model>> {
    if !actor.scopes.contains(Scope::ApiKeysWrite) {
        return Ok(None);
    }
    Ok(api_key::Entity::of_by_id(actor.team, id)
        .one(app.db.connection())
        .await?)
}

/// The key that did what an entry of the audit log tells. Whoever was given the entry may see it.
pub async fn of_entry(app: &App, entry: &audit_entry::Model) -> Outcome<Option<api_key::Model>> {
    let Some(id) = entry.api_key_id else {
        return Ok(None);
    };
    Ok(api_key::Entity::of_by_id(entry.team_id, id)
        .one(app.db.connection())
        .await?)
}

/// The key that has made another. Whoever was given the other may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParentOf(ApiKeyId);

impl ParentOf {
    /// None if a person has made the key.
    pub fn new(key: &api_key::Model) -> Option<Self> {
        key.parent_id.map(Self)
    }
}

/// The keys that have made others, several at once.
pub async fn parents(
    app: &App,
    actor: &Actor,
    of: &[ParentOf],
) -> Outcome<HashMap<ParentOf, api_key::Model>> {
    let ids = of.iter().map(|of| of.0);
    let keys = api_key::Entity::of(actor.team).filter(api_key::Column::Id.is_in(ids));
    let keys = keys.all(app.db.connection()).await?;
    Ok(keys.into_iter().map(|key| (ParentOf(key.id), key)).collect())
}

/// Whether somebody may make keys, their ecosystem aside. What they have made counts for as long.
pub(crate) fn may_make(user: &user::Model) -> bool {
    user.suspended_at.is_none() && gives(user.role)
}

fn gives(role: UserRole) -> bool {
    Scopes::of_role(role).contains(Scope::ApiKeysWrite)
}

/// The keys that stand for these people and are neither revoked nor expired.
pub(crate) async fn made_by(tx: &Tx, makers: &[UserId]) -> Outcome<Vec<api_key::Model>> {
    let keys = api_key::Entity::of(tx.actor().team)
        .filter(api_key::Column::CreatedBy.is_in(makers.iter().copied()))
        .filter(api_key::Column::RevokedAt.is_null())
        .order_by_asc(api_key::Column::Id);
    let mut keys = keys.all(tx.db()).await?;
    keys.retain(|key| key.expires_at.is_none_or(|at| at > tx.now()));
    Ok(keys)
}

/// The same for everybody in an ecosystem who may make keys.
pub(crate) async fn made_in(tx: &Tx, ecosystem: EcosystemId) -> Outcome<Vec<api_key::Model>> {
    let staff = user::Entity::of(tx.actor().team)
        .filter(user::Column::EcosystemId.eq(ecosystem))
        .filter(user::Column::Role.ne(UserRole::Member));
    let staff = staff.all(tx.db()).await?;
    let makers: Vec<UserId> = staff.iter().filter(|it| may_make(it)).map(|it| it.id).collect();
    if makers.is_empty() {
        return Ok(Vec::new());
    }
    made_by(tx, &makers).await
}

/// Names, in the record of a change, the keys that end with it or count again.
pub(crate) fn name_keys(data: &mut Json, keys: &[api_key::Model]) {
    if !keys.is_empty() {
        let ids: Vec<String> = keys.iter().map(|key| key.id.to_string()).collect();
        data["apiKeys"] = json!(ids);
    }
}

pub(super) struct LiveKey {
    pub actor: Actor,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The keys that count at the time `$1`, as far as the database knows: not revoked, not expired, and whoever has made
/// them not suspended either way. What that person's role lets them give is for [`read`] to say.
const LIVE: &str = "SELECT k.id, k.team_id, k.created_by, k.scopes, k.expires_at, k.last_used_at, t.default_locale, m.role \
     FROM api_keys k JOIN teams t ON t.id = k.team_id JOIN users m ON m.id = k.created_by \
     LEFT JOIN ecosystems e ON e.id = m.ecosystem_id \
     WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $1) \
     AND m.suspended_at IS NULL AND e.suspended_at IS NULL";

/// Whether a key counts now. Whoever was given the key may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StandingOf(ApiKeyId);

impl From<&api_key::Model> for StandingOf {
    fn from(key: &api_key::Model) -> Self {
        Self(key.id)
    }
}

/// Which of several keys count now.
pub async fn live(app: &App, actor: &Actor, of: &[StandingOf]) -> Outcome<HashSet<StandingOf>> {
    let mut values = values![app.clock.now(), actor.team];
    values.extend(of.iter().map(|of| Value::from(of.0)));
    let sql = format!("{LIVE} AND k.team_id = $2 AND k.id IN ({})", places(3, of.len()));
    let rows = app.db.connection().rows(&sql, values).await?;
    let mut live = HashSet::new();
    for row in &rows {
        if read(row)?.is_some() {
            live.insert(StandingOf(row.try_get_by_index(0)?));
        }
    }
    Ok(live)
}

/// Whether a key counts with these scopes, and goes on to until the end of the transaction, in which its maker is
/// locked.
pub(super) async fn is_live(tx: &Tx, id: ApiKeyId) -> Outcome<bool> {
    let sql = format!(
        "{LIVE} AND k.id = $2 AND k.team_id = $3{}",
        tx.db().dialect().for_share_of("k")
    );
    let row = tx.db().row(&sql, values![tx.now(), id, tx.actor().team]).await?;
    let actor = row.map(|row| read(&row)).transpose()?.flatten();
    Ok(actor.is_some_and(|actor| actor.scopes == tx.actor().scopes))
}

/// The live key with this secret. Notes, at most once a minute, that it is used.
pub(super) async fn by_secret(app: &App, secret: &str) -> Outcome<Option<LiveKey>> {
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
    let Some(actor) = read(&row)? else { return Ok(None) };
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
    Ok(Some(LiveKey {
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
    Ok(row.map(|row| read(&row)).transpose()?.flatten())
}

/// None if its maker could not make a key now. Its scopes are never more than what the maker could give.
fn read(row: &QueryResult) -> Outcome<Option<Actor>> {
    let role: UserRole = row.try_get_by_index(7)?;
    if !gives(role) {
        return Ok(None);
    }
    let names: Vec<String> = serde_json::from_value(row.try_get_by_index(3)?)?;
    let given = Scopes::of_role(role);
    Ok(Some(Actor {
        team: row.try_get_by_index(1)?,
        principal: Principal::ApiKey {
            id: row.try_get_by_index(0)?,
            created_by: row.try_get_by_index(2)?,
        },
        impersonator: None,
        scopes: names
            .iter()
            .filter_map(|name| name.parse::<Scope>().ok())
            .filter(|scope| given.contains(*scope))
            .collect(),
        locale: row.try_get_by_index(6)?,
        session: None,
        ip_address: None,
        trace: None,
    }))
}
