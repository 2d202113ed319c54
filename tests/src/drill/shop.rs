//! A team that has sold a lot: each sale a payment at one of the gateways and a purchase with us.

use std::sync::Arc;

use chrono::{SecondsFormat, TimeDelta};
use domain::{
    App,
    identity::staff,
    teams::{self, NewTeam},
    users::{self, NewUser},
};
use entities::{Currency, Locale, Money, TeamId, UserRole};
use futures::{StreamExt, stream};
use sandbox::{Payment, Provider};
use serde_json::json;

use super::gateways::{Gateways, MERCADO_PAGO_TOKEN, STRIPE_KEY};
use crate::{client::Client, stage::text};

const ADMIN: &str = "admin@drill.test";
const PASSWORD: &str = "postventa-drill";
/// Each customer has bought each product at most once.
const PRODUCTS: usize = 5;
/// What each payment was, in cents.
const PAID: i64 = 3000;
/// What goes back of every second one.
const PART: i64 = 1200;

pub struct Shop {
    pub app: App,
    pub team: TeamId,
    /// An administrator's session and an integration's key.
    pub clients: [Client; 2],
    pub sales: Vec<Arc<Sale>>,
}

/// A purchase that is going to be refunded: every second one only in part, so that its gateway would take
/// another refund if it were asked.
#[derive(Clone, Debug)]
pub struct Sale {
    pub number: usize,
    pub purchase: String,
    pub gateway: Provider,
    pub payment: String,
    /// What is to go back, in cents.
    pub refund: i64,
}

impl Sale {
    pub fn in_part(&self) -> bool {
        self.refund < PAID
    }
}

impl Shop {
    /// Makes the team's administrator with our own hands, and everything else through the front door at `url`.
    pub async fn open(app: &App, url: &str, gateways: &Gateways, sales: usize) -> Self {
        let team = Self::team(app).await;
        let admin = Client::sign_in(url, ADMIN, PASSWORD).await;
        let secrets = json!({
            "stripeSecretKey": STRIPE_KEY,
            "stripeWebhookSecret": "whsec_sandbox",
            "mercadoPagoAccessToken": MERCADO_PAGO_TOKEN,
            "mercadoPagoWebhookSecret": "sandbox-webhook-secret",
        });
        let update = admin.mutate(
            "teamSettingsUpdate",
            "TeamSettingsUpdateInput",
            secrets,
            "team { id }",
        );
        update.await.accepted();
        let wanted = json!({ "name": "The shop", "scopes": ["refunds.read", "refunds.write", "users.read"] });
        let made = admin
            .mutate("apiKeyCreate", "ApiKeyCreateInput", wanted, "secret")
            .await;
        let key = Client::new(url, Some(text(&made.accepted()["secret"])));
        let sales = Self::sell(app, team, &admin, gateways, sales).await;
        Self {
            app: app.clone(),
            team,
            clients: [admin, key],
            sales,
        }
    }

    /// The team and its administrator, before there is anybody to serve them.
    pub async fn team(app: &App) -> TeamId {
        if let Some(known) = teams::by_name(app, "Drill").await.expect("teams") {
            return known.id;
        }
        let new = NewTeam {
            name: "Drill".into(),
            default_locale: Locale::Es,
            time_zone: "Europe/Madrid".into(),
            currency: Currency::EUR,
            support_address: "support@drill.test".into(),
        };
        let team = teams::create(app, new).await.expect("a team").id;
        let password = PASSWORD.to_owned().into();
        let made = staff::create_admin(app, team, ADMIN, &password, Locale::En).await;
        made.expect("an administrator");
        team
    }

    async fn sell(
        app: &App,
        team: TeamId,
        admin: &Client,
        gateways: &Gateways,
        count: usize,
    ) -> Vec<Arc<Sale>> {
        let customers = customers(app, team, count.div_ceil(PRODUCTS)).await;
        let mut products = Vec::new();
        for number in 0..PRODUCTS {
            let input = json!({ "externalId": format!("book-{number}"), "name": format!("Book {number}") });
            let made = admin.mutate("productRecord", "ProductRecordInput", input, "product { id }");
            products.push(text(&made.await.accepted()["product"]["id"]));
        }
        let payment = |number: usize| match number % 3 {
            2 => (Provider::MercadoPago, format!("{}", 80_000_000 + number)),
            _ => (Provider::Stripe, format!("pi_drill{number:08}")),
        };
        for gateway in [Provider::Stripe, Provider::MercadoPago] {
            let of_gateway = (0..count).map(payment).filter(|(at, _)| *at == gateway);
            let known: Vec<Payment> = of_gateway.map(|(_, id)| Payment::new(id, PAID, "EUR")).collect();
            gateways.add_payments(gateway, &known).await;
        }
        let record = async |number: usize| {
            let (gateway, payment) = payment(number);
            let input = json!({
                "externalId": format!("order-{number}"),
                "userId": customers[number / PRODUCTS],
                "productId": products[number % PRODUCTS],
                "kind": "SINGLE",
                "gateway": match gateway { Provider::Stripe => "STRIPE", Provider::MercadoPago => "MERCADO_PAGO" },
                "gatewayPaymentId": payment,
                "amount": { "amount": Money::new(PAID, Currency::EUR).to_major(), "currency": "EUR" },
                "purchasedAt": (super::now() - TimeDelta::days(2)).to_rfc3339_opts(SecondsFormat::Millis, true),
            });
            let made = admin.mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }");
            Arc::new(Sale {
                number,
                purchase: text(&made.await.accepted()["purchase"]["id"]),
                gateway,
                payment,
                refund: if number.is_multiple_of(2) { PAID } else { PART },
            })
        };
        stream::iter(0..count).map(record).buffered(4).collect().await
    }
}

async fn customers(app: &App, team: TeamId, count: usize) -> Vec<String> {
    let mut tx = app.begin_as_system(team).await.expect("a transaction");
    let mut ids = Vec::new();
    for number in 0..count {
        let new = NewUser {
            role: UserRole::Member,
            first_name: format!("Customer {number}"),
            last_name: "Drill".into(),
            company_email: format!("customer-{number}@drill.test"),
            ..NewUser::default()
        };
        let id = users::insert_or_find(&mut tx, new).await.expect("a customer");
        ids.push(id.to_string());
    }
    tx.commit().await.expect("a commit");
    ids
}
