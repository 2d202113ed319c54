//! Checks every rule on a live database, reading only and all at one moment, and names what breaks one.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    ApiKeyId, AuditEntryId, EcosystemId, EntitlementBatchId, EntitlementEventId, EntitlementId, EventId,
    ExportId, ExternalRefundId, FollowUpId, GatewayEventId, GrantId, JobId, MailId, PlanSubscriptionId,
    PurchaseId, ReadingSessionId, RefundId, SessionId, TeamId, UserId,
};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use crate::{
    app::App,
    audit,
    database::{Sql, Transaction},
    entitlements::{self, batches},
    error::Outcome,
    events, exports, identity, jobs, mails, payments,
    promises::{Promises, Reference, Rule},
    purchases, refunds, stats, users,
    work::KINDS,
};

/// What each subject promises, in the order in which it is checked.
const PROMISES: &[Promises] = &[
    purchases::PROMISES,
    refunds::PROMISES,
    payments::PROMISES,
    jobs::PROMISES,
    events::PROMISES,
    entitlements::PROMISES,
    batches::PROMISES,
    users::PROMISES,
    identity::PROMISES,
    stats::PROMISES,
    mails::PROMISES,
    audit::PROMISES,
    exports::PROMISES,
];

/// The rule that team ids are equal along every reference.
pub const TENANCY: &str = "one-team";

/// The rule that what waits has a job.
pub const OWED_WORK: &str = "owed-work";

/// How long something may be without a next action: it may be between two jobs, and maintenance runs every 30 seconds.
const QUIET: TimeDelta = TimeDelta::minutes(5);

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub rule: &'static str,
    /// A public id.
    pub subject: String,
    pub detail: String,
}

/// Something that an operator should know of, and that breaks no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// A public id.
    pub subject: String,
    pub detail: String,
}

/// The names of all rules and what each means, in the order in which they are checked.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tenancy = (TENANCY, "Rows hang on rows of their own team only.");
    let owed = (
        OWED_WORK,
        "What waits has a job that is not finished, or had one in the last five minutes.",
    );
    all().map(|rule| (rule.name, rule.means)).chain([owed, tenancy])
}

fn all() -> impl Iterator<Item = &'static Rule> {
    PROMISES.iter().flat_map(|promises| promises.rules)
}

fn references() -> impl Iterator<Item = &'static Reference> {
    PROMISES.iter().flat_map(|promises| promises.references)
}

/// Checks every rule. Empty if all is well. Changes nothing, and sees the database as it is at one moment.
pub async fn verify(app: &App) -> Outcome<Vec<Violation>> {
    let look = Look::begin(app).await?;
    let mut violations = Vec::new();
    for rule in all() {
        violations.extend(look.check(rule).await?);
    }
    for kind in KINDS {
        let (Some(owed), Some(subject)) = (kind.owed(), kind.subject()) else {
            continue;
        };
        for row in &look.rows(&owed.sql(kind.name())).await? {
            violations.push(read(OWED_WORK, subject, row)?);
        }
    }
    for reference in references() {
        let rows = look.connection.rows(&reference.sql(), vec![]).await?;
        for row in &rows {
            violations.push(read(TENANCY, reference.subject, row)?);
        }
    }
    Ok(violations)
}

/// What is worth knowing beside the rules: the jobs that were dead-lettered.
pub async fn notes(app: &App) -> Outcome<Vec<Note>> {
    let rows = app.db.connection().rows(
        "SELECT id, queue || ' ' || kind || ': ' || COALESCE(last_error, '') FROM jobs WHERE status = 'DEAD' ORDER BY id",
        vec![],
    );
    let read = |row: &QueryResult| -> Outcome<Note> {
        let found = read("job-dead", "job", row)?;
        Ok(Note {
            subject: found.subject,
            detail: found.detail,
        })
    };
    rows.await?.iter().map(read).collect()
}

/// One look at the whole database.
struct Look {
    connection: Transaction,
    now: DateTime<Utc>,
    a_minute_ago: String,
}

impl Look {
    async fn begin(app: &App) -> Outcome<Self> {
        Ok(Self {
            connection: app.db.snapshot().await?,
            now: app.clock.now(),
            a_minute_ago: app.db.dialect().now_plus(-60),
        })
    }

    async fn check(&self, rule: &Rule) -> Outcome<Vec<Violation>> {
        let rows = self.rows(rule.sql).await?;
        let mut found = rows
            .iter()
            .map(|row| read(rule.name, rule.subject, row))
            .collect::<Outcome<Vec<_>>>()?;
        if let (false, Some(sql)) = (found.is_empty(), rule.answered_by) {
            let answered = self.rows(sql).await?;
            let answered = answered
                .iter()
                .map(|row| row.try_get_by_index(0))
                .collect::<Result<HashSet<String>, _>>()?;
            found.retain(|violation| !answered.contains(&violation.subject));
        }
        Ok(found)
    }

    async fn rows(&self, sql: &str) -> Outcome<Vec<QueryResult>> {
        let grace = self
            .connection
            .dialect()
            .plus_days("e.expires_at", "p.grace_days");
        let sql = sql
            .replace("{a_minute_ago}", &self.a_minute_ago)
            .replace("{grace}", &grace);
        let (sql, values) = bind(sql, self.now);
        Ok(self.connection.rows(&sql, values).await?)
    }
}

/// Gives each time that a rule names its place: `$quiet_since`, five minutes ago, and `$now`.
fn bind(mut sql: String, now: DateTime<Utc>) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    for (name, time) in [("$quiet_since", now - QUIET), ("$now", now)] {
        if sql.contains(name) {
            values.push(time.into());
            sql = sql.replace(name, &format!("${}", values.len()));
        }
    }
    (sql, values)
}

fn read(rule: &'static str, prefix: &'static str, row: &QueryResult) -> Outcome<Violation> {
    let id: Uuid = row.try_get_by_index(0)?;
    Ok(Violation {
        rule,
        subject: public_id(prefix, id),
        detail: row.try_get_by_index::<Option<String>>(1)?.unwrap_or_default(),
    })
}

fn public_id(prefix: &str, id: Uuid) -> String {
    macro_rules! named {
        ($($kind:ident),*) => {
            match prefix { $($kind::PREFIX => $kind(id).to_string(),)* _ => id.to_string() }
        };
    }
    named!(
        ApiKeyId,
        AuditEntryId,
        EcosystemId,
        EntitlementBatchId,
        EntitlementEventId,
        EntitlementId,
        EventId,
        ExportId,
        ExternalRefundId,
        FollowUpId,
        GatewayEventId,
        GrantId,
        JobId,
        MailId,
        PlanSubscriptionId,
        PurchaseId,
        ReadingSessionId,
        RefundId,
        SessionId,
        TeamId,
        UserId
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_that_a_rule_names_has_its_own_place() {
        let now = DateTime::UNIX_EPOCH;
        let (early, now_too) = (Value::from(now - QUIET), Value::from(now));
        for (sql, expected, values) in [
            ("a < b", "a < b", vec![]),
            (
                "a < $now AND b > $now",
                "a < $1 AND b > $1",
                vec![now_too.clone()],
            ),
            ("a < $quiet_since", "a < $1", vec![early.clone()]),
            (
                "a < $now AND b < $quiet_since",
                "a < $2 AND b < $1",
                vec![early, now_too],
            ),
        ] {
            assert_eq!(bind(sql.into(), now), (expected.into(), values), "{sql}");
        }
    }
}
