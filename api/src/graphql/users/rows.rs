//! Lists of people: what the selection below one wants of each is read with them, in one go for all the rows. A row that
//! asked by itself would wait for the others, which costs more than what it gets.

use async_graphql::{Context, InputType, Lookahead, Result, SelectionField, Value};
use domain::{
    page::{Page, PageRequest},
    stats,
    users::{UserParts, UserView},
};
use entities::{UserId, purchase};

use crate::graphql::{
    context::Ctx,
    enums::PurchaseKind,
    loaders::{PurchasesOf, ReadingOf},
};

/// What the selection below a list of users wants of each in the statement of the list itself.
pub fn parts(ctx: &Context<'_>) -> UserParts {
    let [nodes, edges] = rows(ctx).map(|row| parts_of(&row));
    nodes.or(edges)
}

/// What a selection wants beside a user's own columns.
pub fn parts_of(selection: &Lookahead<'_>) -> UserParts {
    let plan = selection.field("planSubscription");
    UserParts {
        ecosystem: selection.field("ecosystem").exists() || plan.field("ecosystem").exists(),
        plan: plan.exists(),
        product: plan.field("product").exists(),
    }
}

/// What came along for a row, beside what is to one. What is not here was not asked for, or could not be had for all:
/// the row asks for itself, and says what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Along {
    pub reading: Option<stats::ReadingStats>,
    purchases: Vec<(PurchasesOf, Page<purchase::Model>)>,
}

impl Along {
    pub fn purchases(&self, asked: &PurchasesOf) -> Option<Page<purchase::Model>> {
        let known = self.purchases.iter().find(|(key, _)| key == asked);
        known.map(|(_, page)| page.clone())
    }
}

/// A page of people, each with what the selection wants of many.
pub async fn along(ctx: &Context<'_>, page: Page<UserView>) -> Result<Page<(UserView, Along)>> {
    let people: Vec<UserId> = page.items.iter().map(|(_, user)| user.id).collect();
    let rows = rows(ctx);
    let wanted = |name| {
        rows.iter()
            .flat_map(move |row| row.field(name).selection_fields())
    };
    let mut reading = if wanted("readingStats").next().is_some() {
        let keys = people.iter().copied().map(ReadingOf);
        ctx.load_many(keys.collect()).await.unwrap_or_default()
    } else {
        Default::default()
    };
    let ways: Vec<_> = wanted("purchases")
        .filter_map(|field| first_purchases(&field))
        .collect();
    let keys = people.iter().flat_map(|user| {
        let of = |way: &(Option<entities::PurchaseKind>, Option<i32>)| PurchasesOf {
            user: *user,
            kind: way.0,
            first: way.1,
        };
        ways.iter().map(of)
    });
    let keys: Vec<PurchasesOf> = keys.collect();
    let mut purchases = if keys.is_empty() {
        None
    } else {
        ctx.load_many(keys.clone()).await.ok()
    };
    Ok(page.map(|user| {
        let own = keys.iter().filter(|key| key.user == user.id);
        let purchases = purchases.iter_mut().flat_map(|found| {
            // Nobody is left out who has none.
            own.clone()
                .map(|key| (*key, found.remove(key).unwrap_or_default()))
        });
        let along = Along {
            reading: reading.remove(&ReadingOf(user.id)),
            purchases: purchases.collect(),
        };
        (user, along)
    }))
}

/// The selections of the rows, wherever a connection has them.
fn rows<'a>(ctx: &'a Context<'a>) -> [Lookahead<'a>; 2] {
    let list = ctx.look_ahead();
    [list.field("nodes"), list.field("edges").field("node")]
}

/// The kind and number of purchases that are asked for, if it is the usual way of asking: the newest ones.
fn first_purchases(field: &SelectionField<'_>) -> Option<(Option<entities::PurchaseKind>, Option<i32>)> {
    let (mut kind, mut first) = (None, None);
    for (name, value) in field.arguments().ok()? {
        match name.as_str() {
            _ if value == Value::Null => {}
            "kind" => kind = Some(PurchaseKind::parse(Some(value)).ok()?.into()),
            "first" => first = Some(i32::parse(Some(value)).ok()?),
            _ => return None,
        }
    }
    PageRequest::check(first).ok()?;
    Some((kind, first))
}
