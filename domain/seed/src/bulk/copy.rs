//! PostgreSQL takes rows as a binary COPY, all of them in one transaction.
//!
//! Keeping indexes and checking references row by row costs several times what making them at the end does. So
//! a large fill takes them off and puts them back, which holds the tables alone until it is over; as it is one
//! transaction, whatever ends it early leaves the schema as it was.

use anyhow::Context;
use chrono::{DateTime, TimeZone, Utc};
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use super::tables::{Batch, Cell, TABLES};
use domain::app::App;

/// From this many users on, indexes are made at the end.
const LARGE: u64 = 20_000;

/// A fill under way.
pub struct Copying {
    transaction: Transaction<'static, Postgres>,
    /// What puts indexes and references back, in order.
    mending: Vec<String>,
}

impl Copying {
    pub async fn begin(app: &App, users: u64) -> anyhow::Result<Self> {
        let mut copying = Self {
            transaction: app.db.copying().await?,
            mending: Vec::new(),
        };
        if users >= LARGE {
            copying.take_off().await?;
        }
        Ok(copying)
    }

    pub async fn write(&mut self, batch: Batch) -> anyhow::Result<u64> {
        let mut written = 0;
        for (table, cells) in batch.tables() {
            let columns = table.columns.join(", ");
            let sql = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", table.name);
            let mut stream = self.transaction.copy_in_raw(&sql).await.context(table.name)?;
            stream
                .send(encode(&cells, table.columns.len()))
                .await
                .context(table.name)?;
            written += stream.finish().await.context(table.name)?;
        }
        Ok(written)
    }

    pub async fn finish(mut self) -> anyhow::Result<()> {
        for sql in std::mem::take(&mut self.mending) {
            self.run(sql).await?;
        }
        self.transaction.commit().await.context("cannot commit the copy")
    }

    /// References first, for they lean on indexes; primary keys stay.
    async fn take_off(&mut self) -> anyhow::Result<()> {
        self.run("SET LOCAL maintenance_work_mem = '256MB'".into())
            .await?;
        let tables: Vec<String> = TABLES
            .iter()
            .map(|table| format!("'{}'::regclass", table.name))
            .collect();
        let tables = tables.join(", ");
        let constraints = |kind: &str| {
            format!(
                "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
                 format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
                 FROM pg_constraint WHERE contype = '{kind}' AND conrelid IN ({tables}) ORDER BY oid"
            )
        };
        let indexes = format!(
            "SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index i \
             WHERE indrelid IN ({tables}) AND NOT indisprimary \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY indexrelid"
        );
        let mut mending = Vec::new();
        for sql in [constraints("f"), constraints("u"), indexes] {
            let found: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(sql))
                // A pooler may have met a statement of this name already.
                .persistent(false)
                .fetch_all(&mut *self.transaction)
                .await
                .context("cannot list indexes and references")?;
            for (off, on) in found {
                self.run(off).await?;
                mending.push(on);
            }
        }
        mending.reverse();
        self.mending = mending;
        Ok(())
    }

    async fn run(&mut self, sql: String) -> anyhow::Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
            .execute(&mut *self.transaction)
            .await;
        done.map(|_| ()).context(sql)
    }
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
