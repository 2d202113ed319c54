//! Notifies the target of what happened at the gateway: signed, repeated until it answers 2xx, and on
//! command held back, doubled, shuffled or dropped.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::gateway::Gateway;
use super::records::{Delivery, Notification};

/// What goes wrong with notifications.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookFaults {
    /// Collected until released.
    pub hold: bool,
    /// Each is delivered twice, with the same event id.
    pub doubled: bool,
    /// What was collected is delivered in an order drawn from this seed.
    pub shuffle_seed: Option<u64>,
    /// So many of the next ones are never delivered.
    pub drop_next: u64,
}

/// A delivery as it goes over the wire.
pub(super) struct SignedRequest {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

#[derive(Default)]
struct Outbox {
    target: Option<String>,
    waiting: Vec<Notification>,
    faults: WebhookFaults,
    deliveries: Vec<Delivery>,
}

/// The outbox of one gateway and the task that empties it.
pub(super) struct Webhooks {
    outbox: Mutex<Outbox>,
    /// Rings when there may be something to send.
    bell: tokio::sync::Notify,
    /// How many notifications are due but neither delivered nor given up.
    open: watch::Sender<usize>,
    client: OnceLock<reqwest::Client>,
    first_retry: Duration,
}

/// The longest pause between two attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(5);
/// Given up after this many attempts: about a quarter of an hour.
const ATTEMPTS: u32 = 200;

impl Webhooks {
    pub fn new(target: Option<String>, first_retry: Duration) -> Self {
        Self {
            outbox: Mutex::new(Outbox {
                target,
                ..Outbox::default()
            }),
            bell: tokio::sync::Notify::new(),
            open: watch::Sender::new(0),
            client: OnceLock::new(),
            first_retry,
        }
    }

    /// Made for the first delivery: it loads certificates, and the start should not wait for that.
    fn client(&self) -> reqwest::Result<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Fails only if the process has chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(self.client.get_or_init(|| client))
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_target(&self, target: Option<String>) {
        self.outbox().target = target;
        self.bell.notify_one();
    }

    pub fn target(&self) -> Option<String> {
        self.outbox().target.clone()
    }

    pub fn set_faults(&self, faults: WebhookFaults) {
        self.outbox().faults = faults;
        self.bell.notify_one();
    }

    pub fn faults(&self) -> WebhookFaults {
        self.outbox().faults.clone()
    }

    /// How many are collected.
    pub fn waiting(&self) -> usize {
        self.outbox().waiting.len()
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        self.outbox().deliveries.clone()
    }

    pub fn post(&self, notifications: Vec<Notification>) {
        if notifications.is_empty() {
            return;
        }
        self.outbox().waiting.extend(notifications);
        self.bell.notify_one();
    }

    /// Waits until nothing is due: all is delivered, dropped, given up or held.
    pub async fn settled(&self) {
        let mut open = self.open.subscribe();
        loop {
            let idle = {
                let outbox = self.outbox();
                outbox.waiting.is_empty() || outbox.faults.hold || outbox.target.is_none()
            };
            if idle && *open.borrow_and_update() == 0 {
                return;
            }
            self.bell.notify_one();
            if open.changed().await.is_err() {
                return;
            }
        }
    }

    /// Takes what is due, in the order in which it is to be sent. `open` counts it in the same
    /// moment, so that `settled` never sees it nowhere.
    fn take_due(&self) -> (Vec<Notification>, Vec<Notification>) {
        let mut outbox = self.outbox();
        if outbox.faults.hold || outbox.target.is_none() {
            return (Vec::new(), Vec::new());
        }
        let mut due = std::mem::take(&mut outbox.waiting);
        let dropped = due
            .len()
            .min(usize::try_from(outbox.faults.drop_next).unwrap_or(usize::MAX));
        outbox.faults.drop_next -= dropped as u64;
        let gone: Vec<_> = due.drain(..dropped).collect();
        outbox.deliveries.extend(gone.iter().map(|it| Delivery {
            notification: it.id.clone(),
            kind: it.kind.clone(),
            attempt: 0,
            answer: None,
            dropped: true,
        }));
        if outbox.faults.doubled {
            due = due.into_iter().flat_map(|it| [it.clone(), it]).collect();
        }
        if let Some(seed) = outbox.faults.shuffle_seed {
            due.shuffle(&mut StdRng::seed_from_u64(seed));
        }
        self.open.send_modify(|open| *open += due.len() + gone.len());
        (due, gone)
    }

    fn close(&self, count: usize) {
        self.open.send_modify(|open| *open -= count);
    }

    async fn call(&self, request: SignedRequest) -> reqwest::Result<u16> {
        let mut call = self
            .client()?
            .post(request.url)
            .header("content-type", "application/json");
        for (name, value) in request.headers {
            call = call.header(name, value);
        }
        Ok(call.body(request.body).send().await?.status().as_u16())
    }

    async fn attempt(&self, notification: &Notification, number: u32, request: SignedRequest) -> bool {
        let answer = match self.call(request).await {
            Ok(status) => Some(status),
            Err(error) => {
                tracing::debug!(%error, "a simulated webhook could not be delivered");
                None
            }
        };
        self.outbox().deliveries.push(Delivery {
            notification: notification.id.clone(),
            kind: notification.kind.clone(),
            attempt: number,
            answer,
            dropped: false,
        });
        answer.is_some_and(|status| (200..300).contains(&status))
    }

    fn pause_before(&self, attempt: u32) -> Duration {
        self.first_retry
            .saturating_mul(1 << attempt.saturating_sub(2).min(10))
            .min(LONGEST_RETRY)
    }
}

/// Sends what is due, one after the other; what fails is repeated beside it. Ends with the gateway.
pub(super) async fn deliver(gateway: Weak<Gateway>) {
    loop {
        let Some(gateway) = gateway.upgrade() else { return };
        let (due, dropped) = gateway.webhooks.take_due();
        for notification in &dropped {
            gateway.notification_done(&notification.id);
        }
        gateway.webhooks.close(dropped.len());
        for notification in due {
            if send(&gateway, &notification, 1).await {
                gateway.webhooks.close(1);
            } else {
                tokio::spawn(repeat(Arc::downgrade(&gateway), notification));
            }
        }
        tokio::select! {
            () = gateway.webhooks.bell.notified() => {}
            () = gateway.stop.cancelled() => return,
        }
    }
}

async fn repeat(gateway: Weak<Gateway>, notification: Notification) {
    for attempt in 2..=ATTEMPTS {
        let Some(gateway) = gateway.upgrade() else { return };
        let pause = gateway.webhooks.pause_before(attempt);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = gateway.stop.cancelled() => return,
        }
        if send(&gateway, &notification, attempt).await {
            gateway.webhooks.close(1);
            return;
        }
    }
    if let Some(gateway) = gateway.upgrade() {
        tracing::warn!(id = notification.id, "a simulated webhook was given up");
        gateway.notification_done(&notification.id);
        gateway.webhooks.close(1);
    }
}

async fn send(gateway: &Gateway, notification: &Notification, attempt: u32) -> bool {
    let Some(target) = gateway.webhooks.target() else {
        return false;
    };
    let request = gateway.sign(&target, notification);
    let delivered = gateway.webhooks.attempt(notification, attempt, request).await;
    if delivered {
        gateway.notification_done(&notification.id);
    }
    delivered
}
