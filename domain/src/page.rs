//! Pages of long lists: by key, not by count, so that page 10,000 costs what page 1 costs.

use std::{borrow::Cow, fmt};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, Utc};
use sea_orm::{FromQueryResult, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    database::{Planned, Pool},
    error::{Denied, Error, Outcome},
};

/// The most that one page may hold.
pub const MOST: i64 = 100;
/// What a page holds if nobody says.
const USUAL: i64 = 20;

/// What a caller asks for, as Relay's connection arguments say it.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

/// A list's order: an SQL expression that has an index, and the id that breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Names the list and its order: a cursor of another one is refused.
    pub name: &'static str,
    pub key: &'static str,
    pub id: &'static str,
    pub direction: Direction,
}

impl Order {
    /// A key of the kind that the column has, which its name tells: PostgreSQL would stumble over another.
    fn read_key(self, key: &serde_json::Value) -> Option<Key> {
        if self.key.ends_with("_at") || self.key == "at" {
            let time: DateTime<Utc> = key.as_str()?.parse().ok()?;
            return (0..=9999).contains(&time.year()).then_some(Key::Time(time));
        }
        if self.key.ends_with("number") || self.key.ends_with("position") {
            return key.as_i64().map(Key::Number);
        }
        let text = key.as_str().filter(|text| !text.contains('\0'))?;
        Some(Key::Text(text.to_owned()))
    }
}

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Key {
    Number(i64),
    Time(DateTime<Utc>),
    Text(String),
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Number(number) => number.into(),
            Key::Time(time) => time.into(),
            Key::Text(text) => text.into(),
        }
    }
}

/// Where a row stands in its list. It is written only where somebody asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    order: Order,
    key: Key,
    id: Uuid,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = serde_json::to_value(&self.key).unwrap_or_default();
        debug_assert_eq!(
            self.order.read_key(&key).as_ref(),
            Some(&self.key),
            "the name of {} tells another kind: its cursors would be refused",
            self.order.key
        );
        let written = serde_json::to_vec(&WrittenCursor(self.order.name.into(), key, self.id));
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(written.unwrap_or_default()))
    }
}

/// A cursor as it is written.
#[derive(Serialize, Deserialize)]
struct WrittenCursor<'a>(Cow<'a, str>, serde_json::Value, Uuid);

/// A page that was asked for, checked.
#[derive(Clone, Debug)]
pub struct PageRequest {
    order: Order,
    limit: i64,
    backward: bool,
    from: Option<(Key, Uuid)>,
    /// The other end, where both were given.
    until: Option<(Key, Uuid)>,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Each with its cursor.
    pub items: Vec<(Cursor, T)>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            has_next: false,
            has_previous: false,
        }
    }
}

impl<T> Page<T> {
    /// The same page of what is made of its rows.
    pub fn map<U>(self, mut make: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter();
        Page {
            items: items.map(|(cursor, row)| (cursor, make(row))).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}

impl PageRequest {
    /// Whether a first page may be as large.
    pub fn check(first: Option<i32>) -> Outcome<()> {
        let in_bounds = first.is_none_or(|first| (0..=MOST).contains(&i64::from(first)));
        in_bounds.then_some(()).ok_or(Denied::PageInvalid.into())
    }

    /// How many rows are read: one more than asked for says whether there is a next page.
    pub fn rows(&self) -> i64 {
        self.limit + 1
    }

    pub fn new(args: &PageArgs, order: Order) -> Outcome<Self> {
        let backward = args.last.is_some();
        if backward && args.first.is_some() {
            return Err(Denied::PageInvalid.into());
        }
        let limit = args.first.or(args.last).map_or(USUAL, i64::from);
        if !(0..=MOST).contains(&limit) {
            return Err(Denied::PageInvalid.into());
        }
        let after = args
            .after
            .as_deref()
            .map(|cursor| read_cursor(cursor, order))
            .transpose()?;
        let before = args
            .before
            .as_deref()
            .map(|cursor| read_cursor(cursor, order))
            .transpose()?;
        let (from, until) = if backward {
            (before, after)
        } else {
            (after, before)
        };
        Ok(Self {
            order,
            limit,
            backward,
            from,
            until,
        })
    }

    /// ` AND … ORDER BY … LIMIT …`, to be put behind a WHERE clause; its values are added to `values`.
    pub fn sql(&self, values: &mut Vec<Value>) -> String {
        self.sql_of(self.rows(), values)
    }

    /// The same for another number of rows.
    pub fn sql_of(&self, rows: i64, values: &mut Vec<Value>) -> String {
        let Order { key, id, .. } = self.order;
        let direction = self.direction();
        let mut sql = String::new();
        let ends = [(&self.from, direction), (&self.until, direction.reversed())];
        for (end, direction) in ends {
            let Some((at, row)) = end else { continue };
            let comparison = if direction == Direction::Ascending {
                ">"
            } else {
                "<"
            };
            let n = values.len();
            sql.push_str(&format!(
                " AND ({key}, {id}) {comparison} (${}, ${})",
                n + 1,
                n + 2
            ));
            values.push(at.clone().into());
            values.push((*row).into());
        }
        sql.push_str(&format!("{} LIMIT {rows}", self.order_by()));
        sql
    }

    /// The page as a source of rows like those of the table `from` has under the name `of`: what is joined to it is
    /// looked up for these few only, and cannot tempt the planner to begin elsewhere. `wanted` is a WHERE clause; what
    /// reads from it wants [`Self::order_by`] once more.
    pub fn rows_of(&self, of: &str, from: &str, wanted: &str, values: &mut Vec<Value>) -> String {
        format!("(SELECT {of}.* FROM {from}{wanted}{})", self.sql(values))
    }

    /// ` ORDER BY …` by itself.
    pub fn order_by(&self) -> String {
        let Order { key, id, .. } = self.order;
        let way = self.direction().sql();
        format!(" ORDER BY {key} {way}, {id} {way}")
    }

    fn direction(&self) -> Direction {
        if self.backward {
            self.order.direction.reversed()
        } else {
            self.order.direction
        }
    }

    /// The page of whole rows of a table.
    pub async fn models<M: FromQueryResult>(
        &self,
        db: &Pool,
        (planned, sql, values): (Planned, &str, Vec<Value>),
        key: impl Fn(&M) -> (Key, Uuid),
    ) -> Outcome<Page<M>> {
        let rows = db.read(planned, sql, values).await?;
        let rows = rows.iter().map(|row| M::from_query_result(row, ""));
        Ok(self.page(rows.collect::<Result<_, _>>()?, key))
    }

    /// Makes the page of the rows that the SQL has found.
    pub fn page<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> (Key, Uuid)) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        if self.backward {
            rows.reverse();
        }
        let items = rows
            .into_iter()
            .map(|row| (self.cursor(key(&row)), row))
            .collect();
        let (has_next, has_previous) = if self.backward {
            (self.from.is_some(), more)
        } else {
            (more, self.from.is_some())
        };
        Page {
            items,
            has_next,
            has_previous,
        }
    }

