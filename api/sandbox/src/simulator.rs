//! One simulated gateway as tests and the embedded mode hold it: make payments known, order faults,
//! count what was executed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::clock::SandboxClock;
use super::faults::Fault;
use super::gateway::Gateway;
use super::provider::Provider;
use super::records::{Change, Delivery, Payment, Refund, RefundStatus, Request, Subscription};
use super::webhooks::WebhookFaults;

/// A running simulation of Stripe or MercadoPago. Clones are the same gateway.
#[derive(Clone)]
pub struct Simulator {
    pub(super) gateway: Arc<Gateway>,
    pub(super) base_url: String,
}

/// Stripe: form-encoded, `Idempotency-Key`, signed events.
pub type StripeSimulator = Simulator;
/// MercadoPago: JSON, `X-Idempotency-Key`, notifications that only name the payment.
pub type MercadoPagoSimulator = Simulator;

/// All that the gateway has received and done.
#[derive(Debug, Clone, Serialize)]
pub struct Journal {
    pub simulated: bool,
    pub provider: Provider,
    pub requests: Vec<Request>,
    /// In the order in which they were executed.
    pub refunds: Vec<Refund>,
    pub subscriptions: Vec<Subscription>,
    pub payments: usize,
    pub faults_landed: BTreeMap<String, u64>,
    pub deliveries: Vec<Delivery>,
}

impl Journal {
    /// The refunds that were executed for an idempotency key: more than one is money paid twice.
    pub fn refunds_with_key(&self, key: &str) -> Vec<&Refund> {
        self.refunds
            .iter()
            .filter(|it| it.key.as_deref() == Some(key))
            .collect()
    }

    /// The refunds whose metadata say so (Stripe).
    pub fn refunds_with_metadata(&self, name: &str, value: &str) -> Vec<&Refund> {
        let says = |it: &&Refund| it.metadata.get(name).is_some_and(|it| it == value);
        self.refunds.iter().filter(says).collect()
    }

    /// How many refunds each key has executed.
    pub fn executions_by_key(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for key in self.refunds.iter().filter_map(|it| it.key.clone()) {
            *counts.entry(key).or_default() += 1;
        }
        counts
    }

    /// What has gone or is on its way back for a payment, in minor units.
    pub fn total_refunded(&self, payment: &str) -> i64 {
        let live = self
            .refunds
            .iter()
            .filter(|it| it.payment == payment && it.status.is_live());
        live.map(|it| it.amount).sum()
    }
}

impl Simulator {
    /// `http://127.0.0.1:port`
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Both simulators of a sandbox show the same time.
    pub fn clock(&self) -> &SandboxClock {
        &self.gateway.clock
    }

    /// Makes a captured payment known. Stripe takes `pi_…` or `ch_…`; the two belong together.
    pub fn add_payment(&self, id: &str, amount_minor: i64, currency: &str) {
        self.add_payments([Payment::new(id, amount_minor, currency)]);
    }

    /// Makes many payments known in one write; a known id is replaced.
    pub fn add_payments(&self, payments: impl IntoIterator<Item = Payment>) {
        self.gateway.work(None, |work| {
            for mut payment in payments {
                payment.id = work.gateway.provider.payment_id(&payment.id);
                payment.currency.make_ascii_uppercase();
                if payment.created_ms == 0 {
                    payment.created_ms = work.now_ms;
                }
                work.record(Change::Payment(payment));
            }
        });
    }

    /// Makes refunds known that were made before this gateway began to keep books.
    pub fn add_refunds(&self, refunds: impl IntoIterator<Item = Refund>) {
        self.gateway.work(None, |work| {
            for mut refund in refunds {
                refund.payment = work.gateway.provider.payment_id(&refund.payment);
                work.record(Change::Refund(refund));
            }
        });
    }

    /// Makes a running subscription known.
    pub fn add_subscription(&self, id: &str, currency: &str) {
        self.add_subscriptions([(id.to_owned(), currency.to_owned())]);
    }

    /// Makes many running subscriptions known: id and currency of each.
    pub fn add_subscriptions(&self, subscriptions: impl IntoIterator<Item = (String, String)>) {
        let status = match self.gateway.provider {
            Provider::Stripe => "active",
            Provider::MercadoPago => "authorized",
        };
        self.gateway.work(None, |work| {
            for (id, currency) in subscriptions {
                work.record(Change::Subscription(Subscription {
                    id,
                    status: status.into(),
                    paused: None,
                    currency,
                    created_ms: work.now_ms,
                }));
            }
        });
    }

