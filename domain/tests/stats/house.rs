//! The product for one story: SQLite in a file, or PostgreSQL where `POSTVENTA_TEST_POSTGRES_URL` names a server
//! on which databases may be made.

use std::{path::PathBuf, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    App, Services, Settings,
    actor::{Actor, Principal, Scopes},
    adapters::{bus::LocalBus, files::FilesAt, mail::LocalMailbox, wake_ups::LocalWakeUps},
    clock::FixedClock,
    database::{Database, DatabaseSettings, Sql},
    ids::SeededIds,
    products::{self, ProductReport},
    stats::{self, ReadingOf, Recorded, SessionReport},
    teams::{self, GatewaySecrets, NewTeam},
    users::{self, NewUser},
    values,
    vault::Vault,
};
use entities::{Currency, Locale, ProductId, TeamId, UserId, UserRole};
use gateways::GatewayEndpoints;
use migration::Migrator;
use sea_orm_migration::MigratorTrait;
use url::Url;

/// A team with one reader and two titles, in a database of its own.
pub struct House {
    pub app: App,
    pub clock: Arc<FixedClock>,
    pub store: Actor,
    pub ana: UserId,
    pub book: ProductId,
    pub atlas: ProductId,
}

impl House {
    pub async fn open(name: &str) -> Self {
        let settings = database(name).await;
        let db = Database::connect(&settings).await.expect("a database");
        Migrator::up(db.connection().whole(), None).await.expect("tables");
        let clock = Arc::new(FixedClock::at("2026-03-02T12:00:00Z".parse().expect("a time")));
        let app = App::new(Services {
            db,
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(7)),
            wake_ups: Arc::new(LocalWakeUps::default()),
            bus: Arc::new(LocalBus::default()),
            gateways: gateways::all(GatewayEndpoints::default()).expect("gateways"),
            mail: Arc::new(LocalMailbox),
            files: FilesAt::Folder("nothing-is-kept".into())
                .open()
                .expect("a place for files"),
            vault: Vault::new(&[7; 32]),
            settings: Settings {
                public_url: Url::parse("http://localhost").expect("an address"),
                support_email_from: "support@example.com".into(),
                gateway_secrets: GatewaySecrets::default(),
            },
        });
        let store = Actor::system(team(&app, "Editora").await);
        let ana = person(&app, &store, "ana").await;
        let book = title(&app, &store, "book").await;
        let atlas = title(&app, &store, "atlas").await;
        Self {
            app,
            clock,
            store,
            ana,
            book,
            atlas,
        }
    }

    pub fn team(&self) -> TeamId {
        self.store.team
    }

    /// As the store may ask for it.
    pub fn reading_of(&self, user: UserId) -> ReadingOf {
        ReadingOf::new(&self.store, user).expect("a caller with every scope")
    }

    pub fn at(&self, minutes: i64) -> DateTime<Utc> {
        self.app.clock.now() + TimeDelta::minutes(minutes)
    }

    /// `from` and `minutes`: when it began, before or after now, and how long it lasted.
    pub fn session(&self, name: &str, from: i64, minutes: i64, percent_read: f64) -> SessionReport {
        SessionReport {
            external_id: name.into(),
            user: Ok(self.ana),
            product: Ok(self.book),
            started_at: Ok(self.at(from)),
            ended_at: Ok(Some(self.at(from + minutes))),
            seconds: minutes * 60,
            percent_read,
            device: None,
        }
    }

    pub async fn record(&self, reports: Vec<SessionReport>) -> Recorded {
        stats::record(&self.app, &self.store, reports)
            .await
            .expect("a batch")
    }

    pub async fn figures(&self) -> (i64, i64) {
        let stats = stats::overview(&self.app, &self.store, self.ana)
            .await
            .expect("figures");
        (stats.total_sessions, stats.total_seconds)
    }

    pub async fn audits(&self, action: &str) -> i64 {
        let sql = "SELECT count(*) FROM audit_entries WHERE action = $1";
        let row = self
            .app
            .db
            .connection()
            .row(sql, values![action])
            .await
            .expect("a count");
        row.expect("a row").try_get_by_index(0).expect("a number")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the test database is, is no setting of the product"
)]
async fn database(name: &str) -> DatabaseSettings {
    let settings = |url: String| DatabaseSettings::new(url, 4);
    if let Ok(server) = std::env::var("POSTVENTA_TEST_POSTGRES_URL") {
        let admin = Database::connect(&settings(server.clone()))
            .await
            .expect("a server");
        for sql in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
            let sql = format!("{sql} stats_{name}");
            admin.execute(&sql, Vec::new()).await.expect("a new database");
        }
        let mut url = Url::parse(&server).expect("an address");
        url.set_path(&format!("stats_{name}"));
        return settings(url.into());
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("stats-{name}.db"));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    settings(format!("sqlite://{}", path.display()))
}

pub async fn team(app: &App, name: &str) -> TeamId {
    let new = NewTeam {
        name: name.into(),
        default_locale: Locale::En,
        time_zone: "Europe/Madrid".into(),
        currency: "EUR".parse::<Currency>().expect("a currency"),
        support_address: "help@example.com".into(),
    };
    teams::create(app, new).await.expect("a team").id
}

pub async fn person(app: &App, actor: &Actor, name: &str) -> UserId {
    let mut tx = app.begin(actor).await.expect("a transaction");
    let new = NewUser {
        first_name: name.into(),
        company_email: format!("{name}@example.com"),
        ..NewUser::default()
    };
    let id = users::insert_or_find(&mut tx, new).await.expect("a person");
    tx.commit().await.expect("a commit");
    id
}

async fn title(app: &App, actor: &Actor, name: &str) -> ProductId {
    let report = ProductReport {
        external_id: name.into(),
        name: name.into(),
        active: true,
        grace_days: 0,
    };
    products::record(app, actor, report).await.expect("a product").id
}

pub fn as_user(team: TeamId, id: UserId, role: UserRole) -> Actor {
    Actor {
        principal: Principal::User { id, role },
        scopes: Scopes::of_role(role),
        ..Actor::system(team)
    }
}
