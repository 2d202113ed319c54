//! Embedded: one process, nothing to install, nothing to configure, and nothing leaves the machine.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use domain::{
    adapters::files::try_folder,
    database::{Database, DatabaseSettings},
    teams::SecretName,
};
use entities::PaymentGateway;
use gateways::stripe::METADATA_REFUND;
use rand::RngExt;
use sandbox::{GatewayConfig, Payment, Refund, RefundStatus, RunningSandbox, Sandbox, SandboxConfig};
use secrecy::{ExposeSecret, SecretString};
use seed::{DemoOptions, GatewayBooks, GatewayRefunded, demo};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transport::{Limits, connections};
use worker::{Handlers, WorkerSettings};

use super::{
    parts,
    serve::{self, host_name},
};
use crate::{pages::first_steps::first_steps, server::Server, settings::Settings};

/// What the embedded mode makes up for itself at the first start and keeps.
#[derive(Serialize, Deserialize)]
struct Local {
    /// Hexadecimal; `POSTVENTA_SECRET_KEY` comes before it.
    secret_key: String,
    stripe_port: u16,
    mercado_pago_port: u16,
    /// Shown at each start: it opens a demo on this machine and nothing else.
    api_key: Option<String>,
}

/// Runs everything until `stop`.
pub async fn run(mut settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let listener = TcpListener::bind(settings.bind)
        .await
        .with_context(|| format!("POSTVENTA_BIND {}", settings.bind))?;
    let address = listener.local_addr()?;
    let folder = settings.data_dir.clone();
    std::fs::create_dir_all(&folder)
        .and_then(|()| try_folder(&folder))
        .with_context(|| {
            format!(
                "POSTVENTA_DATA_DIR: cannot write to the folder {}",
                folder.display()
            )
        })?;
    let mut local = Local::load(&folder)?;

    let sandbox = start_sandbox(&folder, &mut local, &format!("http://{address}")).await?;
    let simulated = &sandbox.sandbox;
    settings
        .gateways
        .stripe_api_base
        .get_or_insert(simulated.stripe.base_url().parse()?);
    settings
        .gateways
        .mercado_pago_api_base
        .get_or_insert(simulated.mercado_pago.base_url().parse()?);

    let url = settings.database_url.clone().unwrap_or_else(|| database(&folder));
    let db = Database::connect(&DatabaseSettings {
        pooling: settings.database_pooling,
        ..DatabaseSettings::new(url, settings.database_connections)
    })
    .await?;
    parts::make_tables(&db)
        .await
        .context("cannot migrate the database")?;
    let key = match &settings.secret_key {
        Some(key) => key.clone(),
        None => local.key()?,
    };
    let parts = parts::assemble(&settings, db, None, &key)?;
    parts::prepare_writing(&parts.app).await?;

    if seed::is_empty(&parts.app).await? {
        let made = seed::demo(&parts.app, demo_options()).await?;
        introduce(simulated, &made.gateways);
        local.api_key = Some(made.api_key.expose_secret().to_owned());
    }
    local.save(&folder)?;
    if demo::is_cut_off(&parts.app).await? {
        bail!(
            "the demo was not made to its end, for its first start was cut off: delete {} and start again",
            folder.display()
        );
    }

    let worker = WorkerSettings {
        concurrency: settings.concurrency.iter().copied().collect(),
        host: host_name(),
        ..WorkerSettings::default()
    };
    let health = Arc::clone(&worker.health);
    let purchase = demo::ORDER_DEMO_1.to_string();
    let server = Server {
        app: parts.app.clone(),
        limits: Limits {
            allowed_origins: settings.allowed_origins.clone(),
            ..Limits::default()
        },
        trusted_proxies: settings.trusted_proxies.clone(),
        introspection: settings.introspection,
        tabs: first_steps(demo::ADMIN, demo::PASSWORD, Some(&purchase)),
        mailbox: true,
        metrics: parts::metrics(),
        ready: Arc::new(move || health.is_ready()),
        shutdown: stop.clone(),
    };
    let router = server.router()?;
    let limits = serve::limits(&settings);
    let working = tokio::spawn(worker::run(
        parts.app,
        parts.wake_ups,
        Handlers::default(),
        worker,
        stop.clone(),
    ));
    greet(&format!("http://{address}"), &sandbox, &local);
    connections::serve(listener, router, limits, stop.clone()).await;
    working.await??;
    sandbox.stop().await;
    Ok(())
}

