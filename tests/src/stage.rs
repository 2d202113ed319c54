//! The stage of a story: a team with its people and its shop, a clock that stands still, workers that are
//! stepped by hand, simulated gateways, and the real router in front of it all.

use std::sync::Arc;

use api::server::{self, Server};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use domain::{
    App, Services, Settings,
    adapters::{bus::LocalBus, files::FilesAt, wake_ups::LocalWakeUps},
    clock::FixedClock,
    database::Database,
    identity::{passwords, sessions},
    ids::SystemIds,
    operations,
    teams::{self, GatewaySecrets, NewTeam},
    users::{self, NewUser},
    vault::{Token, Vault},
};
use entities::{Currency, Locale, TeamId, mail, session};
use gateways::GatewayEndpoints;
use sandbox::{GatewayConfig, Payment, RunningSandbox, Sandbox, SandboxClock, SandboxConfig};
use sea_orm::{ActiveModelTrait, EntityTrait, QueryOrder, Set};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transport::Limits;
use worker::{Finished, Handlers};

use crate::{client::Client, database::TestDatabase, post::Post, statements::Statements};

/// The password of everybody on the stage.
pub const PASSWORD: &str = "postventa-story";
pub const ADMIN: &str = "admin@aurora.test";
pub const AGENT: &str = "agent@aurora.test";

pub struct Stage {
    pub database: TestDatabase,
    pub app: App,
    pub clock: Arc<FixedClock>,
    pub gateway_clock: SandboxClock,
    pub sandbox: Sandbox,
    pub post: Arc<Post>,
    pub team: TeamId,
    pub url: String,
    pub admin: Client,
    /// What was asked of the database.
    pub statements: Statements,
    /// What it keeps on the disk, its files usually; it goes with the stage.
    pub files: tempfile::TempDir,
    files_at: FilesAt,
    office: tokio::sync::OnceCell<Client>,
    running: RunningSandbox,
    stop: CancellationToken,
    ended: bool,
}

impl Stage {
    /// A team in English, paid in euros, with an administrator who has signed in.
    pub async fn new() -> Self {
        Self::with_gateways(|_| {}).await
    }

    /// The same, with other gateways than the usual ones.
    pub async fn with_gateways(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        Self::build(change, None, TestDatabase::fresh().await).await
    }

    /// The same, on this database.
    pub async fn on(database: TestDatabase) -> Self {
        Self::build(|_| {}, None, database).await
    }

    /// The same, with its files somewhere else.
    pub async fn with_files_at(files_at: FilesAt) -> Self {
        Self::build(|_| {}, Some(files_at), TestDatabase::fresh().await).await
    }

    async fn build(
        change: impl FnOnce(&mut SandboxConfig),
        files_at: Option<FilesAt>,
        database: TestDatabase,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut db = database.connect().await;
        let statements = Statements::default();
        statements.hear(&mut db);
        let clock = Arc::new(FixedClock::at(noon()));
        let gateway_clock = SandboxClock::fixed(noon());
        let mut config = SandboxConfig {
            clock: gateway_clock.clone(),
            ..SandboxConfig::default()
        };
        change(&mut config);
        let (stripe, mercado_pago) = (config.stripe.clone(), config.mercado_pago.clone());
        let running = Sandbox::start(config)
            .await
            .expect("the simulated gateways start");
        let sandbox = running.sandbox.clone();
        let post = Arc::new(Post::default());
        let files = tempfile::tempdir().expect("a folder");
        let files_at = files_at.unwrap_or_else(|| FilesAt::Folder(files.path().join("files")));
        let app = App::new(services(db, &clock, &post, (&sandbox, &files_at)));
        let stop = CancellationToken::new();
        let url = serve(&app, &stop).await;
        let team = team(&app, "Aurora", ADMIN).await;
        let admin = Client::sign_in(&url, ADMIN, PASSWORD).await;
        let stage = Self {
            database,
            app,
            clock,
            gateway_clock,
            sandbox,
            post,
            team,
            url,
            admin,
            statements,
            files,
            files_at,
            office: tokio::sync::OnceCell::new(),
            running,
            stop,
            ended: false,
        };
        stage.set_up_gateways(&stripe, &mercado_pago).await;
        stage
    }

    async fn set_up_gateways(&self, stripe: &GatewayConfig, mercado_pago: &GatewayConfig) {
        let input = json!({
            "stripeSecretKey": stripe.secret_key,
            "stripeWebhookSecret": stripe.webhook_secret,
            "mercadoPagoAccessToken": mercado_pago.secret_key,
            "mercadoPagoWebhookSecret": mercado_pago.webhook_secret,
        });
        self.set_up(input).await;
        self.sandbox
            .stripe
            .set_webhook_url(format!("{}/webhooks/stripe", self.url));
        self.sandbox
            .mercado_pago
            .set_webhook_url(format!("{}/webhooks/mercadopago", self.url));
    }

