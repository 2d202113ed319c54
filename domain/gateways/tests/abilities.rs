//! What each ability of a gateway promises: every adapter answers the same questions, with its simulator on the other
//! side.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use chrono::TimeDelta;
use domain::{
    adapters::gateways::{
        GatewayAccount, GatewayAdapter, GatewayRefundStatus, Gateways, OrderError, RefundOrder, Unanswered,
        WebhookDelivery, WebhookError,
    },
    clock::{Clock, SystemClock},
};
use entities::{Currency, Money, PaymentGateway, RefundId, RefundReason};
use gateways::GatewayEndpoints;
use sandbox::{Fault, FaultKind, RunningSandbox, Sandbox, SandboxConfig, Simulator};
use secrecy::SecretString;

/// A gateway with its simulator, which has taken 30.00 BRL.
struct Subject {
    gateways: Gateways,
    gateway: PaymentGateway,
    simulator: Simulator,
    payment: &'static str,
    key: &'static str,
    webhook_secret: &'static str,
    _running: Arc<RunningSandbox>,
}

const TAKEN: i64 = 3000;

impl Subject {
    /// All of them: a further adapter is put to every test by a line here.
    async fn all() -> Vec<Self> {
        let running = Sandbox::start(SandboxConfig::default()).await;
        let running = Arc::new(running.expect("simulators"));
        let (stripe, mercado_pago) = (&running.sandbox.stripe, &running.sandbox.mercado_pago);
        let at = |simulator: &Simulator| Some(simulator.base_url().parse().expect("an address"));
        let gateways = gateways::all(GatewayEndpoints {
            stripe_api_base: at(stripe),
            mercado_pago_api_base: at(mercado_pago),
            timeout: Duration::from_secs(20),
        });
        let gateways = gateways.expect("clients");
        let subject = |gateway, simulator: &Simulator, payment, (key, webhook_secret)| {
            simulator.add_payment(payment, TAKEN, "BRL");
            Self {
                gateways: gateways.clone(),
                gateway,
                simulator: simulator.clone(),
                payment,
                key,
                webhook_secret,
                _running: Arc::clone(&running),
            }
        };
        let all = vec![
            subject(
                PaymentGateway::Stripe,
                stripe,
                "pi_1",
                ("sk_test_sandbox", "whsec_sandbox"),
            ),
            subject(
                PaymentGateway::MercadoPago,
                mercado_pago,
                "4711",
                ("TEST-sandbox", "sandbox-webhook-secret"),
            ),
        ];
        assert_eq!(
            all.len(),
            gateways.all().count(),
            "an adapter is not put to the test"
        );
        all
    }

    fn adapter(&self) -> &dyn GatewayAdapter {
        self.gateways.of(self.gateway).expect("an adapter")
    }

    fn account(&self) -> Box<dyn GatewayAccount> {
        self.adapter().open(&self.key.into()).expect("an account")
    }

    fn order(&self, number: u128, minor: i64) -> RefundOrder {
        RefundOrder {
            refund_id: RefundId(uuid::Uuid::from_u128(number)),
            payment_id: self.payment.to_owned(),
            amount: Money::new(minor, Currency::BRL),
            reason: RefundReason::Other,
            note: Some("a note".to_owned()),
        }
    }
}

