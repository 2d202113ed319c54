//! Random histories of access, beside a small model of what S0.45, S4.22 and S4.25 say of them: `access`, the
//! entitlements, their history and the events must agree with it, whatever comes when.

mod model;
mod script;

use std::{collections::HashMap, panic::AssertUnwindSafe};

use chrono::TimeDelta;
use domain::{clock::written, operations};
use futures::FutureExt;
use sandbox::{Fault, FaultKind, Payment, RefundStatus};
use serde_json::{Value, json};
use tests::{
    client::{Client, Payload},
    stage::{ADMIN, PASSWORD, Stage, noon, text},
};

use self::{
    model::{Mistake, Model, PRICE, Shown, Tick, Told},
    script::{Fate, Script, Step},
};

const LANES: usize = 20;
const ROUNDS: usize = 14;

/// One user, one product, and what the model makes of them.
struct Lane {
    index: usize,
    model: Model,
    user: String,
    product: String,
    /// Ids and payments.
    purchases: Vec<(String, String)>,
    refunds: Vec<RefundSeen>,
    entitlements: Vec<String>,
    events: Vec<Value>,
    active: bool,
}

struct RefundSeen {
    id: String,
    at_gateway: Option<String>,
    status: String,
}

/// What disagreed, and in which lane.
struct Disagreement {
    lane: usize,
    round: usize,
    what: String,
}

type Agreed<T = ()> = Result<T, String>;

struct Play {
    stage: Stage,
    now: Tick,
    lanes: Vec<Lane>,
    /// Of the last event that was read.
    cursor: Option<String>,
}

fn time(tick: Tick) -> String {
    written(noon() + TimeDelta::minutes(5 * tick))
}

fn agree(what: &str, product: &Value, model: &Value) -> Agreed {
    if product == model {
        return Ok(());
    }
    Err(format!("{what}\n  product: {product}\n  model:   {model}"))
}

impl Play {
    async fn begin(script: &Script, only: Option<usize>, mistake: Mistake) -> Self {
        let stage = Stage::new().await;
        let mut lanes = Vec::new();
        for (index, (days, _)) in script.lanes.iter().enumerate() {
            if only.is_some_and(|only| only != index) {
                continue;
            }
            let user = stage.customer(&format!("reader{index}@shop.test")).await;
            lanes.push(Lane {
                index,
                model: Model::new(*days, mistake),
                product: product(&stage, index, *days).await,
                user,
                purchases: Vec::new(),
                refunds: Vec::new(),
                entitlements: Vec::new(),
                events: Vec::new(),
                active: true,
            });
        }
        Self {
            stage,
            now: 0,
            lanes,
            cursor: None,
        }
    }

    async fn round(&mut self, script: &Script, round: usize) -> Result<(), Disagreement> {
        let passes = script.rounds[round].passes;
        if passes > 0 {
            self.now += passes;
            self.stage.pass(TimeDelta::minutes(5 * passes));
            // Nobody stays signed in for days.
            self.stage.admin = Client::sign_in(&self.stage.url, ADMIN, PASSWORD).await;
        }
        for lane in &mut self.lanes {
            lane.model.pass(passes);
        }
        if script.rounds[round].announced {
            self.stage.announce().await;
            for lane in &mut self.lanes {
                lane.model.catch_up();
            }
        }
        let failed = |lane: &Lane, what| Disagreement {
            lane: lane.index,
            round,
            what,
        };
        for lane in &mut self.lanes {
            let step = &script.lanes[lane.index].1[round];
            let done = lane.step(&self.stage, self.now, step).await;
            done.map_err(|what| failed(lane, what))?;
        }
        self.stage.run_jobs().await;
        self.stage.hear_gateways().await;
        self.read_events().await;
        for lane in &mut self.lanes {
            let seen = lane.check(&self.stage).await;
            seen.map_err(|what| failed(lane, what))?;
        }
        Ok(())
    }

    /// What `verify` says in the end, with the lane that it concerns.
    async fn promises(&self) -> Result<(), Disagreement> {
        let violations = operations::verify(&self.stage.app).await.expect("an answer");
        let Some(first) = violations.first() else {
            return Ok(());
        };
        let concerned = |lane: &&Lane| lane.entitlements.contains(&first.subject);
        Err(Disagreement {
            lane: self.lanes.iter().find(concerned).map_or(0, |lane| lane.index),
            round: usize::MAX - 1,
            what: format!("{violations:#?}"),
        })
    }

