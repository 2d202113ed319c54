//! Mails through a real socket.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;

use super::{
    smtp_server::{Encryption, Mood, SmtpServer},
    *,
};

fn mail() -> OutgoingMail {
    OutgoingMail {
        from_name: "Editorial Aurora".to_owned(),
        from_address: "hola@aurora.example".to_owned(),
        to_name: "Lucía Fernández".to_owned(),
        to_address: "lucia@example.com".to_owned(),
        reply_to: Some("ayuda@aurora.example".to_owned()),
        subject: "Tu reembolso de «Ñandú 🦙» está en camino, y este asunto es más largo que una línea"
            .to_owned(),
        html: format!("<p>{}</p>", "muy largo ✓ ".repeat(200)),
        plain: "Hola:\n.un punto al principio\nReembolso: 12,50\u{a0}€\n".to_owned(),
        message_id: "mail_01h2xcejqtf2nbrexx3vqjhp41@aurora.example".to_owned(),
        date: "2026-11-20T12:00:00Z".parse().expect("a time"),
    }
}

fn settings(server: &SmtpServer) -> SmtpSettings {
    SmtpSettings {
        host: server.address.ip().to_string(),
        port: server.address.port(),
        credentials: None,
        allow_plain: false,
        timeout: Duration::from_secs(5),
        connections: 2,
    }
}

/// Few servers know letters of other scripts in a domain, and every one its ASCII form.
#[tokio::test]
async fn a_domain_in_letters_goes_out_as_the_dns_has_it() {
    let server = SmtpServer::start().await;
    let transport = SmtpTransport::new(&settings(&server)).expect("a transport");
    let mail = OutgoingMail {
        to_address: "J@Müller.example".to_owned(),
        ..mail()
    };
    transport.send(&mail).await.expect("taken");
    let to = server.mails()[0].to.clone();
    assert!(to.contains("<J@xn--mller-kva.example>"), "{to}");
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let server = SmtpServer::start().await;
    let transport = SmtpTransport::new(&settings(&server)).expect("a transport");
    transport.send(&mail()).await.expect("taken");
    // The pool takes a connection back in a task of its own.
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    transport.send(&mail()).await.expect("taken again");
    assert_eq!(server.connections(), 1, "the pool keeps a connection");

    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    let first = &mails[0];
    assert!(first.from.contains("<hola@aurora.example>"), "{}", first.from);
    assert!(first.to.contains("<lucia@example.com>"), "{}", first.to);
    let (head, body) = first.data.split_once("\r\n\r\n").expect("headers and a body");
    for line in [
        "Message-ID: <mail_01h2xcejqtf2nbrexx3vqjhp41@aurora.example>",
        "Auto-Submitted: auto-generated",
        "Date: Fri, 20 Nov 2026 12:00:00 +0000",
        "Reply-To: ayuda@aurora.example",
        "From: \"Editorial Aurora\" <hola@aurora.example>",
        "MIME-Version: 1.0",
    ] {
        assert!(
            head.lines().any(|found| found == line),
            "{line} is not in\n{head}"
        );
    }
    assert!(head.contains("multipart/alternative"));
    assert!(
        head.contains("Subject: =?utf-8?") || head.contains("Subject: Tu reembolso"),
        "{head}"
    );
    assert!(first.data.is_ascii() && first.data.lines().all(|line| line.len() <= 998));
    let (plain, html) = (
        body.find("text/plain").expect("text"),
        body.find("text/html").expect("HTML"),
    );
    assert!(
        plain < html,
        "the richest form comes last (RFC 2046, section 5.1.4)"
    );
    assert!(body.contains("\r\n.un punto") || body.contains("=0A.un punto") || body.contains("base64"));
}