/// What commands beside an embedded installation work on, if they are told of no other: the one in the data folder.
pub fn beside(mut settings: Settings) -> anyhow::Result<Settings> {
    let folder = settings.data_dir.clone();
    if settings.database_url.is_some() || !Local::path(&folder).exists() {
        return Ok(settings);
    }
    let local = Local::load(&folder)?;
    settings.database_url = Some(database(&folder));
    if settings.secret_key.is_none() {
        settings.secret_key = Some(local.key()?);
    }
    let at = |port: u16| format!("http://127.0.0.1:{port}").parse();
    let gateways = &mut settings.gateways;
    gateways.stripe_api_base.get_or_insert(at(local.stripe_port)?);
    gateways
        .mercado_pago_api_base
        .get_or_insert(at(local.mercado_pago_port)?);
    Ok(settings)
}

fn database(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("postventa.sqlite").display())
}

impl Local {
    fn key(&self) -> anyhow::Result<Vec<u8>> {
        hex::decode(&self.secret_key).context("the data folder's key is damaged")
    }

    fn path(folder: &Path) -> PathBuf {
        folder.join("local.json")
    }

    fn load(folder: &Path) -> anyhow::Result<Self> {
        match std::fs::read_to_string(Self::path(folder)) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged", Self::path(folder).display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key: [u8; 32] = rand::rng().random();
                Ok(Self {
                    secret_key: hex::encode(key),
                    stripe_port: 0,
                    mercado_pago_port: 0,
                    api_key: None,
                })
            }
            Err(error) => Err(error).with_context(|| Self::path(folder).display().to_string()),
        }
    }

    /// Readable by its owner alone, and whole or not at all.
    fn save(&self, folder: &Path) -> anyhow::Result<()> {
        use std::{io::Write, os::unix::fs::OpenOptionsExt};
        let new = folder.join("local.json.new");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(new, Self::path(folder))?;
        Ok(())
    }
}

/// Starts both simulated gateways where they were before; what they know survives a restart.
async fn start_sandbox(folder: &Path, local: &mut Local, home: &str) -> anyhow::Result<RunningSandbox> {
    let mut config = SandboxConfig::default();
    let prepare = |gateway: &mut GatewayConfig, port: u16, name: &str| {
        gateway.port = port;
        gateway.journal = Some(folder.join(format!("{name}.jsonl")));
        gateway.webhook_url = Some(format!("{home}/webhooks/{}", name.replace('_', "")));
        gateway.settle_after = Some(Duration::from_secs(2));
    };
    prepare(&mut config.stripe, local.stripe_port, "stripe");
    prepare(&mut config.mercado_pago, local.mercado_pago_port, "mercado_pago");
    let sandbox = match Sandbox::start(config.clone()).await {
        Ok(sandbox) => sandbox,
        // Somebody else has taken the ports meanwhile: others will do.
        Err(_) if local.stripe_port != 0 => {
            config.stripe.port = 0;
            config.mercado_pago.port = 0;
            Sandbox::start(config).await?
        }
        Err(error) => return Err(error),
    };
    let port = |url: &str| {
        url.rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap_or(0)
    };
    local.stripe_port = port(sandbox.sandbox.stripe.base_url());
    local.mercado_pago_port = port(sandbox.sandbox.mercado_pago.base_url());
    Ok(sandbox)
}

