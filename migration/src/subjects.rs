//! What a job is about becomes its kind and its UUID: public ids cannot be read in SQL. Jobs that are done keep none.

use sea_orm_migration::{prelude::*, sea_orm::ConnectionTrait};
use type_safe_id::{DynamicType, TypeSafeId};
use uuid::Uuid;

use crate::identity::{rows, run};

/// Rows that are read at once.
const BATCH: i64 = 5000;

pub(crate) struct Subjects;

impl MigrationName for Subjects {
    fn name(&self) -> &'static str {
        "m0025_subjects"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Subjects {
    fn use_transaction(&self) -> Option<bool> {
        crate::WHOLE
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let columns = include_str!("../sql/0025_subjects.sql");
        connection.execute_unprepared(columns).await?;
        read_public_ids(connection).await?;
        Ok(())
    }
}

async fn read_public_ids(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let page = format!(
        "SELECT id, subject_id FROM jobs WHERE status <> 'DONE' AND subject_id IS NOT NULL AND id > $1 \
         ORDER BY id LIMIT {BATCH}"
    );
    let mut after = Uuid::nil();
    loop {
        let found = rows(connection, &page, vec![after.into()]).await?;
        for row in &found {
            after = row.try_get_by_index(0)?;
            let public: String = row.try_get_by_index(1)?;
            let Ok(subject) = public.parse::<TypeSafeId<DynamicType>>() else {
                continue;
            };
            let sql = "UPDATE jobs SET subject_kind = $1, subject = $2 WHERE id = $3";
            let kind = subject.type_prefix().to_owned();
            run(
                connection,
                sql,
                vec![kind.into(), subject.uuid().into(), after.into()],
            )
            .await?;
        }
        if found.is_empty() {
            return Ok(());
        }
    }
}
