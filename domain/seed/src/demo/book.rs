//! The demo team's rows while they are thought up, and how they are written.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    EcosystemId, ProductId, TeamId, UserId, ecosystem, entitlement, entitlement_event, entitlement_grant,
    password, plan_subscription, product, purchase, reading_session, team_secret, title_reading, user,
    user_reading,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use domain::{adapters::gateways::Gateways, database::Transaction, error::Outcome, input};

/// The time in the ids of the demo, so that they are the same whenever it is made: 2026-01-01.
const BORN_MS: u64 = 1_767_225_600_000;

/// The id of something by its name: the same in every installation with the demo.
pub fn named(kind: &str, name: &str) -> Uuid {
    let hash = Sha256::digest(format!("{kind}/{name}"));
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&hash[..10]);
    uuid::Builder::from_unix_timestamp_millis(BORN_MS, &bytes).into_uuid()
}

/// The id of what the demo's scenarios make, by its number among them.
pub fn numbered(n: u64) -> Uuid {
    let hash = Sha256::digest(format!("scenario/{n}"));
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&hash[..10]);
    uuid::Builder::from_unix_timestamp_millis(BORN_MS + n, &bytes).into_uuid()
}

/// A number that belongs to a name: for what has to differ and stay the same.
pub fn number(name: &str) -> i64 {
    let hash = Sha256::digest(name);
    i64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]))
}

pub fn days_ago(now: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    now - TimeDelta::days(days)
}

/// So many days ago, at an hour of the day that belongs to the name.
pub fn about(now: DateTime<Utc>, days: i64, name: &str) -> DateTime<Utc> {
    days_ago(now, days) - TimeDelta::minutes(number(name) % 420)
}

/// The rows of the demo team that no scenario is told of, not yet written: its people, what is sold and read every day.
pub struct Book {
    pub team: TeamId,
    pub gateways: Gateways,
    pub now: DateTime<Utc>,
    pub agent: UserId,
    pub admin: UserId,
    pub products: Vec<product::Model>,
    pub ecosystems: Vec<ecosystem::Model>,
    pub users: Vec<user::Model>,
    pub passwords: Vec<password::Model>,
    pub secrets: Vec<team_secret::Model>,
    pub plans: Vec<plan_subscription::Model>,
    pub purchases: Vec<purchase::Model>,
    pub sessions: Vec<reading_session::Model>,
    pub titles: Vec<title_reading::Model>,
    pub readers: BTreeMap<UserId, user_reading::Model>,
    pub entitlements: Vec<entitlement::Model>,
    pub grants: Vec<entitlement_grant::Model>,
    pub history: Vec<entitlement_event::Model>,
}

impl Book {
    pub fn new(team: TeamId, gateways: Gateways, now: DateTime<Utc>) -> Self {
        Self {
            team,
            gateways,
            now,
            agent: user_id("agent"),
            admin: user_id("admin"),
            products: Vec::new(),
            ecosystems: Vec::new(),
            users: Vec::new(),
            passwords: Vec::new(),
            secrets: Vec::new(),
            plans: Vec::new(),
            purchases: Vec::new(),
            sessions: Vec::new(),
            titles: Vec::new(),
            readers: BTreeMap::new(),
            entitlements: Vec::new(),
            grants: Vec::new(),
            history: Vec::new(),
        }
    }

    pub fn days_ago(&self, days: i64) -> DateTime<Utc> {
        days_ago(self.now, days)
    }

    pub fn about(&self, days: i64, name: &str) -> DateTime<Utc> {
        about(self.now, days, name)
    }

    pub fn sell(&mut self, external_id: &str, name: &str, active: bool, grace_days: i64) {
        let made = self.days_ago(700);
        self.products.push(product::Model {
            id: product_id(external_id),
            team_id: self.team,
            external_id: external_id.to_owned(),
            name: name.to_owned(),
            search_text: input::searchable(name),
            active,
            grace_days,
            created_at: made,
            updated_at: made,
        });
    }

    pub fn grace_days(&self, of: ProductId) -> i64 {
        let product = self.products.iter().find(|product| product.id == of);
        product.map_or(0, |product| product.grace_days)
    }

    /// Writes everything, in the order in which rows refer to each other.
    pub async fn write(self, connection: &Transaction) -> Outcome<()> {
        insert::<product::Entity>(connection, self.products).await?;
        insert::<ecosystem::Entity>(connection, self.ecosystems).await?;
        insert::<user::Entity>(connection, self.users).await?;
        insert::<password::Entity>(connection, self.passwords).await?;
        insert::<team_secret::Entity>(connection, self.secrets).await?;
        insert::<plan_subscription::Entity>(connection, self.plans).await?;
        insert::<purchase::Entity>(connection, self.purchases).await?;
        insert::<reading_session::Entity>(connection, self.sessions).await?;
        insert::<title_reading::Entity>(connection, self.titles).await?;
        insert::<user_reading::Entity>(connection, self.readers.into_values().collect()).await?;
        insert::<entitlement::Entity>(connection, self.entitlements).await?;
        insert::<entitlement_grant::Entity>(connection, self.grants).await?;
        insert::<entitlement_event::Entity>(connection, self.history).await
    }
}

pub fn user_id(key: &str) -> UserId {
    UserId(named("user", key))
}

pub fn product_id(external_id: &str) -> ProductId {
    ProductId(named("product", external_id))
}

pub fn ecosystem_id(owner: &str) -> EcosystemId {
    EcosystemId(named("ecosystem", owner))
}

async fn insert<E>(connection: &Transaction, rows: Vec<E::Model>) -> Outcome<()>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let mut rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    loop {
        // SQLite takes 32,766 values in a statement.
        let chunk: Vec<_> = rows.by_ref().take(500).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        E::insert_many(chunk).exec_without_returning(connection).await?;
    }
}
