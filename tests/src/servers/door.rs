//! A door to a server of the story: at another address, with TLS if wanted, and real bytes through it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use anyhow::Context;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::authority::Papers;

/// It closes with this value.
pub struct Door {
    pub address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Door {
    /// On a free port of this address; what comes in goes to `to`, without TLS if there was some.
    pub async fn open(at: &str, to: SocketAddr, papers: Option<&Papers>) -> anyhow::Result<Self> {
        let tls = papers.map(acceptor).transpose()?;
        let ip: IpAddr = at.parse()?;
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                // Whoever does not like the papers hangs up.
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => pass(tls.accept(stream).await?, to).await,
                        None => pass(stream, to).await,
                    }
                });
            }
        });
        Ok(Self { address, accepting })
    }
}

/// What a server with these papers says to whoever connects.
fn acceptor(papers: &Papers) -> anyhow::Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_slice(papers.certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(papers.key.as_bytes())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .context("papers")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn pass(mut outside: impl AsyncRead + AsyncWrite + Unpin, to: SocketAddr) -> std::io::Result<()> {
    let mut inside = TcpStream::connect(to).await?;
    copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}

impl Drop for Door {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
