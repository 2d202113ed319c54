//! What a database's address and this machine say beyond what the drivers make of it.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::adapters::{files::try_folder, tls};

/// The options of a connection as the address means them.
pub(super) fn as_meant(options: PgConnectOptions, url: &str) -> PgConnectOptions {
    // TLS is for networks: libpq does not speak it on a socket either.
    if options.get_socket().is_some() || options.get_host().starts_with('/') {
        return options.ssl_mode(PgSslMode::Disable);
    }
    // Brackets are the address's, not the host's.
    let host = options.get_host().trim_matches(['[', ']']).to_owned();
    let options = options.host(&host);
    match authorities(url) {
        Some(pem) if !pem.is_empty() => options.ssl_root_cert_from_pem(pem),
        _ => options,
    }
}

/// Those whom all our calls trust, and those of the file that the address names. The driver has Mozilla's built in.
/// None: that file cannot be read, which the driver says best.
fn authorities(url: &str) -> Option<Vec<u8>> {
    let mut pem = tls::trusted().beside_mozilla();
    // libpq's word for the system's own, which are among them.
    if let Some(file) = named(url).filter(|file| file != "system") {
        pem.push(b'\n');
        pem.extend(std::fs::read(file).ok()?);
    }
    Some(pem)
}

/// Where SQLite keeps what is too large for its memory: there, too, where no temporary folder can be written.
pub(super) fn temp_store() -> &'static str {
    match try_folder(&std::env::temp_dir()) {
        Ok(()) => "default",
        Err(_) => "memory",
    }
}

fn named(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let mut said = url.query_pairs();
    let named = said.find(|(name, _)| matches!(&**name, "sslrootcert" | "ssl-root-cert" | "ssl-ca"));
    let named = named.map(|(_, file)| file.into_owned());
    named.or_else(|| std::env::var_os("PGSSLROOTCERT")?.into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> PgConnectOptions {
        as_meant(url.parse().expect(url), url)
    }

    #[test]
    fn an_address_of_ipv6_is_one_without_its_brackets() {
        for (url, host) in [
            ("postgres://ana@[::1]:5433/shop", "::1"),
            ("postgres://ana@[fd00::2]/shop?sslmode=verify-full", "fd00::2"),
            ("postgres:///shop?host=::1&user=ana", "::1"),
            ("postgres://ana@db.example/shop", "db.example"),
        ] {
            assert_eq!(read(url).get_host(), host, "{url}");
        }
    }

    #[test]
    fn a_socket_is_found_and_speaks_no_tls() {
        for url in [
            "postgres:///shop?host=/var/run/postgresql&user=ana&sslmode=require",
            "postgres://ana@%2Fvar%2Frun%2Fpostgresql/shop",
        ] {
            let options = read(url);
            let socket = options.get_socket().expect("a socket");
            assert_eq!(socket.to_str(), Some("/var/run/postgresql"), "{url}");
            assert!(matches!(options.get_ssl_mode(), PgSslMode::Disable), "{url}");
        }
    }
}
