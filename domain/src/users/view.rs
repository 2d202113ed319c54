//! A person as they are read: the columns that are asked for, in the order in which SQL gives them.

use chrono::{DateTime, Utc};
use entities::{
    BillingInterval, CustomerTier, EcosystemId, Feature, Locale, PlanSubscriptionId, PlanSubscriptionStatus,
    ProductId, UserId, UserRole, UserSegment,
};
use sea_orm::{QueryResult, Value};

use crate::{
    database::{Dialect, Row},
    error::Outcome,
    loaded::Loaded,
};

/// What is wanted beside the person's own columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserParts {
    /// What lists rarely show of a person.
    pub details: bool,
    /// The one that they have deployed.
    pub ecosystem: bool,
    /// The subscription that counts now: the one that started last; one that is to come only if none has started.
    pub plan: bool,
    /// What that subscription is to; with `plan` only.
    pub product: bool,
}

/// A person as lists and pages show them, read in one statement with the parts that were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct UserView {
    pub id: UserId,
    pub first_name: String,
    pub last_name: String,
    pub company_email: String,
    /// Neither the person nor the ecosystem that they belong to is suspended.
    pub active: bool,
    pub created_at: DateTime<Utc>,
    pub details: Loaded<UserDetails>,
    pub ecosystem: Loaded<EcosystemView>,
    pub plan: Loaded<PlanView>,
}

/// The rest of a person's own columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDetails {
    pub role: UserRole,
    pub segment: UserSegment,
    pub tier: CustomerTier,
    pub features: Vec<Feature>,
    pub phone: Option<String>,
    pub company_name: Option<String>,
    pub locale: Locale,
}

/// An ecosystem as it is shown. Suspended while `suspended_at` is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcosystemView {
    pub id: EcosystemId,
    pub name: String,
    pub owner: UserId,
    pub suspended_at: Option<DateTime<Utc>>,
    pub suspension_reason: Option<String>,
}

/// A plan subscription as the store reported it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanView {
    pub id: PlanSubscriptionId,
    pub user: UserId,
    pub product: ProductId,
    pub product_view: Loaded<PlanProduct>,
    pub interval: BillingInterval,
    pub status: PlanSubscriptionStatus,
    pub starts_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
    pub encounters: i64,
    pub licenses_total: i64,
    pub licenses_assigned: i64,
    pub licenses_suspended: i64,
}

/// What a plan subscription is to, as products are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanProduct {
    pub id: ProductId,
    pub name: String,
    pub active: bool,
    pub grace_days: i64,
}

impl PlanView {
    /// Free to be assigned (S3.14).
    pub fn licenses_available(&self) -> i64 {
        (self.licenses_total - self.licenses_assigned - self.licenses_suspended).max(0)
    }
}

const OWN: &str = "u.id, u.first_name, u.last_name, u.company_email, u.created_at, \
     (u.suspended_at IS NULL AND e.suspended_at IS NULL)";
const OWN_COLUMNS: usize = 6;
const DETAILS: &str = ", u.role, u.segment, u.tier, u.features, u.phone, u.company_name, u.locale";
const DETAILS_COLUMNS: usize = 7;
const ECOSYSTEM: &str = ", e.id, e.name, e.owner_id, e.suspended_at, e.suspension_reason";
const ECOSYSTEM_COLUMNS: usize = 5;
const PLAN: &str = ", p.id, p.user_id, p.product_id, p.interval, p.status, p.starts_at, p.ends_at, p.encounters, \
     p.licenses_total, p.licenses_assigned, p.licenses_suspended";
const PLAN_COLUMNS: usize = 11;
const PRODUCT: &str = ", t.id, t.name, t.active, t.grace_days";

impl UserParts {
    /// All of a person's own columns.
    pub const OWN: Self = Self {
        details: true,
        ecosystem: false,
        plan: false,
        product: false,
    };

    pub const ALL: Self = Self {
        details: true,
        ecosystem: true,
        plan: true,
        product: true,
    };

