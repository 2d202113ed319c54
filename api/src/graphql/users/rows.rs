//! Lists of people: what the selection below one wants of each is read with them, in one go for all the rows. A row that
//! asked by itself would wait for the others, which costs more than what it gets.

use std::{collections::HashMap, hash::Hash};

use async_graphql::{Context, InputType, Lookahead, Result, SelectionField, Value, dataloader::Loader};
use domain::{
    page::{Page, PageRequest},
    purchases::PurchasesOf,
    stats::{self, ReadingOf},
    users::{UserParts, UserView},
};
use entities::{UserId, purchase};

use crate::graphql::{
    context::Ctx,
    loaders::{Loaders, Shared},
    purchases::{FirstPurchases, enums::PurchaseKind},
};

/// What the selection below a list of users wants of each in the statement of the list itself.
pub fn parts(ctx: &Context<'_>) -> UserParts {
    let [nodes, edges] = rows(ctx).map(|row| parts_of(&row));
    nodes.or(edges)
}

/// The fields that are made of details.
const DETAILS: [&str; 8] = [
    "role",
    "segment",
    "tier",
    "features",
    "phone",
    "companyName",
    "locale",
    "impersonationBlocker",
];

/// What a selection wants beside a user's own columns.
pub fn parts_of(selection: &Lookahead<'_>) -> UserParts {
    let plan = selection.field("planSubscription");
    UserParts {
        details: DETAILS.iter().any(|name| selection.field(name).exists()),
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
    purchases: Vec<(FirstPurchases, Page<purchase::Model>)>,
}

impl Along {
    pub fn purchases(&self, asked: &FirstPurchases) -> Option<Page<purchase::Model>> {
        let known = self.purchases.iter().find(|(key, _)| key == asked);
        known.map(|(_, page)| page.clone())
    }
}

/// A page of people, each with what the selection wants of many.
pub async fn along(ctx: &Context<'_>, page: Page<UserView>) -> Result<Page<(UserView, Along)>> {
    let actor = ctx.actor()?;
    let rows = rows(ctx);
    let wanted = |name| {
        rows.iter()
            .flat_map(move |row| row.field(name).selection_fields())
    };
    // Of whom the caller may not see so much, the row says it.
    let readings = |user: UserId| ReadingOf::new(actor, user).ok();
    let ways: Vec<_> = wanted("purchases")
        .filter_map(|field| first_purchases(&field))
        .collect();
    let purchases = |user: UserId| -> Vec<FirstPurchases> {
        let of = |(kind, first): &(_, _)| {
            let of = PurchasesOf::new(actor, user, *kind).ok()?;
            Some(FirstPurchases { of, first: *first })
        };
        ways.iter().filter_map(of).collect()
    };
    let people = || page.items.iter().map(|(_, user)| user.id);
    let keys: Vec<ReadingOf> = if wanted("readingStats").next().is_some() {
        people().filter_map(readings).collect()
    } else {
        Vec::new()
    };
    let mut found_readings = all(ctx, keys).await;
    let found_purchases = all(ctx, people().flat_map(purchases).collect()).await;
    Ok(page.map(|user| {
        let bought = found_purchases.as_ref().map(|found| {
            let pages = purchases(user.id).into_iter();
            // Whoever has none is not among those who were found.
            pages.map(|key| (key, found.get(&key).cloned().unwrap_or_default()))
        });
        let along = Along {
            reading: found_readings
                .as_mut()
                .and_then(|found| found.remove(&readings(user.id)?)),
            purchases: bought.into_iter().flatten().collect(),
        };
        (user, along)
    }))
}

/// What the keys stand for, if they can all be had.
async fn all<K>(ctx: &Context<'_>, keys: Vec<K>) -> Option<HashMap<K, <Loaders as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Loaders: Loader<K, Error = Shared>,
{
    if keys.is_empty() {
        return None;
    }
    ctx.load_many(keys).await.ok()
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