    /// A member of staff who has signed in.
    pub async fn staff(&self, email: &str, role: entities::UserRole) -> Client {
        self.staff_speaking(email, role, Locale::En).await
    }

    /// The same, who reads another language.
    pub async fn staff_speaking(&self, email: &str, role: entities::UserRole, locale: Locale) -> Client {
        self.person(email, role, locale, Some(PASSWORD)).await;
        Client::sign_in(&self.url, email, PASSWORD).await
    }

    pub async fn agent(&self) -> Client {
        self.staff(AGENT, entities::UserRole::Agent).await
    }

    /// Another team on the same installation, with its administrator signed in.
    pub async fn other_team(&self) -> Client {
        team(&self.app, "Boreal", "admin@boreal.test").await;
        Client::sign_in(&self.url, "admin@boreal.test", PASSWORD).await
    }

    /// A customer's id.
    pub async fn customer(&self, email: &str) -> String {
        self.customer_speaking(email, Locale::En).await
    }

    /// A customer's id, who reads this language.
    pub async fn customer_speaking(&self, email: &str, locale: Locale) -> String {
        self.person(email, entities::UserRole::Member, locale, None)
            .await
            .to_string()
    }

    /// The same caller at another process of the API, which shares nothing with the first but the database.
    pub async fn elsewhere(&self, client: &Client) -> Client {
        let db = self.database.connect().await;
        let app = App::new(services(
            db,
            &self.clock,
            &self.post,
            (&self.sandbox, &self.files_at),
        ));
        Client::new(&serve(&app, &self.stop).await, client.token.clone())
    }

    /// The address of another process of the same installation, which has credentials of its own for teams without.
    pub async fn installation_with(&self, secrets: GatewaySecrets) -> String {
        let db = self.database.connect().await;
        let mut services = services(db, &self.clock, &self.post, (&self.sandbox, &self.files_at));
        services.settings.gateway_secrets = secrets;
        serve(&App::new(services), &self.stop).await
    }

    /// An integration with a key of its own.
    pub async fn integration(&self, scopes: &[&str]) -> Client {
        let input = json!({ "name": "Shop", "scopes": scopes });
        let made = self
            .admin
            .mutate("apiKeyCreate", "ApiKeyCreateInput", input, "secret")
            .await;
        Client::new(&self.url, Some(text(&made.accepted()["secret"])))
    }

    /// The team's own integration: unlike a person's session, its key outlasts days and weeks.
    pub async fn office(&self) -> &Client {
        let scopes = [
            "users.read",
            "users.write",
            "stats.write",
            "refunds.read",
            "refunds.write",
            "commerce.entitlements.read",
        ];
        self.office.get_or_init(|| self.integration(&scopes)).await
    }

    /// Changes the team's settings as its administrator.
    pub async fn set_up(&self, change: Value) {
        let answer = self.admin.mutate(
            "teamSettingsUpdate",
            "TeamSettingsUpdateInput",
            change,
            "team { id }",
        );
        answer.await.accepted();
    }

    /// A customer who has come in by a link: they have no password.
    pub async fn customer_session(&self, customer: &str) -> Client {
        let tx = self.app.begin_as_system(self.team).await.expect("a transaction");
        let token = Token::new(&*self.app.ids, sessions::TOKEN_PREFIX);
        let row = session::ActiveModel {
            id: Set(tx.id()),
            team_id: Set(self.team),
            user_id: Set(customer.parse().expect("an id")),
            token_hash: Set(token.hash),
            impersonator_id: Set(None),
            impersonation_reason: Set(None),
            created_at: Set(tx.now()),
            expires_at: Set(tx.now() + TimeDelta::hours(12)),
            revoked_at: Set(None),
            ip_address: Set(None),
            user_agent: Set(None),
        };
        row.insert(tx.db()).await.expect("a session");
        tx.commit().await.expect("a commit");
        Client::new(&self.url, Some(token.shown))
    }

    async fn person(
        &self,
        email: &str,
        role: entities::UserRole,
        locale: Locale,
        password: Option<&str>,
    ) -> entities::UserId {
        let mut tx = self.app.begin_as_system(self.team).await.expect("a transaction");
        let new = NewUser {
            role,
            first_name: email.split('@').next().unwrap_or_default().to_owned(),
            last_name: "Story".into(),
            company_email: email.to_owned(),
            locale: Some(locale),
            ..NewUser::default()
        };
        let id = users::insert_or_find(&mut tx, new).await.expect("a person");
        if let Some(password) = password {
            let hash = passwords::hash(&self.app, &password.to_owned().into())
                .await
                .expect("a hash");
            passwords::store(&tx, id, hash).await.expect("a password");
        }
        tx.commit().await.expect("a commit");
        id
    }