fn demo_options() -> DemoOptions {
    let config = SandboxConfig::default();
    let secret = |text: &str| SecretString::from(text.to_owned());
    DemoOptions {
        gateway_secrets: vec![
            (SecretName::StripeSecretKey, secret(&config.stripe.secret_key)),
            (
                SecretName::StripeWebhookSecret,
                secret(&config.stripe.webhook_secret),
            ),
            (
                SecretName::MercadoPagoAccessToken,
                secret(&config.mercado_pago.secret_key),
            ),
            (
                SecretName::MercadoPagoWebhookSecret,
                secret(&config.mercado_pago.webhook_secret),
            ),
        ],
    }
}

/// Makes the demo's payments and refunds known at the simulated gateways.
fn introduce(sandbox: &Sandbox, books: &GatewayBooks) {
    for payment in &books.payments {
        let known = Payment::new(&payment.id, payment.amount_minor, payment.currency.as_str());
        match payment.gateway {
            PaymentGateway::Stripe => sandbox.stripe.add_payments([known]),
            PaymentGateway::MercadoPago => sandbox.mercado_pago.add_payments([known]),
            PaymentGateway::Paypal | PaymentGateway::Manual => {}
        }
    }
    for refund in &books.refunds {
        let known = known_refund(refund);
        match refund.gateway {
            PaymentGateway::Stripe => sandbox.stripe.add_refunds([known]),
            PaymentGateway::MercadoPago => sandbox.mercado_pago.add_refunds([known]),
            PaymentGateway::Paypal | PaymentGateway::Manual => {}
        }
    }
    for subscription in &books.subscriptions {
        let (id, currency) = (subscription.id.clone(), subscription.currency.to_string());
        match subscription.gateway {
            PaymentGateway::Stripe => sandbox.stripe.add_subscriptions([(id, currency)]),
            PaymentGateway::MercadoPago => sandbox.mercado_pago.add_subscriptions([(id, currency)]),
            PaymentGateway::Paypal | PaymentGateway::Manual => {}
        }
    }
}

fn known_refund(refund: &GatewayRefunded) -> Refund {
    let status = if refund.reversed {
        RefundStatus::Failed
    } else {
        RefundStatus::Succeeded
    };
    Refund {
        id: refund.id.clone(),
        payment: refund.payment.clone(),
        amount: refund.amount_minor,
        currency: refund.currency.to_string(),
        status,
        reason: None,
        failure_reason: None,
        metadata: [(METADATA_REFUND.to_owned(), refund.refund.to_string())].into(),
        key: None,
        fails_late: false,
        created_ms: refund.at.timestamp_millis(),
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the greeting is for the person who has started it"
)]
fn greet(home: &str, sandbox: &RunningSandbox, local: &Local) {
    let key = local.api_key.as_deref().unwrap_or("(made at the first start)");
    let sandbox = &sandbox.sandbox;
    println!(
        "\nPostventa is running, with a demo team.

  GraphiQL   {home}/            its first tabs sign in, find a customer, refund and watch
  GraphQL    {home}/graphql
  Mailbox    {home}/mailbox     the mails that would have gone out
  Gateways   {stripe}  (simulated Stripe)
             {mercado_pago}  (simulated MercadoPago)

  Accounts   {admin} (administrator), {agent} (agent); password {password}
  API key    {key}

A first query:

  curl -s {home}/graphql -H 'content-type: application/json' -H 'authorization: Bearer {key}' \\
    -d '{{\"query\":\"{{ users(first: 3, filter: {{ search: \\\"lucia\\\" }}) {{ nodes {{ firstName lastName planSubscription {{ status }} }} }} }}\"}}'
",
        stripe = sandbox.stripe.base_url(),
        mercado_pago = sandbox.mercado_pago.base_url(),
        admin = demo::ADMIN,
        agent = demo::AGENT,
        password = demo::PASSWORD,
    );
}
