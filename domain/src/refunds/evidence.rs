//! What an agent checks before a refund, gathered in one place (S0.31, S0.51).

use entities::{Money, PurchaseStatus, purchase};
use sea_orm::ConnectionTrait;

use super::rules::{self, Facts, Policy};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::Sql,
    error::{Outcome, UserErrorCode},
    message::Message,
    stats, teams, values,
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

#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub item: CheckItem,
    pub passed: bool,
    pub detail: Message,
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

/// Answers the context check for a purchase that the caller may see. It tells what was read, so the look is noted
/// (S0.23).
pub async fn eligibility(app: &App, actor: &Actor, purchase: &purchase::Model) -> Outcome<Eligibility> {
    actor.require(Scope::RefundsRead)?;
    let team = teams::load(app, actor.team).await?;
    let policy = Policy::of(&team);
    let facts = gather(app, app.db.connection(), purchase.clone()).await?;
    stats::note_reading(app, actor, purchase.user_id).await?;
    Ok(Eligibility {
        blockers: rules::blockers(policy, &facts)
            .iter()
            .map(rules::RefundRefusal::code)
            .collect(),
        override_required: rules::override_required(policy, &facts),
        refundable: facts.purchase.refundable(),
        percent_read: facts.percent_read,
        seconds_read: facts.seconds_read,
        checks: checks(policy, &facts),
    })
}

/// Everything that the rules want to know, in one statement beside the team's credentials.
pub async fn gather(
    app: &App,
    connection: &impl ConnectionTrait,
    purchase: purchase::Model,
) -> Outcome<Facts> {
    let secrets = teams::secrets::load(app, purchase.team_id, connection).await?;
    let row = connection
        .row(
            "SELECT (SELECT count(*) FROM purchases WHERE user_id = $1), \
             (SELECT count(*) FROM purchases WHERE user_id = $1 AND product_id = $2 AND id <> $3 AND status = 'ACTIVE'), \
             (SELECT count(*) FROM refunds WHERE user_id = $1 AND purchase_id <> $3 AND status = 'SUCCEEDED'), \
             (SELECT count(*) FROM refunds WHERE purchase_id = $3 AND status NOT IN ('FAILED', 'REVERSED')), \
             (SELECT CAST(COALESCE(sum(amount_minor), 0) AS BIGINT) FROM refunds WHERE purchase_id = $3 \
              AND status NOT IN ('FAILED', 'REVERSED')), \
             (SELECT sessions FROM title_readings WHERE user_id = $1 AND product_id = $2), \
             (SELECT seconds FROM title_readings WHERE user_id = $1 AND product_id = $2), \
             (SELECT percent_read FROM title_readings WHERE user_id = $1 AND product_id = $2)",
            values![purchase.user_id, purchase.product_id, purchase.id],
        )
        .await?;
    let row = row.ok_or_else(|| anyhow::anyhow!("a row of counts is always there"))?;
    Ok(Facts {
        now: app.clock.now(),
        gateway_configured: secrets.can_refund(purchase.gateway),
        purchases: row.try_get_by_index(0)?,
        duplicates: row.try_get_by_index(1)?,
        refunds_elsewhere: row.try_get_by_index(2)?,
        refunds_before: row.try_get_by_index(3)?,
        refunded_before: Money::new(row.try_get_by_index(4)?, purchase.currency),
        sessions: row.try_get_by_index::<Option<i64>>(5)?.unwrap_or_default(),
        seconds_read: row.try_get_by_index::<Option<i64>>(6)?.unwrap_or_default(),
        percent_read: row.try_get_by_index::<Option<f64>>(7)?.unwrap_or_default(),
        purchase,
    })
}

/// Each item, answered from the data.
pub fn checks(policy: Policy, facts: &Facts) -> Vec<Check> {
    let purchase = &facts.purchase;
    let check = |item: CheckItem, name: &str, passed: bool| {
        let detail = Message::key(&format!(
            "refund-check-{name}-{}",
            if passed { "passed" } else { "failed" }
        ));
        Check { item, passed, detail }
    };
    let with = |mut check: Check, arguments: &[(&str, String)]| {
        for (name, value) in arguments {
            check.detail = check.detail.with(name, value);
        }
        check
    };
    let status = if purchase.canceled_at.is_some() && purchase.status == PurchaseStatus::PartiallyRefunded {
        PurchaseStatus::Canceled
    } else {
        purchase.status
    };
    let percent = format!("{:.0}", facts.percent_read);
    let clean = facts.duplicates == 0 && facts.refunds_elsewhere == 0;
    vec![
        with(
            check(
                CheckItem::KindIsSingle,
                "kind-is-single",
                purchase.kind == entities::PurchaseKind::Single,
            ),
            &[("kind", purchase.kind.to_string())],
        ),
        with(
            check(
                CheckItem::GatewaySupported,
                "gateway-supported",
                rules::is_supported(purchase.gateway),
            ),
            &[("gateway", purchase.gateway.to_string())],
        ),
        with(
            check(
                CheckItem::PurchaseActiveOrRecentlyCanceled,
                "purchase-active-or-recently-canceled",
                rules::is_active_or_recent(policy, facts),
            ),
            &[
                ("status", status.to_string()),
                (
                    "date",
                    purchase
                        .canceled_at
                        .map_or_else(String::new, |at| at.date_naive().to_string()),
                ),
                ("days", policy.recently_canceled.num_days().to_string()),
            ],
        ),
        with(
            check(
                CheckItem::ReadLessThanHalf,
                "read-less-than-half",
                !rules::override_required(policy, facts),
            ),
            &[
                ("percent", percent),
                ("threshold", policy.reading_threshold_percent.to_string()),
            ],
        ),
        with(
            check(CheckItem::ReadingRecorded, "reading-recorded", facts.sessions > 0),
            &[
                ("sessions", facts.sessions.to_string()),
                ("duration", minutes(facts.seconds_read)),
            ],
        ),
        with(
            check(
                CheckItem::NotRefundedBefore,
                "not-refunded-before",
                facts.refunds_before == 0,
            ),
            &[
                ("count", facts.refunds_before.to_string()),
                ("amount", facts.refunded_before.to_string()),
            ],
        ),
        check(CheckItem::NoDispute, "no-dispute", purchase.disputed_at.is_none()),
        with(
            check(CheckItem::PurchaseHistoryClean, "purchase-history-clean", clean),
            &[
                ("count", facts.purchases.to_string()),
                ("duplicates", facts.duplicates.to_string()),
                ("refunds", facts.refunds_elsewhere.to_string()),
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