    async fn read_events(&mut self) {
        let query = "query($after: String) { events(first: 100, after: $after, topics: [ENTITLEMENT_CHANGED]) \
             { edges { cursor node { data actor { id } } } pageInfo { hasNextPage } } }";
        loop {
            let data = self
                .stage
                .admin
                .ask(query, json!({ "after": self.cursor }))
                .await
                .data();
            let edges = data["events"]["edges"].as_array().expect("events").clone();
            for edge in edges {
                self.cursor = Some(text(&edge["cursor"]));
                let lane = (self.lanes.iter_mut()).find(|lane| edge["node"]["data"]["userId"] == lane.user);
                lane.expect("somebody's").events.push(edge["node"].clone());
            }
            if data["events"]["pageInfo"]["hasNextPage"] == false {
                return;
            }
        }
    }
}

async fn product(stage: &Stage, index: usize, days: i64) -> String {
    let input = json!({ "externalId": format!("book-{index}"), "name": "Rayuela", "graceDays": days });
    let made = stage
        .admin
        .mutate("productRecord", "ProductRecordInput", input, "product { id }");
    text(&made.await.accepted()["product"]["id"])
}

impl Lane {
    async fn step(&mut self, stage: &Stage, now: Tick, step: &Step) -> Agreed {
        match *step {
            Step::Rest => Ok(()),
            Step::Buy { since, until } => self.buy(stage, now + since, until.map(|until| now + until)).await,
            Step::Give { from, until } => {
                let (from, until) = (from.map(|from| now + from), until.map(|until| now + until));
                let input = json!({ "startsAt": from.map(time), "expiresAt": until.map(time) });
                let given = super::grant(&stage.admin, &self.user, &self.product, input).await;
                accepted(&given, self.model.grant(from.unwrap_or(now), until, None))
            }
            Step::Extend { until } => {
                let Some(of) = self.model.counts() else {
                    return Ok(());
                };
                let (id, end) = (json!(self.entitlements[of]), time(now + until));
                let extended = super::extend(&stage.admin, &id, &end).await;
                accepted(&extended, self.model.extend(of, now + until))
            }
            Step::Revoke => {
                let Some(of) = self.model.counts() else {
                    return Ok(());
                };
                let id = json!(self.entitlements[of]);
                let revoked = super::revoke(&stage.admin, &id, None).await;
                accepted(&revoked, self.model.revoke(of))
            }
            Step::Refund {
                which,
                reason,
                part,
                fate,
            } => self.refund(stage, which, (reason, part), fate).await,
            Step::Settle { which, fails } => {
                self.settle(stage, which, fails).await;
                Ok(())
            }
            Step::Grace { days } => {
                product(stage, self.index, days).await;
                self.model.set_grace(days);
                Ok(())
            }
            Step::Suspend { active } => {
                let input = json!({ "userId": self.user, "active": active });
                let changed = stage
                    .admin
                    .mutate("userUpdate", "UserUpdateInput", input, "user { id }");
                changed.await.accepted();
                self.active = active;
                Ok(())
            }
        }
    }

    async fn buy(&mut self, stage: &Stage, since: Tick, until: Option<Tick>) -> Agreed {
        let number = self.index * 1000 + self.purchases.len();
        let payment = format!("pi_history{number:08}");
        stage
            .sandbox
            .stripe
            .add_payments([Payment::new(&payment, PRICE, "EUR")]);
        let input = json!({
            "externalId": format!("order-{number}"), "userId": self.user, "productId": self.product, "kind": "SINGLE",
            "gateway": "STRIPE", "gatewayPaymentId": payment, "amount": { "amount": "30.00", "currency": "EUR" },
            "status": "ACTIVE", "purchasedAt": time(since), "accessUntil": until.map(time),
        });
        let sold = stage
            .admin
            .mutate("purchaseRecord", "PurchaseRecordInput", input, "purchase { id }");
        let id = text(&sold.await.accepted()["purchase"]["id"]);
        self.model.grant(since, until, Some(self.purchases.len()));
        self.purchases.push((id, payment));
        Ok(())
    }

