//! What a spreadsheet of customers or leads says of each of them (S3.9–S3.14).

use std::{borrow::Cow, collections::HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entities::{BillingInterval, CustomerTier, ExportKind, Locale, PlanSubscriptionStatus, ProductId};

use super::{book::Cell, words::Words};
use crate::{
    language,
    users::{EcosystemView, PlanView, UserView},
};

/// One column: its heading, its width in characters, and what it says of somebody.
pub(super) struct Column {
    heading: &'static str,
    width: f64,
    /// The heading names the time zone.
    zoned: bool,
    /// Leads have none: it belongs to a subscription.
    of_plan: bool,
    pub cell: for<'a> fn(&'a Facts, &'a UserView) -> Cell<'a>,
}

impl Column {
    pub fn head(&self, locale: Locale, facts: &Facts) -> (String, f64) {
        let zone = facts.zone.name();
        let zone = [("zone", zone.into())];
        let variables: &[_] = if self.zoned { &zone } else { &[] };
        (language::text(locale, self.heading, variables), self.width)
    }
}

/// Those of a kind of export, from left to right.
pub(super) fn columns(kind: ExportKind) -> Vec<&'static Column> {
    let with_plan = kind == ExportKind::CustomersXlsx;
    COLUMNS
        .iter()
        .filter(|column| with_plan || !column.of_plan)
        .collect()
}

const fn own(
    heading: &'static str,
    width: f64,
    cell: for<'a> fn(&'a Facts, &'a UserView) -> Cell<'a>,
) -> Column {
    Column {
        heading,
        width,
        zoned: false,
        of_plan: false,
        cell,
    }
}

const fn of_plan(
    heading: &'static str,
    width: f64,
    cell: for<'a> fn(&'a Facts, &'a UserView) -> Cell<'a>,
) -> Column {
    Column {
        of_plan: true,
        ..own(heading, width, cell)
    }
}

const fn zoned(column: Column) -> Column {
    Column {
        zoned: true,
        ..column
    }
}

const COLUMNS: &[Column] = &[
    own("export-column-id", 32.0, |_, user| {
        Cell::Text(user.id.to_string().into())
    }),
    own("export-column-first-name", 18.0, |_, user| said(&user.first_name)),
    own("export-column-last-name", 22.0, |_, user| said(&user.last_name)),
    own("export-column-company-email", 32.0, |_, user| {
        said(&user.company_email)
    }),
    own("export-column-phone", 18.0, |_, user| {
        maybe(user.phone.as_deref())
    }),
    own("export-column-company", 28.0, |_, user| {
        maybe(user.company_name.as_deref())
    }),
    own("export-column-tier", 12.0, |facts, user| {
        said(facts.tiers.say(user.tier.as_str()))
    }),
    own("export-column-language", 12.0, |facts, user| {
        said(facts.languages.say(user.locale.as_str()))
    }),
    own("export-column-active", 10.0, |facts, user| {
        facts.yes_or_no(user.active)
    }),
    zoned(own("export-column-registered", 30.0, |facts, user| {
        facts.time(user.created_at)
    })),
    own("export-column-ecosystem", 28.0, |facts, user| {
        match ecosystem(user) {
            Some(it) => said(&it.name),
            None => said(&facts.no_ecosystem),
        }
    }),
    own("export-column-ecosystem-suspended", 22.0, |facts, user| {
        ecosystem(user).map_or(Cell::Blank, |it| facts.yes_or_no(it.suspended_at.is_some()))
    }),
    of_plan("export-column-plan", 28.0, |facts, user| {
        let product = plan(user).and_then(|plan| facts.products.get(&plan.product));
        maybe(product.map(String::as_str))
    }),
    of_plan("export-column-interval", 12.0, |facts, user| {
        maybe(plan(user).map(|plan| facts.intervals.say(plan.interval.as_str())))
    }),
    of_plan("export-column-plan-status", 16.0, |facts, user| {
        maybe(plan(user).map(|plan| facts.statuses.say(plan.status.as_str())))
    }),
    zoned(of_plan("export-column-plan-start", 30.0, |facts, user| {
        plan(user).map_or(Cell::Blank, |plan| facts.time(plan.starts_at))
    })),
    zoned(of_plan("export-column-plan-end", 30.0, |facts, user| {
        let end = plan(user).and_then(|plan| plan.ends_at);
        end.map_or(Cell::Blank, |at| facts.time(at))
    })),
    of_plan("export-column-encounters", 14.0, |_, user| {
        number(user, |plan| plan.encounters)
    }),
    of_plan("export-column-licenses-total", 16.0, |_, user| {
        number(user, |plan| plan.licenses_total)
    }),
    of_plan("export-column-licenses-assigned", 18.0, |_, user| {
        number(user, |plan| plan.licenses_assigned)
    }),
    of_plan("export-column-licenses-available", 18.0, |_, user| {
        number(user, PlanView::licenses_available)
    }),
    of_plan("export-column-licenses-suspended", 20.0, |_, user| {
        number(user, |plan| plan.licenses_suspended)
    }),
];

/// What the cells need beside the row.
pub(super) struct Facts {
    zone: Tz,
    yes: String,
    no: String,
    no_ecosystem: String,
    tiers: Words,
    languages: Words,
    intervals: Words,
    statuses: Words,
    /// The names of those that were met so far.
    pub products: HashMap<ProductId, String>,
}

impl Facts {
    pub fn new(locale: Locale, zone: Tz) -> Self {
        let say = |key| language::text(locale, key, &[]);
        Self {
            zone,
            yes: say("export-yes"),
            no: say("export-no"),
            no_ecosystem: say("export-no-ecosystem"),
            tiers: Words::of(
                locale,
                "export-tier",
                CustomerTier::ALL.iter().map(|it| it.as_str()),
            ),
            languages: Words::of(
                locale,
                "export-language",
                Locale::ALL.iter().map(|it| it.as_str()),
            ),
            intervals: Words::of(
                locale,
                "export-interval",
                BillingInterval::ALL.iter().map(|it| it.as_str()),
            ),
            statuses: Words::of(
                locale,
                "export-plan-status",
                PlanSubscriptionStatus::ALL.iter().map(|it| it.as_str()),
            ),
            products: HashMap::new(),
        }
    }

    fn yes_or_no(&self, yes: bool) -> Cell<'_> {
        said(if yes { &self.yes } else { &self.no })
    }

    fn time(&self, at: DateTime<Utc>) -> Cell<'_> {
        Cell::Time(at.with_timezone(&self.zone).naive_local())
    }
}

fn said(text: &str) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(text))
}

fn maybe(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Blank, said)
}

fn number(user: &UserView, of: fn(&PlanView) -> i64) -> Cell<'_> {
    plan(user).map_or(Cell::Blank, |plan| Cell::Number(of(plan)))
}

pub(super) fn plan(user: &UserView) -> Option<&PlanView> {
    user.plan.found()
}

fn ecosystem(user: &UserView) -> Option<&EcosystemView> {
    user.ecosystem.found()
}
