//! Ecosystems: the workspaces that customers deploy, and the one switch that closes one to everybody in it.

use entities::{EcosystemId, EventTopic, UserId, ecosystem, user};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, Set, Value};
use serde_json::json;

use super::{EcosystemView, UserParts, UserView, store};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Sql, places},
    error::{Error, Outcome, Refusal, Refusals},
    input,
    page::{Page, PageArgs},
    scoped::Scoped,
    tx::Tx,
};

/// At most so many members in one report.
const MOST_MEMBERS: usize = 10_000;

/// An ecosystem as the store reports it. The same `external_id` is the same ecosystem.
#[derive(Clone, Debug)]
pub struct EcosystemReport {
    pub external_id: String,
    pub owner: Result<UserId, Refusal>,
    pub name: String,
    /// All members but the owner; left out, they stay as they are.
    pub members: Option<Vec<Result<UserId, Refusal>>>,
}

/// Takes in what the store says of an ecosystem.
pub async fn record(app: &App, actor: &Actor, report: EcosystemReport) -> Outcome<EcosystemView> {
    actor.require(Scope::UsersWrite)?;
    let mut refusals = Refusals::default();
    let external_id = refusals.keep(input::line("externalId", &report.external_id, input::LINE));
    let name = refusals.keep(input::line("name", &report.name, input::LINE));
    let owner = refusals.keep(report.owner);
    let members = report
        .members
        .map(|members| members.into_iter().collect::<Result<Vec<_>, _>>());
    let members = refusals.keep(members.transpose());
    if members
        .iter()
        .flatten()
        .any(|members| members.len() > MOST_MEMBERS)
    {
        let message = crate::Message::key("invalid-too-many").with("max", MOST_MEMBERS);
        refusals.add(Refusal::invalid("memberIds", message));
    }
    refusals.check()?;
    let (Some(external_id), Some(name), Some(owner), Some(members)) = (external_id, name, owner, members)
    else {
        return Err(anyhow::anyhow!("a field is missing and was not refused").into());
    };
    let mut tx = app.begin(actor).await?;
    known_people(&tx, owner, members.as_deref()).await?;
    let known = ecosystem::Entity::of(actor.team).filter(ecosystem::Column::ExternalId.eq(&external_id));
    let row = match known.one(tx.db()).await? {
        Some(known) => {
            let mut row = known.into_active_model();
            row.name = Set(name);
            row.owner_id = Set(owner);
            row.updated_at = Set(tx.now());
            row.update(tx.db()).await?
        }
        None => {
            let row = ecosystem::ActiveModel {
                id: Set(tx.id()),
                team_id: Set(actor.team),
                external_id: Set(external_id),
                name: Set(name),
                owner_id: Set(owner),
                suspended_at: Set(None),
                suspension_reason: Set(None),
                created_at: Set(tx.now()),
                updated_at: Set(tx.now()),
            };
            row.insert(tx.db()).await?
        }
    };
    place_members(&tx, row.id, owner, members.as_deref()).await?;
    tx.audit_with(
        "ecosystem.recorded",
        Some(row.id.to_string()),
        None,
        json!({ "ownerId": owner }),
    );
    tx.publish(
        EventTopic::UserUpdated,
        owner,
        json!({ "changed": ["ecosystem"] }),
    );
    tx.commit().await?;
    Ok(view(row))
}

async fn known_people(tx: &Tx, owner: UserId, members: Option<&[UserId]>) -> Outcome<()> {
    let team = tx.actor().team;
    if user::Entity::of_by_id(team, owner).one(tx.db()).await?.is_none() {
        return Err(Refusal::not_found("ownerId", "user").into());
    }
    for chunk in members.unwrap_or_default().chunks(1000) {
        let sql = format!(
            "SELECT count(*) FROM users WHERE team_id = $1 AND id IN ({})",
            places(2, chunk.len())
        );
        let values = std::iter::once(Value::from(team))
            .chain(chunk.iter().map(|id| Value::from(*id)))
            .collect();
        let row = tx.db().row(&sql, values).await?;
        let found: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
        let distinct: std::collections::HashSet<_> = chunk.iter().collect();
        if usize::try_from(found).unwrap_or(0) != distinct.len() {
            return Err(Refusal::not_found("memberIds", "user").into());
        }
    }
    Ok(())
}