    fn cursor(&self, (key, id): (Key, Uuid)) -> Cursor {
        let order = self.order;
        Cursor { order, key, id }
    }
}

fn read_cursor(text: &str, order: Order) -> Outcome<(Key, Uuid)> {
    let invalid = || Error::Denied(Denied::CursorInvalid);
    if text.len() > 4000 {
        return Err(invalid());
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
    let WrittenCursor(name, key, id) = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    let key = order.read_key(&key).filter(|_| name == order.name);
    Ok((key.ok_or_else(invalid)?, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Order = Order {
        name: "things",
        key: "number",
        id: "id",
        direction: Direction::Descending,
    };

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let request = PageRequest::new(&PageArgs::default(), ORDER).expect("a page");
        let page = request.page(vec![1_i64], |n| (Key::Number(*n), Uuid::nil()));
        let after = Some(page.items[0].0.to_string());
        assert!(
            PageRequest::new(
                &PageArgs {
                    after: after.clone(),
                    ..PageArgs::default()
                },
                ORDER
            )
            .is_ok()
        );
        let other = Order {
            name: "others",
            ..ORDER
        };
        for args in [
            PageArgs {
                after: Some("not a cursor".into()),
                ..PageArgs::default()
            },
            PageArgs {
                after: Some(BASE64_URL_SAFE_NO_PAD.encode("[\"things\",1]")),
                ..PageArgs::default()
            },
        ] {
            assert!(matches!(
                PageRequest::new(&args, ORDER),
                Err(Error::Denied(Denied::CursorInvalid))
            ));
        }
        let foreign = PageRequest::new(
            &PageArgs {
                after,
                ..PageArgs::default()
            },
            other,
        );
        assert!(matches!(foreign, Err(Error::Denied(Denied::CursorInvalid))));
    }

    #[test]
    fn a_forged_cursor_never_reaches_the_database() {
        let nil = Uuid::nil();
        for (column, forged, good) in [
            ("u.created_at", serde_json::json!("2026-03-02T12:00:00Z"), true),
            ("u.created_at", serde_json::json!("Rayuela"), false),
            ("u.created_at", serde_json::json!(7), false),
            (
                "u.created_at",
                serde_json::json!("-100000-01-01T00:00:00Z"),
                false,
            ),
            ("u.last_name", serde_json::json!("2026-03-02T12:00:00Z"), true),
            ("u.last_name", serde_json::json!("a\0b"), false),
            ("u.last_name", serde_json::json!(7), false),
            ("u.last_name", serde_json::json!({ "a": 1 }), false),
            ("number", serde_json::json!(7), true),
            ("number", serde_json::json!("7"), false),
        ] {
            let order = Order { key: column, ..ORDER };
            let cursor =
                serde_json::to_vec(&WrittenCursor("things".into(), forged.clone(), nil)).expect("JSON");
            let read = read_cursor(&BASE64_URL_SAFE_NO_PAD.encode(cursor), order);
            assert_eq!(read.is_ok(), good, "{column} {forged}");
        }
    }

    #[test]
    fn a_page_has_a_size_that_makes_sense() {
        for (first, last, good) in [
            (None, None, true),
            (Some(0), None, true),
            (Some(100), None, true),
            (None, Some(100), true),
            (Some(-1), None, false),
            (Some(101), None, false),
            (None, Some(1000), false),
            (Some(1), Some(1), false),
        ] {
            let args = PageArgs {
                first,
                last,
                ..PageArgs::default()
            };
            assert_eq!(PageRequest::new(&args, ORDER).is_ok(), good, "{first:?} {last:?}");
        }
    }
}
