//! How the tables came to be. One SQL text serves both databases; where they differ there are two.
//!
//! SQLite takes the PostgreSQL type names as they are: it stores values by their own kind, and the names
//! steer only how the driver reads them.

mod identity;
pub mod search;
/// `entities` says what the column holds; to stand alone, this crate has the same text, not the crate.
#[path = "../../entities/src/search_text.rs"]
pub mod search_text;
mod subjects;

pub use identity::address_key;
pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

/// All migrations, oldest first. A published one is never changed.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Sql::both(
                "m0001_identity",
                include_str!("../sql/0001_identity.sql"),
            )),
            Box::new(Sql::both("m0002_work", include_str!("../sql/0002_work.sql"))),
            Box::new(Sql::both("m0003_sales", include_str!("../sql/0003_sales.sql"))),
            Box::new(Sql::both(
                "m0004_refunds",
                include_str!("../sql/0004_refunds.sql"),
            )),
            Box::new(Sql {
                name: "m0005_search",
                postgres: include_str!("../sql/0005_search.postgres.sql"),
                sqlite: include_str!("../sql/0005_search.sqlite.sql"),
            }),
            Box::new(Sql::both(
                "m0006_exports",
                include_str!("../sql/0006_exports.sql"),
            )),
            Box::new(Sql::both(
                "m0007_entitlement_batches",
                include_str!("../sql/0007_entitlement_batches.sql"),
            )),
            Box::new(Sql {
                name: "m0008_long_terms",
                postgres: include_str!("../sql/0008_long_terms.postgres.sql"),
                // Its one search index serves terms of any length.
                sqlite: "",
            }),
            Box::new(Sql::both(
                "m0009_alphabet",
                include_str!("../sql/0009_alphabet.sql"),
            )),
            Box::new(Sql::both(
                "m0010_export_names",
                include_str!("../sql/0010_export_names.sql"),
            )),
            Box::new(Sql {
                name: "m0011_letters",
                postgres: include_str!("../sql/0011_letters.sql"),
                sqlite: concat!(
                    include_str!("../sql/0011_letters.sql"),
                    include_str!("../sql/0011_letters.sqlite.sql")
                ),
            }),
            Box::new(Sql::both("m0012_doubt", include_str!("../sql/0012_doubt.sql"))),
            Box::new(Sql::both(
                "m0014_outside",
                include_str!("../sql/0014_outside.sql"),
            )),
            Box::new(Sql::both("m0016_turns", include_str!("../sql/0016_turns.sql"))),
            Box::new(Sql::both(
                "m0017_installation",
                include_str!("../sql/0017_installation.sql"),
            )),
            Box::new(identity::Identity),
            Box::new(search::WriteAnew),
            Box::new(Sql {
                name: "m0022_grace_of_grants",
                postgres: concat!(
                    include_str!("../sql/0022_grace_of_grants.postgres.sql"),
                    include_str!("../sql/0022_grace_of_grants.sql")
                ),
                sqlite: concat!(
                    include_str!("../sql/0022_grace_of_grants.sqlite.sql"),
                    include_str!("../sql/0022_grace_of_grants.sql")
                ),
            }),
            Box::new(Sql::both(
                "m0024_suspects",
                include_str!("../sql/0024_suspects.sql"),
            )),
            Box::new(subjects::Subjects),
        ]
    }
}

/// A migration and the note that it was made are one commit, on SQLite, too: a start that is cut off leaves nothing of it.
const WHOLE: Option<bool> = Some(true);

struct Sql {
    name: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

impl Sql {
    const fn both(name: &'static str, text: &'static str) -> Self {
        Self {
            name,
            postgres: text,
            sqlite: text,
        }
    }
}

impl MigrationName for Sql {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Sql {
    fn use_transaction(&self) -> Option<bool> {
        WHOLE
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let text = match connection.get_database_backend() {
            DbBackend::Postgres => self.postgres,
            _ => self.sqlite,
        };
        connection.execute_unprepared(text).await?;
        Ok(())
    }
}
