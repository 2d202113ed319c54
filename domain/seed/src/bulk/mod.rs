//! As many customers as a measurement wants: plausible, the same for the same seed, sound by every rule.
//!
//! For each user three purchases, three entitlements with a grant and its entry in the history, and ten reading
//! sessions with their totals; two thirds are customers with a plan, a third of these have an ecosystem. There
//! are no refunds, events or audit entries among them.

mod copy;
mod dice;
mod names;
mod person;
mod sales;
mod tables;
mod write;

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{Currency, ExternalRefundAccess, Feature, Locale, TeamId, UserRole, team};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use serde_json::json;
use tokio::sync::mpsc;

use self::{
    dice::{Dice, seed_of},
    names::{FORMS, TOPICS},
    person::{Crowd, Product},
    tables::{Batch, Cell, In, TABLES},
    write::Writer,
};
use domain::{
    app::App,
    error::Outcome,
    identity::passwords,
    input, teams,
    users::{self, NewUser},
};

/// The password of the bulk teams' administrators.
pub const PASSWORD: &str = super::demo::PASSWORD;

const PRODUCTS: usize = 200;
/// Users of one batch.
const CHUNK: u64 = 2000;

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub users: u64,
    pub of: u64,
    pub rows: u64,
}

pub struct BulkOptions {
    /// The new team's name. Several teams take several runs.
    pub team: String,
    pub users: u64,
    /// The same seed, team and time give the same rows.
    pub seed: u64,
    /// Told after each batch.
    pub progress: Option<Box<dyn Fn(Progress) + Send + Sync>>,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Filled {
    pub team: TeamId,
    /// The administrator's address.
    pub admin: String,
    pub rows: u64,
    pub seconds: f64,
}

/// Makes a team and fills it. After an error the team stays: without rows on PostgreSQL, with some on SQLite.
pub async fn bulk(app: &App, options: BulkOptions) -> Outcome<Filled> {
    if teams::by_name(app, &options.team).await?.is_some() {
        return Err(anyhow::anyhow!("there is a team {:?} already", options.team).into());
    }
    let begun = Instant::now();
    let crowd = Arc::new(crowd(&options, app.clock.now()));
    let admin = found_team(app, &crowd, &options.team).await?;
    let mut writer = Writer::begin(app, options.users).await?;
    let mut rows = writer.write(products(&crowd)).await?;
    // The next batch is thought up while one is written.
    let (sender, mut batches) = mpsc::channel(1);
    let thinking = tokio::task::spawn_blocking({
        let crowd = Arc::clone(&crowd);
        move || think_up(&crowd, &sender)
    });
    while let Some((users, batch)) = batches.recv().await {
        rows += writer.write(batch).await?;
        if let Some(tell) = &options.progress {
            tell(Progress {
                users,
                of: options.users,
                rows,
            });
        }
    }
    thinking.await.map_err(anyhow::Error::from)?;
    writer.finish().await?;
    for table in TABLES {
        let sql = format!("ANALYZE {}", table.name);
        app.db.connection().execute_unprepared(&sql).await?;
    }
    Ok(Filled {
        team: crowd.team,
        admin,
        rows,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

fn think_up(crowd: &Crowd, sender: &mpsc::Sender<(u64, Batch)>) {
    let mut from = 0;
    while from < crowd.users {
        let to = (from + CHUNK).min(crowd.users);
        let mut batch = Batch::default();
        for number in from..to {
            crowd.add(number, &mut batch);
        }
        // Nobody takes it if writing has failed.
        if sender.blocking_send((to, batch)).is_err() {
            return;
        }
        from = to;
    }
}

fn crowd(options: &BulkOptions, now: DateTime<Utc>) -> Crowd {
    let seed = seed_of(options.seed, &options.team);
    // Whole seconds are as long in SQLite as they need to be.
    let now = DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now);
    let mut dice = Dice::new(seed, u64::MAX);
    let made = opening(now);
    let team = TeamId(dice.id(made, 0));
    let products = (1..=PRODUCTS).map(|n| Product {
        id: dice.id(made, u16::try_from(n).unwrap_or(0)),
        price: 490 + 100 * dice.below(150),
        grace_days: [0, 0, 0, 7, 14][n % 5],
    });
    Crowd {
        team,
        seed,
        users: options.users,
        now,
        products: products.collect(),
    }
}

/// When the team began: before its first customer.
fn opening(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(3 * 365 + 30)
}

async fn found_team(app: &App, crowd: &Crowd, name: &str) -> Outcome<String> {
    let made = opening(crowd.now);
    let slug: String = input::searchable(name)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let row = team::Model {
        id: crowd.team,
        name: name.to_owned(),
        default_locale: Locale::Es,
        time_zone: "Europe/Madrid".to_owned(),
        currency: Currency::EUR,
        modules: json!(["BILLING", "COMMERCE", "SUPPORT"]),
        support_address: format!("support@{slug}.test"),
        portal_url: None,
        refund_reading_threshold_percent: 50,
        refund_recently_canceled_days: 30,
        recent_payment_days: 7,
        recurring_issue_count: 3,
        credit_limits: json!({ "STANDARD": 20_000, "PREMIUM": 50_000, "VIP": 200_000, "ENTERPRISE": 1_000_000 }),
        billing_specialist_id: None,
        account_manager_id: None,
        external_refund_access: ExternalRefundAccess::Revoke,
        created_at: made,
        updated_at: made,
    };
    let address = format!("admin@{slug}.test");
    let hash = passwords::hash(app, &PASSWORD.into()).await?;
    let mut tx = app.begin_as_system(crowd.team).await?;
    team::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(tx.db())
        .await?;
    let admin = NewUser {
        role: UserRole::Admin,
        features: vec![Feature::Impersonation],
        first_name: "Admin".into(),
        last_name: name.to_owned(),
        company_email: address.clone(),
        ..NewUser::default()
    };
    let admin = users::insert_or_find(&mut tx, admin).await?;
    passwords::store(&tx, admin, hash).await?;
    tx.audit("admin.created", admin);
    tx.commit().await?;
    Ok(address)
}

fn products(crowd: &Crowd) -> Batch {
    let mut batch = Batch::default();
    let made = opening(crowd.now);
    for (n, product) in crowd.products.iter().enumerate() {
        let name = format!(
            "{} {} {}",
            FORMS[n % FORMS.len()],
            TOPICS[n / FORMS.len() % TOPICS.len()],
            1 + n / 100
        );
        let search = input::searchable(&name);
        batch.add(
            In::Products,
            [
                product.id.into(),
                Cell::Id(crowd.team.0),
                format!("product-{n}").into(),
                name.into(),
                search.into(),
                Cell::Flag(n + 5 < PRODUCTS),
                product.grace_days.into(),
                made.into(),
                made.into(),
            ],
        );
    }
    batch
}
