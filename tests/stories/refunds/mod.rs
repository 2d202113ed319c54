//! Refunds: the payment goes back, once, and the access with it.

mod access;
mod agreements;
mod bad_input;
mod before;
mod carts;
mod dead_letters;
mod doubt;
mod evidence;
mod gateways;
mod happy;
mod live;
mod mails;
mod once;
mod orders;
mod past_us;
mod pending;
mod resolving;
mod store_reports;
mod strangers;
mod webhooks;

use entities::{purchase, refund};
use sandbox::{Fault, FaultKind, Simulator};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, PASSWORD, Sale, Stage, text},
};

/// What a refund request selects in these stories.
pub const REFUND: &str = "refund { id status amount { amount currency } gatewayRefundId failureMessage \
     purchase { status refundedAmount { amount } canceledAt refundEligibility { eligible refundableAmount { amount } } } \
     effects { kind status detail } timeline { status } followUps { note } }";

/// Both gateways, by the name that the API gives them.
pub const GATEWAYS: [&str; 2] = ["STRIPE", "MERCADO_PAGO"];

/// Requests a refund.
pub async fn request(stage: &Stage, purchase: &str, more: Value) -> Payload {
    request_as(stage.office().await, purchase, more).await
}

/// Requests a refund as somebody.
pub async fn request_as(client: &Client, purchase: &str, more: Value) -> Payload {
    let input = refund_input(purchase, more);
    client
        .mutate("refundRequest", "RefundRequestInput", input, REFUND)
        .await
}

/// A request's input with what it needs at least.
pub fn refund_input(purchase: &str, more: Value) -> Value {
    let mut input = json!({ "purchaseId": purchase, "reason": "REQUESTED_BY_CUSTOMER" });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

/// Requests a refund that is accepted. Its id.
pub async fn accepted(stage: &Stage, purchase: &str, more: Value) -> String {
    text(&request(stage, purchase, more).await.accepted()["refund"]["id"])
}

/// A refund as it is now.
pub async fn look(stage: &Stage, refund: &str) -> Value {
    let query = format!(
        "query($id: ID!) {{ node(id: $id) {{ ... on Refund {{ {} }} }} }}",
        &REFUND[9..REFUND.len() - 2]
    );
    let office = stage.office().await;
    office.ask(&query, json!({ "id": refund })).await.data()["node"].clone()
}

/// A refund's status now.
pub async fn status(stage: &Stage, refund: &str) -> String {
    text(&look(stage, refund).await["status"])
}

/// The status of one effect.
pub fn effect(refund: &Value, kind: &str) -> String {
    let effects = refund["effects"].as_array().expect("effects");
    let found = effects.iter().find(|effect| effect["kind"] == kind);
    found
        .and_then(|effect| effect["status"].as_str())
        .expect("a status")
        .to_owned()
}

/// The stations of a refund, in order.
pub fn stations(refund: &Value) -> Vec<String> {
    let timeline = refund["timeline"].as_array().expect("a timeline");
    timeline.iter().map(|step| text(&step["status"])).collect()
}

/// The tasks for people that a refund has opened.
pub fn follow_ups(refund: &Value) -> Vec<String> {
    let tasks = refund["followUps"].as_array().expect("follow-ups");
    tasks.iter().map(|task| text(&task["note"])).collect()
}

/// A customer who has bought something: 30.00 EUR at Stripe, 30.00 BRL at MercadoPago.
pub struct Bought {
    pub user: String,
    pub product: String,
    pub purchase: String,
    pub payment: String,
    pub gateway: &'static str,
}

/// The sale that `buy` makes; stories change what matters to them.
pub fn sale(gateway: &str, user: &str, product: &str, number: u32) -> Sale {
    let sale = Sale::of(user, product, number);
    if gateway == "STRIPE" {
        return sale;
    }
    Sale {
        currency: "BRL",
        ..sale.at_mercado_pago(70_000_000 + u64::from(number))
    }
}

/// A customer of their own buys a product of its own.
pub async fn buy(stage: &Stage, gateway: &'static str, number: u32) -> Bought {
    buy_changed(stage, gateway, number, |_| {}).await
}

pub async fn buy_changed(
    stage: &Stage,
    gateway: &'static str,
    number: u32,
    change: impl FnOnce(&mut Sale),
) -> Bought {
    let user = stage.customer(&format!("reader{number}@shop.test")).await;
    let product = stage.product(&format!("Book {number}")).await;
    let mut sale = sale(gateway, &user, &product, number);
    change(&mut sale);
    Bought {
        purchase: stage.sell(&sale).await,
        payment: sale.payment,
        user,
        product,
        gateway,
    }
}

/// The gateway of this name.
pub fn simulator<'a>(stage: &'a Stage, gateway: &str) -> &'a Simulator {
    match gateway {
        "STRIPE" => &stage.sandbox.stripe,
        _ => &stage.sandbox.mercado_pago,
    }
}

