//! Customers and leads as spreadsheets (S3.9–S3.17).

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
    sync::Arc,
};

use entities::{ExportKind, ProductId, TeamId, UserSegment, export};
use sea_orm::Value;

use super::{
    EcosystemView, PlanView, UserDetails, UserFilter, UserParts, UserView,
    store::{self, Position},
};
use crate::{
    actor::{Actor, Scope},
    app::App,
    database::{Sql, places},
    error::{Outcome, Refusal},
    exports::{self, Column, ExportSource, Sheet, Spreadsheet, Wanted},
    message::Message,
    values,
};

/// Rows that are read at once.
const BATCH: u32 = 1000;

/// People as a spreadsheet (S3.17).
#[derive(Clone, Debug)]
pub struct UsersExport {
    pub segment: UserSegment,
    /// A segment in it must be the same, or is refused.
    pub filter: UserFilter,
}

/// S3.17: wants customers or leads, with the filter in force, as a spreadsheet.
pub async fn request(app: &App, actor: &Actor, wish: UsersExport) -> Outcome<export::Model> {
    match wish.segment {
        UserSegment::Customer => exports::request::<People<Customers>>(app, actor, narrowed(wish)).await,
        UserSegment::Lead => exports::request::<People<Leads>>(app, actor, narrowed(wish)).await,
    }
}

/// The filter with the segment in it.
fn narrowed(wish: UsersExport) -> Result<UserFilter, Refusal> {
    let UsersExport { segment, filter } = wish;
    if filter.segment.is_some_and(|other| other != segment) {
        let mut refusal = Refusal::invalid("filter", Message::key("invalid-segment-other"));
        refusal.field.push(Cow::Borrowed("segment"));
        return Err(refusal);
    }
    Ok(UserFilter {
        segment: Some(segment),
        ..filter.to_keep()
    })
}

/// The people of one segment as a spreadsheet.
pub(crate) struct People<S>(pub PhantomData<S>);

/// What one segment's spreadsheet has for itself.
pub(crate) trait Segment: Send + Sync + 'static {
    const KIND: ExportKind;
    const FILE_NAME: &'static str;
    const TITLE: &'static str;
    /// Whether its people have plans.
    const PLANS: bool;
}

pub(crate) struct Customers;

impl Segment for Customers {
    const KIND: ExportKind = ExportKind::CustomersXlsx;
    const FILE_NAME: &'static str = "export-file-customers";
    const TITLE: &'static str = "export-sheet-customers";
    const PLANS: bool = true;
}

pub(crate) struct Leads;

impl Segment for Leads {
    const KIND: ExportKind = ExportKind::LeadsXlsx;
    const FILE_NAME: &'static str = "export-file-leads";
    const TITLE: &'static str = "export-sheet-leads";
    const PLANS: bool = false;
}

impl<S: Segment> ExportSource for People<S> {
    const KIND: ExportKind = S::KIND;
    const SCOPE: Scope = Scope::UsersRead;
    const FILE_NAME: &'static str = S::FILE_NAME;

    type Filter = UserFilter;
    type Row = Person;
    type Place = Position;
    type Writer = Spreadsheet;

    async fn count(app: &App, team: TeamId, filter: &UserFilter) -> Outcome<i64> {
        store::count(app, team, filter).await
    }

    async fn batch(wanted: Wanted<'_, Self>, after: Option<Position>) -> Outcome<Vec<Person>> {
        people(wanted, after, S::PLANS).await
    }

    fn place(row: &Person) -> Position {
        row.place()
    }
}

impl<S: Segment> Sheet for People<S> {
    const TITLE: &'static str = S::TITLE;

    fn columns() -> Vec<&'static Column<Person>> {
        let of_plan = if S::PLANS { OF_PLAN } else { &[] };
        OF_PERSON.iter().chain(of_plan).collect()
    }
}

/// A row of either sheet.
pub(crate) struct Person {
    user: UserView,
    /// The name of what the plan is for.
    product: Option<Arc<str>>,
}

impl Person {
    fn place(&self) -> Position {
        Position {
            created_at: self.user.created_at,
            id: self.user.id,
        }
    }

    fn details(&self) -> Option<&UserDetails> {
        self.user.details.found()
    }

    fn plan(&self) -> Option<&PlanView> {
        self.user.plan.found()
    }

    fn ecosystem(&self) -> Option<&EcosystemView> {
        self.user.ecosystem.found()
    }
}

