//! Addresses get the one form in which they are compared, and keys their parents: neither can be computed in SQL.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value},
};
use type_safe_id::{DynamicType, TypeSafeId};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// Rows that are read at once.
const BATCH: i64 = 5000;

pub(crate) struct Identity;

impl MigrationName for Identity {
    fn name(&self) -> &'static str {
        "m0018_identity"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Identity {
    fn use_transaction(&self) -> Option<bool> {
        crate::WHOLE
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let tables = include_str!("../sql/0018_identity.sql");
        connection.execute_unprepared(tables).await?;
        addresses(connection).await?;
        parents(connection).await?;
        families(connection).await
    }
}

fn statement(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

pub(crate) async fn rows(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    connection.query_all_raw(statement(connection, sql, values)).await
}

pub(crate) async fn run(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<u64, DbErr> {
    let done = connection.execute_raw(statement(connection, sql, values)).await?;
    Ok(done.rows_affected())
}

/// Addresses of plain letters in lower case have that form already, and all that are not have more bytes than letters.
async fn addresses(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let beyond_ascii = match connection.get_database_backend() {
        DbBackend::Postgres => "octet_length(email_key) <> char_length(email_key)",
        _ => "length(CAST(email_key AS BLOB)) <> length(email_key)",
    };
    let page = format!(
        "SELECT id, team_id, email_key FROM users WHERE id > $1 AND ({beyond_ascii} OR email_key LIKE '%.') \
         ORDER BY id LIMIT {BATCH}"
    );
    let mut after = Uuid::nil();
    loop {
        let found = rows(connection, &page, vec![after.into()]).await?;
        for row in &found {
            let (id, team): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            after = id;
            let former: String = row.try_get_by_index(2)?;
            let key = address_key(&former);
            if key != former {
                rename(connection, id, team, &key).await?;
            }
        }
        if found.is_empty() {
            return Ok(());
        }
    }
}

/// Where somebody in the team has the address already, both keep the key that they have, and the clash is noted.
async fn rename(connection: &impl ConnectionTrait, id: Uuid, team: Uuid, key: &str) -> Result<(), DbErr> {
    let renamed = run(
        connection,
        "UPDATE users SET email_key = $1 WHERE id = $2 \
         AND NOT EXISTS (SELECT 1 FROM users o WHERE o.team_id = $3 AND o.email_key = $1)",
        vec![key.into(), id.into(), team.into()],
    );
    if renamed.await? == 0 {
        let sql = "UPDATE users SET email_clashes_with = \
                   (SELECT o.id FROM users o WHERE o.team_id = $3 AND o.email_key = $1) WHERE id = $2";
        run(connection, sql, vec![key.into(), id.into(), team.into()]).await?;
    }
    Ok(())
}

/// `domain::email::key` as it is now, for addresses that were taken at the time.
pub fn address_key(address: &str) -> String {
    let visible = address
        .chars()
        .filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}'))
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{fe6b}' => '@',
            c => c,
        });
    let text: String = visible.nfc().collect();
    let Some((local, domain)) = text.trim().rsplit_once('@') else {
        return folded(text.trim());
    };
    let domain = domain.replace(['\u{3002}', '\u{ff61}'], ".");
    let domain = match domain.strip_suffix('.') {
        Some(rest) if !rest.ends_with('.') => rest,
        _ => domain.as_str(),
    };
    let ascii = idna::uts46::Uts46::new().to_ascii(
        domain.as_bytes(),
        idna::uts46::AsciiDenyList::STD3,
        idna::uts46::Hyphens::CheckFirstLast,
        idna::uts46::DnsLength::Verify,
    );
    let domain = ascii.map_or_else(|_| folded(domain), std::borrow::Cow::into_owned);
    format!("{}@{domain}", folded(local))
}

fn folded(text: &str) -> String {
    let lower = text.nfkc().collect::<String>().to_lowercase();
    lower
        .nfkc()
        .map(|c| match c {
            c if c.is_control() => '\u{fffd}',
            'ς' => 'σ',
            c => c,
        })
        .collect()
}

/// Who has made a key stood in the audit log only.
async fn parents(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let made = "SELECT team_id, subject_id, api_key_id FROM audit_entries \
                WHERE action = 'api_key.created' AND api_key_id IS NOT NULL AND subject_id IS NOT NULL";
    for row in rows(connection, made, vec![]).await? {
        let team: Uuid = row.try_get_by_index(0)?;
        let child: String = row.try_get_by_index(1)?;
        let parent: Uuid = row.try_get_by_index(2)?;
        let Ok(child) = child.parse::<TypeSafeId<DynamicType>>() else {
            continue;
        };
        let sql = "UPDATE api_keys SET parent_id = $1 WHERE id = $2 AND team_id = $3 \
                   AND EXISTS (SELECT 1 FROM api_keys p WHERE p.id = $1 AND p.team_id = $3)";
        run(
            connection,
            sql,
            vec![parent.into(), child.uuid().into(), team.into()],
        )
        .await?;
    }
    Ok(())
}

/// Keys that have outlived the one that has made them end when it did, or will.
async fn families(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    for (column, outlived) in [
        ("revoked_at", "k.revoked_at IS NULL AND p.revoked_at IS NOT NULL"),
        (
            "expires_at",
            "p.expires_at IS NOT NULL AND (k.expires_at IS NULL OR k.expires_at > p.expires_at)",
        ),
    ] {
        let sql = format!(
            "UPDATE api_keys SET {column} = (SELECT p.{column} FROM api_keys p WHERE p.id = api_keys.parent_id) \
             WHERE id IN (SELECT k.id FROM api_keys k JOIN api_keys p ON p.id = k.parent_id WHERE {outlived})"
        );
        while run(connection, &sql, vec![]).await? > 0 {}
    }
    Ok(())
}