#[tokio::test]
async fn what_the_server_says_decides_whether_to_try_again() {
    let server = SmtpServer::start().await;
    let transport = SmtpTransport::new(&settings(&server)).expect("a transport");
    server.is_now(Mood::Refuses(451));
    let error = transport.send(&mail()).await.expect_err("451");
    assert!(
        matches!(&error, MailError::Temporary(told) if told.contains("451")),
        "{error:?}"
    );
    server.is_now(Mood::Refuses(550));
    let error = transport.send(&mail()).await.expect_err("550");
    assert!(
        matches!(&error, MailError::Permanent(told) if told.contains("550") && told.contains("not this one")),
        "{error:?}"
    );
    server.is_now(Mood::HangsUp);
    let error = transport.send(&mail()).await.expect_err("hung up");
    assert!(matches!(error, MailError::Temporary(_)), "{error:?}");
    server.is_now(Mood::Friendly);
    transport.send(&mail()).await.expect("taken");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_away_silent_or_strange_is_tried_again() {
    let server = SmtpServer::start().await;
    server.is_now(Mood::Silent);
    let silent = SmtpSettings {
        timeout: Duration::from_millis(200),
        ..settings(&server)
    };
    let nobody = SmtpSettings {
        port: 1,
        ..settings(&server)
    };
    for settings in [silent, nobody] {
        let transport = SmtpTransport::new(&settings).expect("a transport");
        let error = transport.send(&mail()).await.expect_err("nobody answers");
        assert!(matches!(error, MailError::Temporary(_)), "{error:?}");
    }
    server.is_now(Mood::LocksOut(535));
    let credentials = Some(("user".to_owned(), SecretString::from("old password")));
    let locked_out = SmtpSettings {
        credentials,
        ..settings(&server)
    };
    let error = SmtpTransport::new(&locked_out)
        .expect("a transport")
        .send(&mail())
        .await
        .expect_err("535");
    assert!(
        matches!(&error, MailError::Temporary(told) if !told.contains("old password")),
        "{error:?}"
    );
}

#[tokio::test]
async fn nothing_that_a_person_typed_becomes_a_header() {
    let server = SmtpServer::start().await;
    let transport = SmtpTransport::new(&settings(&server)).expect("a transport");
    let injected = OutgoingMail {
        to_name: "Ana\r\nBcc: everybody@example.com".to_owned(),
        from_name: "<b>\"Ana\" & Co</b>, \\ ليلى".to_owned(),
        subject: "Hola\r\nBcc: everybody@example.com\r\n\r\n<script>".to_owned(),
        ..mail()
    };
    transport.send(&injected).await.expect("taken");
    let data = &server.mails()[0].data;
    let head = data.split_once("\r\n\r\n").expect("headers").0;
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    for broken in [
        OutgoingMail {
            to_address: "ana@example.com\r\nRCPT TO:<x@example.com>".to_owned(),
            ..mail()
        },
        OutgoingMail {
            to_address: "nobody".to_owned(),
            ..mail()
        },
        OutgoingMail {
            message_id: "no id\r\nX: y@z".to_owned(),
            ..mail()
        },
    ] {
        let error = transport
            .send(&broken)
            .await
            .expect_err("refused before it is sent");
        assert!(matches!(error, MailError::Permanent(_)), "{error:?}");
    }
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn only_a_trusted_wire_goes_without_tls() {
    let with = |host: &str, port, allow_plain, secret: bool| SmtpSettings {
        host: host.to_owned(),
        port,
        credentials: secret.then(|| ("user".to_owned(), SecretString::from("password"))),
        allow_plain,
        timeout: Duration::from_secs(5),
        connections: 1,
    };
    for (settings, expected) in [
        (with("smtp.example.com", 587, false, true), "required"),
        (with("smtp.example.com", 25, false, false), "required"),
        (with("smtp.example.com", 25, true, false), "none"),
        (with("smtp.example.com", 25, true, true), "required"),
        (with("smtp.example.com", 465, true, true), "wrapper"),
        (with("127.0.0.1", 1025, false, true), "none"),
        (with("::1", 1025, false, false), "none"),
        (with("localhost", 25, false, false), "none"),
        (with("localhost.example.com", 25, false, false), "required"),
    ] {
        let tls = match settings.tls().expect("TLS") {
            Tls::None => "none",
            Tls::Required(_) => "required",
            Tls::Wrapper(_) => "wrapper",
            Tls::Opportunistic(_) => "opportunistic",
        };
        assert_eq!(tls, expected, "{}:{}", settings.host, settings.port);
    }
}

#[tokio::test]
async fn a_server_at_an_address_of_ipv6_is_reached() {
    let server = SmtpServer::speaking("::1", Encryption::Never).await;
    for host in ["::1", "[::1]"] {
        let settings = SmtpSettings {
            host: host.to_owned(),
            ..settings(&server)
        };
        let transport = SmtpTransport::new(&settings).expect("a transport");
        transport.send(&mail()).await.expect(host);
    }
    assert_eq!(server.mails().len(), 2);
}

/// An authority of one's own, and what a server of this name shows that it has certified.
fn certified(name: &str, expired: bool) -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of two authorities of one name the wrong one might be asked.
    let own = format!("Authority {:x}", rand::random::<u64>());
    params.distinguished_name.push(DnType::CommonName, own);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    if expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .expect("papers");
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// Loopback needs no TLS, so it is wanted here.
async fn sent(server: &SmtpServer, name: &str, at_once: bool) -> Result<(), MailError> {
    let trusting = trusting(name).expect("a name");
    let tls = if at_once {
        Tls::Wrapper(trusting)
    } else {
        Tls::Required(trusting)
    };
    let transport = SmtpTransport::speaking(&settings(server), tls);
    transport.send(&mail()).await
}

fn assert_refused(sent: Result<(), MailError>, why: &str) {
    let error = sent.expect_err("it is not trusted");
    assert!(
        matches!(&error, MailError::Temporary(told) if told.contains(why)),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_once_it_is_added() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    for at_once in [true, false] {
        for (expired, name, refused) in [
            (false, "mail.test", None),
            (false, "127.0.0.1", Some("not valid for name")),
            (true, "mail.test", Some("expired")),
        ] {
            let (authority, acceptor) = certified("mail.test", expired);
            let encryption = if at_once {
                Encryption::AtOnce(acceptor)
            } else {
                Encryption::StartTls(acceptor)
            };
            let server = SmtpServer::speaking("127.0.0.1", encryption).await;
            let unknown = if expired { "expired" } else { "UnknownIssuer" };
            assert_refused(sent(&server, name, at_once).await, unknown);
            std::fs::write(&file, authority).expect("a file");
            tls::trust(&tls::Authorities::read(&file).expect("an authority"));
            let sent = sent(&server, name, at_once).await;
            match refused {
                None => assert_eq!(sent, Ok(())),
                Some(why) => assert_refused(sent, why),
            }
        }
    }
}

#[tokio::test]
async fn the_local_mailbox_keeps_everything() {
    assert_eq!(LocalMailbox.send(&mail()).await, Ok(()));
}
