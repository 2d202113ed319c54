//! Clients who want their refunds: they send the same request with the same key until they get an answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use entities::{Currency, Money};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use super::shop::{Sale, Shop};
use crate::{client::Client, stage::text};

/// A client that has had no answer for so long takes the request for lost.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(150);
/// More attempts than this are an outage that does not end.
const MOST: usize = 400;

/// A refund that was promised to a client.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Its public id, which is its idempotency key at the gateway.
    pub refund: String,
    pub sale: Arc<Sale>,
}

/// Requests under way.
pub struct Requests {
    clients: JoinSet<Vec<Accepted>>,
    accepted: Arc<AtomicUsize>,
    retries: Arc<AtomicUsize>,
}

impl Requests {
    /// Several clients at once refund these sales, one request each `pause` between all of them.
    pub fn begin(shop: &Shop, sales: &[Arc<Sale>], pause: Duration) -> Self {
        const CLIENTS: usize = 4;
        let (accepted, retries) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let client = shop.clients[number % shop.clients.len()].clone();
            let sales: Vec<_> = sales.iter().skip(number).step_by(CLIENTS).cloned().collect();
            let (accepted, retries) = (accepted.clone(), retries.clone());
            let every = (pause * 4).max(Duration::from_millis(1));
            clients.spawn(async move {
                let mut ticks = tokio::time::interval(every);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let mut done = Vec::new();
                for sale in sales {
                    ticks.tick().await;
                    let refund = insist(&client, &sale, &retries).await;
                    accepted.fetch_add(1, Ordering::Relaxed);
                    done.push(Accepted { refund, sale });
                }
                done
            });
        }
        Self {
            clients,
            accepted,
            retries,
        }
    }

    /// How many were accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Whether every client has had its answers.
    pub fn are_over(&self, of: usize) -> bool {
        self.accepted() == of
    }

    /// How often a client had to ask again.
    pub fn retries(&self) -> usize {
        self.retries.load(Ordering::Relaxed)
    }

    /// Waits for the rest. Everything that was promised.
    pub async fn all(self) -> Vec<Accepted> {
        self.clients.join_all().await.into_iter().flatten().collect()
    }
}

/// Requests a refund until it is accepted. Its id.
async fn insist(client: &Client, sale: &Sale, retries: &AtomicUsize) -> String {
    for _ in 0..MOST {
        if let Ok(Ok(refund)) = tokio::time::timeout(PATIENCE, request(client, sale)).await {
            return refund;
        }
        retries.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
    panic!("{} was never answered", sale.purchase);
}

/// Requests a refund once. An error is worth another attempt; a refusal is not, and ends the drill.
async fn request(client: &Client, sale: &Sale) -> Result<String, String> {
    let mut input = json!({
        "purchaseId": sale.purchase,
        "reason": "REQUESTED_BY_CUSTOMER",
        "idempotencyKey": format!("drill-{}", sale.number),
    });
    if sale.in_part() {
        let amount = Money::new(sale.refund, Currency::EUR).to_major();
        input["amount"] = json!({ "amount": amount, "currency": "EUR" });
    }
    let query = "mutation($input: RefundRequestInput!) { refundRequest(input: $input) { refund { id } userErrors { code message } } }";
    let answer = client.try_ask(query, json!({ "input": input })).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.body.get("errors").is_some() {
        return Err(answer.body.to_string());
    }
    let payload = &answer.body["data"]["refundRequest"];
    match &payload["refund"]["id"] {
        Value::String(_) => Ok(text(&payload["refund"]["id"])),
        _ => panic!("{} is refused: {payload:#}", sale.purchase),
    }
}
