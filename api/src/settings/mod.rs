//! Settings: from the environment, over an optional TOML file. A value that makes no sense stops the start
//! with one sentence that names it.

mod addresses;
mod names;
#[cfg(test)]
mod nonsense;
mod public_url;
mod source;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{anyhow, bail};
use domain::{
    adapters::{
        files::{Bucket, FilesAt, PATIENCE},
        mail::SmtpSettings,
        tls::Authorities,
    },
    database::Pooling,
    teams::{GatewaySecrets, SecretName},
};
use gateways::GatewayEndpoints;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use transport::{Origin, connections::ConnectionLimits};
use url::{Host, Url};

pub use self::{names::NAMES, source::Source};

/// Whether an error is about a setting: its sentence begins with the name.
pub fn is_about_a_setting(error: &anyhow::Error) -> bool {
    let said = error.to_string();
    NAMES.iter().any(|(name, _)| {
        let rest = said.strip_prefix(name);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c == '_' || c.is_alphanumeric()))
    })
}

/// Every setting as it was read: parsed, checked and with its default. docs/OPERATIONS.md lists the variables.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `POSTVENTA_BIND`.
    pub bind: SocketAddr,
    /// `POSTVENTA_DATA_DIR`: the folder of the embedded mode, and of `files` unless they have another place.
    pub data_dir: PathBuf,
    /// `POSTVENTA_FILES` and `POSTVENTA_S3_…`: where exported files are kept.
    pub files: FilesAt,
    /// `POSTVENTA_PUBLIC_URL`, or `http://` and `bind`: what the links in answers begin with.
    pub public_url: Url,
    /// `POSTVENTA_SECRET_KEY`: at least 32 bytes. None if unset: the embedded mode makes one, `serve` and `worker`
    /// do not start.
    pub secret_key: Option<Vec<u8>>,
    /// `POSTVENTA_INTROSPECTION`: also for GraphiQL and for suggestions in error messages.
    pub introspection: bool,
    /// `POSTVENTA_ALLOWED_ORIGINS`: other origins whose pages may call. None of them: only our own.
    pub allowed_origins: Vec<Origin>,
    /// `POSTVENTA_MAX_CONNECTIONS` and `POSTVENTA_MAX_CONNECTIONS_PER_ADDRESS`: at once, of clients.
    pub connections: (usize, usize),
    /// `POSTVENTA_TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `POSTGRES_URL`, else `DATABASE_URL`. None: the SQLite file in `data_dir`, in the embedded mode only.
    pub database_url: Option<String>,
    /// `POSTVENTA_DB_CONNECTIONS`: of this process, 2 to 200.
    pub database_connections: u32,
    /// `POSTVENTA_DB_POOLING`: what stands in front of PostgreSQL, if it is not to be found out.
    pub database_pooling: Pooling,
    /// `REDIS_URL`. The embedded mode does not use it.
    pub redis_url: Option<String>,
    /// `POSTVENTA_EXTRA_CA_FILE`: whom all calls to other servers trust beside the usual authorities.
    pub authorities: Authorities,
    /// `SMTP_…`. None: mails are kept in the local mailbox and not sent.
    pub smtp: Option<SmtpSettings>,
    /// `SUPPORT_EMAIL_FROM`: the sender for teams without an address of their own.
    pub support_email_from: String,
    /// `STRIPE_API_BASE`, `MERCADO_PAGO_API_BASE`, `GATEWAY_TIMEOUT_SECONDS`.
    pub gateways: GatewayEndpoints,
    /// The installation's own gateway credentials, for teams without their own.
    pub gateway_secrets: GatewaySecrets,
    /// `POSTVENTA_LOG`: a filter that was parsed once, so it is a valid one.
    pub log: String,
    /// `POSTVENTA_LOG_FORMAT`. None: text on a terminal, JSON elsewhere.
    pub log_json: Option<bool>,
    /// `POSTVENTA_WORKER_CONCURRENCY`: jobs at once for the queues that are named; the others have their defaults.
    pub concurrency: Vec<(domain::jobs::Queue, usize)>,
}

