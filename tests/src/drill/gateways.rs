//! Both simulated gateways in a process of their own, which stays when everything else is killed.

use std::{collections::BTreeMap, path::Path, time::Duration};

use sandbox::{Fault, FaultKind, Payment, Provider, Refund, Request};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    program::{Environment, Program},
    until,
};

/// The keys that the simulation accepts.
pub const STRIPE_KEY: &str = "sk_test_sandbox";
pub const MERCADO_PAGO_TOKEN: &str = "TEST-sandbox";

pub struct Gateways {
    pub stripe: String,
    pub mercado_pago: String,
    http: reqwest::Client,
    _program: Program,
}

/// One gateway's books.
#[derive(Clone, Debug, Deserialize)]
pub struct Journal {
    pub requests: Vec<Request>,
    pub refunds: Vec<Refund>,
    pub faults_landed: BTreeMap<String, u64>,
}

/// Both gateways' books.
#[derive(Clone, Debug)]
pub struct Journals(pub Vec<(Provider, Journal)>);

impl Gateways {
    /// Starts them; their journals are kept in `folder`. `webhooks` is the address that they tell.
    pub async fn start(folder: &Path, webhooks: Option<&str>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let journals = folder.join("gateways");
        let journals = journals.to_str().expect("a path");
        let stripe_hook = webhooks.map(|url| format!("{url}/webhooks/stripe"));
        let mercado_pago_hook = webhooks.map(|url| format!("{url}/webhooks/mercadopago"));
        let mut arguments = vec!["sandbox", "--stripe-port", "0", "--mercado-pago-port", "0"];
        arguments.extend(["--journal-dir", journals]);
        if let (Some(stripe), Some(mercado_pago)) = (&stripe_hook, &mercado_pago_hook) {
            arguments.extend(["--stripe-webhook-url", stripe]);
            arguments.extend(["--mercado-pago-webhook-url", mercado_pago]);
        }
        let program = Program::start("gateways", &arguments, &Environment::new(), folder);
        let said = folder.join("gateways.out");
        let mut addresses = Value::Null;
        until("the gateways are ready", Duration::from_secs(30), async || {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            addresses = serde_json::from_str(&text).unwrap_or_default();
            addresses.is_object()
        })
        .await;
        let address = |name: &str| addresses[name].as_str().expect("an address").to_owned();
        Self {
            stripe: address("stripe"),
            mercado_pago: address("mercado_pago"),
            http: reqwest::Client::new(),
            _program: program,
        }
    }

    pub fn url(&self, gateway: Provider) -> &str {
        match gateway {
            Provider::Stripe => &self.stripe,
            Provider::MercadoPago => &self.mercado_pago,
        }
    }

    async fn control(&self, gateway: Provider, what: &str, body: &Value) {
        let url = format!("{}/_control/{what}", self.url(gateway));
        let answer = self
            .http
            .post(url)
            .json(body)
            .send()
            .await
            .expect("the gateway answers");
        assert!(answer.status().is_success(), "{what}: {}", answer.status());
    }

    pub async fn add_payments(&self, gateway: Provider, payments: &[Payment]) {
        self.control(gateway, "payments", &json!(payments)).await;
    }

    /// Orders faults at both.
    pub async fn fault(&self, faults: &[Fault]) {
        for gateway in [Provider::Stripe, Provider::MercadoPago] {
            self.control(gateway, "faults", &json!(faults)).await;
        }
    }

    /// Every request takes so long from now on.
    pub async fn slow(&self, ms: u64) {
        self.fault(&[slow(ms)]).await;
    }

    /// No more faults.
    pub async fn heal(&self) {
        for gateway in [Provider::Stripe, Provider::MercadoPago] {
            let url = format!("{}/_control/faults", self.url(gateway));
            self.http.delete(url).send().await.expect("the gateway answers");
        }
    }

    pub async fn journals(&self) -> Journals {
        let mut journals = Vec::new();
        for gateway in [Provider::Stripe, Provider::MercadoPago] {
            let url = format!("{}/_control/journal", self.url(gateway));
            let answer = self.http.get(url).send().await.expect("the gateway answers");
            journals.push((gateway, answer.json().await.expect("a journal")));
        }
        Journals(journals)
    }

