//! Everything at once that can put our books and the gateways' apart: carts, parts, refunds by hand in the gateways' own
//! pages, wrong keys for a minute, cut replies, killed workers. In the end the totals of each payment are the same.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{App, database::Sql};
use entities::{Currency, Money};
use futures::{StreamExt, stream};
use sandbox::{Payment, Provider};
use serde_json::json;
use tests::{
    database::TestDatabase,
    drill::{
        clients::{Accepted, Requests},
        comes_true,
        detectors::{self, Finding, all_settled, in_the_database},
        gateways::{Gateways, MERCADO_PAGO_TOKEN, STRIPE_KEY, bad_weather},
        killing::{Toll, kill_in_turn},
        program::environment,
        scene::{Plan, Scene},
        shop::Sale,
    },
    servers::redis::Redis,
    stage::text,
};

use crate::forgetful;

/// What each purchase was, and what goes back of those that are refunded in part, in cents.
const PAID: i64 = 3000;
const PART: i64 = 1200;
/// What somebody gives back by hand of every fourth payment.
const BY_HAND: i64 = 700;
/// What is left when the last request was answered is not much: the right keys wake what waited for them.
const PATIENCE: Duration = Duration::from_secs(60);

/// One payment, and what is to go back of it through us.
struct Bill {
    gateway: Provider,
    id: String,
    by_hand: bool,
}

struct Fair {
    scene: Scene,
    bills: Vec<Bill>,
    sales: Vec<Arc<Sale>>,
}

/// Two thirds of the purchases were paid for in pairs.
fn bill_of(number: usize, count: usize) -> (usize, bool) {
    let in_carts = count / 3 * 2;
    if number < in_carts {
        (number / 2, true)
    } else {
        (in_carts / 2 + number - in_carts, false)
    }
}

fn bill(index: usize) -> Bill {
    let (gateway, id) = match index % 3 {
        2 => (Provider::MercadoPago, format!("{}", 90_000_000 + index)),
        _ => (Provider::Stripe, format!("pi_fair{index:08}")),
    };
    Bill {
        gateway,
        id,
        by_hand: index.is_multiple_of(4),
    }
}

impl Fair {
    async fn open(redis: &Redis, count: usize, silent_gateways: bool) -> Self {
        let settings = environment([
            ("REDIS_URL", &redis.url()),
            ("POSTVENTA_WORKER_CONCURRENCY", "refunds=4"),
        ]);
        let plan = Plan {
            workers: 3,
            settings,
            silent_gateways,
            ..Plan::default()
        };
        let scene = Scene::scaled(TestDatabase::on_postgres().await, plan).await;
        let payments = bill_of(count - 1, count).0 + 1;
        let bills: Vec<Bill> = (0..payments).map(bill).collect();
        for gateway in [Provider::Stripe, Provider::MercadoPago] {
            let worth = |index: usize| {
                let purchases = (0..count)
                    .filter(|number| bill_of(*number, count).0 == index)
                    .count();
                PAID * i64::try_from(purchases).expect("a few")
            };
            let of_it = bills
                .iter()
                .enumerate()
                .filter(|(_, bill)| bill.gateway == gateway);
            let known: Vec<Payment> = of_it
                .map(|(index, bill)| Payment::new(&bill.id, worth(index), "EUR"))
                .collect();
            scene.gateways.add_payments(gateway, &known).await;
        }
        let sales = sell(&scene, &bills, count).await;
        Self { scene, bills, sales }
    }

    /// Sets the team's keys at both gateways.
    async fn keys(&self, stripe: &str, mercado_pago: &str) {
        let input = json!({ "stripeSecretKey": stripe, "mercadoPagoAccessToken": mercado_pago });
        let [admin, _] = &self.scene.shop.clients;
        let set = admin.mutate(
            "teamSettingsUpdate",
            "TeamSettingsUpdateInput",
            input,
            "team { id }",
        );
        set.await.accepted();
    }

    /// What each payment has lost at its gateway, by what our books say of it.
    async fn differences(&self, accepted: &[Accepted]) -> Vec<Difference> {
        let journals = self.scene.gateways.journals().await;
        let mut at_gateway: BTreeMap<String, i64> = BTreeMap::new();
        let mut by_hand: BTreeMap<String, i64> = BTreeMap::new();
        for refund in journals.0.iter().flat_map(|(_, journal)| &journal.refunds) {
            if refund.status.is_live() {
                *at_gateway.entry(refund.payment.clone()).or_default() += refund.amount;
                if refund
                    .key
                    .as_deref()
                    .is_some_and(|key| key.starts_with("by-hand-"))
                {
                    *by_hand.entry(refund.payment.clone()).or_default() += refund.amount;
                }
            }
        }
        let mut promised = by_hand;
        for accepted in accepted {
            *promised.entry(accepted.sale.payment.clone()).or_default() += accepted.sale.refund;
        }
        let sql = "SELECT gateway_payment_id, CAST(sum(refunded_minor + refunded_externally_minor) AS BIGINT) \
                   FROM purchases GROUP BY gateway_payment_id";
        let rows = self
            .scene
            .app
            .db
            .connection()
            .rows(sql, vec![])
            .await
            .expect("a query");
        let booked: BTreeMap<String, i64> = rows
            .iter()
            .map(|row| {
                let payment = row.try_get_by_index(0).expect("a payment");
                (payment, row.try_get_by_index(1).expect("a sum"))
            })
            .collect();
        let of = |books: &BTreeMap<String, i64>, id: &str| books.get(id).copied().unwrap_or_default();
        let look = |bill: &Bill| Difference {
            payment: bill.id.clone(),
            at_gateway: of(&at_gateway, &bill.id),
            promised: of(&promised, &bill.id),
            booked: of(&booked, &bill.id),
        };
        let looked = self.bills.iter().map(look);
        looked
            .filter(|it| it.at_gateway != it.promised || it.at_gateway != it.booked)
            .collect()
    }
}

