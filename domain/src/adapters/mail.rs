//! The way out for mail: SMTP, or a mailbox that only we look into.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret, SecretString};

use super::tls;
use crate::email;

/// A mail as it goes out. The same mail sent twice is the same to the byte but for its MIME boundary.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    pub from_name: String,
    pub from_address: String,
    pub to_name: String,
    pub to_address: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    pub subject: String,
    pub html: String,
    pub plain: String,
    /// Fixed before the first attempt, with or without its angle brackets.
    pub message_id: String,
    /// When it was written, not when it is sent.
    pub date: DateTime<Utc>,
}

/// Why a mail did not go out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Worth another attempt: the server is away, busy, or does not let us in.
    #[error("not now: {0}")]
    Temporary(String),
    /// This mail will never be taken.
    #[error("refused: {0}")]
    Permanent(String),
}

#[async_trait]
pub trait MailTransport: Send + Sync {
    /// Done when the next server has taken the responsibility for it (RFC 5321, section 6.1).
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError>;
}

/// Sends nothing: the `mails` table is what the mailbox page shows.
pub struct LocalMailbox;

#[async_trait]
impl MailTransport for LocalMailbox {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        tracing::info!(message_id = %mail.message_id, "mail kept in the local mailbox");
        Ok(())
    }
}

/// How to reach the SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub host: String,
    /// 465 speaks TLS from the first byte; every other port has to offer STARTTLS.
    pub port: u16,
    pub credentials: Option<(String, SecretString)>,
    /// Permits a connection without TLS to another host; never together with credentials.
    pub allow_plain: bool,
    /// For the whole conversation: lettre itself limits only the connecting.
    pub timeout: Duration,
    pub connections: u32,
}

pub struct SmtpTransport {
    inner: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

impl SmtpTransport {
    /// Connects with the first mail. Needs the runtime: the pool looks after itself in a task.
    pub fn new(settings: &SmtpSettings) -> Result<Self, smtp::Error> {
        Ok(Self::speaking(settings, settings.tls()?))
    }

    fn speaking(settings: &SmtpSettings, tls: Tls) -> Self {
        let pool = PoolConfig::new().max_size(settings.connections.max(1));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host())
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout))
            .pool_config(pool);
        if let Some((user, password)) = &settings.credentials {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Self {
            inner: builder.build(),
            timeout: settings.timeout,
        }
    }
}

impl SmtpSettings {
    fn tls(&self) -> Result<Tls, smtp::Error> {
        let trusted_wire = self.is_loopback() || (self.allow_plain && self.credentials.is_none());
        if self.port == 465 {
            return Ok(Tls::Wrapper(trusting(self.host())?));
        }
        if trusted_wire {
            return Ok(Tls::None);
        }
        Ok(Tls::Required(trusting(self.host())?))
    }

    /// An IPv6 address may stand in brackets; sockets and certificates want it without.
    fn host(&self) -> &str {
        self.host.trim_matches(['[', ']'])
    }

    fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// For a server that proves to be the one of this name, to those whom we trust.
fn trusting(name: &str) -> Result<TlsParameters, smtp::Error> {
    let added = Certificate::from_pem(&tls::trusted().beside_mozilla())?;
    TlsParameters::builder(name.to_owned())
        .certificate_store(CertificateStore::WebpkiRoots)
        .add_root_certificate(added)
        .build()
}

#[async_trait]
impl MailTransport for SmtpTransport {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let message = mail.message()?;
        match tokio::time::timeout(self.timeout, self.inner.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(judge(&error)),
            // It may have been taken all the same: the Message-ID makes the repeat recognisable.
            Err(_) => Err(MailError::Temporary("the mail server does not answer".to_owned())),
        }
    }
}

fn judge(error: &smtp::Error) -> MailError {
    let told = match std::error::Error::source(error) {
        Some(source) if !error.to_string().contains(&source.to_string()) => format!("{error}: {source}"),
        _ => error.to_string(),
    };
    // A server that does not let us in says nothing about the mail: somebody mends the password, and it goes.
    let not_let_in = error
        .status()
        .is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538));
    if error.is_permanent() && !not_let_in {
        MailError::Permanent(told)
    } else {
        MailError::Temporary(told)
    }
}

impl OutgoingMail {
    fn message(&self) -> Result<Message, MailError> {
        let id = self.message_id.trim_matches(['<', '>']);
        if id.is_empty()
            || !id.contains('@')
            || id.contains(|c: char| !c.is_ascii_graphic() || c == '<' || c == '>')
        {
            return Err(MailError::Permanent(format!(
                "not a Message-ID: {:?}",
                self.message_id
            )));
        }
        let mut builder = Message::builder()
            .from(mailbox(&self.from_name, &self.from_address)?)
            .to(mailbox(&self.to_name, &self.to_address)?)
            .subject(one_line(&self.subject))
            .date(SystemTime::from(self.date))
            .message_id(Some(format!("<{id}>")))
            .header(AutoSubmitted)
            .header(SuppressAutomaticAnswers);
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(mailbox("", reply_to)?);
        }
        builder
            .multipart(MultiPart::alternative_plain_html(
                self.plain.clone(),
                self.html.clone(),
            ))
            .map_err(|error| MailError::Permanent(error.to_string()))
    }
}

fn mailbox(name: &str, address: &str) -> Result<Mailbox, MailError> {
    let address: Address = email::for_mail(address)
        .parse()
        .map_err(|error| MailError::Permanent(format!("not an address: {address:?} ({error})")))?;
    let name = one_line(name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address))
}

/// What would end a header is a space in it.
fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    clean
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

macro_rules! fixed_header {
    ($(#[$doc:meta])* $kind:ident: $name:literal = $value:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        struct $kind;

        impl Header for $kind {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self)
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), $value.to_owned())
            }
        }
    };
}

fixed_header! {
    /// RFC 3834, section 5: nobody's holiday notice answers it.
    AutoSubmitted: "Auto-Submitted" = "auto-generated"
}
fixed_header! {
    /// Exchange does not look at `Auto-Submitted`.
    SuppressAutomaticAnswers: "X-Auto-Response-Suppress" = "OOF, AutoReply"
}

#[cfg(test)]
mod smtp_server;
#[cfg(test)]
mod tests;
