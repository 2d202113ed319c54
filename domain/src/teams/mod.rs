//! The businesses that run on this installation, and what each decides for itself.

pub mod secrets;

use entities::{
    Currency, CustomerTier, ExternalRefundAccess, Locale, Money, PaymentGateway, TeamId, UserId, UserRole,
    team, user,
};
use futures::future::BoxFuture;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

pub use secrets::{GatewaySecrets, SecretName};

use crate::{
    actor::Actor,
    app::App,
    database::Sql,
    email,
    error::{Denied, Error, Outcome, Refusal, Refusals},
    identity::standing,
    input,
    message::Message,
    scoped::Scoped,
    tx::Tx,
    values,
};

/// A team to be made.
#[derive(Clone, Debug)]
pub struct NewTeam {
    pub name: String,
    pub default_locale: Locale,
    pub time_zone: String,
    pub currency: Currency,
    pub support_address: String,
}

/// What an administrator wants changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    pub name: Option<String>,
    pub default_locale: Option<Locale>,
    pub time_zone: Option<String>,
    pub support_address: Option<String>,
    pub portal_url: Option<String>,
    pub secrets: Vec<(SecretName, SecretString)>,
    pub refund_reading_threshold_percent: Option<i64>,
    pub refund_recently_canceled_days: Option<i64>,
    pub recent_payment_days: Option<i64>,
    pub recurring_issue_count: Option<i64>,
    /// Tier, amount in major units, currency.
    pub credit_limits: Option<Vec<(CustomerTier, String, String)>>,
    pub billing_specialist: Option<Result<UserId, Refusal>>,
    pub account_manager: Option<Result<UserId, Refusal>>,
    pub external_refund_access: Option<ExternalRefundAccess>,
}

/// The caller's own team: the only one there is for them.
pub async fn own(app: &App, actor: &Actor) -> Outcome<team::Model> {
    load(app, actor.team).await
}

/// What the settings of a team tell of its secrets. For administrators of that very team.
pub async fn secrets_of(app: &App, actor: &Actor, team: &team::Model) -> Outcome<GatewaySecrets> {
    // In the answer to a sign-in it may be another team than that of whoever asks.
    if !actor.is_admin() || actor.team != team.id {
        return Err(Denied::AdministratorsOnly.into());
    }
    secrets::load(app, team.id, app.db.connection()).await
}

pub(crate) async fn load(app: &App, team: TeamId) -> Outcome<team::Model> {
    let found = team::Entity::find_by_id(team).one(app.db.connection()).await?;
    found.ok_or_else(|| Error::Fault(anyhow::anyhow!("{team} is gone")))
}

pub async fn exists(app: &App, team: TeamId) -> Outcome<bool> {
    Ok(team::Entity::find_by_id(team)
        .one(app.db.connection())
        .await?
        .is_some())
}

/// The team of that name, if there is one: names are for operators at the command line.
pub async fn by_name(app: &App, name: &str) -> Outcome<Option<team::Model>> {
    Ok(team::Entity::find()
        .filter(team::Column::Name.eq(name))
        .one(app.db.connection())
        .await?)
}

/// Makes a team, with the defaults of docs/REQUIREMENTS.md (S0.28, S0.44, S1.12–17) and all modules.
pub async fn create(app: &App, new: NewTeam) -> Outcome<team::Model> {
    let now = app.clock.now();
    let id = TeamId(app.ids.uuid(now));
    let row = team::ActiveModel {
        id: Set(id),
        name: Set(new.name),
        default_locale: Set(new.default_locale),
        time_zone: Set(new.time_zone),
        currency: Set(new.currency),
        modules: Set(json!(["BILLING", "COMMERCE", "SUPPORT"])),
        support_address: Set(new.support_address),
        portal_url: Set(None),
        refund_reading_threshold_percent: Set(50),
        refund_recently_canceled_days: Set(30),
        recent_payment_days: Set(7),
        recurring_issue_count: Set(3),
        credit_limits: Set(
            json!({ "STANDARD": 20_000, "PREMIUM": 50_000, "VIP": 200_000, "ENTERPRISE": 1_000_000 }),
        ),
        billing_specialist_id: Set(None),
        account_manager_id: Set(None),
        external_refund_access: Set(ExternalRefundAccess::Revoke),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let transaction = app.db.begin().await?;
    let team = row.insert(transaction.connection()).await?;
    transaction.commit().await?;
    Ok(team)
}

/// What the subjects do once a team has other credentials at a gateway, in the same commit.
#[derive(Default)]
pub(crate) struct CredentialFollowers(pub Vec<CredentialFollower>);

type CredentialFollower = for<'a> fn(&'a Tx, PaymentGateway) -> BoxFuture<'a, Outcome<()>>;