    /// Somebody gives money back in the gateway's own pages, and tries until an answer says that it is done.
    pub async fn refund_by_hand(&self, gateway: Provider, payment: &str, minor: i64) {
        const MOST: usize = 20;
        // Some answers never come.
        const PATIENCE: Duration = Duration::from_secs(2);
        let key = format!("by-hand-{payment}");
        for _ in 0..MOST {
            let request = self.refund_with_key(gateway, payment, minor, &key);
            let sent = request.timeout(PATIENCE).send().await;
            // A stored 500 is what was executed, too: the gateway's own pages would show it.
            if sent.is_ok_and(|answer| answer.status().is_success()) || self.has_key(&key).await {
                return;
            }
        }
        panic!("{payment} could not be given back by hand");
    }

    async fn has_key(&self, key: &str) -> bool {
        let journals = self.journals().await;
        let mut refunds = journals.0.iter().flat_map(|(_, journal)| &journal.refunds);
        refunds.any(|refund| refund.key.as_deref() == Some(key))
    }

    /// Sends a refund as our program does, but whose it is nobody knows: with a key of its own.
    pub async fn refund_behind_our_back(&self, gateway: Provider, payment: &str, minor: i64) {
        let request = self.refund_with_key(gateway, payment, minor, "nobody-has-asked-for-this");
        let answer = request.send().await.expect("the gateway answers");
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap_or_default()
        );
    }

    fn refund_with_key(
        &self,
        gateway: Provider,
        payment: &str,
        minor: i64,
        key: &str,
    ) -> reqwest::RequestBuilder {
        match gateway {
            Provider::Stripe => self
                .http
                .post(format!("{}/v1/refunds", self.stripe))
                .bearer_auth(STRIPE_KEY)
                .header("idempotency-key", key)
                .form(&[("payment_intent", payment), ("amount", &minor.to_string())]),
            Provider::MercadoPago => self
                .http
                .post(format!("{}/v1/payments/{payment}/refunds", self.mercado_pago))
                .bearer_auth(MERCADO_PAGO_TOKEN)
                .header("x-idempotency-key", key)
                .json(&json!({ "amount": major(minor) })),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "amounts of drills are small")]
fn major(minor: i64) -> f64 {
    minor as f64 / 100.0
}

impl Journals {
    /// The faults that landed, except that an answer was slow.
    pub fn faults_landed(&self) -> BTreeMap<String, u64> {
        let mut landed = BTreeMap::new();
        for (name, count) in self.0.iter().flat_map(|(_, journal)| &journal.faults_landed) {
            if name != "slow" {
                *landed.entry(name.clone()).or_default() += count;
            }
        }
        landed
    }

    /// All requests about a payment, in the order in which they came.
    pub fn requests_about(&self, payment: &str) -> Vec<&Request> {
        let all = self.0.iter().flat_map(|(_, journal)| &journal.requests);
        all.filter(|it| it.path.contains(payment) || it.body.contains(payment))
            .collect()
    }
}

/// Every refund takes so long.
pub fn slow(ms: u64) -> Fault {
    Fault::once(FaultKind::Slow { ms }).with_probability(1.0, 0)
}

/// What goes wrong between us and gateways: a bit of everything, and no answer is quick.
pub fn bad_weather(seed: u64) -> Vec<Fault> {
    let sometimes = |kind, probability, n| Fault::once(kind).with_probability(probability, seed + n);
    vec![
        sometimes(FaultKind::TimeoutAfterExecuting, 0.05, 1),
        sometimes(FaultKind::CutConnection, 0.05, 2),
        sometimes(FaultKind::Error500Stored, 0.05, 3),
        sometimes(FaultKind::Error500Before, 0.03, 4),
        sometimes(FaultKind::RateLimited { retry_after: 1 }, 0.05, 5),
        sometimes(FaultKind::Slow { ms: 500 }, 0.3, 6),
        sometimes(FaultKind::Error500Before, 0.1, 7).on("refunds.list"),
        slow(250),
    ]
}
