//! Making people and changing what is known of them.

use entities::{CustomerTier, EventTopic, Feature, Locale, UserId, UserRole, api_key, user};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::{NewUser, insert, search_text};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Sql, is_unique_violation},
    email,
    error::{self, Denied, Error, Outcome, Refusal, Refusals, UserErrorCode},
    identity::{api_keys, sessions, standing},
    input::{self, phone::optional_phone},
    message::Message,
    scoped::Scoped,
    tx::Tx,
    values,
};

/// A person as staff or an integration enters them.
#[derive(Clone, Debug)]
pub struct Signup {
    pub first_name: String,
    pub last_name: String,
    /// One person's in the team, however it is written (`email::key`).
    pub company_email: String,
    pub phone: Option<String>,
    pub company_name: Option<String>,
    /// The team's language if none.
    pub locale: Option<Locale>,
    /// STANDARD if none.
    pub tier: Option<CustomerTier>,
    /// MEMBER if none; the others are made by administrators.
    pub role: Option<UserRole>,
    pub features: Option<Vec<Feature>>,
}

/// What is to be changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company_email: Option<String>,
    /// An empty text takes it away.
    pub phone: Option<String>,
    /// An empty text takes it away.
    pub company_name: Option<String>,
    pub locale: Option<Locale>,
    pub tier: Option<CustomerTier>,
    /// False suspends them and ends their sessions.
    pub active: Option<bool>,
    pub role: Option<UserRole>,
    pub features: Option<Vec<Feature>>,
}

/// Makes a person. Staff are made by administrators.
pub async fn create(app: &App, actor: &Actor, signup: Signup) -> Outcome<UserId> {
    actor.require(Scope::UsersWrite)?;
    let role = signup.role.unwrap_or(UserRole::Member);
    let features = signup.features.unwrap_or_default();
    let is_staff = role != UserRole::Member || !features.is_empty();
    if is_staff {
        administrators_only(actor)?;
    }
    let company = signup.company_name.as_deref();
    let (first_name, last_name, company_email, phone, company_name) = error::all((
        input::line("firstName", &signup.first_name, 100),
        input::line("lastName", &signup.last_name, 100),
        email::check("companyEmail", &signup.company_email),
        optional_phone("phone", signup.phone.as_deref()),
        input::optional_line("companyName", company, input::LINE),
    ))?;
    let mut tx = app.begin(actor).await?;
    if is_staff {
        standing::confirm(&tx, &[]).await?;
    }
    let new = NewUser {
        role,
        features,
        tier: signup.tier.unwrap_or(CustomerTier::Standard),
        first_name,
        last_name,
        company_email,
        phone,
        company_name,
        locale: signup.locale,
        ..NewUser::default()
    };
    if taken(&tx, &new.company_email, None).await? {
        return Err(email_taken().into());
    }
    let id = insert(&mut tx, new).await.map_err(or_taken)?;
    tx.audit_with(
        "user.created",
        Some(id.to_string()),
        None,
        json!({ "role": role }),
    );
    tx.commit().await?;
    Ok(id)
}

/// A person who was changed, and the API keys of their making that ended with it or count again.
pub struct ChangedUser {
    pub user: UserId,
    pub api_keys: Vec<api_key::Model>,
}

/// Changes what is known of a person. Suspending ends their sessions at once, and so does another role; the keys that
/// they have made count while they could make them.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: Result<UserId, Refusal>,
    change: UserChange,
) -> Outcome<ChangedUser> {
    let id = id.map_err(Error::from)?;
    let own = actor.user() == Some(id);
    if !own || !change.is_personal() {
        actor.require(Scope::UsersWrite)?;
    }
    let mut tx = app.begin(actor).await?;
    // Both are locked at once: of two administrators who take each other's role, the second is none any more.
    let locked = standing::confirm(&tx, &[id]).await?;
    let known = locked.into_iter().find(|user| user.id == id);
    let known = known.ok_or_else(|| Refusal::not_found("userId", "user"))?;
    // Staff are changed by administrators only, but for their own personal data.
    let touches_staff = known.role != UserRole::Member || change.role.is_some() || change.features.is_some();
    if touches_staff && !(own && change.is_personal()) {
        administrators_only(actor)?;
        if own && (change.role.is_some_and(|role| role != UserRole::Admin) || change.active == Some(false)) {
            // Nobody locks themselves out by mistake, and a team keeps an administrator.
            let refusal = Refusal::new(UserErrorCode::Conflict).on("userId");
            return Err(refusal.saying(Message::key("conflict-own-account")).into());
        }
    }
    let mut refusals = Refusals::default();
    let mut row = known.clone().into_active_model();
    let changed = apply(&mut row, &known, &change, tx.now(), &mut refusals);
    refusals.check()?;
    if changed.is_empty() {
        return Ok(ChangedUser {
            user: id,
            api_keys: Vec::new(),
        });
    }
    if let Set(email) = &row.company_email
        && taken(&tx, email, Some(id)).await?
    {
        return Err(email_taken().into());
    }
    row.updated_at = Set(tx.now());
    let now = row.update(tx.db()).await.map_err(|error| {
        if is_unique_violation(&error) {
            Error::from(email_taken())
        } else {
            error.into()
        }
    })?;
    if changed.contains(&"companyEmail") {
        release(&tx, &known).await?;
    }
    end_sessions(&tx, id, &change, &changed).await?;
    let api_keys = if api_keys::may_make(&known) == api_keys::may_make(&now) {
        Vec::new()
    } else {
        api_keys::made_by(&tx, &[id]).await?
    };
    let mut data = json!({ "changed": changed });
    api_keys::name_keys(&mut data, &api_keys);
    tx.audit_with("user.updated", Some(id.to_string()), None, data.clone());
    tx.publish(EventTopic::UserUpdated, id, data);
    tx.commit().await?;
    Ok(ChangedUser { user: id, api_keys })
}