async fn people<S>(wanted: Wanted<'_, S>, after: Option<Position>, plan: bool) -> Outcome<Vec<Person>>
where
    S: ExportSource<Filter = UserFilter>,
{
    let Wanted {
        app, team, filter, ..
    } = wanted;
    let parts = UserParts {
        details: true,
        ecosystem: true,
        plan,
        product: false,
    };
    let (from, as_of) = ((after, wanted.until), (parts, wanted.now));
    let users = store::walk(app.db.connection(), team, filter, from, BATCH, as_of).await?;
    let products = product_names(app, team, &users).await?;
    let named = |user: UserView| Person {
        product: (user.plan.found()).and_then(|plan| products.get(&plan.product).cloned()),
        user,
    };
    Ok(users.into_iter().map(named).collect())
}

/// The names of what these people's plans are for.
async fn product_names(app: &App, team: TeamId, users: &[UserView]) -> Outcome<HashMap<ProductId, Arc<str>>> {
    let plans = users.iter().filter_map(|user| user.plan.found());
    let ids: BTreeSet<_> = plans.map(|plan| plan.product.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT id, name FROM products WHERE team_id = $1 AND id IN ({})",
        places(2, ids.len())
    );
    let mut values = values![team];
    values.extend(ids.into_iter().map(Value::from));
    let rows = app.db.connection().rows(&sql, values).await?;
    let named = |row: &sea_orm::QueryResult| -> Outcome<_> {
        let name: String = row.try_get_by_index(1)?;
        Ok((row.try_get_by_index(0)?, name.into()))
    };
    rows.iter().map(named).collect()
}

const OF_PERSON: &[Column<Person>] = &[
    Column::text("export-column-id", 32.0, |it| Some(it.user.id.to_string().into())),
    Column::text("export-column-first-name", 18.0, |it| {
        Some(it.user.first_name.as_str().into())
    }),
    Column::text("export-column-last-name", 22.0, |it| {
        Some(it.user.last_name.as_str().into())
    }),
    Column::text("export-column-company-email", 32.0, |it| {
        Some(it.user.company_email.as_str().into())
    }),
    Column::text("export-column-phone", 18.0, |it| {
        it.details()?.phone.as_deref().map(Into::into)
    }),
    Column::text("export-column-company", 28.0, |it| {
        it.details()?.company_name.as_deref().map(Into::into)
    }),
    Column::word("export-column-tier", 12.0, "export-tier", |it| {
        Some(it.details()?.tier.as_str())
    }),
    Column::word("export-column-language", 12.0, "export-language", |it| {
        Some(it.details()?.locale.as_str())
    }),
    Column::yes_or_no("export-column-active", 10.0, |it| Some(it.user.active)),
    Column::time("export-column-registered", 30.0, |it| Some(it.user.created_at)),
    Column::<Person>::text("export-column-ecosystem", 28.0, |it| {
        Some(it.ecosystem()?.name.as_str().into())
    })
    .or("export-no-ecosystem"),
    Column::yes_or_no("export-column-ecosystem-suspended", 22.0, |it| {
        Some(it.ecosystem()?.suspended_at.is_some())
    }),
];

/// A lead has none: they belong to a subscription.
const OF_PLAN: &[Column<Person>] = &[
    Column::text("export-column-plan", 28.0, |it| {
        it.product.as_deref().map(Into::into)
    }),
    Column::word("export-column-interval", 12.0, "export-interval", |it| {
        Some(it.plan()?.interval.as_str())
    }),
    Column::word("export-column-plan-status", 16.0, "export-plan-status", |it| {
        Some(it.plan()?.status.as_str())
    }),
    Column::time("export-column-plan-start", 30.0, |it| Some(it.plan()?.starts_at)),
    Column::time("export-column-plan-end", 30.0, |it| it.plan()?.ends_at),
    Column::number("export-column-encounters", 14.0, |it| Some(it.plan()?.encounters)),
    Column::number("export-column-licenses-total", 16.0, |it| {
        Some(it.plan()?.licenses_total)
    }),
    Column::number("export-column-licenses-assigned", 18.0, |it| {
        Some(it.plan()?.licenses_assigned)
    }),
    Column::number("export-column-licenses-available", 18.0, |it| {
        Some(it.plan()?.licenses_available())
    }),
    Column::number("export-column-licenses-suspended", 20.0, |it| {
        Some(it.plan()?.licenses_suspended)
    }),
];
