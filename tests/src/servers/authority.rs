//! An authority of one's own, as companies have: nobody trusts it but those who are told to.

use std::path::PathBuf;

use anyhow::Context;
use domain::adapters::tls::{self, Authorities};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate with its key, both in PEM.
pub struct Papers {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        // Of two authorities of one name the wrong one might be asked.
        let name = format!("Authority {:x}", rand::random::<u64>());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let authority = Self {
            issuer,
            folder: tempfile::tempdir()?,
        };
        std::fs::write(authority.file(), authority.issuer.pem())?;
        Ok(authority)
    }

    /// Lets this process trust it from now on.
    pub fn trust(&self) -> anyhow::Result<()> {
        tls::trust(&Authorities::read(&self.file())?);
        Ok(())
    }

    /// Where its certificate is, for whoever shall trust it.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// For a server of these names or addresses.
    pub fn issue(&self, names: &[&str]) -> anyhow::Result<Papers> {
        self.sign(params(names)?)
    }

    /// The same, for one whose time is over.
    pub fn issue_expired(&self, names: &[&str]) -> anyhow::Result<Papers> {
        let mut params = params(names)?;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> anyhow::Result<Papers> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Papers {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn params(names: &[&str]) -> anyhow::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Ok(CertificateParams::new(names)?)
}

impl Papers {
    /// Writes both into a folder: the certificate's path and the key's.
    pub fn write(&self, folder: &std::path::Path) -> anyhow::Result<(String, String)> {
        let path = |name: &str| folder.join(name).to_str().map(str::to_owned);
        let certificate = path("server.crt").context("a path that is no text")?;
        let key = path("server.key").context("a path that is no text")?;
        std::fs::write(&certificate, &self.certificate)?;
        std::fs::write(&key, &self.key)?;
        Ok((certificate, key))
    }
}