/// Somebody is in one ecosystem at a time.
async fn place_members(tx: &Tx, id: EcosystemId, owner: UserId, members: Option<&[UserId]>) -> Outcome<()> {
    let team = tx.actor().team;
    if members.is_some() {
        let sql = "UPDATE users SET ecosystem_id = NULL WHERE team_id = $1 AND ecosystem_id = $2";
        tx.db().run(sql, crate::values![team, id]).await?;
    }
    let everybody: Vec<UserId> = std::iter::once(owner)
        .chain(members.unwrap_or_default().iter().copied())
        .collect();
    for chunk in everybody.chunks(1000) {
        let sql = format!(
            "UPDATE users SET ecosystem_id = $1 WHERE team_id = $2 AND id IN ({})",
            places(3, chunk.len())
        );
        let mut values = crate::values![id, team];
        values.extend(chunk.iter().map(|id| Value::from(*id)));
        tx.db().run(&sql, values).await?;
    }
    Ok(())
}

/// S3.6–S3.8: closes an ecosystem to everybody in it, at once: sign-ins, open sessions, links and access
/// all look at this one switch.
pub async fn suspend(
    app: &App,
    actor: &Actor,
    id: Result<EcosystemId, Refusal>,
    reason: &str,
) -> Outcome<EcosystemView> {
    actor.require(Scope::UsersWrite)?;
    let mut refusals = Refusals::default();
    let id = refusals.keep(id);
    let reason = refusals.keep(input::line("reason", reason, input::NOTE));
    refusals.check()?;
    let (Some(id), Some(reason)) = (id, reason) else {
        return Err(anyhow::anyhow!("a field is missing and was not refused").into());
    };
    switch(app, actor, id, Some(reason)).await
}

/// Opens it again.
pub async fn activate(app: &App, actor: &Actor, id: Result<EcosystemId, Refusal>) -> Outcome<EcosystemView> {
    actor.require(Scope::UsersWrite)?;
    switch(app, actor, id.map_err(Error::from)?, None).await
}

async fn switch(
    app: &App,
    actor: &Actor,
    id: EcosystemId,
    suspended_for: Option<String>,
) -> Outcome<EcosystemView> {
    let mut tx = app.begin(actor).await?;
    let lock = format!(
        "SELECT 1 FROM ecosystems WHERE id = $1 AND team_id = $2{}",
        tx.db().dialect().for_update()
    );
    tx.db().rows(&lock, crate::values![id, actor.team]).await?;
    let known = ecosystem::Entity::of_by_id(actor.team, id).one(tx.db()).await?;
    let known = known.ok_or_else(|| Refusal::not_found("ecosystemId", "ecosystem"))?;
    if known.suspended_at.is_some() == suspended_for.is_some() {
        return Ok(view(known));
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
    tx.audit_with(action, Some(id.to_string()), suspended_for, json!({}));
    tx.publish(topic, id, json!({ "active": row.suspended_at.is_none() }));
    tx.commit().await?;
    Ok(view(row))
}

/// Who is in an ecosystem, by when they came.
pub async fn members(
    app: &App,
    actor: &Actor,
    of: &EcosystemView,
    args: &PageArgs,
    parts: UserParts,
) -> Outcome<Page<UserView>> {
    // The owner sees their own people; a member does not see the others.
    if actor.user() != Some(of.owner) {
        actor.require(Scope::UsersRead)?;
    }
    store::members(app, actor.team, of.id, args, parts).await
}

pub async fn members_count(app: &App, actor: &Actor, of: EcosystemId) -> Outcome<i64> {
    store::members_count(app, actor.team, of).await
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