/// Changes what a team decides for itself. For administrators.
pub async fn update_settings(app: &App, actor: &Actor, change: SettingsChange) -> Outcome<team::Model> {
    if !actor.is_admin() || actor.impersonator.is_some() {
        return Err(Denied::AdministratorsOnly.into());
    }
    let mut tx = app.begin(actor).await?;
    standing::confirm(&tx, &[]).await?;
    lock(&tx).await?;
    let found = team::Entity::find_by_id(actor.team).one(tx.db()).await?;
    let current = found.ok_or_else(|| anyhow::anyhow!("{} is gone", actor.team))?;
    let mut refusals = Refusals::default();
    let (row, changed) = apply(current.clone(), &change, &mut refusals);
    for (field, staff) in [
        ("billingSpecialistId", &change.billing_specialist),
        ("accountManagerId", &change.account_manager),
    ] {
        if let Some(Ok(id)) = staff
            && !is_staff(&tx, *id).await?
        {
            refusals.add(Refusal::not_found(field, "user"));
        }
    }
    for (name, secret) in &change.secrets {
        refusals.keep(secrets::check(*name, secret));
    }
    refusals.check()?;
    for (name, secret) in &change.secrets {
        secrets::store(app, &tx, *name, secret).await?;
        if let Some(gateway) = app.gateways.opened_by(*name) {
            for follower in &app.memory::<CredentialFollowers>().0 {
                follower(&tx, gateway).await?;
            }
        }
    }
    let mut names: Vec<&str> = changed;
    names.extend(change.secrets.iter().map(|(name, _)| name.as_str()));
    let mut row = row;
    row.updated_at = Set(tx.now());
    let team = row.update(tx.db()).await?;
    // The names of what changed, never a secret's value.
    tx.audit_with(
        "team.settings_updated",
        Some(team.id.to_string()),
        None,
        json!({ "changed": names }),
    );
    tx.commit().await?;
    Ok(team)
}

/// Settings are read, changed and written as a whole: whoever else changes them comes before or after.
async fn lock(tx: &Tx) -> Outcome<()> {
    let sql = format!(
        "SELECT 1 FROM teams WHERE id = $1{}",
        tx.db().dialect().for_update()
    );
    tx.db().row(&sql, values![tx.actor().team]).await?;
    Ok(())
}

async fn is_staff(tx: &Tx, id: UserId) -> Outcome<bool> {
    let found = user::Entity::of_by_id(tx.actor().team, id).one(tx.db()).await?;
    Ok(found.is_some_and(|user| user.role != UserRole::Member))
}

fn apply(
    current: team::Model,
    change: &SettingsChange,
    refusals: &mut Refusals,
) -> (team::ActiveModel, Vec<&'static str>) {
    let currency = current.currency;
    let mut limits = current.credit_limits.clone();
    let mut row = current.into_active_model();
    let mut changed = Vec::new();
    macro_rules! set {
        ($column:ident, $name:literal, $value:expr) => {
            if let Some(value) = $value.and_then(|checked| refusals.keep(checked)) {
                row.$column = Set(value);
                changed.push($name);
            }
        };
    }
    set!(
        name,
        "name",
        change
            .name
            .as_ref()
            .map(|name| input::line("name", name, input::LINE))
    );
    set!(default_locale, "defaultLocale", change.default_locale.map(Ok));
    set!(
        time_zone,
        "timeZone",
        change.time_zone.as_ref().map(|zone| time_zone(zone))
    );
    set!(
        support_address,
        "supportAddress",
        change
            .support_address
            .as_ref()
            .map(|address| email::check("supportAddress", address))
    );
    set!(
        portal_url,
        "portalUrl",
        change.portal_url.as_ref().map(|url| portal_url(url).map(Some))
    );
    let percent = change.refund_reading_threshold_percent;
    set!(
        refund_reading_threshold_percent,
        "refundReadingThresholdPercent",
        percent.map(|percent| input::within("refundReadingThresholdPercent", percent, 0, 100))
    );
    let days = change.refund_recently_canceled_days;
    set!(
        refund_recently_canceled_days,
        "refundRecentlyCanceledDays",
        days.map(|days| input::within("refundRecentlyCanceledDays", days, 0, 365))
    );
    let days = change.recent_payment_days;
    set!(
        recent_payment_days,
        "recentPaymentDays",
        days.map(|days| input::within("recentPaymentDays", days, 1, 365))
    );
    let count = change.recurring_issue_count;
    set!(
        recurring_issue_count,
        "recurringIssueCount",
        count.map(|count| input::within("recurringIssueCount", count, 1, 100))
    );
    for (tier, amount, code) in change.credit_limits.iter().flatten() {
        if let Some(minor) = refusals.keep(credit_limit(amount, code, currency)) {
            limits[tier.as_str()] = json!(minor);
            row.credit_limits = Set(limits.clone());
            if !changed.contains(&"creditLimits") {
                changed.push("creditLimits");
            }
        }
    }
    set!(
        external_refund_access,
        "externalRefundAccess",
        change.external_refund_access.map(Ok)
    );
    set!(
        billing_specialist_id,
        "billingSpecialistId",
        change.billing_specialist.clone().map(|id| id.map(Some))
    );
    set!(
        account_manager_id,
        "accountManagerId",
        change.account_manager.clone().map(|id| id.map(Some))
    );
    (row, changed)
}

fn credit_limit(amount: &str, code: &str, team: Currency) -> Result<i64, Refusal> {
    let code = input::currency("creditLimits", code)?;
    if code != team {
        let message = Message::key("invalid-currency-other").with("expected", team);
        return Err(Refusal::invalid("creditLimits", message));
    }
    match Money::from_major(amount, code) {
        Ok(money) if money.minor >= 0 => Ok(money.minor),
        _ => Err(Refusal::invalid(
            "creditLimits",
            Message::key("invalid-amount-not-a-number"),
        )),
    }
}

/// An IANA name that this installation knows.
pub fn time_zone(name: &str) -> Result<String, Refusal> {
    match name.parse::<chrono_tz::Tz>() {
        Ok(zone) => Ok(zone.name().to_owned()),
        Err(_) => Err(Refusal::invalid("timeZone", Message::key("invalid-time-zone"))),
    }
}

fn portal_url(text: &str) -> Result<String, Refusal> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => Ok(url.into()),
        _ => Err(Refusal::invalid("portalUrl", Message::key("invalid-url"))),
    }
}