    /// What either of two wants.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            details: self.details || other.details,
            ecosystem: self.ecosystem || other.ecosystem,
            plan: self.plan || other.plan,
            product: self.product || other.product,
        }
    }

    /// `SELECT … FROM users u …`: everything to one comes with it in one statement, as it is `now`. What that takes is
    /// added to `values`, behind those that have their places already.
    pub(super) fn select(self, dialect: Dialect, now: DateTime<Utc>, values: &mut Vec<Value>) -> String {
        self.select_from("users", dialect, now, values)
    }

    /// The same from another source of rows like those of `users`: of a page, so that what hangs on them is looked up
    /// for these few only.
    pub(super) fn select_from(
        self,
        source: &str,
        dialect: Dialect,
        now: DateTime<Utc>,
        values: &mut Vec<Value>,
    ) -> String {
        let mut columns = OWN.to_owned();
        let mut joins = " LEFT JOIN ecosystems e ON e.id = u.ecosystem_id".to_owned();
        if self.details {
            columns.push_str(DETAILS);
        }
        if self.ecosystem {
            columns.push_str(ECOSYSTEM);
        }
        if self.plan {
            columns.push_str(PLAN);
            values.push(now.into());
            joins.push_str(&current_plan(dialect, values.len()));
        }
        if self.plan && self.product {
            columns.push_str(PRODUCT);
            joins.push_str(match dialect {
                // One look-up for each: PostgreSQL would read all products for each row.
                Dialect::Postgres => {
                    " LEFT JOIN LATERAL (SELECT s.* FROM products s WHERE s.id = p.product_id LIMIT 1) t ON true"
                }
                Dialect::Sqlite => " LEFT JOIN products t ON t.id = p.product_id",
            });
        }
        format!("SELECT {columns} FROM {source} u{joins}")
    }

    pub(super) fn read(self, found: &QueryResult) -> Outcome<UserView> {
        let row = Row::of(found)?;
        let mut view = UserView {
            id: row.id(0)?,
            first_name: row.get(1)?,
            last_name: row.get(2)?,
            company_email: row.get(3)?,
            created_at: row.get(4)?,
            active: row.get(5)?,
            details: Loaded::NotAsked,
            ecosystem: Loaded::NotAsked,
            plan: Loaded::NotAsked,
        };
        let mut at = OWN_COLUMNS;
        if self.details {
            view.details = Loaded::Known(Some(read_details(row, at)?));
            at += DETAILS_COLUMNS;
        }
        if self.ecosystem {
            // Members of somebody else's ecosystem have deployed none of their own.
            let own = read_ecosystem(row, at)?.filter(|it| it.owner == view.id);
            view.ecosystem = Loaded::Known(own);
            at += ECOSYSTEM_COLUMNS;
        }
        if self.plan {
            let mut plan = read_plan(row, at)?;
            if let Some(plan) = plan.as_mut().filter(|_| self.product) {
                plan.product_view = Loaded::Known(read_product(row, at + PLAN_COLUMNS)?);
            }
            view.plan = Loaded::Known(plan);
        }
        Ok(view)
    }
}

/// The subscription that counts, by a walk of an index for those that have begun, and another for those to come where
/// there is none: sorted together they would all be read.
fn current_plan(dialect: Dialect, now: usize) -> String {
    let latest = |columns: &str, comparison: &str, unless: &str| {
        format!(
            "(SELECT l.{columns} FROM plan_subscriptions l WHERE l.user_id = u.id \
             AND l.starts_at {comparison} ${now}{unless} ORDER BY l.starts_at DESC, l.id DESC LIMIT 1)"
        )
    };
    match dialect {
        // Only one of the two has a row, whichever is asked first.
        Dialect::Postgres => {
            let begun = format!(
                " AND NOT EXISTS (SELECT 1 FROM plan_subscriptions b WHERE b.user_id = u.id \
                 AND b.starts_at <= ${now})"
            );
            let (begun, to_come) = (latest("*", "<=", ""), latest("*", ">", &begun));
            format!(" LEFT JOIN LATERAL ({begun} UNION ALL {to_come} LIMIT 1) p ON true")
        }
        Dialect::Sqlite => {
            let (begun, to_come) = (latest("id", "<=", ""), latest("id", ">", ""));
            format!(" LEFT JOIN plan_subscriptions p ON p.id = COALESCE({begun}, {to_come})")
        }
    }
}

/// The same columns for one by itself.
pub(super) fn select_ecosystem(condition: &str) -> String {
    format!("SELECT {} FROM ecosystems e {condition}", &ECOSYSTEM[2..])
}

pub(super) fn select_plan(condition: &str) -> String {
    format!("SELECT {} FROM plan_subscriptions p {condition}", &PLAN[2..])
}

fn read_details(row: Row<'_>, at: usize) -> Outcome<UserDetails> {
    Ok(UserDetails {
        role: row.word(at)?,
        segment: row.word(at + 1)?,
        tier: row.word(at + 2)?,
        features: row.list(at + 3)?,
        phone: row.get(at + 4)?,
        company_name: row.get(at + 5)?,
        locale: row.word(at + 6)?,
    })
}

pub(super) fn read_ecosystem(row: Row<'_>, at: usize) -> Outcome<Option<EcosystemView>> {
    let Some(id) = row.optional_id(at)? else {
        return Ok(None);
    };
    Ok(Some(EcosystemView {
        id,
        name: row.get(at + 1)?,
        owner: row.id(at + 2)?,
        suspended_at: row.get(at + 3)?,
        suspension_reason: row.get(at + 4)?,
    }))
}

pub(super) fn read_plan(row: Row<'_>, at: usize) -> Outcome<Option<PlanView>> {
    let Some(id) = row.optional_id(at)? else {
        return Ok(None);
    };
    Ok(Some(PlanView {
        id,
        user: row.id(at + 1)?,
        product: row.id(at + 2)?,
        product_view: Loaded::NotAsked,
        interval: row.word(at + 3)?,
        status: row.word(at + 4)?,
        starts_at: row.get(at + 5)?,
        ends_at: row.get(at + 6)?,
        encounters: row.get(at + 7)?,
        licenses_total: row.get(at + 8)?,
        licenses_assigned: row.get(at + 9)?,
        licenses_suspended: row.get(at + 10)?,
    }))
}

fn read_product(row: Row<'_>, at: usize) -> Outcome<Option<PlanProduct>> {
    let Some(id) = row.optional_id(at)? else {
        return Ok(None);
    };
    Ok(Some(PlanProduct {
        id,
        name: row.get(at + 1)?,
        active: row.get(at + 2)?,
        grace_days: row.get(at + 3)?,
    }))
}
