//! A row as the driver has it, read by position: what hot lists are read with. Entities look each column up by its
//! name, and make texts of words and JSON of lists on the way.

use std::str::FromStr;

use anyhow::Context;
use sea_orm::QueryResult;
use sqlx::{
    Decode, Error, Postgres, Row as _, Sqlite,
    postgres::PgRow,
    sqlite::SqliteRow,
    types::{Json, Uuid},
};

use crate::error::Outcome;

/// The columns' types are those of the statement that selects them: they are not compared again for each value.
#[derive(Clone, Copy)]
pub enum Row<'a> {
    Postgres(&'a PgRow),
    Sqlite(&'a SqliteRow),
}

impl<'a> Row<'a> {
    pub fn of(found: &'a QueryResult) -> Outcome<Self> {
        let row = found.try_as_pg_row().map(Self::Postgres);
        let row = row.or_else(|| found.try_as_sqlite_row().map(Self::Sqlite));
        Ok(row.context("a row of neither database")?)
    }

    fn value<T>(self, at: usize) -> Result<T, Error>
    where
        T: Decode<'a, Postgres> + Decode<'a, Sqlite>,
    {
        match self {
            Self::Postgres(row) => row.try_get_unchecked(at),
            Self::Sqlite(row) => row.try_get_unchecked(at),
        }
    }

    /// A number, a text, a truth value, a time; an `Option` of it where it may be null.
    pub fn get<T>(self, at: usize) -> Outcome<T>
    where
        T: Decode<'a, Postgres> + Decode<'a, Sqlite>,
    {
        let value = self.value(at);
        Ok(value.with_context(|| format!("column {at}"))?)
    }

    pub fn id<T: From<Uuid>>(self, at: usize) -> Outcome<T> {
        self.get::<Uuid>(at).map(T::from)
    }

    pub fn optional_id<T: From<Uuid>>(self, at: usize) -> Outcome<Option<T>> {
        Ok(self.get::<Option<Uuid>>(at)?.map(T::from))
    }

    /// A stored word.
    pub fn word<T: FromStr<Err = entities::UnknownWord>>(self, at: usize) -> Outcome<T> {
        let word = self.get::<&str>(at)?.parse::<T>();
        Ok(word.with_context(|| format!("column {at}"))?)
    }

    /// A list that is kept as JSON.
    pub fn list<T>(self, at: usize) -> Outcome<Vec<T>>
    where
        T: serde::de::DeserializeOwned,
    {
        Ok(self.get::<Json<Vec<T>>>(at)?.0)
    }
}