impl Settings {
    /// Reads all of them. The error is one sentence that names the setting; it never repeats a value that may be
    /// secret.
    pub fn from(source: &Source) -> anyhow::Result<Self> {
        source.check()?;
        let bind = "an address and a port such as 127.0.0.1:8080 or [::1]:8080";
        let bind: SocketAddr = source
            .parsed("POSTVENTA_BIND", bind)
            .map_err(|error| {
                let text = source.text("POSTVENTA_BIND").unwrap_or_default();
                anyhow!("{error}{}", addresses::usual_mistake(text))
            })?
            .unwrap_or(([127, 0, 0, 1], 8080).into());
        let public_url = public_url::read(source, bind)?;
        let database = ["POSTGRES_URL", "DATABASE_URL"];
        for name in database {
            source.url(name, &["postgres", "postgresql", "sqlite"])?;
        }
        let database = database.into_iter().find(|name| source.text(name).is_some());
        // One is held while the maintenance round works with another.
        let connections = source.number("POSTVENTA_DB_CONNECTIONS", 2..=200)?.unwrap_or(8);
        let from = source
            .text("SUPPORT_EMAIL_FROM")
            .unwrap_or("support@postventa.example")
            .to_owned();
        if !is_address(&from) {
            bail!(
                "SUPPORT_EMAIL_FROM must be an e-mail address, not {}",
                source::shown(&from)
            );
        }
        let log_json = match source.text("POSTVENTA_LOG_FORMAT") {
            None => None,
            Some("json") => Some(true),
            Some("text") => Some(false),
            Some(other) => bail!("POSTVENTA_LOG_FORMAT must be text or json, not {other:?}"),
        };
        let data_dir: PathBuf = source.text("POSTVENTA_DATA_DIR").unwrap_or("data").into();
        Ok(Self {
            bind,
            files: files(source, &data_dir)?,
            data_dir,
            public_url,
            secret_key: secret_key(source)?,
            introspection: source.switch("POSTVENTA_INTROSPECTION")?.unwrap_or(true),
            allowed_origins: allowed_origins(source)?,
            connections: connections_at_once(source)?,
            trusted_proxies: trusted_proxies(source)?,
            database_url: database.and_then(|name| source.text(name)).map(str::to_owned),
            database_connections: connections,
            database_pooling: source
                .parsed("POSTVENTA_DB_POOLING", "auto, session or transaction")?
                .unwrap_or_default(),
            redis_url: addresses::redis(source)?,
            authorities: addresses::authorities(source)?,
            smtp: smtp(source)?,
            support_email_from: from,
            gateways: gateways(source)?,
            gateway_secrets: gateway_secrets(source)?,
            log: log_filter(source)?,
            log_json,
            concurrency: concurrency(source)?,
        })
    }
}

/// Each by itself: a pattern would let pages in that nobody has thought of.
fn allowed_origins(source: &Source) -> anyhow::Result<Vec<Origin>> {
    let list = source.text("POSTVENTA_ALLOWED_ORIGINS").unwrap_or_default();
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            Origin::read(part).ok_or_else(|| {
                let part = source::shown(part);
                anyhow!(
                    "POSTVENTA_ALLOWED_ORIGINS must name each origin, as in https://app.example.com,http://localhost:5173; {part} is none"
                )
            })
        })
        .collect()
}

fn connections_at_once(source: &Source) -> anyhow::Result<(usize, usize)> {
    let usual = ConnectionLimits::default();
    let total = source.number("POSTVENTA_MAX_CONNECTIONS", 16..=1_000_000)?;
    let per_address = source.number("POSTVENTA_MAX_CONNECTIONS_PER_ADDRESS", 1..=1_000_000)?;
    Ok((
        total.unwrap_or(usual.total),
        per_address.unwrap_or(usual.per_address),
    ))
}

/// A sender without a name: `help@shop.example`.
fn is_address(text: &str) -> bool {
    let is_plain = |c: char| !c.is_whitespace() && !"<>()[],;:\\\"".contains(c);
    text.rsplit_once('@').is_some_and(|(who, at)| {
        !who.is_empty() && text.chars().all(is_plain) && !who.contains('@') && Host::parse(at).is_ok()
    })
}

fn trusted_proxies(source: &Source) -> anyhow::Result<Vec<IpNet>> {
    let list = source.text("POSTVENTA_TRUSTED_PROXIES").unwrap_or_default();
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let net = part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| {
                let part = source::shown(part);
                anyhow!("POSTVENTA_TRUSTED_PROXIES must look like 10.0.0.0/8,192.0.2.1; {part} does not")
            })
        })
        .collect()
}