/// An address that was two people's (`m0018_identity`) is the other's alone when one of them gets another.
async fn release(tx: &Tx, before: &user::Model) -> Outcome<()> {
    let sql = "UPDATE users SET email_clashes_with = NULL WHERE id = $1 AND email_clashes_with IS NOT NULL";
    tx.db().run(sql, values![before.id]).await?;
    let waiting = tx.db().row(
        "SELECT id FROM users WHERE email_clashes_with = $1 AND team_id = $2 ORDER BY id LIMIT 1",
        values![before.id, before.team_id],
    );
    let Some(row) = waiting.await? else { return Ok(()) };
    let heir: UserId = row.try_get_by_index(0)?;
    let sql = "UPDATE users SET email_key = $1, email_clashes_with = NULL WHERE id = $2";
    tx.db().run(sql, values![before.email_key.clone(), heir]).await?;
    let sql = "UPDATE users SET email_clashes_with = $1 WHERE email_clashes_with = $2";
    tx.db().run(sql, values![heir, before.id]).await?;
    Ok(())
}

impl UserChange {
    /// What everybody may change about themselves.
    fn is_personal(&self) -> bool {
        self.company_email.is_none()
            && self.tier.is_none()
            && self.active.is_none()
            && self.role.is_none()
            && self.features.is_none()
    }
}

fn apply(
    row: &mut user::ActiveModel,
    known: &user::Model,
    change: &UserChange,
    now: chrono::DateTime<chrono::Utc>,
    refusals: &mut Refusals,
) -> Vec<&'static str> {
    let mut changed = Vec::new();
    macro_rules! set {
        ($column:ident, $name:literal, $value:expr) => {
            if let Some(value) = $value.and_then(|checked| refusals.keep(checked))
                && known.$column != value
            {
                row.$column = Set(value);
                changed.push($name);
            }
        };
    }
    set!(
        first_name,
        "firstName",
        change
            .first_name
            .as_ref()
            .map(|name| input::line("firstName", name, 100))
    );
    set!(
        last_name,
        "lastName",
        change
            .last_name
            .as_ref()
            .map(|name| input::line("lastName", name, 100))
    );
    set!(
        company_email,
        "companyEmail",
        change
            .company_email
            .as_ref()
            .map(|it| email::check("companyEmail", it))
    );
    let phone = change.phone.as_ref();
    set!(phone, "phone", phone.map(|it| optional_phone("phone", Some(it))));
    let company = change.company_name.as_ref();
    set!(
        company_name,
        "companyName",
        company.map(|it| input::optional_line("companyName", Some(it), input::LINE))
    );
    set!(locale, "locale", change.locale.map(Ok));
    set!(tier, "tier", change.tier.map(Ok));
    set!(role, "role", change.role.map(Ok));
    set!(
        features,
        "features",
        change.features.as_ref().map(|features| Ok(json!(features)))
    );
    if let Some(active) = change.active
        && known.suspended_at.is_none() != active
    {
        row.suspended_at = Set((!active).then_some(now));
        changed.push("active");
    }
    if !changed.is_empty() {
        let text = |set: &sea_orm::ActiveValue<String>| set.clone().unwrap();
        let optional = |set: &sea_orm::ActiveValue<Option<String>>| set.clone().unwrap();
        if changed.contains(&"companyEmail") {
            row.email_key = Set(email::key(&text(&row.company_email)));
        }
        row.search_text = Set(search_text(
            &text(&row.first_name),
            &text(&row.last_name),
            &text(&row.company_email),
            optional(&row.phone).as_deref(),
            optional(&row.company_name).as_deref(),
        ));
    }
    changed
}

/// A form may send every field: what ends a session is what has become another.
async fn end_sessions(tx: &Tx, id: UserId, change: &UserChange, changed: &[&str]) -> Outcome<()> {
    if change.active == Some(false) || changed.contains(&"role") {
        return sessions::revoke_all_except(tx, id, None).await;
    }
    let able = |features: &Vec<Feature>| features.contains(&Feature::Impersonation);
    if changed.contains(&"features") && !change.features.as_ref().is_some_and(able) {
        // S0.2: without the feature the impersonations that are under way end.
        sessions::end_impersonations_by(tx, id).await?;
    }
    Ok(())
}

pub(super) fn administrators_only(actor: &Actor) -> Outcome<()> {
    if actor.is_admin() {
        Ok(())
    } else {
        Err(Denied::AdministratorsOnly.into())
    }
}

async fn taken(tx: &Tx, email: &str, but: Option<UserId>) -> Outcome<bool> {
    let with = user::Entity::of(tx.actor().team).filter(user::Column::EmailKey.eq(email::key(email)));
    Ok(with.one(tx.db()).await?.is_some_and(|user| Some(user.id) != but))
}

fn email_taken() -> Refusal {
    Refusal::new(UserErrorCode::Conflict)
        .on("companyEmail")
        .saying(Message::key("conflict-email"))
}

/// Two sign-ups at once: the index decides.
fn or_taken(error: Error) -> Error {
    match error {
        Error::Fault(fault)
            if fault
                .downcast_ref::<sea_orm::DbErr>()
                .is_some_and(is_unique_violation) =>
        {
            email_taken().into()
        }
        other => other,
    }
}
