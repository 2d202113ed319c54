//! One piece of work inside a simulated gateway: looks payments up, executes and settles refunds,
//! and collects the notifications that follow.

use std::collections::BTreeMap;

use super::faults::FaultKind;
use super::gateway::Gateway;
use super::provider::Step;
use super::records::{Change, Notification, Payment, Refund, RefundStatus};
use super::store::Store;

pub(super) struct Work<'a> {
    pub gateway: &'a Gateway,
    pub store: &'a mut Store,
    pub now_ms: i64,
    /// The idempotency key of the request that is executed.
    pub key: Option<String>,
    fault: Option<&'a FaultKind>,
    notifications: Vec<Notification>,
}

pub(super) struct NewRefund {
    pub payment: Payment,
    pub amount: i64,
    pub reason: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

impl<'a> Work<'a> {
    pub fn new(gateway: &'a Gateway, store: &'a mut Store, fault: Option<&'a FaultKind>) -> Self {
        let now_ms = gateway.clock.now_ms();
        Self {
            gateway,
            store,
            now_ms,
            key: None,
            fault,
            notifications: Vec::new(),
        }
    }

    pub fn record(&mut self, change: Change) {
        self.store.record(change);
    }

    /// Writes everything in one line; the notifications may be sent now.
    pub fn finish(self) -> Vec<Notification> {
        self.store.flush();
        self.notifications
    }

    /// The payment, made up if the gateway is set to know every plausible one.
    pub fn payment(&mut self, id: &str, currency: Option<&str>) -> Option<Payment> {
        if let Some(payment) = self.store.payments.get(id) {
            return Some(payment.clone());
        }
        let config = &self.gateway.config;
        if !config.accept_unknown_payments || !self.gateway.provider.is_plausible(id) {
            return None;
        }
        let currency = currency.unwrap_or(&config.unknown_currency);
        let mut payment = Payment::new(id, config.unknown_amount, currency);
        payment.created_ms = self.now_ms;
        self.record(Change::Payment(payment.clone()));
        Some(payment)
    }

    /// Moves the money. The caller has checked that it may.
    pub fn refund(&mut self, new: NewRefund) -> Refund {
        let slow = new.payment.slow || self.fault == Some(&FaultKind::RefundPending);
        let amount = match self.fault {
            Some(FaultKind::WrongAmount { amount }) => amount.unwrap_or(new.amount - 1),
            _ => new.amount,
        };
        let number = self.store.next_id();
        let refund = Refund {
            id: self.gateway.provider.refund_id(number),
            payment: new.payment.id,
            amount,
            currency: new.payment.currency,
            status: if slow {
                RefundStatus::Pending
            } else {
                RefundStatus::Succeeded
            },
            reason: new.reason,
            failure_reason: None,
            metadata: new.metadata,
            key: self.key.clone(),
            fails_late: self.fault == Some(&FaultKind::LateFailure),
            created_ms: self.now_ms,
        };
        self.record(Change::Refund(refund.clone()));
        self.announce(&refund, Step::Created);
        if slow {
            self.gateway.settle_later(refund.id.clone());
        }
        refund
    }

    /// Says how a refund ended. One that succeeded may still fail, days later.
    pub fn settle(&mut self, id: &str, status: RefundStatus, why: Option<&str>) -> Option<Refund> {
        let mut refund = self.store.refund(id)?.clone();
        refund.status = status;
        refund.fails_late = false;
        refund.failure_reason = match status {
            RefundStatus::Failed => Some(why.unwrap_or("expired_or_canceled_card").to_owned()),
            _ => None,
        };
        self.record(Change::Refund(refund.clone()));
        let failed = status == RefundStatus::Failed;
        self.announce(&refund, if failed { Step::Failed } else { Step::Updated });
        Some(refund)
    }

    pub fn settle_if_pending(&mut self, id: &str) {
        if self.store.refund(id).is_some_and(Refund::is_pending) {
            self.settle(id, RefundStatus::Succeeded, None);
        }
    }

    fn announce(&mut self, refund: &Refund, step: Step) {
        for draft in self.gateway.provider.announcements(self, refund, step) {
            self.notify(draft.kind, draft.about, draft.body);
        }
    }

    /// Keeps a notification until it is delivered. `body` gets the event's id.
    pub fn notify(&mut self, kind: &str, about: String, body: serde_json::Value) {
        let number = self.store.next_id();
        let (id, body) = self.gateway.provider.event(number, self.now_ms, kind, body);
        let notification = Notification {
            id,
            kind: kind.to_owned(),
            about,
            body,
        };
        self.record(Change::Notification(notification.clone()));
        self.notifications.push(notification);
    }
}
