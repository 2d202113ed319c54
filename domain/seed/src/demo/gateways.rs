//! The gateways of the demo's scenarios: they remember what they were paid, and answer as the scenario wants it. What
//! does not depend on a scenario, they leave to the real adapters.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    adapters::gateways::{
        Agreements, GatewayAccount, GatewayAdapter, GatewayNotice, GatewayPayment, GatewayRefund,
        GatewayRefundStatus, Gateways, OrderError, PaymentRef, Payments, RefundAbility, RefundOrder, Refunds,
        SecretName, Unanswered, Unsendable, WebhookDelivery, WebhookError, Webhooks,
    },
    clock::{Clock, FixedClock},
};
use entities::{Money, PaymentGateway};
use secrecy::SecretString;

use super::book::{named, number};

/// What the gateways know of the scenarios.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<String, Payment>>);

struct Payment {
    captured: Money,
    refunds: Vec<GatewayRefund>,
    /// Why it gives nothing back: code and sentence.
    refusal: Option<(&'static str, &'static str)>,
}

impl Memory {
    /// A customer has paid.
    pub fn paid(&self, payment: &str, captured: Money, refusal: Option<(&'static str, &'static str)>) {
        let payment_told = Payment {
            captured,
            refunds: Vec::new(),
            refusal,
        };
        self.with(|payments| payments.insert(payment.to_owned(), payment_told));
    }

    /// The gateway takes back what it has said of a payment's refunds.
    pub fn take_back(&self, payment: &str) {
        self.with(|payments| {
            let refunds = payments.get_mut(payment).map(|it| &mut it.refunds);
            for refund in refunds.into_iter().flatten() {
                refund.status = GatewayRefundStatus::Failed;
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Payment>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn payment<T>(&self, id: &str, read: impl FnOnce(&mut Payment) -> T) -> Result<T, Unanswered> {
        self.with(|payments| payments.get_mut(id).map(read))
            .ok_or_else(|| Unanswered::NotFound {
                detail: format!("no payment {id}"),
            })
    }
}

/// One of them.
pub struct ScriptedGateway {
    real: Gateways,
    gateway: PaymentGateway,
    memory: Arc<Memory>,
    clock: Arc<FixedClock>,
}

impl ScriptedGateway {
    /// One for each of the real ones.
    pub fn all(real: &Gateways, memory: &Arc<Memory>, clock: &Arc<FixedClock>) -> Gateways {
        let adapters = real.all().map(|adapter| -> Box<dyn GatewayAdapter> {
            Box::new(Self {
                real: real.clone(),
                gateway: adapter.gateway(),
                memory: memory.clone(),
                clock: clock.clone(),
            })
        });
        Gateways::new(adapters.collect(), real.attempt_limit())
    }

    fn real(&self) -> &dyn GatewayAdapter {
        self.real.of(self.gateway).expect("it stands for one of them")
    }
}

impl GatewayAdapter for ScriptedGateway {
    fn gateway(&self) -> PaymentGateway {
        self.gateway
    }

    fn secret(&self) -> SecretName {
        self.real().secret()
    }

    fn open(&self, _: &SecretString) -> Result<Box<dyn GatewayAccount>, Unsendable> {
        Ok(Box::new(Account {
            gateway: self.gateway,
            carries_our_id: self.refund_ability().carries_our_id,
            memory: self.memory.clone(),
            clock: self.clock.clone(),
        }))
    }

    fn refund_ability(&self) -> RefundAbility {
        self.real().refund_ability()
    }

    fn webhooks(&self) -> &dyn Webhooks {
        self
    }
}

/// The team's account at it.
struct Account {
    gateway: PaymentGateway,
    carries_our_id: bool,
    memory: Arc<Memory>,
    clock: Arc<FixedClock>,
}

#[async_trait]
impl Refunds for Account {
    fn check(&self, _: &RefundOrder) -> Result<(), OrderError> {
        Ok(())
    }

    async fn refund(&self, order: &RefundOrder) -> Result<GatewayRefund, OrderError> {
        let id = order.refund_id.to_string();
        let made = GatewayRefund {
            id: match self.gateway {
                PaymentGateway::MercadoPago => format!("2{:09}", number(&id) % 1_000_000_000),
                _ => format!("re_demo{}", &named("refund", &id).simple().to_string()[12..]),
            },
            amount: order.amount,
            status: GatewayRefundStatus::Succeeded,
            our_refund: self.carries_our_id.then_some(order.refund_id),
            created_at: Some(self.clock.now()),
            failure: None,
        };
        let told = self.memory.payment(&order.payment_id, |payment| {
            if let Some((code, message)) = payment.refusal {
                return Err(OrderError::refused(code, message));
            }
            payment.refunds.push(made.clone());
            Ok(made)
        });
        told.map_err(|error| OrderError::Unknown {
            detail: error.to_string(),
        })?
    }

    async fn refunds_of(&self, payment: &PaymentRef) -> Result<Vec<GatewayRefund>, Unanswered> {
        self.memory
            .payment(&payment.id, |payment| payment.refunds.clone())
    }

    async fn refund_by_id(&self, payment: &PaymentRef, id: &str) -> Result<GatewayRefund, Unanswered> {
        let refunds = self.refunds_of(payment).await?;
        let found = refunds.into_iter().find(|refund| refund.id == id);
        found.ok_or_else(|| Unanswered::NotFound {
            detail: format!("no refund {id}"),
        })
    }
}

#[async_trait]
impl Payments for Account {
    async fn payment(&self, id: &str) -> Result<GatewayPayment, Unanswered> {
        self.memory.payment(id, |payment| {
            let made = payment.refunds.iter();
            let made = made.filter(|refund| refund.status == GatewayRefundStatus::Succeeded);
            let refunded = made.map(|refund| refund.amount.minor).sum();
            GatewayPayment {
                id: id.to_owned(),
                status: "succeeded".to_owned(),
                captured: payment.captured,
                refunded: Money::new(refunded, payment.captured.currency),
                disputed: false,
            }
        })
    }
}

#[async_trait]
impl Agreements for Account {
    async fn pause_subscription(&self, _: &str) -> Result<(), OrderError> {
        Ok(())
    }
}

/// A delivery's body is the id of a payment whose refunds have changed.
impl Webhooks for ScriptedGateway {
    fn path(&self) -> &'static str {
        self.real().webhooks().path()
    }

    fn secret(&self) -> SecretName {
        self.real().webhooks().secret()
    }

    fn is_plausible(&self, _: &WebhookDelivery, _: DateTime<Utc>) -> bool {
        true
    }

    fn verify(&self, _: &SecretString, _: &WebhookDelivery, _: DateTime<Utc>) -> Result<(), WebhookError> {
        Ok(())
    }

    fn read(&self, delivery: &WebhookDelivery) -> Result<GatewayNotice, WebhookError> {
        self.read_kept(&self.keep(delivery)?)
    }

    fn keep(&self, delivery: &WebhookDelivery) -> Result<String, WebhookError> {
        String::from_utf8(delivery.body.clone()).map_err(|_| WebhookError::Unreadable)
    }

    fn read_kept(&self, payment: &str) -> Result<GatewayNotice, WebhookError> {
        Ok(GatewayNotice {
            external_id: format!("evt_demo_{payment}"),
            kind: "refund.failed".to_owned(),
            payment_ids: vec![payment.to_owned()],
            refund_ids: Vec::new(),
            disputed: false,
            hints: Vec::new(),
            occurred_at: Some(self.clock.now()),
        })
    }
}