/// A payment whose totals are not the same everywhere, in cents.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    payment: String,
    at_gateway: i64,
    /// To clients, and what was given back by hand.
    promised: i64,
    booked: i64,
}

async fn sell(scene: &Scene, bills: &[Bill], count: usize) -> Vec<Arc<Sale>> {
    const PRODUCTS: usize = 5;
    let [admin, _] = &scene.shop.clients;
    let mut products = Vec::new();
    for number in 0..PRODUCTS {
        let input = json!({ "externalId": format!("fair-{number}"), "name": format!("Fair {number}") });
        let made = admin.mutate("productRecord", "ProductRecordInput", input, "product { id }");
        products.push(text(&made.await.accepted()["product"]["id"]));
    }
    let mut customers = Vec::new();
    for number in 0..count.div_ceil(PRODUCTS) {
        let email = format!("fair-{number}@drill.test");
        let input = json!({ "firstName": "Fair", "lastName": format!("{number}"), "companyEmail": email });
        let made = admin.mutate("userCreate", "UserCreateInput", input, "user { id }");
        customers.push(text(&made.await.accepted()["user"]["id"]));
    }
    let record = async |number: usize| {
        let (index, in_cart) = bill_of(number, count);
        let bill = &bills[index];
        let input = json!({
            "externalId": format!("fair-{number}"),
            "userId": customers[number / PRODUCTS],
            "productId": products[number % PRODUCTS],
            "kind": "SINGLE",
            "gateway": match bill.gateway { Provider::Stripe => "STRIPE", Provider::MercadoPago => "MERCADO_PAGO" },
            "gatewayPaymentId": bill.id,
            "amount": { "amount": Money::new(PAID, Currency::EUR).to_major(), "currency": "EUR" },
            "purchasedAt": "2026-01-10T10:00:00.000Z",
        });
        let made = admin.mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }");
        let in_part = bill.by_hand || (in_cart && number.is_multiple_of(2)) || number.is_multiple_of(3);
        Arc::new(Sale {
            number,
            purchase: text(&made.await.accepted()["purchase"]["id"]),
            gateway: bill.gateway,
            payment: bill.id.clone(),
            refund: if in_part { PART } else { PAID },
        })
    };
    stream::iter(0..count).map(record).buffered(4).collect().await
}

