//! The one way a request goes through a simulated gateway: written down, perhaps struck by a fault,
//! answered from the store of idempotency keys or executed, and its answer kept.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use axum::response::Response;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::clock::SandboxClock;
use super::config::GatewayConfig;
use super::faults::{FaultKind, Faults, LIST_REFUNDS};
use super::provider::Provider;
use super::records::{Change, Notification, Request, StoredAnswer};
use super::server::CutConnection;
use super::store::Store;
use super::webhooks::{SignedRequest, Webhooks};
use super::work::Work;

pub(super) struct Gateway {
    pub provider: Provider,
    pub config: GatewayConfig,
    pub clock: SandboxClock,
    pub webhooks: Webhooks,
    pub stop: CancellationToken,
    pub me: Weak<Gateway>,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub store: Store,
    pub faults: Faults,
    /// Idempotency keys whose first request is still running.
    busy: BTreeSet<String>,
}

/// The endpoint of a request with a wrong key: it is written down and no key is looked at.
pub(super) const UNAUTHORIZED: &str = "unauthorized";

/// A request of the product to one of the endpoints.
pub(super) struct Call {
    /// As faults name it.
    pub endpoint: &'static str,
    pub payment: Option<String>,
    pub method: String,
    pub path: String,
    pub key: Option<String>,
    /// Everything that must be equal when the key comes again.
    pub fingerprint: Value,
    pub body: String,
}

/// What the gateway already knows about a request's idempotency key.
enum Standing {
    Free,
    Stored(StoredAnswer),
    OtherParameters,
    InUse,
}

struct Arrived {
    request: u64,
    standing: Standing,
    fault: Option<FaultKind>,
    /// Held while the first request with a key runs.
    busy: Option<Busy>,
}

struct Busy {
    gateway: Arc<Gateway>,
    key: String,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.gateway.inner().busy.remove(&self.key);
    }
}