    pub fn anonymous(&self) -> Client {
        Client::new(&self.url, None)
    }

    /// Does everything that is due now, one after the other.
    pub async fn run_jobs(&self) -> Vec<Finished> {
        worker::run_due(&self.app, &Handlers::default())
            .await
            .expect("jobs run")
    }

    /// Announces what has happened to access by itself, as a worker does each second.
    pub async fn announce(&self) -> usize {
        domain::entitlements::transitions::announce(&self.app)
            .await
            .expect("announcements")
    }

    /// Moves both clocks on, then does what has become due.
    pub async fn later(&self, by: TimeDelta) -> Vec<Finished> {
        self.pass(by);
        self.run_jobs().await
    }

    /// Moves both clocks on.
    pub fn pass(&self, by: TimeDelta) {
        self.clock.advance(by);
        self.gateway_clock
            .advance(by.to_std().expect("time goes forward"));
    }

    /// Lets the gateways deliver what they have to say, and works it off.
    pub async fn hear_gateways(&self) {
        self.sandbox.stripe.webhooks_settled().await;
        self.sandbox.mercado_pago.webhooks_settled().await;
        self.run_jobs().await;
    }

    /// Does what is due, hears the gateways and moves on, until there is nothing left to do.
    pub async fn until_quiet(&self) {
        for _ in 0..60 {
            self.run_jobs().await;
            self.hear_gateways().await;
            if self.jobs_left().await == 0 {
                return;
            }
            self.pass(TimeDelta::minutes(16));
        }
        panic!("there is always something left to do");
    }

    pub async fn jobs_left(&self) -> i64 {
        domain::jobs::store::unfinished(&self.app.db)
            .await
            .expect("jobs are counted")
    }

    /// All mails so far, oldest first.
    pub async fn mails(&self) -> Vec<mail::Model> {
        let mails = mail::Entity::find().order_by_asc(mail::Column::Id);
        mails.all(self.app.db.connection()).await.expect("mails")
    }

    /// Ends the story: no job may be left over, and every promise must hold.
    pub async fn end(mut self) {
        self.ended = true;
        let left = self.jobs_left().await;
        assert_eq!(left, 0, "jobs are left over: run_jobs before the end");
        self.end_with_jobs_left().await;
    }

    /// For whoever has seen already that something is wrong, and says so.
    pub fn give_up(mut self) {
        self.ended = true;
    }

    /// For stories that end in the middle, e.g. of a refund that the gateway will confirm later.
    pub async fn end_with_jobs_left(mut self) {
        self.ended = true;
        let violations = operations::verify(&self.app)
            .await
            .expect("the promises are checked");
        assert!(violations.is_empty(), "promises are broken: {violations:#?}");
        self.stop.cancel();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = &self.running;
        assert!(
            self.ended || std::thread::panicking(),
            "a story has to end with Stage::end"
        );
    }
}

/// When stories begin.
pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0)
        .single()
        .expect("a time")
}

/// A process's surroundings: its own connections, wake-ups and bus; the clock, the post, the gateways and the files are
/// everybody's.
fn services(
    db: Database,
    clock: &Arc<FixedClock>,
    post: &Arc<Post>,
    (sandbox, files_at): (&Sandbox, &FilesAt),
) -> Services {
    let endpoint = |url: &str| Some(url.parse().expect("a base address"));
    Services {
        db,
        clock: clock.clone(),
        ids: Arc::new(SystemIds::default()),
        wake_ups: Arc::new(LocalWakeUps::default()),
        bus: Arc::new(LocalBus::default()),
        gateways: gateways::all(GatewayEndpoints {
            stripe_api_base: endpoint(sandbox.stripe.base_url()),
            mercado_pago_api_base: endpoint(sandbox.mercado_pago.base_url()),
            timeout: std::time::Duration::from_millis(1500),
        })
        .expect("the gateway clients"),
        mail: post.clone(),
        files: files_at.open().expect("a place for files"),
        vault: Vault::new(&[7; 32]),
        settings: Settings {
            public_url: "http://localhost".parse().expect("an address"),
            support_email_from: "support@postventa.test".into(),
            gateway_secrets: GatewaySecrets::default(),
        },
    }
}

async fn serve(app: &App, stop: &CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = Server {
        app: app.clone(),
        limits: Limits::default(),
        // As behind a proxy on the same machine, for who says so.
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("an address")],
        introspection: true,
        tabs: Vec::new(),
        mailbox: true,
        metrics: None,
        ready: Arc::new(|| true),
        shutdown: stop.clone(),
    };
    tokio::spawn(server::serve(
        listener,
        server.router().expect("the router"),
        stop.clone(),
    ));
    format!("http://{address}")
}

