//! Ecosystems: the workspaces that customers deploy, and the one switch that closes one to everybody in it.

use std::collections::{BTreeSet, HashMap, HashSet};

use entities::{EcosystemId, EventTopic, UserId, UserRole, api_key, ecosystem};
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, Set, Value, sea_query::OnConflict};
use serde_json::json;

use super::{EcosystemView, UserParts, UserView, people::administrators_only, store};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Sql, places},
    error::{self, Error, Outcome, Refusal, UserErrorCode},
    identity::api_keys,
    input,
    message::Message,
    page::{Page, PageArgs},
    scoped::Scoped,
    tx::Tx,
    values,
};

/// At most so many members in one report.
const MOST_MEMBERS: usize = 10_000;

/// An ecosystem as the store reports it. The same `external_id` is the same ecosystem.
#[derive(Clone, Debug)]
pub struct EcosystemReport {
    /// The store's id, unique in the team.
    pub external_id: String,
    /// As it was read from the input, so that a malformed id is refused together with everything else.
    pub owner: Result<UserId, Refusal>,
    pub name: String,
    /// All members but the owner; left out, they stay as they are.
    pub members: Option<Vec<Result<UserId, Refusal>>>,
}

/// Takes in what the store says of an ecosystem.
pub async fn record(app: &App, actor: &Actor, report: EcosystemReport) -> Outcome<EcosystemView> {
    actor.require(Scope::UsersWrite)?;
    let (external_id, owner, name, members) = error::all((
        input::reference("externalId", &report.external_id, input::LINE),
        report.owner,
        input::line("name", &report.name, input::LINE),
        report.members.map(check_members).transpose(),
    ))?;
    let mut tx = app.begin(actor).await?;
    lock_people(&tx, &external_id, owner, members.as_deref()).await?;
    let named: Vec<UserId> = members.iter().flatten().copied().chain([owner]).collect();
    refuse_other_owners(&tx, &external_id, owner, &named).await?;
    refuse_suspended_elsewhere(&tx, &external_id, owner, &named).await?;
    let row = save(&tx, external_id, name, owner).await?;
    require_administrator_for_staff(&tx, row.id).await?;
    let moved = place_members(&tx, row.id, owner, members.as_deref()).await?;
    if row.suspended_at.is_some() {
        refuse_own(&tx, row.id, "externalId").await?;
    }
    tx.audit_with(
        "ecosystem.recorded",
        Some(row.id.to_string()),
        None,
        json!({ "ownerId": owner, "joined": moved.joined, "left": moved.left }),
    );
    // The owner has the ecosystem's name and its other facts, whoever has moved.
    let changed: BTreeSet<UserId> = moved
        .joined
        .into_iter()
        .chain(moved.left)
        .chain([owner])
        .collect();
    for user in changed {
        tx.publish(EventTopic::UserUpdated, user, json!({ "changed": ["ecosystem"] }));
    }
    tx.commit().await?;
    Ok(view(row))
}

fn check_members(members: Vec<Result<UserId, Refusal>>) -> Result<Vec<UserId>, Refusal> {
    if members.len() > MOST_MEMBERS {
        let message = Message::key("invalid-too-many").with("max", MOST_MEMBERS);
        return Err(Refusal::invalid("memberIds", message));
    }
    members.into_iter().collect()
}

/// Finds everybody who is to be in it and locks them, with those who are in it now. Everybody locks in the order
/// of ids, so nobody waits for somebody who waits for them.
async fn lock_people(tx: &Tx, external_id: &str, owner: UserId, members: Option<&[UserId]>) -> Outcome<()> {
    let wanted: HashSet<UserId> = members
        .unwrap_or_default()
        .iter()
        .copied()
        .chain([owner])
        .collect();
    let sql = format!(
        "SELECT id, role FROM users WHERE team_id = $1 AND (id IN ({}) OR ecosystem_id = \
         (SELECT id FROM ecosystems WHERE team_id = $1 AND external_id = $2)) ORDER BY id{}",
        places(3, wanted.len()),
        tx.db().dialect().for_update()
    );
    let mut values = values![tx.actor().team, external_id];
    values.extend(wanted.iter().map(|id| Value::from(*id)));
    let rows = tx.db().rows(&sql, values).await?;
    let known: HashMap<UserId, UserRole> = rows
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect::<Result<_, DbErr>>()?;
    let missing = |user: &&UserId| !known.contains_key(user);
    if missing(&&owner) {
        return Err(Refusal::not_found("ownerId", "user").into());
    }
    if wanted.iter().any(|user| missing(&user)) {
        return Err(Refusal::not_found("memberIds", "user").into());
    }
    // Otherwise who may suspend an ecosystem could lock staff out.
    if wanted.iter().any(|user| known[user] != UserRole::Member) {
        administrators_only(tx.actor())?;
    }
    Ok(())
}