/// Somebody gives money back in the gateways' own pages, over as long as the drill lasts.
async fn refund_by_hand(gateways: &Gateways, bills: &[Bill], over: Duration) {
    let chosen: Vec<&Bill> = bills.iter().filter(|bill| bill.by_hand).collect();
    let pause = over / u32::try_from(chosen.len().max(1)).expect("a few");
    for bill in chosen {
        tokio::time::sleep(pause).await;
        gateways.refund_by_hand(bill.gateway, &bill.id, BY_HAND).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_refunds_with_everything_that_sets_books_apart() {
    const REFUNDS: usize = 300;
    const WRONG_KEYS: Duration = Duration::from_secs(60);
    let redis = Redis::start().unwrap();
    let mut fair = Fair::open(&redis, REFUNDS, false).await;
    fair.scene.gateways.fault(&bad_weather(3)).await;
    let requests = Requests::begin(&fair.scene.shop, &fair.sales, Duration::from_millis(250));
    let toll = {
        let Fair { scene, bills, .. } = &mut fair;
        let workers = scene.workers.clone();
        let by_hand = refund_by_hand(&scene.gateways, bills, Duration::from_secs(70));
        let killing = kill_in_turn(
            &mut scene.fleet,
            &scene.app,
            &workers,
            Duration::from_secs(1),
            || !requests.are_over(REFUNDS),
        );
        let [admin, _] = &scene.shop.clients;
        let keys = async {
            let set = async |stripe: &str, mercado_pago: &str| {
                let input = json!({ "stripeSecretKey": stripe, "mercadoPagoAccessToken": mercado_pago });
                let set = admin.mutate(
                    "teamSettingsUpdate",
                    "TeamSettingsUpdateInput",
                    input,
                    "team { id }",
                );
                set.await.accepted();
            };
            tokio::time::sleep(Duration::from_secs(8)).await;
            set("sk_test_of_somebody_else", "TEST-of-somebody-else").await;
            tokio::time::sleep(WRONG_KEYS).await;
            set(STRIPE_KEY, MERCADO_PAGO_TOKEN).await;
        };
        let (toll, (), ()) = tokio::join!(killing, by_hand, keys);
        toll
    };
    let accepted = requests.all().await;
    let settled = all_settled(&fair.scene.app, PATIENCE).await;
    fair.scene.gateways.heal().await;
    let agree = comes_true(PATIENCE, async || fair.differences(&accepted).await.is_empty()).await;
    let landed = fair.scene.gateways.journals().await.faults_landed();
    let refused = wrong_keys(&fair.scene.gateways).await;
    println!("{toll:?}, {landed:?}, {refused} answers to wrong keys, settled: {settled}, agreed: {agree}");
    let differences = fair.differences(&accepted).await;
    for difference in &differences {
        println!("{}", history(&fair.scene.app, &difference.payment).await);
    }
    assert_eq!(differences, []);
    assert_eq!(in_the_database(&fair.scene.app, &accepted).await, []);
    assert_eq!(detectors::verify(&fair.scene.fleet).await, []);
    assert_eq!(accepted.len(), REFUNDS);
    happened(toll, landed.values().sum(), refused);
}

/// What became of the refunds of a payment, step by step: for whoever has to find out why its totals differ.
async fn history(app: &App, payment: &str) -> String {
    let sql = "SELECT CAST(r.id AS TEXT) || ' ' || r.status || ' at the gateway ' || COALESCE(r.gateway_refund_id, 'nobody') || ', ' \
               || s.status || ' at ' || CAST(s.at AS TEXT) || ' ' || COALESCE(s.detail, '') FROM refunds r \
               JOIN purchases p ON p.id = r.purchase_id JOIN refund_steps s ON s.refund_id = r.id \
               WHERE p.gateway_payment_id = $1 ORDER BY r.id, s.number";
    let rows = app
        .db
        .connection()
        .rows(sql, vec![payment.into()])
        .await
        .expect("a query");
    let lines = rows
        .iter()
        .map(|row| row.try_get_by_index::<String>(0).expect("a line"));
    lines.collect::<Vec<_>>().join("\n")
}

fn happened(toll: Toll, faults: u64, refused: usize) {
    assert!(toll.kills >= 10 && toll.at_work >= 3, "{toll:?}");
    assert!(faults >= 30, "{faults} faults");
    assert!(refused >= 10, "{refused} answers to wrong keys");
}

async fn wrong_keys(gateways: &Gateways) -> usize {
    let journals = gateways.journals().await;
    let requests = journals.0.iter().flat_map(|(_, journal)| &journal.requests);
    requests.filter(|it| it.answered == Some(401)).count()
}

/// A planted bug: whoever sends twice refunds twice. The totals tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_second_refunds_are_in_the_totals() {
    const REFUNDS: usize = 42;
    let redis = Redis::start().unwrap();
    let mut fair = Fair::open(&redis, REFUNDS, false).await;
    let scene = &mut fair.scene;
    for (name, gateway) in [
        ("STRIPE_API_BASE", scene.gateways.stripe.clone()),
        ("MERCADO_PAGO_API_BASE", scene.gateways.mercado_pago.clone()),
    ] {
        let address = forgetful::before(&gateway).await;
        scene.fleet.settings.insert(name.into(), address);
    }
    for worker in scene.workers.clone() {
        scene.fleet.program(worker).kill().await;
        scene.fleet.restart(worker);
    }
    scene.gateways.fault(&bad_weather(1)).await;
    let requests = Requests::begin(&scene.shop, &fair.sales, Duration::from_millis(50));
    let accepted = requests.all().await;
    all_settled(&fair.scene.app, Duration::from_secs(20)).await;
    fair.scene.gateways.heal().await;
    let differences = fair.differences(&accepted).await;
    assert!(!differences.is_empty());
}

/// Another: a gateway that tells nobody what was given back by hand. Our books lack it, and asking finds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_refunds_by_hand_that_nobody_tells_are_found() {
    const REFUNDS: usize = 12;
    let redis = Redis::start().unwrap();
    let fair = Fair::open(&redis, REFUNDS, true).await;
    fair.keys(STRIPE_KEY, MERCADO_PAGO_TOKEN).await;
    refund_by_hand(&fair.scene.gateways, &fair.bills, Duration::ZERO).await;
    let by_hand = fair.bills.iter().filter(|bill| bill.by_hand).count();
    assert_eq!(fair.differences(&[]).await.len(), by_hand);
    let found = detectors::verify(&fair.scene.fleet).await;
    for rule in ["at-gateway-known", "at-gateway-total"] {
        let says = |it: &&Finding| matches!(it, Finding::Violation(line) if line.starts_with(rule));
        assert_eq!(found.iter().filter(says).count(), by_hand, "{rule}: {found:#?}");
    }
}