/// A path, or `s3://bucket/prefix` with its credentials.
fn files(source: &Source, data_dir: &Path) -> anyhow::Result<FilesAt> {
    let endpoint = source.url("POSTVENTA_S3_ENDPOINT", &["http", "https"])?;
    let region = source.text("POSTVENTA_S3_REGION").unwrap_or("us-east-1");
    if !region
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    {
        bail!(
            "POSTVENTA_S3_REGION must look like eu-west-1, not {}",
            source::shown(region)
        );
    }
    let credentials = (
        source.token("POSTVENTA_S3_ACCESS_KEY_ID")?,
        source.token("POSTVENTA_S3_SECRET_ACCESS_KEY")?,
    );
    let Some(text) = source.text("POSTVENTA_FILES") else {
        return Ok(FilesAt::Folder(data_dir.join("files")));
    };
    let wrong = || {
        let text = source::shown(text);
        anyhow!("POSTVENTA_FILES must be a folder or look like s3://bucket/prefix, not {text}")
    };
    let Some(rest) = text.strip_prefix("s3://") else {
        return if text.contains("://") || text.starts_with("s3:") {
            Err(wrong())
        } else {
            Ok(FilesAt::Folder(text.into()))
        };
    };
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    if name.is_empty() || !rest.chars().all(is_plain) || prefix.contains("//") {
        return Err(wrong());
    }
    let needed = |name: &str, secret: Option<SecretString>| {
        secret.ok_or_else(|| anyhow!("{name} is missing beside POSTVENTA_FILES {text}"))
    };
    let (id, secret) = credentials;
    Ok(FilesAt::Bucket(Bucket {
        name: name.to_owned(),
        prefix: prefix.trim_end_matches('/').to_owned(),
        region: region.to_owned(),
        endpoint,
        access_key_id: needed("POSTVENTA_S3_ACCESS_KEY_ID", id)?
            .expose_secret()
            .to_owned(),
        secret_access_key: needed("POSTVENTA_S3_SECRET_ACCESS_KEY", secret)?,
        patience: PATIENCE,
    }))
}

fn log_filter(source: &Source) -> anyhow::Result<String> {
    let filter = source.text("POSTVENTA_LOG").unwrap_or("info,apalis_core=warn");
    // A word that is no level would be taken for a module, and everything else left out.
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let is_said =
        |part: &str| part.contains(['=', '[']) || levels.contains(&part.trim().to_lowercase().as_str());
    match tracing_subscriber::EnvFilter::try_new(filter) {
        Ok(_) if filter.split(',').all(is_said) => Ok(filter.to_owned()),
        _ => bail!(
            "POSTVENTA_LOG must look like info,sea_orm=warn, not {}",
            source::shown(filter)
        ),
    }
}

fn secret_key(source: &Source) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(text) = source.text("POSTVENTA_SECRET_KEY") else {
        return Ok(None);
    };
    let key = hex::decode(text).ok().filter(|key| key.len() >= 32);
    key.map(Some)
        .ok_or_else(|| anyhow!("POSTVENTA_SECRET_KEY must be at least 64 hexadecimal digits"))
}

fn smtp(source: &Source) -> anyhow::Result<Option<SmtpSettings>> {
    let port = source.number("SMTP_PORT", 1..=u16::MAX)?.unwrap_or(587);
    let credentials = match (source.text("SMTP_USER"), source.secret("SMTP_PASSWORD")) {
        (Some(user), Some(password)) => Some((user.to_owned(), password)),
        (None, None) => None,
        (Some(_), None) => bail!("SMTP_PASSWORD is missing beside SMTP_USER"),
        (None, Some(_)) => bail!("SMTP_USER is missing beside SMTP_PASSWORD"),
    };
    let Some(host) = addresses::host(source, "SMTP_HOST")? else {
        return match credentials {
            Some(_) => bail!("SMTP_HOST is missing beside SMTP_USER"),
            None => Ok(None),
        };
    };
    Ok(Some(SmtpSettings {
        host,
        port,
        credentials,
        allow_plain: false,
        timeout: Duration::from_secs(30),
        connections: 4,
    }))
}

fn gateways(source: &Source) -> anyhow::Result<GatewayEndpoints> {
    // A job may take 60 seconds: a longer wait at the gateway would be cut in the middle.
    let seconds = source.number("GATEWAY_TIMEOUT_SECONDS", 1..=50)?.unwrap_or(20);
    Ok(GatewayEndpoints {
        stripe_api_base: source.url("STRIPE_API_BASE", &["http", "https"])?,
        mercado_pago_api_base: source.url("MERCADO_PAGO_API_BASE", &["http", "https"])?,
        timeout: Duration::from_secs(seconds),
    })
}

