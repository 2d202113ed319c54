//! Whom our own calls trust, whatever they call: the authorities of Mozilla, built in, so that a bare container works;
//! those of the system; and those that an operator adds.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::{Context, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Authorities that somebody adds, such as a company's own.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Reads a file with one or more certificates in PEM.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let pem = std::fs::read(file).with_context(|| format!("cannot read {shown}"))?;
        Self::parse(&pem).with_context(|| format!("{shown} must hold certificates in PEM"))
    }

    fn parse(pem: &[u8]) -> anyhow::Result<Self> {
        let mut store = RootCertStore::empty();
        let mut authorities = Vec::new();
        for (number, read) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
            let certificate = read.ok().filter(|it| store.add(it.clone()).is_ok());
            let Some(certificate) = certificate else {
                bail!("certificate {number} in it is damaged");
            };
            authorities.push(certificate);
        }
        if authorities.is_empty() {
            bail!("there is none in it");
        }
        Ok(Self(authorities))
    }
}

/// What a process trusts, in the forms that its clients want.
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    beside_mozilla: Vec<CertificateDer<'static>>,
}

/// The same for all of a process: whom it trusts is nobody's private matter.
static TRUST: RwLock<Option<Arc<Trust>>> = RwLock::new(None);

impl Trust {
    fn new(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        let mut roots = RootCertStore::empty();
        let mut beside_mozilla = Vec::new();
        for certificate in certificates {
            // The system's may hold what nobody can read; the added ones were looked at.
            let is_known = mozilla.contains(&certificate) || beside_mozilla.contains(&certificate);
            if !is_known && roots.add(certificate.clone()).is_ok() {
                beside_mozilla.push(certificate);
            }
        }
        roots.add_parsable_certificates(mozilla.iter().cloned());
        Self {
            roots: Arc::new(roots),
            beside_mozilla,
        }
    }

    /// All of them in PEM, for clients that take no others than they are given.
    pub(super) fn everybody(&self) -> Vec<u8> {
        pem(webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .chain(&self.beside_mozilla))
    }

    /// Those that are not Mozilla's in PEM, for clients that have Mozilla's built in. May be empty.
    pub(crate) fn beside_mozilla(&self) -> Vec<u8> {
        pem(self.beside_mozilla.iter())
    }
}

/// Those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR` where these are set. A bare container has none.
fn system() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of the system's certificates cannot be read");
    }
    found.certs
}

fn pem<'a>(certificates: impl Iterator<Item = &'a CertificateDer<'static>>) -> Vec<u8> {
    let mut pem = String::new();
    for certificate in certificates {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = BASE64_STANDARD.encode(certificate);
        for line in encoded.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem.into_bytes()
}

/// Lets this process trust these, too: from the next client on that it makes.
pub fn trust(added: &Authorities) {
    let before = trusted();
    let all = before.beside_mozilla.iter().chain(&added.0).cloned();
    let trust = Arc::new(Trust::new(all));
    *TRUST.write().unwrap_or_else(PoisonError::into_inner) = Some(trust);
}

/// Whom this process trusts now.
pub(crate) fn trusted() -> Arc<Trust> {
    let known = TRUST.read().unwrap_or_else(PoisonError::into_inner).clone();
    known.unwrap_or_else(|| {
        let mut trust = TRUST.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(trust.get_or_insert_with(|| Arc::new(Trust::new(system()))))
    })
}

/// TLS for an HTTP client, with HTTP/2 where the other side speaks it.
pub fn config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(Arc::clone(&trusted().roots))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(many: usize) -> Vec<u8> {
        pem(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().take(many))
    }

    #[test]
    fn a_file_of_authorities_is_read_whole_or_refused() {
        let read = Authorities::parse(&some(3)).expect("three");
        assert_eq!(read.0, webpki_root_certs::TLS_SERVER_ROOT_CERTS[..3]);
        let damaged = [
            &some(1)[..],
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ]
        .concat();
        for (pem, why) in [
            (&b""[..], "none"),
            (
                b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                "none",
            ),
            (&damaged, "certificate 2"),
            (&some(1)[..200], ""),
        ] {
            let error = Authorities::parse(pem).expect_err("no authorities");
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn what_everybody_trusts_is_not_added_again() {
        let mozilla = Authorities::parse(&some(2)).expect("two of Mozilla's");
        let trust = Trust::new(mozilla.0);
        let first = String::from_utf8(some(1)).expect("PEM");
        let everybody = String::from_utf8(trust.everybody()).expect("PEM");
        assert_eq!(everybody.matches(&first).count(), 1);
        assert!(trust.beside_mozilla().is_empty());
    }
}
