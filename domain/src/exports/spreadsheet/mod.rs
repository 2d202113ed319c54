//! Spreadsheets: rows that go through, never a sheet in memory.

mod book;
mod columns;
mod text;
pub(super) mod users;
mod words;
