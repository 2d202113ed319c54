//! What an agent checks before a refund, gathered in one place (S0.31, S0.51).

use std::{collections::HashMap, fmt::Display};

use chrono::{DateTime, Utc};
use entities::{Money, PurchaseId, PurchaseKind, PurchaseStatus, TeamId, purchase};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde_json::{Value as Json, json};

use super::rules::{self, Facts, Policy};
use crate::{
    actor::{Actor, Scope},
    adapters::gateways::{GatewayAdapter, RefundAbility},
    app::App,
    database::{Sql, places},
    error::{Outcome, UserErrorCode},
    message::Message,
    purchases, stats, teams, values,
};

/// The checklist's items, in the order in which an agent goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckItem {
    KindIsSingle,
    GatewaySupported,
    PurchaseActiveOrRecentlyCanceled,
    ReadLessThanHalf,
    ReadingRecorded,
    NotRefundedBefore,
    NoDispute,
    PurchaseHistoryClean,
}

impl CheckItem {
    /// As the contract has it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::KindIsSingle => "KIND_IS_SINGLE",
            Self::GatewaySupported => "GATEWAY_SUPPORTED",
            Self::PurchaseActiveOrRecentlyCanceled => "PURCHASE_ACTIVE_OR_RECENTLY_CANCELED",
            Self::ReadLessThanHalf => "READ_LESS_THAN_HALF",
            Self::ReadingRecorded => "READING_RECORDED",
            Self::NotRefundedBefore => "NOT_REFUNDED_BEFORE",
            Self::NoDispute => "NO_DISPUTE",
            Self::PurchaseHistoryClean => "PURCHASE_HISTORY_CLEAN",
        }
    }
}

/// One item of the checklist, answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub item: CheckItem,
    pub passed: bool,
    pub detail: Message,
}

impl Check {
    /// The detail is the message `refund-check-<item>-passed` or `-failed` with these arguments.
    fn new(item: CheckItem, passed: bool, arguments: &[(&str, &dyn Display)]) -> Self {
        let name = item.as_str().to_lowercase().replace('_', "-");
        let outcome = if passed { "passed" } else { "failed" };
        let detail = Message::key(&format!("refund-check-{name}-{outcome}"));
        let detail = arguments
            .iter()
            .fold(detail, |detail, (name, value)| detail.with(name, value));
        Self { item, passed, detail }
    }

    /// As a refund keeps it (S0.48).
    pub fn to_evidence(&self) -> Json {
        json!({ "item": self.item.as_str(), "passed": self.passed, "detail": self.detail })
    }
}

/// The whole context check, answered.
#[derive(Clone, Debug)]
pub struct Eligibility {
    pub blockers: Vec<UserErrorCode>,
    pub override_required: bool,
    pub refundable: Money,
    pub percent_read: f64,
    pub seconds_read: i64,
    pub checks: Vec<Check>,
}

/// Whether a purchase can be refunded, for a caller who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EligibilityOf(PurchaseId);

impl EligibilityOf {
    /// Refuses whoever has no `refunds.read`, the customer too.
    pub fn new(actor: &Actor, purchase: &purchase::Model) -> Outcome<Self> {
        actor.require(Scope::RefundsRead)?;
        Ok(Self(purchase.id))
    }
}

/// Answers the context check for several purchases, all in the same few statements. It tells what was read, so the
/// look is noted (S0.23).
pub async fn eligibilities(
    app: &App,
    actor: &Actor,
    of: &[EligibilityOf],
) -> Outcome<HashMap<EligibilityOf, Eligibility>> {
    let policy = Policy::of(&teams::load(app, actor.team).await?);
    let ids: Vec<PurchaseId> = of.iter().map(|of| of.0).collect();
    let purchases = purchases::by_ids(app, actor, &ids).await?;
    let customers: Vec<_> = purchases.iter().map(|purchase| purchase.user_id).collect();
    let all = gather_all(app, app.db.connection(), actor.team, purchases).await?;
    stats::note_readings(app, actor, &customers).await?;
    let answered = all
        .into_iter()
        .map(|facts| (EligibilityOf(facts.purchase.id), answer(policy, &facts)));
    Ok(answered.collect())
}

fn answer(policy: Policy, facts: &Facts) -> Eligibility {
    Eligibility {
        blockers: rules::blockers(policy, facts)
            .iter()
            .map(rules::RefundRefusal::code)
            .collect(),
        override_required: rules::override_required(policy, facts),
        refundable: facts.purchase.refundable(),
        percent_read: facts.percent_read,
        seconds_read: facts.seconds_read,
        checks: checks(policy, facts),
    }
}

/// Everything that the rules want to know of one purchase.
pub async fn gather(
    app: &App,
    connection: &impl ConnectionTrait,
    purchase: purchase::Model,
) -> Outcome<Facts> {
    let id = purchase.id;
    let mut all = gather_all(app, connection, purchase.team_id, vec![purchase]).await?;
    Ok(all.pop().ok_or_else(|| anyhow::anyhow!("{id} is gone"))?)
}

