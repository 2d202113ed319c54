//! Writing batches: SQLite takes each in a transaction of its own, as statements of many rows.

use sea_orm::Value;

use super::{
    copy::Copying,
    tables::{Batch, Table},
};
use domain::{
    app::App,
    database::{Dialect, Sql, places},
    error::Outcome,
};

/// Rows of one SQLite statement: enough that the statement itself costs nothing, few enough for its limits.
const ROWS: usize = 100;

/// Where the rows of a fill go.
pub enum Writer {
    Postgres(Box<Copying>),
    Sqlite(App),
}

impl Writer {
    pub async fn begin(app: &App, users: u64) -> Outcome<Self> {
        Ok(match app.db.dialect() {
            Dialect::Postgres => Self::Postgres(Box::new(Copying::begin(app, users).await?)),
            Dialect::Sqlite => Self::Sqlite(app.clone()),
        })
    }

    /// Returns how many rows were written.
    pub async fn write(&mut self, batch: Batch) -> Outcome<u64> {
        match self {
            Self::Postgres(copying) => Ok(copying.write(batch).await?),
            Self::Sqlite(app) => insert(app, batch).await,
        }
    }

    pub async fn finish(self) -> Outcome<()> {
        match self {
            Self::Postgres(copying) => Ok(copying.finish().await?),
            Self::Sqlite(_) => Ok(()),
        }
    }
}

async fn insert(app: &App, batch: Batch) -> Outcome<u64> {
    let transaction = app.db.begin().await?;
    let mut written = 0;
    for (table, cells) in batch.tables() {
        let full = statement(table, ROWS);
        let mut values = cells.into_iter().map(Value::from).peekable();
        while values.peek().is_some() {
            let chunk: Vec<Value> = values.by_ref().take(ROWS * table.columns.len()).collect();
            let rows = chunk.len() / table.columns.len();
            let connection = transaction.connection();
            written += match rows {
                ROWS => connection.run(&full, chunk).await?,
                fewer => connection.run(&statement(table, fewer), chunk).await?,
            };
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
