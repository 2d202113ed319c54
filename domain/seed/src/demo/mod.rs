//! The demo team: a publishing house with customers in three languages, and a scenario for each thing to try.
//!
//! People, and what is sold and read every day, are rows. What can be tried is told by the product's own use cases.
//!
//! Dates are told from now; ids are the same in every installation, so that documentation can name them.

mod access;
mod book;
mod catalog;
mod customers;
mod gateways;
mod people;
mod sale;
mod sales;
mod stage;
mod stories;
mod telling;

use entities::{Currency, ExternalRefundAccess, Locale, TeamId, UserRole, password, team, team_secret};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use secrecy::SecretString;
use serde_json::json;

pub use stories::ORDER_DEMO_1;

use super::gateway_books::{self, GatewayBooks};
use domain::{
    actor::{Actor, Principal, Scope, Scopes},
    app::App,
    database::Sql,
    error::Outcome,
    identity::{api_keys, passwords},
    teams::SecretName,
    values,
};

pub const TEAM_NAME: &str = "Editorial Aurora";
/// The demo's administrator and agent, and the password of both.
pub const ADMIN: &str = "admin@demo.test";
pub const AGENT: &str = "agent@demo.test";
pub const PASSWORD: &str = "postventa-demo";

/// What the demo cannot think up by itself.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// The team's gateway credentials; kept sealed.
    pub gateway_secrets: Vec<(SecretName, SecretString)>,
}

/// A demo team that was just made.
pub struct Demo {
    pub team: TeamId,
    /// With every scope. Shown this once.
    pub api_key: SecretString,
    /// What the gateways must know of, or refunds of it fail.
    pub gateways: GatewayBooks,
}

/// The demo team's id: the same in every installation.
pub fn team_id() -> TeamId {
    TeamId(book::named("team", TEAM_NAME))
}

/// The id of one of the demo's purchases, by its number in the store: `order-demo-1`.
pub fn purchase_id(external_id: &str) -> entities::PurchaseId {
    sales::purchase_id(external_id)
}

/// Fills an empty database: the rows in one transaction, then the scenarios, each thing in its own. What is ended
/// in the middle leaves a part of the demo: [`is_cut_off`] tells.
pub async fn demo(app: &App, options: DemoOptions) -> Outcome<Demo> {
    if !super::is_empty(app).await? {
        return Err(anyhow::anyhow!("the demo needs an empty database, and this one has a team").into());
    }
    let team = team_id();
    let mut book = book::Book::new(team, app.gateways.clone(), app.clock.now());
    sign_up_staff(app, &mut book).await?;
    for (name, secret) in &options.gateway_secrets {
        book.secrets.push(team_secret::Model {
            team_id: team,
            name: name.as_str().to_owned(),
            ciphertext: app.vault.seal(&*app.ids, team, name.as_str(), secret)?,
            updated_at: book.now,
        });
    }
    for article in catalog::all() {
        book.sell(
            article.external_id,
            article.name,
            article.active,
            article.grace_days,
        );
    }
    customers::customers(&mut book);
    let mut grants = access::Grants::default();
    sales::sell(&mut book, &mut grants)?;
    grants.write(&mut book)?;

    let (admin, now) = (book.admin, book.now);
    let row = team_row(&book);
    let made_at = row.created_at;
    let transaction = app.db.begin().await?;
    team::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(transaction.connection())
        .await?;
    book.write(transaction.connection()).await?;
    transaction.commit().await?;

    let stage = stage::Stage::beside(app, team, made_at);
    telling::tell(&stage, now).await?;
    stage.end(now).await?;
    let api_key = make_key(app, team, admin).await?;
    let gateways = gateway_books::of(app, team).await?;
    Ok(Demo {
        team,
        api_key,
        gateways,
    })
}

/// Whether the demo was begun here and not made to its end: its key comes last.
pub async fn is_cut_off(app: &App) -> Outcome<bool> {
    let sql = "SELECT 1 FROM teams t WHERE t.id = $1 AND NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.team_id = t.id)";
    Ok(app.db.connection().row(sql, values![team_id()]).await?.is_some())
}

async fn sign_up_staff(app: &App, book: &mut book::Book) -> Outcome<()> {
    customers::staff(book);
    // Both at once: each takes its time on purpose.
    let password = PASSWORD.into();
    let hashes = tokio::try_join!(passwords::hash(app, &password), passwords::hash(app, &password))?;
    for (user, hash) in [(book.admin, hashes.0), (book.agent, hashes.1)] {
        book.passwords.push(password::Model {
            user_id: user,
            team_id: book.team,
            hash,
            changed_at: book.now,
        });
    }
    Ok(())
}

fn team_row(book: &book::Book) -> team::Model {
    let made = book.days_ago(720);
    team::Model {
        id: book.team,
        name: TEAM_NAME.to_owned(),
        default_locale: Locale::Es,
        time_zone: "Europe/Madrid".to_owned(),
        currency: Currency::EUR,
        modules: json!(["BILLING", "COMMERCE", "SUPPORT"]),
        support_address: "soporte@editorial-aurora.example".to_owned(),
        portal_url: None,
        refund_reading_threshold_percent: 50,
        refund_recently_canceled_days: 30,
        recent_payment_days: 7,
        recurring_issue_count: 3,
        credit_limits: json!({ "STANDARD": 20_000, "PREMIUM": 50_000, "VIP": 200_000, "ENTERPRISE": 1_000_000 }),
        billing_specialist_id: Some(book.agent),
        account_manager_id: Some(book.admin),
        external_refund_access: ExternalRefundAccess::Revoke,
        created_at: made,
        updated_at: made,
    }
}

async fn make_key(app: &App, team: TeamId, admin: entities::UserId) -> Outcome<SecretString> {
    let actor = Actor {
        principal: Principal::User {
            id: admin,
            role: UserRole::Admin,
        },
        scopes: Scopes::all(),
        locale: Locale::Es,
        ..Actor::system(team)
    };
    let scopes: Vec<String> = Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect();
    let created = api_keys::create(app, &actor, "Demo", &scopes, Ok(None)).await?;
    Ok(created.secret.into())
}