/// Refuses people who own another ecosystem: an owner is a member of their own ecosystem and of no other, or its
/// suspension would not reach them. They are locked, so nobody becomes an owner meanwhile.
async fn refuse_other_owners(tx: &Tx, external_id: &str, owner: UserId, named: &[UserId]) -> Outcome<()> {
    let sql = format!(
        "SELECT owner_id FROM ecosystems WHERE team_id = $1 AND external_id <> $2 AND owner_id IN ({})",
        places(3, named.len())
    );
    let owners = ids(tx, &sql, with_ecosystem(tx, external_id, named)).await?;
    if owners.contains(&owner) {
        return Err(conflict("ownerId", "conflict-owner-owns-another").into());
    }
    if !owners.is_empty() {
        return Err(conflict("memberIds", "conflict-member-owns-another").into());
    }
    Ok(())
}

/// Refuses people of another ecosystem that is suspended: to be named elsewhere is no way out, not even for an owner.
async fn refuse_suspended_elsewhere(
    tx: &Tx,
    external_id: &str,
    owner: UserId,
    named: &[UserId],
) -> Outcome<()> {
    let sql = format!(
        "SELECT u.id FROM users u JOIN ecosystems e ON e.id = u.ecosystem_id WHERE u.team_id = $1 \
         AND e.external_id <> $2 AND e.suspended_at IS NOT NULL AND u.id IN ({})",
        places(3, named.len())
    );
    let shut_out = ids(tx, &sql, with_ecosystem(tx, external_id, named)).await?;
    if shut_out.is_empty() {
        return Ok(());
    }
    let field = if shut_out.contains(&owner) {
        "ownerId"
    } else {
        "memberIds"
    };
    Err(conflict(field, "conflict-suspended-elsewhere").into())
}

fn with_ecosystem(tx: &Tx, external_id: &str, users: &[UserId]) -> Vec<Value> {
    let mut values = values![tx.actor().team, external_id];
    values.extend(users.iter().map(|user| Value::from(*user)));
    values
}

fn conflict(field: &'static str, message: &str) -> Refusal {
    Refusal::new(UserErrorCode::Conflict)
        .on(field)
        .saying(Message::key(message))
}

/// Only administrators suspend or activate an ecosystem with staff in it. It is locked: nobody joins it meanwhile.
async fn require_administrator_for_staff(tx: &Tx, id: EcosystemId) -> Outcome<()> {
    let staff = "SELECT 1 FROM users WHERE ecosystem_id = $1 AND team_id = $2 AND role <> 'MEMBER' LIMIT 1";
    match tx.db().row(staff, values![id, tx.actor().team]).await? {
        Some(_) => administrators_only(tx.actor()),
        None => Ok(()),
    }
}

/// Refuses the actor's own ecosystem: nobody locks themselves out by mistake, and a team keeps an administrator.
async fn refuse_own(tx: &Tx, id: EcosystemId, field: &'static str) -> Outcome<()> {
    let actor = tx.actor();
    let sql = "SELECT 1 FROM users WHERE ecosystem_id = $1 AND team_id = $2 AND id IN ($3, $4) LIMIT 1";
    let values = values![id, actor.team, actor.user(), actor.impersonator];
    match tx.db().row(sql, values).await? {
        Some(_) => Err(conflict(field, "conflict-own-ecosystem").into()),
        None => Ok(()),
    }
}

/// The same external id is the same ecosystem, also for two who report it at once.
async fn save(tx: &Tx, external_id: String, name: String, owner: UserId) -> Outcome<ecosystem::Model> {
    let row = ecosystem::ActiveModel {
        id: Set(tx.id()),
        team_id: Set(tx.actor().team),
        external_id: Set(external_id),
        name: Set(name),
        owner_id: Set(owner),
        suspended_at: Set(None),
        suspension_reason: Set(None),
        created_at: Set(tx.now()),
        updated_at: Set(tx.now()),
    };
    let known = OnConflict::columns([ecosystem::Column::TeamId, ecosystem::Column::ExternalId])
        .update_columns([
            ecosystem::Column::Name,
            ecosystem::Column::OwnerId,
            ecosystem::Column::UpdatedAt,
        ])
        .to_owned();
    let insert = ecosystem::Entity::insert(row).on_conflict(known);
    Ok(insert.exec_with_returning(tx.db()).await?)
}

/// Whose ecosystem has become another, or none.
struct Moved {
    joined: Vec<UserId>,
    left: Vec<UserId>,
}

/// Somebody is in one ecosystem at a time. Whoever stays is not written.
async fn place_members(
    tx: &Tx,
    id: EcosystemId,
    owner: UserId,
    members: Option<&[UserId]>,
) -> Outcome<Moved> {
    let everybody: Vec<UserId> = members
        .unwrap_or_default()
        .iter()
        .copied()
        .chain([owner])
        .collect();
    let mut values = values![tx.actor().team, id];
    values.extend(everybody.iter().map(|user| Value::from(*user)));
    let named = places(3, everybody.len());
    let left = if members.is_some() {
        let leave = format!(
            "UPDATE users SET ecosystem_id = NULL WHERE team_id = $1 AND ecosystem_id = $2 AND id NOT IN ({named}) \
             RETURNING id"
        );
        ids(tx, &leave, values.clone()).await?
    } else {
        Vec::new()
    };
    let join = format!(
        "UPDATE users SET ecosystem_id = $2 WHERE team_id = $1 AND id IN ({named}) \
         AND (ecosystem_id IS NULL OR ecosystem_id <> $2) RETURNING id"
    );
    let joined = ids(tx, &join, values).await?;
    Ok(Moved { joined, left })
}

