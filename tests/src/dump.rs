//! The whole database as text, to look for what must not be in it, or for what has changed.

use std::collections::BTreeMap;

use domain::database::{Database, Dialect, Sql};
use sea_orm::QueryResult;

/// Each table's rows, each as its text.
pub type Dump = BTreeMap<String, Vec<String>>;

pub async fn dump(db: &Database) -> Dump {
    let mut dump = Dump::new();
    for table in tables(db).await {
        let sql = match db.dialect() {
            Dialect::Postgres => format!("SELECT t::text FROM \"{table}\" t ORDER BY 1"),
            Dialect::Sqlite => {
                let columns = texts(db, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
                let quoted: Vec<String> = columns.iter().map(|it| format!("quote(\"{it}\")")).collect();
                format!(
                    "SELECT {} FROM \"{table}\" ORDER BY 1",
                    quoted.join(" || ',' || ")
                )
            }
        };
        let rows = texts(db, &sql).await;
        dump.insert(table, rows);
    }
    dump
}

async fn tables(db: &Database) -> Vec<String> {
    let sql = match db.dialect() {
        Dialect::Postgres => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
             AND name NOT LIKE '%_search%'"
        }
    };
    texts(db, sql).await
}

async fn texts(db: &Database, sql: &str) -> Vec<String> {
    let rows = db.connection().rows(sql, Vec::new()).await;
    let text = |row: &QueryResult| row.try_get_by_index::<String>(0).expect("a text");
    rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
        .iter()
        .map(text)
        .collect()
}

/// The tables in which a text stands, as it is or as its bytes in hexadecimal.
pub fn holding(dump: &Dump, text: &str) -> Vec<String> {
    let (bytes, capitals) = (hex::encode(text), hex::encode_upper(text));
    let holds = |row: &String| row.contains(text) || row.contains(&bytes) || row.contains(&capitals);
    let tables = dump.iter().filter(|(_, rows)| rows.iter().any(holds));
    tables.map(|(table, _)| table.clone()).collect()
}

/// What is in one dump and not in the other, without what counts uses and tries.
pub fn changes(before: &Dump, after: &Dump) -> Vec<String> {
    let mut changes = Vec::new();
    for (table, rows) in after {
        if !["rate_limits", "api_keys", "sessions"].contains(&table.as_str())
            && before.get(table) != Some(rows)
        {
            let new = rows.iter().filter(|row| !before[table].contains(row));
            changes.extend(new.map(|row| format!("{table}: {row}")));
            if rows.len() < before[table].len() {
                changes.push(format!("{table}: rows are gone"));
            }
        }
    }
    changes
}