/// The same of several purchases of a team: one statement, and one for the team's credentials.
async fn gather_all(
    app: &App,
    connection: &impl ConnectionTrait,
    team: TeamId,
    purchases: Vec<purchase::Model>,
) -> Outcome<Vec<Facts>> {
    if purchases.is_empty() {
        return Ok(Vec::new());
    }
    let secrets = teams::secrets::load(app, team, connection).await?;
    let sql = format!(
        "SELECT p.id, (SELECT count(*) FROM purchases o WHERE o.user_id = p.user_id), \
         (SELECT count(*) FROM purchases o WHERE o.user_id = p.user_id AND o.product_id = p.product_id \
          AND o.id <> p.id AND o.status = 'ACTIVE'), \
         (SELECT count(*) FROM refunds r WHERE r.user_id = p.user_id AND r.purchase_id <> p.id \
          AND r.status = 'SUCCEEDED'), \
         (SELECT count(*) FROM refunds r WHERE r.purchase_id = p.id AND r.status NOT IN ('FAILED', 'REVERSED')), \
         (SELECT CAST(COALESCE(sum(r.amount_minor), 0) AS BIGINT) FROM refunds r WHERE r.purchase_id = p.id \
          AND r.status NOT IN ('FAILED', 'REVERSED')), \
         t.sessions, t.seconds, t.percent_read \
         FROM purchases p LEFT JOIN title_readings t ON t.user_id = p.user_id AND t.product_id = p.product_id \
         WHERE p.team_id = $1 AND p.id IN ({})",
        places(2, purchases.len())
    );
    let mut values = values![team];
    values.extend(purchases.iter().map(|purchase| Value::from(purchase.id)));
    let rows = connection.rows(&sql, values).await?;
    let mut purchases: HashMap<PurchaseId, purchase::Model> = purchases
        .into_iter()
        .map(|purchase| (purchase.id, purchase))
        .collect();
    let mut all = Vec::new();
    for row in &rows {
        if let Some(purchase) = purchases.remove(&row.try_get_by_index(0)?) {
            let adapter = app.gateways.of(purchase.gateway);
            let configured = adapter.is_some_and(|it| secrets.have(&[it.secret()]));
            let ability = adapter.map(GatewayAdapter::refund_ability);
            all.push(read_facts(row, purchase, app.clock.now(), (ability, configured))?);
        }
    }
    Ok(all)
}

fn read_facts(
    row: &QueryResult,
    purchase: purchase::Model,
    now: DateTime<Utc>,
    (ability, gateway_configured): (Option<RefundAbility>, bool),
) -> Outcome<Facts> {
    // What went back past us counts as one more, however often that was.
    let externally = i64::from(purchase.refunded_externally_minor > 0);
    let refunded: i64 = row.try_get_by_index(5)?;
    Ok(Facts {
        now,
        ability,
        gateway_configured,
        purchases: row.try_get_by_index(1)?,
        duplicates: row.try_get_by_index(2)?,
        refunds_elsewhere: row.try_get_by_index(3)?,
        refunds_before: row.try_get_by_index::<i64>(4)? + externally,
        refunded_before: Money::new(refunded + purchase.refunded_externally_minor, purchase.currency),
        sessions: row.try_get_by_index::<Option<i64>>(6)?.unwrap_or_default(),
        seconds_read: row.try_get_by_index::<Option<i64>>(7)?.unwrap_or_default(),
        percent_read: row.try_get_by_index::<Option<f64>>(8)?.unwrap_or_default(),
        purchase,
    })
}

/// Each item, answered from the data.
pub fn checks(policy: Policy, facts: &Facts) -> Vec<Check> {
    let purchase = &facts.purchase;
    let status = if purchase.canceled().is_some() && purchase.status == PurchaseStatus::PartiallyRefunded {
        PurchaseStatus::Canceled
    } else {
        purchase.status
    };
    let canceled_on = purchase.canceled().map_or_else(String::new, |at| policy.day(at));
    vec![
        Check::new(
            CheckItem::KindIsSingle,
            purchase.kind == PurchaseKind::Single,
            &[("kind", &purchase.kind)],
        ),
        Check::new(
            CheckItem::GatewaySupported,
            facts.ability.is_some(),
            &[("gateway", &purchase.gateway)],
        ),
        Check::new(
            CheckItem::PurchaseActiveOrRecentlyCanceled,
            rules::is_active_or_recent(policy, facts),
            &[
                ("status", &status),
                ("date", &canceled_on),
                ("days", &policy.recently_canceled.num_days()),
            ],
        ),
        Check::new(
            CheckItem::ReadLessThanHalf,
            !rules::override_required(policy, facts),
            &[
                ("percent", &format_args!("{:.0}", facts.percent_read)),
                ("threshold", &policy.reading_threshold_percent),
            ],
        ),
        Check::new(
            CheckItem::ReadingRecorded,
            facts.sessions > 0,
            &[
                ("sessions", &facts.sessions),
                ("duration", &minutes(facts.seconds_read)),
            ],
        ),
        Check::new(
            CheckItem::NotRefundedBefore,
            facts.refunds_before == 0,
            &[
                ("count", &facts.refunds_before),
                ("amount", &facts.refunded_before),
            ],
        ),
        Check::new(CheckItem::NoDispute, purchase.disputed_at.is_none(), &[]),
        Check::new(
            CheckItem::PurchaseHistoryClean,
            facts.duplicates == 0 && facts.refunds_elsewhere == 0,
            &[
                ("count", &facts.purchases),
                ("duplicates", &facts.duplicates),
                ("refunds", &facts.refunds_elsewhere),
            ],
        ),
    ]
}

/// The same in every language: hours and minutes.
fn minutes(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
