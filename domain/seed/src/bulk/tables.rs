//! Rows in bulk: cells without names, for tables whose columns are listed once.

use chrono::{DateTime, Utc};
use sea_orm::Value;
use uuid::Uuid;

/// One value, as both databases can take it.
#[derive(Clone, Debug)]
pub enum Cell {
    Null,
    Id(Uuid),
    Text(String),
    Word(&'static str),
    Json(&'static str),
    Int(i64),
    Real(f64),
    Flag(bool),
    Time(DateTime<Utc>),
}

pub struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
}

macro_rules! tables {
    ($($variant:ident = $name:literal: $($column:ident)*;)*) => {
        /// In the order in which rows refer to each other.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum In { $($variant),* }

        pub const TABLES: &[Table] = &[$(Table { name: $name, columns: &[$(stringify!($column)),*] }),*];
    };
}

tables! {
    Products = "products": id team_id external_id name search_text active grace_days created_at updated_at;
    Ecosystems = "ecosystems": id team_id external_id name owner_id suspended_at suspension_reason created_at updated_at;
    Users = "users": id team_id role segment tier features first_name last_name company_email email_key phone company_name
        locale suspended_at ecosystem_id search_text created_at updated_at;
    Plans = "plan_subscriptions": id team_id external_id user_id product_id interval status starts_at ends_at encounters
        licenses_total licenses_assigned licenses_suspended created_at updated_at;
    Purchases = "purchases": id team_id external_id user_id product_id kind gateway gateway_payment_id
        gateway_subscription_id amount_minor currency refunded_minor reserved_minor refunded_externally_minor status
        purchased_at store_canceled_at store_refunded_at disputed_at access_until created_at updated_at;
    Sessions = "reading_sessions": id team_id external_id user_id product_id started_at ended_at seconds percent_read
        device reported_at;
    Titles = "title_readings": user_id product_id team_id sessions seconds percent_read first_read_at last_read_at;
    Readers = "user_readings": user_id team_id sessions seconds last_read_at as_of;
    Entitlements = "entitlements": id team_id user_id product_id starts_at expires_at grace_ends_at revoked_at
        revocation_reason closed_at announced_status created_at updated_at;
    Grants = "entitlement_grants": id team_id entitlement_id source purchase_id granted_by starts_at expires_at revoked_at
        revoked_by_refund created_at grace_ends_at;
    History = "entitlement_events": id team_id entitlement_id user_id action at actor_id impersonator_id
        previous_expires_at expires_at detail;
}

/// Rows of all tables that belong together and are written in one transaction.
pub struct Batch(Vec<Vec<Cell>>);

impl Default for Batch {
    fn default() -> Self {
        Self(TABLES.iter().map(|_| Vec::new()).collect())
    }
}

impl Batch {
    pub fn add<const N: usize>(&mut self, table: In, row: [Cell; N]) {
        debug_assert_eq!(N, TABLES[table as usize].columns.len(), "{table:?}");
        self.0[table as usize].extend(row);
    }

    /// Each table with its cells, row after row.
    pub fn tables(self) -> impl Iterator<Item = (&'static Table, Vec<Cell>)> {
        TABLES.iter().zip(self.0).filter(|(_, cells)| !cells.is_empty())
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl From<Uuid> for Cell {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Cell {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::String(None),
            Cell::Id(id) => id.into(),
            Cell::Text(text) => text.into(),
            Cell::Word(word) | Cell::Json(word) => word.into(),
            Cell::Int(number) => number.into(),
            Cell::Real(number) => number.into(),
            Cell::Flag(flag) => flag.into(),
            Cell::Time(time) => time.into(),
        }
    }
}