    async fn refund(
        &mut self,
        stage: &Stage,
        which: usize,
        (reason, part): (&str, bool),
        fate: Fate,
    ) -> Agreed {
        let open: Vec<usize> = (0..self.purchases.len())
            .filter(|it| self.model.left(*it) > 0)
            .collect();
        // What was bought last more often than the rest.
        let place = if which < 8 {
            open.len().saturating_sub(1)
        } else {
            which % open.len().max(1)
        };
        let Some(purchase) = open.get(place).copied() else {
            return Ok(());
        };
        let (id, payment) = &self.purchases[purchase];
        let fault = match fate {
            Fate::Done => None,
            Fate::Refused => Some(FaultKind::Refuse {
                code: "charge_disputed".into(),
            }),
            Fate::Pending => Some(FaultKind::RefundPending),
        };
        if let Some(kind) = fault {
            stage.sandbox.stripe.fault(Fault::once(kind).for_payment(payment));
        }
        let (left, fraud) = (self.model.left(purchase), reason == "FRAUDULENT");
        let amount = if part && !fraud && left > 1000 { 1000 } else { left };
        let amounts = json!({ "amount": format!("{}.00", amount / 100), "currency": "EUR" });
        let input = json!({ "purchaseId": id, "reason": reason, "amount": amounts });
        let selection = "refund { id status gatewayRefundId effects { kind status detail } }";
        let asked = stage
            .admin
            .mutate("refundRequest", "RefundRequestInput", input, selection);
        let refund = asked.await.accepted()["refund"].clone();
        let lost = self.model.refund(purchase, fraud, amount);
        self.refunds.push(RefundSeen {
            id: text(&refund["id"]),
            at_gateway: None,
            status: text(&refund["status"]),
        });
        let done = crate::refunds::effect(&refund, "REVOKE_ACCESS") == "DONE";
        agree("whether the refund takes access", &json!(done), &json!(lost))
    }

    async fn settle(&self, stage: &Stage, which: usize, fails: bool) {
        let settles = |it: &&RefundSeen| it.status == "PENDING" || (it.status == "SUCCEEDED" && fails);
        let open: Vec<&RefundSeen> = self.refunds.iter().filter(settles).collect();
        let Some(refund) = open.get(which % open.len().max(1)) else {
            return;
        };
        let (Some(id), status) = (
            &refund.at_gateway,
            [RefundStatus::Succeeded, RefundStatus::Failed],
        ) else {
            return;
        };
        stage.sandbox.stripe.settle(id, status[usize::from(fails)], None);
    }

    async fn check(&mut self, stage: &Stage) -> Agreed {
        let query = "query($u: ID!, $p: ID!, $r: [ID!]!) { access(userId: $u, productId: $p) { allowed status until } \
             nodes(ids: $r) { ... on Refund { id status gatewayRefundId } } user(id: $u) { \
             entitlements(first: 40, status: [SCHEDULED, ACTIVE, GRACE_PERIOD, EXPIRED, REVOKED]) \
             { nodes { id status startsAt expiresAt graceEndsAt resumesAt } } \
             entitlementHistory(first: 100) { nodes { action actor { id } } } } }";
        let refunds: Vec<&String> = self.refunds.iter().map(|it| &it.id).collect();
        let variables = json!({ "u": self.user, "p": self.product, "r": refunds });
        let data = stage.admin.ask(query, variables).await.data();
        self.hear_of_refunds(&data["nodes"]);
        let (status, until) = self.model.access();
        let allowed = self.active && matches!(status, Some("ACTIVE" | "GRACE_PERIOD"));
        let access = json!({ "allowed": allowed, "status": status, "until": until.map(time) });
        agree("access", &data["access"], &access)?;
        let mut nodes = data["user"]["entitlements"]["nodes"]
            .as_array()
            .expect("nodes")
            .clone();
        nodes.reverse();
        self.entitlements = nodes.iter_mut().map(|node| text(&node["id"].take())).collect();
        let shown: Vec<Value> = self
            .model
            .entitlements()
            .iter()
            .map(|it| read(it, "id", &Value::Null))
            .collect();
        agree("entitlements", &json!(nodes), &json!(shown))?;
        let mut lines = data["user"]["entitlementHistory"]["nodes"]
            .as_array()
            .expect("lines")
            .clone();
        lines.reverse();
        let told = |it: &Told| json!([it.action, it.by_somebody]);
        let told: Vec<Value> = self.model.told.iter().map(told).collect();
        let line = |it: &Value| json!([it["action"], !it["actor"].is_null()]);
        agree("history", &lines.iter().map(line).collect(), &json!(told))?;
        self.check_events(&told)
    }

    /// Refunds that have come to nothing give back what they took.
    fn hear_of_refunds(&mut self, nodes: &Value) {
        for (i, node) in nodes.as_array().expect("refunds").iter().enumerate() {
            let seen = &mut self.refunds[i];
            let status = text(&node["status"]);
            let failed = matches!(status.as_str(), "FAILED" | "REVERSED") && status != seen.status;
            seen.status = status;
            seen.at_gateway = node["gatewayRefundId"].as_str().map(str::to_owned);
            if failed {
                self.model.fail(i);
            }
        }
    }

