//! What is searched is written anew, where the normal form has become another one.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value, prelude::Uuid},
};

use crate::search_text::{of_person, searchable};

/// Rows that are looked at together.
const AT_ONCE: usize = 5000;

/// `search_text` of all people and products. Most rows are as they should be, and are left alone.
pub struct WriteAnew;

impl MigrationName for WriteAnew {
    fn name(&self) -> &'static str {
        "m0020_search_text"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for WriteAnew {
    fn use_transaction(&self) -> Option<bool> {
        crate::WHOLE
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        go_through(
            connection,
            "users",
            "first_name, last_name, company_email, phone, company_name",
            person,
        )
        .await?;
        go_through(connection, "products", "name", product).await?;
        if connection.get_database_backend() == DbBackend::Sqlite {
            // Our collation sorts by the normal form, and what is in order was put there by the old one.
            connection.execute_unprepared(r#"REINDEX "und-x-icu""#).await?;
        }
        Ok(())
    }
}

fn person(row: &QueryResult) -> Result<String, DbErr> {
    let text = |at| row.try_get_by_index::<String>(at);
    let optional = |at| row.try_get_by_index::<Option<String>>(at);
    let (phone, company) = (optional(5)?, optional(6)?);
    Ok(of_person(
        &text(2)?,
        &text(3)?,
        &text(4)?,
        phone.as_deref(),
        company.as_deref(),
    ))
}

fn product(row: &QueryResult) -> Result<String, DbErr> {
    Ok(searchable(&row.try_get_by_index::<String>(2)?))
}

async fn go_through(
    connection: &SchemaManagerConnection<'_>,
    table: &str,
    columns: &str,
    search_text: fn(&QueryResult) -> Result<String, DbErr>,
) -> Result<(), DbErr> {
    let statement = |sql: &str, values: Vec<Value>| {
        Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
    };
    let read =
        format!("SELECT id, search_text, {columns} FROM {table} WHERE id > $1 ORDER BY id LIMIT {AT_ONCE}");
    let write = format!("UPDATE {table} SET search_text = $1 WHERE id = $2");
    let mut after = Uuid::nil();
    loop {
        let rows = connection
            .query_all_raw(statement(&read, vec![after.into()]))
            .await?;
        for row in &rows {
            after = row.try_get_by_index(0)?;
            let anew = search_text(row)?;
            if anew != row.try_get_by_index::<String>(1)? {
                connection
                    .execute_raw(statement(&write, vec![anew.into(), after.into()]))
                    .await?;
            }
        }
        if rows.len() < AT_ONCE {
            return Ok(());
        }
    }
}
