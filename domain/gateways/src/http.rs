//! One HTTP connection pool for all gateways: time limits, no redirects, no second attempt of its own.

use std::time::Duration;

use anyhow::Context;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::bytes::Bytes;
use url::{Host, Url};

use domain::adapters::{
    gateways::{OrderError, Unanswered, Unsendable},
    tls,
};

/// A connection that is not open by then will not be.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

/// Why nothing came back.
#[derive(Debug)]
pub(crate) enum Undelivered {
    /// It never left: no connection could be opened. TLS is a part of that.
    NotSent(String),
    /// It cannot even be written.
    Malformed(String),
    /// It may have arrived.
    Lost(String),
}

impl From<Undelivered> for OrderError {
    fn from(undelivered: Undelivered) -> Self {
        match undelivered {
            Undelivered::NotSent(detail) => Self::Busy {
                retry_after: None,
                detail,
            },
            Undelivered::Malformed(message) => Self::refused("malformed_request", message),
            Undelivered::Lost(detail) => Self::Unknown { detail },
        }
    }
}

impl From<Undelivered> for Unanswered {
    fn from(undelivered: Undelivered) -> Self {
        match undelivered {
            Undelivered::NotSent(detail) => Self::Busy {
                retry_after: None,
                detail,
            },
            Undelivered::Malformed(detail) | Undelivered::Lost(detail) => Self::Unknown { detail },
        }
    }
}

/// A client for one gateway.
pub(crate) fn client(base: &Url, timeout: Duration) -> anyhow::Result<reqwest::Client> {
    let tls = tls::config().context("no HTTP client could be made")?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("postventa/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        // A redirected POST would become a GET, and the secret would travel to wherever it points.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never());
    // A simulator on this machine is out of reach for a proxy.
    if is_this_machine(base) {
        builder = builder.no_proxy();
    }
    builder.build().context("no HTTP client could be made")
}

fn is_this_machine(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    }
}

/// The base address without a slash at its end.
pub(crate) fn base_of(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// `Authorization: Bearer …`, never shown in a log.
pub(crate) fn bearer(secret: &SecretString) -> Result<HeaderValue, Unsendable> {
    let secret = secret.expose_secret().trim();
    if secret.is_empty() {
        return Err(Unsendable("there are none"));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {secret}"))
        .map_err(|_| Unsendable("they hold a forbidden character"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sends once and reads the whole answer.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Result<Answer, Undelivered> {
    let response = request
        .send()
        .await
        .map_err(|error| not_sent_or_unknown(&error))?;
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    match response.bytes().await {
        Ok(body) => Ok(Answer {
            status,
            retry_after,
            body,
        }),
        Err(error) => Err(Undelivered::Lost(format!(
            "the answer broke off: {}",
            cause(&error)
        ))),
    }
}

/// A connection that was never opened carried nothing; after that nobody knows.
fn not_sent_or_unknown(error: &reqwest::Error) -> Undelivered {
    if error.is_connect() {
        Undelivered::NotSent(format!("no connection: {}", cause(error)))
    } else if error.is_builder() {
        Undelivered::Malformed(cause(error))
    } else if error.is_timeout() {
        Undelivered::Lost("no answer in time".to_owned())
    } else {
        Undelivered::Lost(format!("the connection broke: {}", cause(error)))
    }
}

/// The innermost cause: the outer ones repeat the address.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Seconds only: neither gateway sends the other form, a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(24 * 60 * 60)))
}

/// The beginning of a text that somebody else wrote, for a log.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(300).collect()
}
