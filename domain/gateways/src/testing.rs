//! For tests: a gateway on loopback that answers from a script and keeps what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use entities::{Money, PaymentGateway, RefundId, RefundReason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use domain::adapters::gateways::{GatewayAccount, OrderError, RefundOrder, Unanswered};

use crate::{GatewayEndpoints, http::Answer};

/// What the next request gets.
pub(crate) enum Reply {
    Answer(u16, &'static str),
    /// Takes the request and cuts the connection.
    Cut,
    /// Takes the request and never answers.
    Silence,
}

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// `POST /v1/refunds`
    pub line: String,
    head: String,
    pub body: String,
}

impl Sent {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The fields of a form, readable and in order.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }
}

pub(crate) struct Script {
    pub gateway: Box<dyn GatewayAccount>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Script {
    pub async fn of(gateway: PaymentGateway, replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with_timeout(gateway, replies, Duration::from_secs(20)).await
    }

    pub async fn with_timeout(
        gateway: PaymentGateway,
        replies: impl IntoIterator<Item = Reply>,
        timeout: Duration,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (kept, replies) = (sent.clone(), replies.into_iter().collect::<Vec<_>>());
        tokio::spawn(async move {
            let mut silent = Vec::new();
            for reply in replies {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let request = request_of(&mut stream).await;
                kept.lock().expect("not poisoned").push(request);
                match reply {
                    Reply::Answer(status, body) => answer(stream, status, body).await,
                    Reply::Cut => drop(stream),
                    Reply::Silence => silent.push(stream),
                }
            }
            // A request beyond the script waits for ever; the test sees it in what was sent, or hangs.
            std::future::pending::<()>().await;
        });
        Self {
            gateway: open(gateway, &base, timeout),
            sent,
        }
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("not poisoned").clone()
    }
}

pub(crate) fn open(gateway: PaymentGateway, base: &str, timeout: Duration) -> Box<dyn GatewayAccount> {
    let base: url::Url = base.parse().expect("an address");
    let gateways = crate::all(GatewayEndpoints {
        stripe_api_base: Some(base.clone()),
        mercado_pago_api_base: Some(base),
        timeout,
    });
    let gateways = gateways.expect("clients");
    let adapter = gateways.of(gateway).expect("a gateway");
    adapter.open(&"sk_test_secret".into()).expect("a client")
}

pub(crate) fn order(payment_id: &str, major: &str, currency: &str, reason: RefundReason) -> RefundOrder {
    RefundOrder {
        refund_id: our_refund(),
        payment_id: payment_id.to_owned(),
        amount: Money::from_major(major, currency.parse().expect(currency)).expect(major),
        reason,
        note: None,
    }
}

pub(crate) const OUR_REFUND: &str = "refund_01h2xcejqtf2nbrexx3vqjhp41";

pub(crate) fn our_refund() -> RefundId {
    OUR_REFUND.parse().expect("an id")
}

/// Sorts what orders are told by what may be done next, and compares.
pub(crate) fn orders_are_sorted(sort: fn(&Answer) -> OrderError, cases: &[(u16, &str, &str)]) {
    for (status, body, meaning) in cases {
        let sorted = match sort(&answered(*status, body)) {
            OrderError::Refused { .. } => "refused",
            OrderError::AlreadyRefunded { .. } => "already",
            OrderError::Busy {
                retry_after: Some(_), ..
            } => "busy",
            OrderError::Held {
                retry_after: Some(_), ..
            } => "held",
            OrderError::Busy { .. } | OrderError::Held { .. } => "busy, but when?",
            OrderError::Unknown { .. } => "unknown",
            OrderError::Credentials { .. } => "credentials",
        };
        assert_eq!(sorted, *meaning, "{status} {body}");
    }
}

/// The same of questions: whatever one is told, an order is not refused by it.
pub(crate) fn questions_are_sorted(sort: fn(&Answer) -> Unanswered, cases: &[(u16, &str, &str)]) {
    for (status, body, meaning) in cases {
        let sorted = match sort(&answered(*status, body)) {
            Unanswered::NotFound { .. } => "not found",
            Unanswered::Busy { .. } => "busy",
            Unanswered::Credentials { .. } => "credentials",
            Unanswered::Unknown { .. } => "unknown",
        };
        assert_eq!(sorted, *meaning, "{status} {body}");
    }
}

fn answered(status: u16, body: &str) -> Answer {
    Answer {
        status,
        retry_after: Some(Duration::from_secs(7)),
        body: body.as_bytes().to_vec().into(),
    }
}

async fn request_of(stream: &mut TcpStream) -> Sent {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(
            stream.read_buf(&mut bytes).await.expect("readable"),
            0,
            "the request broke off"
        );
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let line = head
            .lines()
            .next()
            .and_then(|it| it.strip_suffix(" HTTP/1.1"))
            .expect("a request line");
        let sent = Sent {
            line: line.to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        let length = sent
            .header("content-length")
            .map_or(0, |it| it.parse().expect("a length"));
        if body.len() >= length {
            return sent;
        }
    }
}

async fn answer(mut stream: TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\nretry-after: 3\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("writable");
    stream.shutdown().await.expect("closed");
}
