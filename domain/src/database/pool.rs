//! The pool that statements go through: SQLite's whole, or the connections to PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, SqlxPostgresConnector,
    Statement, Value,
};

use super::{holders::Holders, lent::Ask, server::Server};

pub(super) type Told = Arc<dyn Fn(&Statement) + Send + Sync>;

/// How PostgreSQL plans a statement that it will be asked often. With many columns and joins it finds a plan of its
/// own for the values dearer than it is, and plans for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// There is one good plan, whatever the values are: an index has the order and what is asked for.
    Once,
    /// It depends: on a term, or on how many have what is asked for.
    ByValues,
}

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    whole: DatabaseConnection,
    /// None on SQLite, whose connections are threads of this process.
    server: Option<Server>,
    told: Option<Told>,
    holders: Holders,
}

impl Pool {
    pub(super) fn of(server: Server) -> Self {
        Self {
            whole: SqlxPostgresConnector::from_sqlx_postgres_pool(server.pool().clone()),
            server: Some(server),
            told: None,
            holders: Holders::default(),
        }
    }

    pub(super) fn sqlite(whole: DatabaseConnection) -> Self {
        Self {
            whole,
            server: None,
            told: None,
            holders: Holders::default(),
        }
    }

    /// All of it: for tables to be made.
    pub fn whole(&self) -> &DatabaseConnection {
        &self.whole
    }

    pub fn get_database_backend(&self) -> DbBackend {
        self.whole.get_database_backend()
    }

    pub(super) fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    pub(super) fn holders(&self) -> &Holders {
        &self.holders
    }

    pub(super) fn told(&self) -> Option<&Told> {
        self.told.as_ref()
    }

    pub(super) fn on_statement(&mut self, told: impl Fn(&Statement) + Send + Sync + 'static) {
        let told: Told = Arc::new(told);
        if self.server.is_none() {
            let told = Arc::clone(&told);
            self.whole.set_metric_callback(move |info| told(info.statement));
        }
        self.told = Some(told);
    }

    /// Asks for the rows of a list, or for one row by its key.
    pub async fn read(
        &self,
        planned: Planned,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        self.holders.assert_free(sql);
        let statement = Statement::from_sql_and_values(self.get_database_backend(), sql, values);
        let Some(server) = &self.server else {
            return self.whole.query_all_raw(statement).await;
        };
        self.tell(&statement);
        let found = match planned {
            Planned::Once => server.planned_once(&statement).await?,
            Planned::ByValues => server.alone(Ask::All(&statement)).await?,
        };
        Ok(found.rows())
    }

    fn tell(&self, statement: &Statement) {
        if let (Some(told), Some(_)) = (&self.told, &self.server) {
            told(statement);
        }
    }
}

#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.whole.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.holders.assert_free(&statement.sql);
        let Some(server) = &self.server else {
            return self.whole.execute_raw(statement).await;
        };
        self.tell(&statement);
        Ok(server.alone(Ask::Run(&statement)).await?.done())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.holders.assert_free(sql);
        let Some(server) = &self.server else {
            return self.whole.execute_unprepared(sql).await;
        };
        Ok(server.alone(Ask::Plain(sql)).await?.done())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.holders.assert_free(&statement.sql);
        let Some(server) = &self.server else {
            return self.whole.query_one_raw(statement).await;
        };
        self.tell(&statement);
        Ok(server.alone(Ask::One(&statement)).await?.row())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.holders.assert_free(&statement.sql);
        let Some(server) = &self.server else {
            return self.whole.query_all_raw(statement).await;
        };
        self.tell(&statement);
        Ok(server.alone(Ask::All(&statement)).await?.rows())
    }
}
