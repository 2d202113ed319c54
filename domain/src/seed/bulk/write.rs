//! Writing a batch, in one transaction: PostgreSQL takes it as a binary COPY, SQLite as statements of many rows.

use chrono::{DateTime, TimeZone, Utc};
use sea_orm::Value;

use super::tables::{Batch, Cell, Table};
use crate::{
    app::App,
    database::{Dialect, Sql, places},
    error::Outcome,
};

/// Rows of one SQLite statement: enough that the statement itself costs nothing, few enough for its limits.
const ROWS: usize = 100;

/// Returns how many rows were written.
pub async fn write(app: &App, batch: Batch) -> Outcome<u64> {
    match app.db.dialect() {
        Dialect::Postgres => copy(app, batch).await,
        Dialect::Sqlite => insert(app, batch).await,
    }
}

async fn insert(app: &App, batch: Batch) -> Outcome<u64> {
    let transaction = app.db.begin().await?;
    let mut written = 0;
    for (table, cells) in batch.tables() {
        let mut values = cells.into_iter().map(Value::from).peekable();
        while values.peek().is_some() {
            let chunk: Vec<Value> = values.by_ref().take(ROWS * table.columns.len()).collect();
            let rows = chunk.len() / table.columns.len();
            written += transaction
                .connection()
                .run(&statement(table, rows), chunk)
                .await?;
        }
    }
    transaction.commit().await?;
    Ok(written)
}

fn statement(table: &Table, rows: usize) -> String {
    let width = table.columns.len();
    let rows: Vec<String> = (0..rows)
        .map(|row| format!("({})", places(row * width + 1, width)))
        .collect();
    format!(
        "INSERT INTO {} ({}) VALUES {}",
        table.name,
        table.columns.join(", "),
        rows.join(", ")
    )
}

async fn copy(app: &App, batch: Batch) -> Outcome<u64> {
    let fault = |error: sqlx::Error| anyhow::Error::new(error).context("cannot copy rows in");
    let pool = app.db.connection().get_postgres_connection_pool();
    let mut transaction = pool.begin().await.map_err(fault)?;
    let mut written = 0;
    for (table, cells) in batch.tables() {
        let columns = table.columns.join(", ");
        let sql = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", table.name);
        let mut stream = transaction.copy_in_raw(&sql).await.map_err(fault)?;
        stream
            .send(encode(&cells, table.columns.len()))
            .await
            .map_err(fault)?;
        written += stream.finish().await.map_err(fault)?;
    }
    transaction.commit().await.map_err(fault)?;
    Ok(written)
}

/// PostgreSQL's binary format (manual, COPY, "Binary Format").
fn encode(cells: &[Cell], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(cells.len() * 16);
    out.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
    out.extend_from_slice(&[0; 8]);
    let fields = i16::try_from(width).unwrap_or(i16::MAX).to_be_bytes();
    for row in cells.chunks(width) {
        out.extend_from_slice(&fields);
        for cell in row {
            field(&mut out, cell);
        }
    }
    out.extend_from_slice(&(-1_i16).to_be_bytes());
    out
}

fn field(out: &mut Vec<u8>, cell: &Cell) {
    let mut put = |bytes: &[u8]| {
        out.extend_from_slice(&i32::try_from(bytes.len()).unwrap_or(i32::MAX).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    match cell {
        Cell::Null => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        Cell::Id(id) => put(id.as_bytes()),
        Cell::Text(text) => put(text.as_bytes()),
        Cell::Word(word) => put(word.as_bytes()),
        // A version goes before it.
        Cell::Json(text) => put(&[&[1], text.as_bytes()].concat()),
        Cell::Int(number) => put(&number.to_be_bytes()),
        Cell::Real(number) => put(&number.to_be_bytes()),
        Cell::Flag(flag) => put(&[u8::from(*flag)]),
        Cell::Time(time) => put(&(*time - epoch()).num_microseconds().unwrap_or(0).to_be_bytes()),
    }
}

/// PostgreSQL counts from the beginning of 2000.
fn epoch() -> DateTime<Utc> {
    Utc.timestamp_opt(946_684_800, 0).single().unwrap_or_default()
}