#[tokio::test]
async fn refunds_are_made_once_and_found_again() {
    for subject in Subject::all().await {
        let (account, name) = (subject.account(), subject.gateway);
        let ability = subject.adapter().refund_ability();
        let order = subject.order(1, 1230);
        account.check(&order).expect("nothing speaks against it");
        let made = account.refund(&order).await.expect("a refund");
        assert!(order.agrees_with(&made), "{name}");
        assert_eq!(made.status, GatewayRefundStatus::Succeeded, "{name}");
        assert_eq!(made.our_refund.is_some(), ability.carries_our_id, "{name}");
        // The same order is the same refund.
        assert_eq!(
            account.refund(&order).await.expect("a refund").id,
            made.id,
            "{name}"
        );
        let other = account.refund(&subject.order(2, 300)).await.expect("a refund");
        let mut known = account.refunds_of(&order.payment()).await.expect("refunds");
        known.sort_by_key(|refund| refund.amount.minor);
        let ids: Vec<_> = known.iter().map(|refund| refund.id.as_str()).collect();
        assert_eq!(ids, [other.id.as_str(), made.id.as_str()], "{name}");
        let found = account.refund_by_id(&order.payment(), &made.id).await;
        assert_eq!(found.expect("a refund").amount, made.amount, "{name}");
        assert_eq!(
            subject.simulator.journal().total_refunded(subject.payment),
            1530,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_happened_to_an_order_is_told_alike() {
    for subject in Subject::all().await {
        let (account, name) = (subject.account(), subject.gateway);
        let lost = [
            FaultKind::CutConnection,
            FaultKind::Error500Stored,
            FaultKind::Error500Before,
        ];
        for (number, fault) in (10..).zip(lost) {
            subject.simulator.fault(Fault::once(fault.clone()));
            let told = account.refund(&subject.order(number, 100)).await;
            assert!(
                matches!(told, Err(OrderError::Unknown { .. })),
                "{name} {fault:?}: {told:?}"
            );
        }
        subject
            .simulator
            .fault(Fault::once(FaultKind::RateLimited { retry_after: 3 }));
        let told = account.refund(&subject.order(20, 100)).await;
        assert!(matches!(told, Err(OrderError::Busy { .. })), "{name}: {told:?}");
        subject.simulator.fault(Fault::once(FaultKind::RefundPending));
        let pending = account.refund(&subject.order(21, 100)).await.expect("a refund");
        assert_eq!(pending.status, GatewayRefundStatus::Pending, "{name}");
        let told = account.refund(&subject.order(22, TAKEN)).await;
        assert!(
            matches!(told, Err(OrderError::AlreadyRefunded { .. })),
            "{name}: {told:?}"
        );
        let stranger = subject.adapter().open(&"sk_test_another".into());
        let told = stranger
            .expect("an account")
            .refund(&subject.order(23, 100))
            .await;
        assert!(
            matches!(told, Err(OrderError::Credentials { .. })),
            "{name}: {told:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_a_refund_is_never_sent() {
    for subject in Subject::all().await {
        let (account, name) = (subject.account(), subject.gateway);
        let bad = |change: &dyn Fn(&mut RefundOrder)| {
            let mut order = subject.order(1, 100);
            change(&mut order);
            order
        };
        for order in [
            bad(&|it| it.payment_id = "../refunds".to_owned()),
            bad(&|it| it.payment_id = String::new()),
            bad(&|it| it.amount.minor = 0),
            bad(&|it| it.amount.minor = -1),
        ] {
            let refused = |told: &Result<(), OrderError>| matches!(told, Err(OrderError::Refused { .. }));
            assert!(refused(&account.check(&order)), "{name}: {order:?}");
            assert!(
                refused(&account.refund(&order).await.map(|_| ())),
                "{name}: {order:?}"
            );
        }
        for secret in ["", " ", "a\nb"] {
            assert!(
                subject.adapter().open(&secret.into()).is_err(),
                "{name}: {secret:?}"
            );
        }
        assert!(subject.simulator.journal().requests.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn payments_are_looked_up_and_nothing_is_refused_by_it() {
    for subject in Subject::all().await {
        let (account, name) = (subject.account(), subject.gateway);
        account.refund(&subject.order(1, 1000)).await.expect("a refund");
        let told = account.payment(subject.payment).await.expect("a payment");
        assert_eq!(
            (told.captured, told.refunded, told.left(), told.disputed),
            (
                Money::new(TAKEN, Currency::BRL),
                Money::new(1000, Currency::BRL),
                2000,
                false
            ),
            "{name}"
        );
        subject.simulator.dispute(subject.payment);
        assert!(
            account
                .payment(subject.payment)
                .await
                .expect("a payment")
                .disputed,
            "{name}"
        );
        let unknown = format!("{}999", subject.payment);
        let told = account.payment(&unknown).await;
        assert!(
            matches!(told, Err(Unanswered::NotFound { .. })),
            "{name}: {told:?}"
        );
        let stranger = subject.adapter().open(&"sk_test_another".into());
        let told = stranger.expect("an account").payment(subject.payment).await;
        assert!(
            matches!(told, Err(Unanswered::Credentials { .. })),
            "{name}: {told:?}"
        );
    }
}

#[tokio::test]
async fn agreements_are_paused_however_often() {
    for subject in Subject::all().await {
        let (account, name) = (subject.account(), subject.gateway);
        subject.simulator.add_subscription("sub_1", "BRL");
        assert_eq!(account.pause_subscription("sub_1").await, Ok(()), "{name}");
        assert_eq!(account.pause_subscription("sub_1").await, Ok(()), "{name}");
        assert!(account.pause_subscription("sub_9").await.is_err(), "{name}");
    }
}

type Heard = Arc<Mutex<Vec<WebhookDelivery>>>;

/// Where a simulator sends what it has to tell.
async fn listener() -> (String, Heard) {
    let heard = Heard::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let router = Router::new()
        .route("/hook", post(hear))
        .with_state(Arc::clone(&heard));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

async fn hear(
    State(heard): State<Heard>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let headers = headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    heard.lock().expect("not poisoned").push(WebhookDelivery {
        headers: headers.collect(),
        query,
        body: body.into(),
    });
    StatusCode::OK
}

#[tokio::test]
async fn webhooks_are_believed_if_they_are_signed_and_told_of_lately() {
    for subject in Subject::all().await {
        let (webhooks, name) = (subject.adapter().webhooks(), subject.gateway);
        let called = subject.gateways.calling(webhooks.path()).expect("an adapter");
        assert_eq!(called.gateway(), subject.gateway);
        let (url, heard) = listener().await;
        subject.simulator.set_webhook_url(url);
        subject
            .account()
            .refund(&subject.order(1, 1000))
            .await
            .expect("a refund");
        subject.simulator.webhooks_settled().await;
        let heard = heard.lock().expect("not poisoned").clone();
        assert!(!heard.is_empty(), "{name} says nothing");
        let secret: SecretString = subject.webhook_secret.into();
        let now = SystemClock.now();
        for delivery in heard {
            assert!(webhooks.is_plausible(&delivery, now), "{name}: {delivery:?}");
            assert_eq!(webhooks.verify(&secret, &delivery, now), Ok(()), "{name}");
            let wrong = webhooks.verify(&"another".into(), &delivery, now);
            assert_eq!(wrong, Err(WebhookError::WrongSignature), "{name}");
            let late = now + TimeDelta::hours(1);
            assert!(!webhooks.is_plausible(&delivery, late), "{name}");
            assert_eq!(
                webhooks.verify(&secret, &delivery, late),
                Err(WebhookError::OutOfTime),
                "{name}"
            );
            let unsigned = WebhookDelivery {
                headers: HashMap::new(),
                ..delivery.clone()
            };
            assert!(!webhooks.is_plausible(&unsigned, now), "{name}");
            // What is kept says the same later on.
            let notice = webhooks.read(&delivery).expect("a notice");
            let kept = webhooks.keep(&delivery).expect("a text");
            assert_eq!(webhooks.read_kept(&kept), Ok(notice.clone()), "{name}");
            assert!(
                notice.payment_ids.iter().any(|id| id == subject.payment),
                "{name}: {notice:?}"
            );
        }
    }
}