fn gateway_secrets(source: &Source) -> anyhow::Result<GatewaySecrets> {
    let mut secrets = GatewaySecrets::default();
    for (name, secret) in [
        ("STRIPE_API_KEY", SecretName::StripeSecretKey),
        ("STRIPE_WEBHOOK_SECRET", SecretName::StripeWebhookSecret),
        ("MERCADO_PAGO_ACCESS_TOKEN", SecretName::MercadoPagoAccessToken),
        (
            "MERCADO_PAGO_WEBHOOK_SECRET",
            SecretName::MercadoPagoWebhookSecret,
        ),
        ("PAYPAL_CLIENT_ID", SecretName::PaypalClientId),
        ("PAYPAL_CLIENT_SECRET", SecretName::PaypalClientSecret),
    ] {
        if let Some(value) = source.token(name)? {
            secrets.set(secret, value);
        }
    }
    Ok(secrets)
}

fn concurrency(source: &Source) -> anyhow::Result<Vec<(domain::jobs::Queue, usize)>> {
    let wrong = |part: &str| {
        let part = source::shown(part);
        anyhow!("POSTVENTA_WORKER_CONCURRENCY must look like refunds=32,emails=8; {part} does not")
    };
    let read = |part: &str| {
        let (queue, number) = part.split_once('=').ok_or_else(|| wrong(part))?;
        let queue = domain::jobs::Queue::named(queue.trim()).ok_or_else(|| wrong(part))?;
        let number: usize = number
            .trim()
            .parse()
            .ok()
            .filter(|n| (1..=1000).contains(n))
            .ok_or_else(|| wrong(part))?;
        Ok((queue, number))
    };
    let list = source.text("POSTVENTA_WORKER_CONCURRENCY").unwrap_or_default();
    list.split(',')
        .filter(|part| !part.trim().is_empty())
        .map(read)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str, value: &str) -> String {
        let source = Source::of([(name.to_owned(), value.to_owned())]);
        Settings::from(&source).expect_err(name).to_string()
    }

    #[test]
    fn a_bad_value_is_one_sentence_that_names_it() {
        for (name, value) in [
            ("POSTVENTA_BIND", "8080"),
            ("POSTVENTA_PUBLIC_URL", "shop.example"),
            ("POSTVENTA_SECRET_KEY", "secret"),
            ("POSTVENTA_INTROSPECTION", "maybe"),
            ("POSTVENTA_TRUSTED_PROXIES", "10.0.0.1, proxy"),
            ("POSTVENTA_DB_CONNECTIONS", "1"),
            ("POSTVENTA_DB_POOLING", "yes"),
            ("POSTVENTA_LOG_FORMAT", "xml"),
            ("POSTVENTA_LOG", "info,=,"),
            ("POSTVENTA_WORKER_CONCURRENCY", "refunds=many"),
            ("POSTVENTA_WORKER_CONCURRENCY", "coffee=1"),
            ("POSTGRES_URL", "mysql://localhost/x"),
            ("DATABASE_URL", "localhost"),
            ("REDIS_URL", "http://localhost"),
            ("SMTP_PORT", "99999"),
            ("SMTP_PASSWORD", "hunter2"),
            ("SUPPORT_EMAIL_FROM", "support"),
            ("STRIPE_API_BASE", "ftp://x"),
            ("GATEWAY_TIMEOUT_SECONDS", "90"),
            ("POSTVENTA_FILES", "ftp://somewhere"),
            ("POSTVENTA_FILES", "s3://"),
            ("POSTVENTA_FILES", "s3://bucket?region=x"),
            ("POSTVENTA_FILES", "s3://bucket/without/credentials"),
        ] {
            let said = error(name, value);
            assert!(
                said.contains(name) || said.contains("SMTP_USER"),
                "{name}: {said}"
            );
            assert!(!said.contains('\n') && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn nothing_configured_is_enough() {
        let settings = Settings::from(&Source::of([])).expect("the defaults");
        assert_eq!(settings.bind.to_string(), "127.0.0.1:8080");
        assert!(settings.database_url.is_none() && settings.smtp.is_none());
    }
}
