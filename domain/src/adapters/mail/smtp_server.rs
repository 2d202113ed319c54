//! A tiny SMTP server on loopback that records what it is given and refuses on command.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// What the server does with the next mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Friendly,
    /// Answers RCPT with this code.
    Refuses(u16),
    /// Answers AUTH with this code.
    LocksOut(u16),
    /// Hangs up in the middle of the data.
    HangsUp,
    /// Never says a word.
    Silent,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ReceivedMail {
    pub from: String,
    pub to: String,
    pub data: String,
}

pub(super) struct SmtpServer {
    pub address: SocketAddr,
    state: Arc<Mutex<ServerState>>,
}

/// When a server speaks TLS.
#[derive(Clone)]
pub(super) enum Encryption {
    Never,
    /// From the first byte.
    AtOnce(TlsAcceptor),
    /// When it is asked to.
    StartTls(TlsAcceptor),
}

struct ServerState {
    mood: Mood,
    mails: Vec<ReceivedMail>,
    connections: usize,
}

impl SmtpServer {
    pub(super) async fn start() -> Self {
        Self::speaking("127.0.0.1", Encryption::Never).await
    }

    pub(super) async fn speaking(host: &str, encryption: Encryption) -> Self {
        let listener = TcpListener::bind((host, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(ServerState {
            mood: Mood::Friendly,
            mails: Vec::new(),
            connections: 0,
        }));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("the state").connections += 1;
                let (state, encryption) = (shared.clone(), encryption.clone());
                tokio::spawn(async move {
                    let _ = serve(stream, state, encryption).await;
                });
            }
        });
        Self { address, state }
    }

    pub(super) fn is_now(&self, mood: Mood) {
        self.state.lock().expect("the state").mood = mood;
    }

    pub(super) fn mails(&self) -> Vec<ReceivedMail> {
        self.state.lock().expect("the state").mails.clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().expect("the state").connections
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    state: Arc<Mutex<ServerState>>,
    encryption: Encryption,
) -> std::io::Result<()> {
    match encryption {
        Encryption::Never => talk(stream, &state, true, false).await.map(drop),
        Encryption::AtOnce(tls) => talk(tls.accept(stream).await?, &state, true, false)
            .await
            .map(drop),
        Encryption::StartTls(tls) => match talk(stream, &state, true, true).await? {
            Some(stream) => talk(tls.accept(stream).await?, &state, false, false)
                .await
                .map(drop),
            None => Ok(()),
        },
    }
}

/// Until the client hangs up, or wants TLS and may have it: then the stream goes on with it.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    state: &Mutex<ServerState>,
    greets: bool,
    has_tls: bool,
) -> std::io::Result<Option<S>> {
    let mood = || state.lock().expect("the state").mood;
    let (reader, mut writer) = tokio::io::split(stream);
    let mut lines = BufReader::new(reader).lines();
    if mood() == Mood::Silent {
        std::future::pending::<()>().await;
    }
    if greets {
        writer.write_all(b"220 test.example ESMTP\r\n").await?;
    }
    let mut mail = ReceivedMail::default();
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match (verb.as_str(), mood()) {
            ("EHLO", Mood::LocksOut(_)) => "250-test.example\r\n250 AUTH PLAIN".to_owned(),
            ("EHLO", _) if has_tls => "250-test.example\r\n250 STARTTLS".to_owned(),
            ("EHLO", _) => "250-test.example\r\n250 8BITMIME".to_owned(),
            ("STAR", _) if has_tls => {
                writer.write_all(b"220 2.0.0 go ahead\r\n").await?;
                return Ok(Some(lines.into_inner().into_inner().unsplit(writer)));
            }
            ("AUTH", Mood::LocksOut(code)) => format!("{code} 5.7.8 who are you?"),
            ("MAIL", _) => {
                line.clone_into(&mut mail.from);
                "250 2.1.0 fine".to_owned()
            }
            ("RCPT", Mood::Refuses(code)) => format!("{code} not this one"),
            ("RCPT", _) => {
                line.clone_into(&mut mail.to);
                "250 2.1.5 fine".to_owned()
            }
            ("DATA", Mood::HangsUp) => return Ok(None),
            ("DATA", _) => {
                writer.write_all(b"354 go ahead\r\n").await?;
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail.data += line.strip_prefix('.').unwrap_or(&line);
                    mail.data += "\r\n";
                }
                state
                    .lock()
                    .expect("the state")
                    .mails
                    .push(std::mem::take(&mut mail));
                "250 2.0.0 taken".to_owned()
            }
            ("QUIT", _) => "221 2.0.0 bye".to_owned(),
            _ => "250 2.0.0 fine".to_owned(),
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(None)
}
