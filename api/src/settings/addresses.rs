//! Addresses of other servers, and whom we trust behind them.

use std::{net::IpAddr, path::Path};

use anyhow::{anyhow, bail};
use domain::adapters::{redis::RedisSettings, tls::Authorities};

use super::Source;

/// What is usually wrong with an address that cannot be read, as the end of a sentence.
pub(super) fn usual_mistake(text: &str) -> &'static str {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') && host.contains('%') {
        "; an IPv6 address cannot have a zone, such as %eth0, here"
    } else if !host.starts_with('[') && host.matches(':').count() > 1 {
        "; an IPv6 address stands in brackets"
    } else {
        ""
    }
}

/// A host's name or its address, and nothing else. An IPv6 address may stand in brackets.
pub(super) fn host(source: &Source, name: &str) -> anyhow::Result<Option<String>> {
    let Some(text) = source.text(name) else {
        return Ok(None);
    };
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let bare = bare.unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(Some(bare.to_owned()));
    }
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    if bare != text || !text.chars().all(is_name) {
        let mistake = usual_mistake(text);
        bail!("{name} must be a host's name or IP address, without a port, not {text:?}{mistake}");
    }
    Ok(Some(text.to_owned()))
}

/// `REDIS_URL`, if Redis can be reached in such a way at all.
pub(super) fn redis(source: &Source) -> anyhow::Result<Option<String>> {
    let name = "REDIS_URL";
    source.url(name, &["redis", "rediss", "redis+unix", "unix"])?;
    let Some(text) = source.text(name) else {
        return Ok(None);
    };
    // The error may repeat the address, and with it the password.
    let tried = RedisSettings::new(text);
    tried.map_err(|_| anyhow!("{name} must look like redis://user:password@host:6379/0, rediss:// for TLS, or redis+unix:///path"))?;
    Ok(Some(text.to_owned()))
}

/// `POSTVENTA_EXTRA_CA_FILE`.
pub(super) fn authorities(source: &Source) -> anyhow::Result<Authorities> {
    let name = "POSTVENTA_EXTRA_CA_FILE";
    let Some(file) = source.text(name) else {
        return Ok(Authorities::default());
    };
    Authorities::read(Path::new(file)).map_err(|error| anyhow!("{name}: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn read(name: &str, value: &str) -> anyhow::Result<Settings> {
        Settings::from(&Source::of([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn a_mail_server_may_be_an_address_of_ipv6() {
        for (text, host) in [
            ("::1", "::1"),
            ("[fd00::25]", "fd00::25"),
            ("192.0.2.25", "192.0.2.25"),
            ("mail.example", "mail.example"),
            ("mail_relay", "mail_relay"),
        ] {
            let smtp = read("SMTP_HOST", text).expect(text).smtp;
            assert_eq!(smtp.expect(text).host, host);
        }
        for text in [
            "mail.example:587",
            "smtp://mail.example",
            "[mail.example]",
            "fe80::1%eth0",
            "[::1]:25",
        ] {
            let error = read("SMTP_HOST", text).expect_err(text).to_string();
            assert!(
                error.contains("SMTP_HOST must be") && error.contains(text),
                "{error}"
            );
        }
    }

    #[test]
    fn addresses_of_all_kinds_are_taken() {
        for (name, value) in [
            ("POSTVENTA_BIND", "[::]:8080"),
            ("POSTVENTA_BIND", "[::1]:0"),
            ("POSTVENTA_PUBLIC_URL", "https://[fd00::1]:8443"),
            ("POSTVENTA_TRUSTED_PROXIES", "::1, fd00::/8, 10.0.0.0/8"),
            ("POSTGRES_URL", "postgres://ana@[::1]:5432/shop"),
            ("POSTGRES_URL", "postgres://ana@%2Frun%2Fpostgresql/shop"),
            ("POSTGRES_URL", "postgres:///shop?host=/run/postgresql"),
            ("REDIS_URL", "redis://[::1]:6379/1"),
            ("REDIS_URL", "rediss://[::1]:6379"),
            ("REDIS_URL", "redis+unix:///run/redis.sock?db=1"),
            ("REDIS_URL", "unix:///run/redis.sock"),
            ("STRIPE_API_BASE", "https://[::1]:12111"),
            ("MERCADO_PAGO_API_BASE", "http://[::1]:12112"),
        ] {
            read(name, value).unwrap_or_else(|error| panic!("{name}={value}: {error:#}"));
        }
    }

    #[test]
    fn a_wrong_address_says_what_is_usually_wrong_with_it() {
        for (name, value, why) in [
            (
                "POSTGRES_URL",
                "postgres://ana:hunter2@[fe80::1%eth0]:5432/shop",
                "zone",
            ),
            ("POSTGRES_URL", "postgres://ana:hunter2@::1:5432/shop", "brackets"),
            ("REDIS_URL", "redis://:hunter2@[fe80::1%25eth0]/", "zone"),
            ("REDIS_URL", "redis://:hunter2@fd00::1:6379/", "brackets"),
            ("REDIS_URL", "redis://:hunter2@cache/first", "redis://"),
            ("REDIS_URL", "rediss://:hunter2@cache/0#verified", "rediss://"),
            ("STRIPE_API_BASE", "https://::1:443/", "brackets"),
            ("POSTVENTA_PUBLIC_URL", "https://[fe80::1%eth0]/", "zone"),
            ("POSTVENTA_BIND", "::1", "[::1]:8080"),
            ("POSTVENTA_BIND", "[fe80::1%eth0]:8080", "zone"),
        ] {
            let error = read(name, value).expect_err(value).to_string();
            assert!(error.starts_with(name) && error.contains(why), "{error}");
            assert!(!error.contains("hunter2") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_file_of_authorities_that_is_none_is_said_in_one_sentence() {
        let folder = tempfile::tempdir().expect("a folder");
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").expect("a file");
        for (file, why) in [
            ("/nowhere/ca.pem", "cannot read"),
            (empty.to_str().expect("a plain path"), "none in it"),
            ("/", "cannot read"),
        ] {
            let error = read("POSTVENTA_EXTRA_CA_FILE", file).expect_err(file).to_string();
            assert!(
                error.starts_with("POSTVENTA_EXTRA_CA_FILE: ") && error.contains(why),
                "{error}"
            );
        }
    }
}
