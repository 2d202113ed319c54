//! The people of a team: staff, customers and leads.

pub mod ecosystems;
pub mod exports;
pub mod people;
pub mod plans;
mod promises;
mod search;
mod store;
mod view;

use entities::{CustomerTier, Feature, Locale, UserId, UserRole, UserSegment, team, user};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use entities::search_text::of_person as search_text;
pub(crate) use promises::PROMISES;
pub(crate) use store::{
    Position, by_id as load, count as count_in_team, lock_user, lock_users, switches, walk,
};
pub use view::{EcosystemView, PlanProduct, PlanView, UserDetails, UserParts, UserView};

use crate::{
    actor::{Actor, Scope},
    app::App,
    email,
    error::{Denied, Outcome},
    page::{Page, PageArgs},
    scoped::Scoped,
    tx::Tx,
};

/// A person to be made; what is left out gets the usual value.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub role: UserRole,
    pub segment: UserSegment,
    pub tier: CustomerTier,
    pub features: Vec<Feature>,
    pub first_name: String,
    pub last_name: String,
    pub company_email: String,
    pub phone: Option<String>,
    pub company_name: Option<String>,
    /// The team's language if none.
    pub locale: Option<Locale>,
}

impl Default for NewUser {
    fn default() -> Self {
        Self {
            role: UserRole::Member,
            segment: UserSegment::Lead,
            tier: CustomerTier::Standard,
            features: Vec::new(),
            first_name: String::new(),
            last_name: String::new(),
            company_email: String::new(),
            phone: None,
            company_name: None,
            locale: None,
        }
    }
}

/// Which users are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFilter {
    /// Words, each of them any part of a name, e-mail, phone or company, as it was typed: `input::Sought` makes it comparable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<UserSegment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<UserRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<CustomerTier>,
    /// Suspended, by themselves or with their ecosystem, is not active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether they have deployed one; being a member of one is not having it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_ecosystem: Option<bool>,
}

impl UserFilter {
    /// The filter as it can be kept with a job: PostgreSQL has no NUL in JSON, and control
    /// characters are no more than gaps.
    #[must_use]
    pub fn to_keep(self) -> Self {
        let search = self.search.map(|text| text.replace(char::is_control, " "));
        Self { search, ..self }
    }

    /// Whether nobody is left out, also because nothing is left of what is searched for.
    pub fn lets_everybody_through(&self) -> bool {
        let without = Self {
            search: None,
            ..self.clone()
        };
        search::sought(self).is_none() && without == Self::default()
    }
}

/// What lists of users can be sorted by; the id decides between equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserOrderField {
    #[default]
    CreatedAt,
    LastName,
    CompanyName,
}

/// One person, if the caller may see them: themselves, or with `users.read` anybody of the team.
pub async fn find(app: &App, actor: &Actor, id: UserId, parts: UserParts) -> Outcome<Option<UserView>> {
    if !actor.sees(id, Scope::UsersRead) {
        return Ok(None);
    }
    store::by_id(app, actor.team, id, parts).await
}

/// The answer to whoever sees what names a person and not the person.
pub const NOT_VISIBLE: Denied = Denied::Forbidden(Scope::UsersRead);

/// Several people at once, in no particular order: those whom the caller may see.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[UserId], parts: UserParts) -> Outcome<Vec<UserView>> {
    let visible = ids.iter().copied().filter(|id| actor.sees(*id, Scope::UsersRead));
    let visible: Vec<UserId> = visible.collect();
    if visible.is_empty() {
        return Ok(Vec::new());
    }
    store::by_ids(app, actor.team, &visible, parts).await
}

/// A page of the team's people.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &UserFilter,
    order: (UserOrderField, crate::page::Direction),
    args: &PageArgs,
    parts: UserParts,
) -> Outcome<Page<UserView>> {
    actor.require(Scope::UsersRead)?;
    store::list(app, actor.team, filter, order, args, parts).await
}

/// How many match a filter.
pub async fn count(app: &App, actor: &Actor, filter: &UserFilter) -> Outcome<i64> {
    actor.require(Scope::UsersRead)?;
    store::count(app, actor.team, filter).await
}

/// Writes a person, or finds the one with the same address. For the command line and seeds.
pub async fn insert_or_find(tx: &mut Tx, new: NewUser) -> Outcome<UserId> {
    let email_key = email::key(&new.company_email);
    let known = user::Entity::of(tx.actor().team)
        .filter(user::Column::EmailKey.eq(&email_key))
        .one(tx.db())
        .await?;
    if let Some(known) = known {
        return Ok(known.id);
    }
    insert(tx, new).await
}

async fn insert(tx: &mut Tx, new: NewUser) -> Outcome<UserId> {
    let team = team::Entity::find_by_id(tx.actor().team).one(tx.db()).await?;
    let locale = new
        .locale
        .or(team.map(|team| team.default_locale))
        .unwrap_or(Locale::En);
    let id: UserId = tx.id();
    let row = user::ActiveModel {
        id: Set(id),
        team_id: Set(tx.actor().team),
        role: Set(new.role),
        segment: Set(new.segment),
        tier: Set(new.tier),
        features: Set(json!(new.features)),
        search_text: Set(search_text(
            &new.first_name,
            &new.last_name,
            &new.company_email,
            new.phone.as_deref(),
            new.company_name.as_deref(),
        )),
        email_key: Set(email::key(&new.company_email)),
        first_name: Set(new.first_name),
        last_name: Set(new.last_name),
        company_email: Set(new.company_email),
        phone: Set(new.phone),
        company_name: Set(new.company_name),
        locale: Set(locale),
        suspended_at: Set(None),
        ecosystem_id: Set(None),
        created_at: Set(tx.now()),
        updated_at: Set(tx.now()),
    };
    row.insert(tx.db()).await?;
    tx.publish(entities::EventTopic::UserCreated, id, json!({}));
    Ok(id)
}
