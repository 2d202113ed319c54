//! Settings: from the environment, over an optional TOML file. A value that makes no sense stops the start
//! with one sentence that names it.

mod names;
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
        gateways::GatewayEndpoints,
        mail::SmtpSettings,
    },
    database::Pooling,
    teams::{GatewaySecrets, SecretName},
};
use ipnet::IpNet;
use secrecy::ExposeSecret;
use url::Url;

pub use self::{names::NAMES, source::Source};

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
    pub allowed_origins: Vec<String>,
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
        let bind = "an address and a port such as 127.0.0.1:8080";
        let bind: SocketAddr = source
            .parsed("POSTVENTA_BIND", bind)?
            .unwrap_or(([127, 0, 0, 1], 8080).into());
        let public_url = match source.url("POSTVENTA_PUBLIC_URL", &["http", "https"])? {
            Some(url) => url,
            None => Url::parse(&format!("http://{bind}"))?,
        };
        let database = ["POSTGRES_URL", "DATABASE_URL"]
            .into_iter()
            .find(|name| source.text(name).is_some());
        if let Some(name) = database {
            source.url(name, &["postgres", "postgresql", "sqlite"])?;
        }
        let connections: u32 = source
            .parsed("POSTVENTA_DB_CONNECTIONS", "a number from 2 to 200")?
            .unwrap_or(8);
        if !(2..=200).contains(&connections) {
            bail!("POSTVENTA_DB_CONNECTIONS must be a number from 2 to 200, not {connections}");
        }
        source.url("REDIS_URL", &["redis", "rediss"])?;
        let from = source
            .text("SUPPORT_EMAIL_FROM")
            .unwrap_or("support@postventa.example")
            .to_owned();
        if !from.contains('@') {
            bail!("SUPPORT_EMAIL_FROM must be an e-mail address, not {from:?}");
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
            allowed_origins: source
                .text("POSTVENTA_ALLOWED_ORIGINS")
                .map(|list| list.split(',').map(|origin| origin.trim().to_owned()).collect())
                .unwrap_or_default(),
            trusted_proxies: trusted_proxies(source)?,
            database_url: database.and_then(|name| source.text(name)).map(str::to_owned),
            database_connections: connections,
            database_pooling: source
                .parsed("POSTVENTA_DB_POOLING", "auto, session or transaction")?
                .unwrap_or_default(),
            redis_url: source.text("REDIS_URL").map(str::to_owned),
            smtp: smtp(source)?,
            support_email_from: from,
            gateways: gateways(source)?,
            gateway_secrets: gateway_secrets(source),
            log: log_filter(source)?,
            log_json,
            concurrency: concurrency(source)?,
        })
    }
}

fn trusted_proxies(source: &Source) -> anyhow::Result<Vec<IpNet>> {
    let list = source.text("POSTVENTA_TRUSTED_PROXIES").unwrap_or_default();
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let net = part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| {
                anyhow!("POSTVENTA_TRUSTED_PROXIES must look like 10.0.0.0/8,192.0.2.1; {part:?} does not")
            })
        })
        .collect()
}

/// A path, or `s3://bucket/prefix` with its credentials.
fn files(source: &Source, data_dir: &Path) -> anyhow::Result<FilesAt> {
    let Some(text) = source.text("POSTVENTA_FILES") else {
        return Ok(FilesAt::Folder(data_dir.join("files")));
    };
    let wrong = || anyhow!("POSTVENTA_FILES must be a folder or look like s3://bucket/prefix, not {text:?}");
    let Some(rest) = text.strip_prefix("s3://") else {
        return if text.contains("://") {
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
    let needed = |name: &str| {
        source
            .secret(name)
            .ok_or_else(|| anyhow!("{name} is missing beside POSTVENTA_FILES {text}"))
    };
    Ok(FilesAt::Bucket(Bucket {
        name: name.to_owned(),
        prefix: prefix.trim_end_matches('/').to_owned(),
        region: source
            .text("POSTVENTA_S3_REGION")
            .unwrap_or("us-east-1")
            .to_owned(),
        endpoint: source.url("POSTVENTA_S3_ENDPOINT", &["http", "https"])?,
        access_key_id: needed("POSTVENTA_S3_ACCESS_KEY_ID")?.expose_secret().to_owned(),
        secret_access_key: needed("POSTVENTA_S3_SECRET_ACCESS_KEY")?,
        patience: PATIENCE,
    }))
}

fn log_filter(source: &Source) -> anyhow::Result<String> {
    let filter = source.text("POSTVENTA_LOG").unwrap_or("info,apalis_core=warn");
    match tracing_subscriber::EnvFilter::try_new(filter) {
        Ok(_) => Ok(filter.to_owned()),
        Err(_) => bail!("POSTVENTA_LOG must look like info,sea_orm=warn, not {filter:?}"),
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
    let port: u16 = source.parsed("SMTP_PORT", "a port number")?.unwrap_or(587);
    let credentials = match (source.text("SMTP_USER"), source.secret("SMTP_PASSWORD")) {
        (Some(user), Some(password)) => Some((user.to_owned(), password)),
        (None, None) => None,
        (Some(_), None) => bail!("SMTP_PASSWORD is missing beside SMTP_USER"),
        (None, Some(_)) => bail!("SMTP_USER is missing beside SMTP_PASSWORD"),
    };
    let Some(host) = source.text("SMTP_HOST") else {
        return match credentials {
            Some(_) => bail!("SMTP_HOST is missing beside SMTP_USER"),
            None => Ok(None),
        };
    };
    Ok(Some(SmtpSettings {
        host: host.to_owned(),
        port,
        credentials,
        allow_plain: false,
        timeout: Duration::from_secs(30),
        connections: 4,
    }))
}

fn gateways(source: &Source) -> anyhow::Result<GatewayEndpoints> {
    let seconds: u64 = source
        .parsed("GATEWAY_TIMEOUT_SECONDS", "a number of seconds from 1 to 50")?
        .unwrap_or(20);
    // A job may take 60 seconds: a longer wait at the gateway would be cut in the middle.
    if !(1..=50).contains(&seconds) {
        bail!("GATEWAY_TIMEOUT_SECONDS must be a number of seconds from 1 to 50, not {seconds}");
    }
    Ok(GatewayEndpoints {
        stripe_api_base: source.url("STRIPE_API_BASE", &["http", "https"])?,
        mercado_pago_api_base: source.url("MERCADO_PAGO_API_BASE", &["http", "https"])?,
        timeout: Duration::from_secs(seconds),
    })
}

fn gateway_secrets(source: &Source) -> GatewaySecrets {
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
        if let Some(value) = source.secret(name) {
            secrets.set(secret, value);
        }
    }
    secrets
}

fn concurrency(source: &Source) -> anyhow::Result<Vec<(domain::jobs::Queue, usize)>> {
    let wrong = |part: &str| {
        anyhow!("POSTVENTA_WORKER_CONCURRENCY must look like refunds=32,emails=8; {part:?} does not")
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