impl Gateway {
    pub fn open(
        provider: Provider,
        config: GatewayConfig,
        clock: SandboxClock,
        stop: CancellationToken,
    ) -> anyhow::Result<Arc<Self>> {
        let store = Store::open(config.journal.as_deref(), clock.now_ms())?;
        let webhooks = Webhooks::new(config.webhook_url.clone(), config.webhook_first_retry);
        let undelivered: Vec<_> = store.notifications.values().cloned().collect();
        webhooks.post(undelivered);
        let inner = Mutex::new(Inner {
            store,
            faults: Faults::default(),
            busy: BTreeSet::new(),
        });
        let gateway = Arc::new_cyclic(|me| Self {
            provider,
            config,
            clock,
            webhooks,
            stop,
            me: me.clone(),
            inner,
        });
        gateway.settle_what_was_pending();
        Ok(gateway)
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what the gateway knows, in one piece, and lets the target know afterwards.
    pub fn work<T>(&self, fault: Option<&FaultKind>, run: impl FnOnce(&mut Work<'_>) -> T) -> T {
        let (result, notifications) = {
            let mut inner = self.inner();
            let mut work = Work::new(self, &mut inner.store, fault);
            let result = run(&mut work);
            let notifications = work.finish();
            (result, notifications)
        };
        self.webhooks.post(notifications);
        result
    }

    /// Takes a request through all the steps.
    pub async fn handle(
        self: Arc<Self>,
        call: Call,
        run: impl FnOnce(&mut Work<'_>) -> Answer + Send,
    ) -> Response {
        if let Some(payment) = &call.payment {
            self.learn(payment).await;
        }
        let arrived = self.arrive(&call);
        match arrived.fault {
            Some(FaultKind::RateLimited { retry_after }) => {
                return self.finish(&arrived, self.provider.rate_limited(retry_after));
            }
            Some(FaultKind::Error500Before) => {
                return self.finish(&arrived, self.provider.error_500());
            }
            Some(FaultKind::ForeignKey { empty_lists }) => {
                let answer = if empty_lists && call.endpoint == LIST_REFUNDS {
                    self.provider.no_refunds()
                } else {
                    self.provider.not_found()
                };
                return self.finish(&arrived, answer);
            }
            Some(FaultKind::TimeoutBeforeExecuting) => pending::<()>().await,
            Some(FaultKind::Slow { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        let answer = match &arrived.standing {
            Standing::Stored(stored) => Answer::replayed(stored),
            Standing::OtherParameters => self.provider.key_reused(),
            Standing::InUse => self.provider.key_in_use(),
            Standing::Free => self.execute(&arrived, call, run),
        };
        let mut response = self.finish(&arrived, answer);
        let Arrived { fault, busy, .. } = arrived;
        // The key is free before the answer is withheld: a repeat finds the stored answer.
        drop(busy);
        match fault {
            Some(FaultKind::TimeoutAfterExecuting) => pending::<()>().await,
            Some(FaultKind::CutConnection) => {
                response.extensions_mut().insert(CutConnection);
            }
            _ => {}
        }
        response
    }

    /// Makes a payment known that is known elsewhere, if the gateway is set to make up unknown ones.
    async fn learn(&self, id: &str) {
        let wanted = self.config.accept_unknown_payments && self.provider.is_plausible(id);
        let Some(known) = self.config.payments_known.as_ref().filter(|_| wanted) else {
            return;
        };
        if self.inner().store.payments.contains_key(id) {
            return;
        }
        if let Some(mut payment) = known(self.provider, id.to_owned()).await {
            self.work(None, |work| {
                payment.created_ms = work.now_ms;
                if !work.store.payments.contains_key(id) {
                    work.record(Change::Payment(payment));
                }
            });
        }
    }

    fn arrive(self: &Arc<Self>, call: &Call) -> Arrived {
        let now_ms = self.clock.now_ms();
        let mut inner = self.inner();
        let standing = match &call.key {
            None => Standing::Free,
            Some(key) if inner.busy.contains(key) => Standing::InUse,
            Some(key) => match inner.store.stored_answer(key, now_ms) {
                None => Standing::Free,
                Some(stored) if stored.fingerprint == call.fingerprint => Standing::Stored(stored.clone()),
                Some(_) => Standing::OtherParameters,
            },
        };
        let free = matches!(standing, Standing::Free);
        let fault = inner.faults.strike(call.endpoint, call.payment.as_deref(), free);
        let request = inner.store.next_id();
        inner.store.record(Change::Request(Request {
            id: request,
            at_ms: now_ms,
            method: call.method.clone(),
            path: call.path.clone(),
            idempotency_key: call.key.clone(),
            body: call.body.clone(),
            fault: fault.as_ref().map(|it| it.name().to_owned()),
            answered: None,
            replayed: false,
        }));
        inner.store.flush();
        let busy = call.key.as_ref().filter(|_| free).map(|key| {
            inner.busy.insert(key.clone());
            Busy {
                gateway: Arc::clone(self),
                key: key.clone(),
            }
        });
        Arrived {
            request,
            standing,
            fault,
            busy,
        }
    }

    fn execute(&self, arrived: &Arrived, call: Call, run: impl FnOnce(&mut Work<'_>) -> Answer) -> Answer {
        self.work(arrived.fault.as_ref(), |work| {
            work.key.clone_from(&call.key);
            let mut answer = match &arrived.fault {
                Some(FaultKind::Refuse { code }) => self.provider.refusal(code),
                _ => run(work),
            };
            if arrived.fault == Some(FaultKind::Error500Stored) {
                answer = self.provider.error_500().kept();
            }
            if let Some(key) = call.key.filter(|_| answer.keep) {
                work.record(Change::Key(StoredAnswer {
                    key,
                    fingerprint: call.fingerprint,
                    status: answer.status,
                    body: answer.body.clone(),
                    stored_ms: work.now_ms,
                }));
            }
            answer
        })
    }

    fn finish(&self, arrived: &Arrived, answer: Answer) -> Response {
        let mut inner = self.inner();
        if let Some(request) = inner.store.request(arrived.request) {
            let mut request = request.clone();
            request.answered = Some(answer.status);
            request.replayed = answer.replayed;
            inner.store.record(Change::Request(request));
            inner.store.flush();
        }
        self.provider.respond(answer, arrived.request)
    }

    pub fn notification_done(&self, id: &str) {
        let mut inner = self.inner();
        inner.store.record(Change::Done(id.to_owned()));
        inner.store.flush();
    }

    pub fn sign(&self, target: &str, notification: &Notification) -> SignedRequest {
        self.provider
            .sign(&self.config, self.clock.now_ms(), target, notification)
    }

    fn settle_what_was_pending(&self) {
        let pending: Vec<String> = {
            let inner = self.inner();
            inner
                .store
                .refunds
                .iter()
                .filter(|it| it.is_pending())
                .map(|it| it.id.clone())
                .collect()
        };
        for refund in pending {
            self.settle_later(refund);
        }
    }

    /// For the demonstration: a pending refund succeeds by itself.
    pub fn settle_later(&self, refund: String) {
        let Some(after) = self.config.settle_after else {
            return;
        };
        let (gateway, stop) = (self.me.clone(), self.stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(after) => {}
                () = stop.cancelled() => return,
            }
            if let Some(gateway) = gateway.upgrade() {
                gateway.work(None, |work| work.settle_if_pending(&refund));
            }
        });
    }
}