async fn team(app: &App, name: &str, admin: &str) -> TeamId {
    let new = NewTeam {
        name: name.into(),
        default_locale: Locale::En,
        time_zone: "Europe/Madrid".into(),
        currency: Currency::EUR,
        support_address: format!("support@{}.test", name.to_lowercase()),
    };
    let team = teams::create(app, new).await.expect("a team").id;
    let password = PASSWORD.to_owned().into();
    domain::identity::staff::create_admin(app, team, admin, &password, Locale::En)
        .await
        .expect("an administrator");
    team
}

/// A sale to be recorded; change what matters to the story.
#[derive(Clone, Debug)]
pub struct Sale {
    pub external_id: String,
    pub user: String,
    pub product: String,
    pub gateway: &'static str,
    pub payment: String,
    pub subscription: Option<String>,
    pub minor: i64,
    pub currency: &'static str,
    pub kind: &'static str,
    pub access_until: Option<&'static str>,
    pub status: &'static str,
    /// The gateway takes its time to confirm refunds of it, as with Pix or a bank transfer.
    pub slow: bool,
}

impl Sale {
    /// 30.00 EUR through Stripe.
    pub fn of(user: &str, product: &str, number: u32) -> Self {
        Self {
            external_id: format!("order-{number}"),
            user: user.to_owned(),
            product: product.to_owned(),
            gateway: "STRIPE",
            payment: format!("pi_story{number:08}"),
            subscription: None,
            minor: 3000,
            currency: "EUR",
            kind: "SINGLE",
            access_until: None,
            status: "ACTIVE",
            slow: false,
        }
    }

    /// Grants access until then, instead of for life.
    #[must_use]
    pub fn until(mut self, end: &'static str) -> Self {
        self.access_until = Some(end);
        self
    }

    #[must_use]
    pub fn at_mercado_pago(mut self, number: u64) -> Self {
        self.gateway = "MERCADO_PAGO";
        self.payment = number.to_string();
        self
    }
}

impl Stage {
    /// A product's id.
    pub async fn product(&self, name: &str) -> String {
        let input = json!({ "externalId": format!("product-{name}"), "name": name });
        let office = self.office().await;
        let answer = office
            .mutate("productRecord", "ProductRecordInput", input, "product { id }")
            .await;
        text(&answer.accepted()["product"]["id"])
    }

    /// Records a sale, at the gateway and with us. The purchase's id.
    pub async fn sell(&self, sale: &Sale) -> String {
        let mut payment = Payment::new(&sale.payment, sale.minor, sale.currency);
        payment.slow = sale.slow;
        match sale.gateway {
            "STRIPE" => self.sandbox.stripe.add_payments([payment]),
            "MERCADO_PAGO" => self.sandbox.mercado_pago.add_payments([payment]),
            _ => {}
        }
        let currency: Currency = sale.currency.parse().expect("a currency");
        let input = json!({
            "externalId": sale.external_id,
            "userId": sale.user,
            "productId": sale.product,
            "kind": sale.kind,
            "gateway": sale.gateway,
            "gatewayPaymentId": sale.payment,
            "gatewaySubscriptionId": sale.subscription,
            "amount": { "amount": entities::Money::new(sale.minor, currency).to_major(), "currency": sale.currency },
            "status": sale.status,
            "purchasedAt": "2026-02-20T10:00:00.000Z",
            "accessUntil": sale.access_until,
        });
        let office = self.office().await;
        let answer = office
            .mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }")
            .await;
        text(&answer.accepted()["purchase"]["id"])
    }

    /// Reports that somebody has read a title so far, and for how long.
    pub async fn read(&self, user: &str, product: &str, percent: f64, minutes: i64) {
        let started_at = self.app.clock.now() - TimeDelta::minutes(minutes);
        let session = json!({
            "externalId": format!("{user}-{product}-{percent}"), "userId": user, "productId": product,
            "percentRead": percent, "seconds": minutes * 60,
            "startedAt": started_at.to_rfc3339(), "endedAt": self.app.clock.now().to_rfc3339(),
        });
        let input = json!({ "sessions": [session] });
        let answer = self.office().await.mutate(
            "readingSessionsRecord",
            "ReadingSessionsRecordInput",
            input,
            "recorded",
        );
        assert_eq!(answer.await.accepted()["recorded"], 1);
    }

    /// Whether a user may use a product now.
    pub async fn may_use(&self, user: &str, product: &str) -> bool {
        let query = "query($u: ID!, $p: ID!) { access(userId: $u, productId: $p) { allowed } }";
        let office = self.office().await;
        let answer = office.ask(query, json!({ "u": user, "p": product })).await.data();
        answer["access"]["allowed"].as_bool().expect("a yes or a no")
    }
}

/// A JSON string's text.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}