/// In their own order: RETURNING has none.
async fn ids(tx: &Tx, sql: &str, values: Vec<Value>) -> Outcome<Vec<UserId>> {
    let rows = tx.db().rows(sql, values).await?;
    let ids: BTreeSet<UserId> = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()?;
    Ok(ids.into_iter().collect())
}

/// An ecosystem that was closed or opened, and the API keys that ended with it or count again: those that somebody in
/// it has made.
pub struct Switched {
    pub ecosystem: EcosystemView,
    pub api_keys: Vec<api_key::Model>,
}

/// S3.6–S3.8: closes an ecosystem to everybody in it, at once: sign-ins, open sessions, links and access
/// all look at this one switch. Where staff are among them, it is an administrator's.
pub async fn suspend(
    app: &App,
    actor: &Actor,
    id: Result<EcosystemId, Refusal>,
    reason: &str,
) -> Outcome<Switched> {
    actor.require(Scope::UsersWrite)?;
    let (id, reason) = error::all((id, input::line("reason", reason, input::NOTE)))?;
    switch(app, actor, id, Some(reason)).await
}

/// Opens it again.
pub async fn activate(app: &App, actor: &Actor, id: Result<EcosystemId, Refusal>) -> Outcome<Switched> {
    actor.require(Scope::UsersWrite)?;
    switch(app, actor, id.map_err(Error::from)?, None).await
}

async fn switch(
    app: &App,
    actor: &Actor,
    id: EcosystemId,
    suspended_for: Option<String>,
) -> Outcome<Switched> {
    let mut tx = app.begin(actor).await?;
    let lock = format!(
        "SELECT 1 FROM ecosystems WHERE id = $1 AND team_id = $2{}",
        tx.db().dialect().for_update()
    );
    tx.db().rows(&lock, values![id, actor.team]).await?;
    let known = ecosystem::Entity::of_by_id(actor.team, id).one(tx.db()).await?;
    let known = known.ok_or_else(|| Refusal::not_found("ecosystemId", "ecosystem"))?;
    require_administrator_for_staff(&tx, id).await?;
    if known.suspended_at.is_some() == suspended_for.is_some() {
        return Ok(Switched {
            ecosystem: view(known),
            api_keys: Vec::new(),
        });
    }
    if suspended_for.is_some() {
        refuse_own(&tx, id, "ecosystemId").await?;
    }
    let mut row = known.into_active_model();
    row.suspended_at = Set(suspended_for.is_some().then(|| tx.now()));
    row.suspension_reason = Set(suspended_for.clone());
    row.updated_at = Set(tx.now());
    let row = row.update(tx.db()).await?;
    let (action, topic) = if suspended_for.is_some() {
        ("ecosystem.suspended", EventTopic::EcosystemSuspended)
    } else {
        ("ecosystem.activated", EventTopic::EcosystemActivated)
    };
    let api_keys = api_keys::made_in(&tx, id).await?;
    let mut data = json!({});
    api_keys::name_keys(&mut data, &api_keys);
    tx.audit_with(action, Some(id.to_string()), suspended_for, data.clone());
    data["active"] = json!(row.suspended_at.is_none());
    tx.publish(topic, id, data);
    tx.commit().await?;
    Ok(Switched {
        ecosystem: view(row),
        api_keys,
    })
}

/// Who is in an ecosystem, by when they came.
pub async fn members(
    app: &App,
    actor: &Actor,
    of: &EcosystemView,
    args: &PageArgs,
    parts: UserParts,
) -> Outcome<Page<UserView>> {
    may_see_members(actor, of)?;
    store::members(app, actor.team, of.id, args, parts).await
}

pub async fn members_count(app: &App, actor: &Actor, of: &EcosystemView) -> Outcome<i64> {
    may_see_members(actor, of)?;
    store::members_count(app, actor.team, of.id).await
}

/// The owner sees their own people; a member does not see the others.
fn may_see_members(actor: &Actor, of: &EcosystemView) -> Outcome<()> {
    if actor.user() == Some(of.owner) {
        return Ok(());
    }
    actor.require(Scope::UsersRead)
}

/// One ecosystem, if the caller may see its owner.
pub async fn find(app: &App, actor: &Actor, id: EcosystemId) -> Outcome<Option<EcosystemView>> {
    let found = store::ecosystem(app, actor.team, id).await?;
    Ok(found.filter(|it| actor.sees(it.owner, Scope::UsersRead)))
}

fn view(row: ecosystem::Model) -> EcosystemView {
    EcosystemView {
        id: row.id,
        name: row.name,
        owner: row.owner_id,
        suspended_at: row.suspended_at,
        suspension_reason: row.suspension_reason,
    }
}
