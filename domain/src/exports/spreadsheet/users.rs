//! Customers and leads as a spreadsheet (S3.9–S3.17).

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entities::{
    BillingInterval, CustomerTier, ExportKind, Locale, PlanSubscriptionStatus, ProductId, export,
};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    book::{Book, Cell, Layout},
    words::Words,
};
use crate::{
    error::Outcome,
    exports::{
        output::{self, Output, Written},
        run::{Attempt, Made},
    },
    language, products, teams,
    users::{
        PlanView, UserFilter, UserParts, UserView,
        store::{Place, walk},
    },
};

/// Rows that are read at once.
const STRETCH: u32 = 1000;
/// Stretches that may wait for the writer.
const WAITING: usize = 2;

/// What is read and not yet written.
enum Batch {
    Rows {
        users: Vec<UserView>,
        /// The names of products that were not met before.
        products: Vec<(ProductId, String)>,
    },
    /// That was everybody. Without it the file is not whole.
    End,
}

/// Writes everybody whom the export wants. None: it has to stop.
pub(in crate::exports) async fn write(attempt: &mut Attempt<'_>) -> Outcome<Option<Made>> {
    let app = attempt.app;
    let team = teams::load(app, attempt.export.team_id).await?;
    let facts = Facts::new(attempt.export.locale, language::zone(&team.time_zone));
    let columns = columns(attempt.export.kind);
    let layout = layout(&attempt.export, &team.name, &facts, &columns);
    let (rows, to_write) = mpsc::channel(WAITING);
    let (output, pieces) = output::pipe();
    // A thread of its own: packing and temporary files would hold up everything else here.
    let writing = spawn_blocking(move || write_book(layout, &columns, facts, to_write, output));
    let Some(count) = feed(attempt, rows).await? else {
        return Ok(None);
    };
    let key = attempt.key();
    let put = app.files.put(&key, pieces).await;
    let written = writing.await.map_err(|error| anyhow!("the writer: {error}"))?;
    // Where one of them has failed the other has no end, or nobody to write to: both say so.
    let written = match (put, written) {
        (Ok(()), written) => written?,
        (Err(error), Ok(_)) => return Err(error.into()),
        (Err(put), Err(written)) => return Err(put.context(format!("{written:#}")).into()),
    };
    Ok(Some(Made {
        key,
        rows: count,
        written,
    }))
}

/// Walks through everybody. None if the export has to stop.
async fn feed(attempt: &mut Attempt<'_>, rows: mpsc::Sender<Batch>) -> Outcome<Option<i64>> {
    let (app, team) = (attempt.app, attempt.export.team_id);
    let until = attempt.export.requested_at;
    let filter: UserFilter = serde_json::from_value(attempt.export.filter.clone())?;
    let parts = UserParts {
        ecosystem: true,
        plan: attempt.export.kind == ExportKind::CustomersXlsx,
    };
    let mut known = BTreeSet::new();
    let (mut place, mut count) = (None, 0);
    loop {
        let users = walk(app.db.connection(), team, &filter, (place, until), STRETCH, parts).await?;
        let Some(last) = users.last() else { break };
        place = Some(Place {
            created_at: last.created_at,
            id: last.id,
        });
        count += i64::try_from(users.len()).unwrap_or(0);
        let new: Vec<ProductId> = (users.iter().filter_map(plan))
            .map(|plan| plan.product)
            .filter(|product| known.insert(product.0))
            .collect();
        let products = products::by_ids(app, team, &new).await?;
        let products = products.into_iter().map(|it| (it.id, it.name)).collect();
        // A writer that has failed says so itself.
        if rows.send(Batch::Rows { users, products }).await.is_err() {
            return Ok(Some(count));
        }
        if !attempt.reached(count).await? {
            return Ok(None);
        }
    }
    let _ = rows.send(Batch::End).await;
    Ok(Some(count))
}

fn write_book(
    layout: Layout,
    columns: &[&'static Column],
    mut facts: Facts,
    mut rows: mpsc::Receiver<Batch>,
    mut output: Output,
) -> anyhow::Result<Written> {
    let mut book = Book::new(layout)?;
    loop {
        match rows.blocking_recv() {
            Some(Batch::Rows { users, products }) => {
                facts.products.extend(products);
                for user in &users {
                    book.add(columns.iter().map(|column| (column.cell)(&facts, user)))?;
                }
            }
            Some(Batch::End) => {
                book.finish(&mut output)?;
                return Ok(output.finish()?);
            }
            None => return Err(anyhow!("the rows have come to no end")),
        }
    }
}

fn layout(export: &export::Model, team: &str, facts: &Facts, columns: &[&'static Column]) -> Layout {
    let sheet = match export.kind {
        ExportKind::LeadsXlsx => "export-sheet-leads",
        ExportKind::CustomersXlsx | ExportKind::InvoicesZip => "export-sheet-customers",
    };
    let sheet = language::text(export.locale, sheet, &[]);
    Layout {
        title: format!("{sheet} – {team}"),
        columns: columns
            .iter()
            .map(|column| column.head(export.locale, facts))
            .collect(),
        sheet,
        created: export.requested_at,
        rows: export.total,
    }
}

/// One column: its heading, its width in characters, and what it says of somebody.
struct Column {
    heading: &'static str,
    width: f64,
    /// The heading names the time zone.
    zoned: bool,
    /// Leads have none: it belongs to a subscription.
    of_plan: bool,
    cell: for<'a> fn(&'a Facts, &'a UserView) -> Cell<'a>,
}

impl Column {
    fn head(&self, locale: Locale, facts: &Facts) -> (String, f64) {
        let zone = facts.zone.name();
        let zone = [("zone", zone.into())];
        let variables: &[_] = if self.zoned { &zone } else { &[] };
        (language::text(locale, self.heading, variables), self.width)
    }
}

fn columns(kind: ExportKind) -> Vec<&'static Column> {
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
struct Facts {
    zone: Tz,
    yes: String,
    no: String,
    no_ecosystem: String,
    tiers: Words,
    languages: Words,
    intervals: Words,
    statuses: Words,
    products: HashMap<ProductId, String>,
}

impl Facts {
    fn new(locale: Locale, zone: Tz) -> Self {
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

fn plan(user: &UserView) -> Option<&PlanView> {
    user.plan.as_ref()?.as_ref()
}

fn ecosystem(user: &UserView) -> Option<&crate::users::EcosystemView> {
    user.ecosystem.as_ref()?.as_ref()
}