impl Bought {
    pub fn simulator<'a>(&self, stage: &'a Stage) -> &'a Simulator {
        simulator(stage, self.gateway)
    }

    /// Lets something go wrong when this payment is refunded next.
    pub fn fault(&self, stage: &Stage, kind: FaultKind) {
        let fault = Fault::once(kind).for_payment(&self.payment);
        self.simulator(stage).fault(fault);
    }

    /// How many refunds were executed for one of ours.
    pub fn executions(&self, stage: &Stage, refund: &str) -> usize {
        self.simulator(stage).journal().refunds_with_key(refund).len()
    }

    /// How often one of our refunds was sent.
    pub fn sent(&self, stage: &Stage, refund: &str) -> usize {
        let requests = self.simulator(stage).journal().requests;
        let ours = requests.iter().filter(|it| {
            it.method == "POST"
                && it.path.contains("refunds")
                && it.idempotency_key.as_deref() == Some(refund)
        });
        ours.count()
    }

    /// The gateway's id of the only refund of this payment.
    pub fn at_gateway(&self, stage: &Stage) -> String {
        let refunds = self.simulator(stage).journal().refunds;
        let mut of_it = refunds.iter().filter(|it| it.payment == self.payment);
        let found = of_it.next().expect("a refund at the gateway");
        assert!(of_it.next().is_none(), "more than one refund of {}", self.payment);
        found.id.clone()
    }

    pub async fn may_use(&self, stage: &Stage) -> bool {
        stage.may_use(&self.user, &self.product).await
    }

    /// Somebody gives money back at the gateway itself, past us.
    pub async fn refund_outside(&self, stage: &Stage, minor: i64) {
        let gateway = self.simulator(stage);
        let http = reqwest::Client::new();
        let request = if self.gateway == "STRIPE" {
            let form = [
                ("payment_intent", self.payment.clone()),
                ("amount", minor.to_string()),
            ];
            let request = http.post(format!("{}/v1/refunds", gateway.base_url()));
            request.bearer_auth("sk_test_sandbox").form(&form)
        } else {
            let url = format!("{}/v1/payments/{}/refunds", gateway.base_url(), self.payment);
            let amount =
                serde_json::Number::from_f64(f64::from(i32::try_from(minor).expect("small")) / 100.0);
            let request = http.post(url).bearer_auth("TEST-sandbox");
            request
                .header("x-idempotency-key", format!("outside-{}", self.payment))
                .json(&json!({ "amount": amount }))
        };
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

/// Sets the team's credentials for a gateway, however long ago its administrator has signed in.
pub async fn give_credentials(stage: &Stage, gateway: &str, secret: &str) {
    let field = if gateway == "STRIPE" {
        "stripeSecretKey"
    } else {
        "mercadoPagoAccessToken"
    };
    let admin = Client::sign_in(&stage.url, ADMIN, PASSWORD).await;
    let answer = admin.mutate(
        "teamSettingsUpdate",
        "TeamSettingsUpdateInput",
        json!({ field: secret }),
        "team { id }",
    );
    answer.await.accepted();
}

/// All refunds as they are stored.
pub async fn refund_rows(stage: &Stage) -> Vec<refund::Model> {
    refund::Entity::find()
        .all(stage.app.db.connection())
        .await
        .expect("refunds")
}

/// All purchases as they are stored.
pub async fn purchase_rows(stage: &Stage) -> Vec<purchase::Model> {
    purchase::Entity::find()
        .all(stage.app.db.connection())
        .await
        .expect("purchases")
}