    /// S4.25: one event for each line, with the state right after it.
    fn check_events(&self, told: &[Value]) -> Agreed {
        let line = |it: &Value| json!([it["data"]["action"], !it["actor"].is_null()]);
        agree("events", &self.events.iter().map(line).collect(), &json!(told))?;
        for (event, told) in self.events.iter().zip(&self.model.told) {
            let mut data = event["data"].clone();
            let data = data.as_object_mut().expect("data");
            for name in ["userId", "productId"] {
                data.remove(name);
            }
            let expected = read(&told.data, "action", &json!(told.action));
            agree("an event's data", &json!(data), &expected)?;
        }
        Ok(())
    }
}

fn read(shown: &Shown, name: &str, value: &Value) -> Value {
    let mut read = json!({
        "status": shown.status, "startsAt": time(shown.starts), "expiresAt": shown.expires.map(time),
        "graceEndsAt": shown.grace.map(time), "resumesAt": shown.resumes.map(time),
    });
    read[name] = value.clone();
    read
}

fn accepted(payload: &Payload, by_model: bool) -> Agreed {
    let accepted = payload.refusals().is_empty();
    agree("whether it is accepted", &json!(accepted), &json!(by_model))
}

/// Plays a script, or one lane of it.
async fn play(script: &Script, only: Option<usize>, mistake: Mistake) -> Result<(), Disagreement> {
    let mut play = Play::begin(script, only, mistake).await;
    let mut found = Ok(());
    for round in 0..script.rounds.len() {
        found = play.round(script, round).await;
        if found.is_err() {
            break;
        }
    }
    if found.is_ok() {
        found = play.promises().await;
    }
    if found.is_ok() {
        play.stage.end_with_jobs_left().await;
    } else {
        play.stage.give_up();
    }
    found
}

/// Leaves out of a lane whatever is not needed for the disagreement.
async fn shorten(mut script: Script, found: &Disagreement, mistake: Mistake) -> (Script, String) {
    let mut what = found.what.clone();
    script.rounds.truncate(found.round + 1);
    for round in (0..script.rounds.len()).rev() {
        let mut shorter = script.clone();
        shorter.lanes[found.lane].1[round] = Step::Rest;
        if let Err(found) = play(&shorter, Some(found.lane), mistake).await {
            (script, what) = (shorter, found.what);
        }
    }
    (script, what)
}

async fn histories(seed: u64) {
    let script = Script::new(seed, LANES, ROUNDS);
    let played = AssertUnwindSafe(play(&script, None, Mistake::None))
        .catch_unwind()
        .await;
    let Err(found) = played.unwrap_or_else(|_| panic!("seed {seed}: see above")) else {
        return;
    };
    let (script, what) = shorten(script, &found, Mistake::None).await;
    let (days, steps) = &script.lanes[found.lane];
    let mut story = format!("seed {seed}, lane {}, {days} days of grace\n", found.lane);
    let mut now = 0;
    for (round, step) in script.rounds.iter().zip(steps) {
        now += round.passes;
        story += &format!("{} (announced: {}) {step:?}\n", time(now), round.announced);
    }
    panic!("{story}{what}");
}

macro_rules! histories {
    ($($name:ident: $seeds:expr),*) => {
        $(
            #[tokio::test]
            async fn $name() {
                for seed in $seeds {
                    histories(seed).await;
                }
            }
        )*
    };
}

histories!(
    s4_25_random_histories_agree_with_the_model_1: 1..=3,
    s4_25_random_histories_agree_with_the_model_2: 4..=6,
    s4_25_random_histories_agree_with_the_model_3: 7..=9,
    s4_25_random_histories_agree_with_the_model_4: 10..=12
);

/// A model that gets one rule wrong is found out: the comparison can fail.
#[tokio::test]
async fn a_wrong_model_is_found_out() {
    let mut found = HashMap::new();
    for mistake in [
        Mistake::GraceEndsWithAnyRefund,
        Mistake::GraceEndsBesideWhatIsToCome,
        Mistake::RestoredInAnyCase,
        Mistake::ToldAsItIsNow,
    ] {
        for seed in 1..=6 {
            if play(&Script::new(seed, LANES, ROUNDS), None, mistake)
                .await
                .is_err()
            {
                found.insert(format!("{mistake:?}"), seed);
                break;
            }
        }
    }
    assert_eq!(found.len(), 4, "{found:?}");
}
