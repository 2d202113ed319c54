//! Transactions: several statements that are kept together or not at all.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::{Mutex, OwnedSemaphorePermit};

use super::{
    attempt,
    holders::Holder,
    lent::{Answer, Ask, Lent},
    pool::Told,
    server::Server,
};

/// What statements of one transaction go through. Dropped without a commit, it is rolled back.
pub struct Transaction {
    kind: Kind,
    _holder: Option<Holder>,
}

enum Kind {
    Sqlite(DatabaseTransaction),
    Postgres {
        lent: Mutex<Lent>,
        server: Server,
        told: Option<Told>,
    },
}

impl Transaction {
    pub(super) fn sqlite(transaction: DatabaseTransaction, holder: Option<Holder>) -> Self {
        Self {
            kind: Kind::Sqlite(transaction),
            _holder: holder,
        }
    }

    pub(super) fn postgres(lent: Lent, server: Server, told: Option<Told>, holder: Option<Holder>) -> Self {
        let lent = Mutex::new(lent);
        Self {
            kind: Kind::Postgres { lent, server, told },
            _holder: holder,
        }
    }

    async fn commit(self) -> Result<(), DbErr> {
        attempt::note_written();
        match self.kind {
            Kind::Sqlite(transaction) => transaction.commit().await,
            Kind::Postgres { lent, server, .. } => server.commit(lent.into_inner()).await,
        }
    }

    /// Both databases' ways: the one of sea-orm, or ours.
    fn sqlite_or(&self) -> Result<&DatabaseTransaction, (&Mutex<Lent>, &Server, Option<&Told>)> {
        match &self.kind {
            Kind::Sqlite(transaction) => Ok(transaction),
            Kind::Postgres { lent, server, told } => Err((lent, server, told.as_ref())),
        }
    }
}

async fn within(
    (lent, server, told): (&Mutex<Lent>, &Server, Option<&Told>),
    ask: Ask<'_>,
) -> Result<Answer, DbErr> {
    if let (Some(told), Ask::Run(statement) | Ask::One(statement) | Ask::All(statement)) = (told, ask) {
        told(statement);
    }
    server.within(&mut *lent.lock().await, ask).await
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self.kind {
            Kind::Sqlite(_) => DbBackend::Sqlite,
            Kind::Postgres { .. } => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self.sqlite_or() {
            Ok(sqlite) => sqlite.execute_raw(statement).await,
            Err(postgres) => Ok(within(postgres, Ask::Run(&statement)).await?.done()),
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self.sqlite_or() {
            Ok(sqlite) => sqlite.execute_unprepared(sql).await,
            Err(postgres) => Ok(within(postgres, Ask::Plain(sql)).await?.done()),
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self.sqlite_or() {
            Ok(sqlite) => sqlite.query_one_raw(statement).await,
            Err(postgres) => Ok(within(postgres, Ask::One(&statement)).await?.row()),
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.sqlite_or() {
            Ok(sqlite) => sqlite.query_all_raw(statement).await,
            Err(postgres) => Ok(within(postgres, Ask::All(&statement)).await?.rows()),
        }
    }
}

/// A transaction with its turn to write.
pub struct WriteTransaction {
    pub(super) transaction: Transaction,
    pub(super) _turn: Option<OwnedSemaphorePermit>,
}

impl WriteTransaction {
    pub fn connection(&self) -> &Transaction {
        &self.transaction
    }

    pub async fn commit(self) -> Result<(), DbErr> {
        self.transaction.commit().await
    }
}
