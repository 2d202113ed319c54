//! What is found out about a PostgreSQL before it is used: whether a pooler stands in front of it that gives each
//! transaction another session, and where the tables are.

use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::{
    AssertSqlSafe, Error, Executor, PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use super::{Pooling, address::Address, session};

/// How long the server may be away when the program starts.
const PATIENCE: Duration = Duration::from_secs(10);
/// A pooler that has no session left lets wait.
const GLANCE: Duration = Duration::from_secs(3);
/// How often to look whether two connections meet the same session: with others about they need not the first time.
const ROUNDS: usize = 4;
/// A setting that PostgreSQL takes from everybody at the start of a session, and poolers do not know.
const MARK: (&str, &str) = ("postventa.session", "ours");
/// A table that only this program has.
const TABLE: &str = "refund_effects";

/// What was found.
pub(super) struct Inspected {
    pub pooled: bool,
    /// The schemas to look in, unless the address says it.
    pub path: Option<String>,
}

pub(super) async fn inspect(address: &Address, pooling: Pooling) -> anyhow::Result<Inspected> {
    let pooled = match pooling {
        Pooling::Transaction => true,
        Pooling::Session => false,
        Pooling::Auto => !address.keeps_statements || is_pooled(&address.options).await?,
    };
    if pooled && pooling == Pooling::Auto {
        tracing::info!(
            "a pooler stands in front of the database: each statement runs in a transaction of its own and none is \
             prepared; if the pooler keeps sessions, POSTVENTA_DB_POOLING=session is faster"
        );
    }
    let path = if address.settings.iter().any(|(name, _)| name == "search_path") {
        None
    } else {
        let pool = open(&address.options)
            .await
            .context("cannot reach the database")?;
        let path = search_path(&pool, address).await;
        pool.close().await;
        Some(path?)
    };
    Ok(Inspected { pooled, path })
}

/// Two connections that are made when they are needed.
async fn open(options: &PgConnectOptions) -> Result<PgPool, Error> {
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(PATIENCE);
    pool.connect_with(options.clone()).await
}

/// Whether two transactions of one connection may meet two sessions, or two connections one. A pooler whose kind
/// cannot be told is held to be of this kind: then all is well, and only a little slower.
async fn is_pooled(options: &PgConnectOptions) -> anyhow::Result<bool> {
    let pool = match open(&options.clone().options([MARK])).await {
        Ok(pool) => pool,
        Err(Error::Database(error)) if error.code().as_deref() == Some("08P01") => return Ok(true),
        Err(error) => return Err(error).context("cannot reach the database"),
    };
    let shared = async {
        let mut first = pool.acquire().await?;
        let mark = format!("SELECT current_setting('{}', true)", MARK.0);
        let mark: Option<String> = first.fetch_one(AssertSqlSafe(mark)).await?.try_get(0)?;
        if mark.as_deref() != Some(MARK.1) {
            return Ok(true);
        }
        // Where there is no second connection, it cannot meet the session of the first.
        let Ok(Ok(mut second)) = timeout(GLANCE, pool.acquire()).await else {
            return Ok(false);
        };
        let looked = timeout(GLANCE, meet(&mut first, &mut second)).await;
        looked.unwrap_or(Ok(false))
    };
    let shared: Result<bool, Error> = shared.await;
    pool.close().await;
    shared.context("cannot look at the database's sessions")
}

async fn meet(first: &mut PgConnection, second: &mut PgConnection) -> Result<bool, Error> {
    let before = session_of(first).await?;
    for _ in 0..ROUNDS {
        second.execute("BEGIN").await?;
        let met = session_of(second).await? == before || session_of(first).await? != before;
        second.execute("ROLLBACK").await?;
        if met {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn session_of(connection: &mut PgConnection) -> Result<String, Error> {
    connection
        .fetch_one("SELECT pg_backend_pid()::text")
        .await?
        .try_get(0)
}

/// The schemas in which names are looked up, the one with the tables first: what the server says about it later
/// changes nothing. A role's own path is its own decision; the database's may be somebody else's.
async fn search_path(pool: &PgPool, address: &Address) -> anyhow::Result<String> {
    let settings = if address.settings.is_empty() {
        String::new()
    } else {
        format!("{};", session::set(&address.settings, true))
    };
    let question = format!(
        "BEGIN; {settings} SELECT \
         (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
          WHERE c.oid = to_regclass('{TABLE}')), \
         array_to_string(ARRAY(SELECT quote_ident(s) FROM unnest(current_schemas(false)) s), ', '), \
         array_to_string(ARRAY(SELECT quote_ident(n.nspname) FROM pg_class c \
           JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = '{TABLE}' AND c.relkind IN ('r', 'p') \
           ORDER BY n.nspname), ', '), \
         (SELECT count(*) FROM pg_class WHERE relname = '{TABLE}' AND relkind IN ('r', 'p'))::text, \
         (SELECT source FROM pg_settings WHERE name = 'search_path'), current_setting('search_path'); ROLLBACK"
    );
    let rows = pool.fetch_all(AssertSqlSafe(question)).await;
    let rows = rows.context("cannot look up where the tables are")?;
    let row = rows.last().context("no answer")?;
    let text = |place: usize| {
        row.try_get::<Option<String>, _>(place)
            .map(Option::unwrap_or_default)
    };
    let (home, path, elsewhere) = (text(0)?, text(1)?, text(2)?);
    let (found, source, said) = (text(3)?, text(4)?, text(5)?);
    if !home.is_empty() {
        return Ok(path);
    }
    let is_of_role = matches!(source.as_str(), "user" | "database user" | "client");
    match (found.as_str(), is_of_role && !path.is_empty()) {
        // The tables are still to be made.
        ("0", _) if path.is_empty() => Ok("public".into()),
        ("0", _) | (_, true) => Ok(path),
        ("1", false) => {
            tracing::warn!(
                search_path = said,
                schema = elsewhere,
                "the database's search_path does not lead to the tables; they are used where they are"
            );
            Ok(if elsewhere == "public" {
                elsewhere
            } else {
                format!("{elsewhere}, public")
            })
        }
        _ => bail!(
            "the search_path ({said}) leads to no tables and several schemas have them ({elsewhere}): \
             name one with ?options=-csearch_path=… in the database's address"
        ),
    }
}