    /// The subscription as the gateway has it.
    pub fn subscription(&self, id: &str) -> Option<Subscription> {
        self.gateway.inner().store.subscriptions.get(id).cloned()
    }

    /// The customer disputes the payment; it can no longer be refunded. False: unknown payment.
    pub fn dispute(&self, payment: &str) -> bool {
        let id = self.gateway.provider.payment_id(payment);
        self.gateway.work(None, |work| {
            let Some(mut payment) = work.payment(&id, None) else {
                return false;
            };
            payment.disputed = true;
            work.record(Change::Payment(payment.clone()));
            let (kind, body) = match work.gateway.provider {
                Provider::MercadoPago => ("payment.updated", json!(payment.id)),
                Provider::Stripe => {
                    let charge = payment.id.replacen("pi_", "ch_", 1);
                    let dispute = json!({
                        "id": format!("dp_{}", work.store.next_id()), "object": "dispute",
                        "amount": payment.amount, "charge": charge, "payment_intent": payment.id,
                        "currency": payment.currency.to_ascii_lowercase(), "livemode": false,
                        "created": work.now_ms / 1000, "reason": "general", "metadata": {},
                        "status": "needs_response", "is_charge_refundable": false,
                    });
                    ("charge.dispute.created", dispute)
                }
            };
            work.notify(kind, payment.id, body);
            true
        })
    }

    /// Orders a fault; faults land in the order in which they were ordered.
    pub fn fault(&self, fault: Fault) {
        self.gateway.inner().faults.plan(fault);
    }

    /// Forgets the faults that have not landed.
    pub fn clear_faults(&self) {
        self.gateway.inner().faults.clear();
    }

    /// How many of each fault have landed, by name.
    pub fn faults_landed(&self) -> BTreeMap<String, u64> {
        self.gateway.inner().faults.landed()
    }

    /// Ends a pending refund, or fails one that had succeeded. `None`: unknown refund.
    pub fn settle(&self, refund: &str, status: RefundStatus, why: Option<&str>) -> Option<Refund> {
        self.gateway.work(None, |work| work.settle(refund, status, why))
    }

    /// Fails every refund on which the fault `late_failure` landed.
    pub fn fail_late_refunds(&self) -> Vec<Refund> {
        self.gateway.work(None, |work| {
            let marked = work.store.refunds.iter().filter(|it| it.fails_late);
            let marked: Vec<_> = marked.map(|it| it.id.clone()).collect();
            let fail = |id: String| work.settle(&id, RefundStatus::Failed, None);
            marked.into_iter().filter_map(fail).collect()
        })
    }

    /// Where notifications go from now on; what was collected is sent.
    pub fn set_webhook_url(&self, url: impl Into<String>) {
        self.gateway.webhooks.set_target(Some(url.into()));
    }

    /// What goes wrong with notifications from now on.
    pub fn set_webhook_faults(&self, faults: WebhookFaults) {
        self.gateway.webhooks.set_faults(faults);
    }

    /// Collects notifications until they are released.
    pub fn hold_webhooks(&self) {
        let faults = WebhookFaults {
            hold: true,
            ..self.gateway.webhooks.faults()
        };
        self.gateway.webhooks.set_faults(faults);
    }

    /// Sends what was collected and waits until it was delivered.
    pub async fn release_webhooks(&self) {
        let faults = WebhookFaults {
            hold: false,
            ..self.gateway.webhooks.faults()
        };
        self.gateway.webhooks.set_faults(faults);
        self.webhooks_settled().await;
    }

    /// Waits until every notification is delivered, dropped, given up or held.
    pub async fn webhooks_settled(&self) {
        self.gateway.webhooks.settled().await;
    }

    /// How many notifications are held or without a target.
    pub fn webhooks_waiting(&self) -> usize {
        self.gateway.webhooks.waiting()
    }

    /// All that was received and done.
    pub fn journal(&self) -> Journal {
        let deliveries = self.gateway.webhooks.deliveries();
        let inner = self.gateway.inner();
        Journal {
            simulated: true,
            provider: self.gateway.provider,
            requests: inner.store.requests.iter().cloned().collect(),
            refunds: inner.store.refunds.clone(),
            subscriptions: inner.store.subscriptions.values().cloned().collect(),
            payments: inner.store.payments.len(),
            faults_landed: inner.faults.landed(),
            deliveries,
        }
    }
}
