//! Dead letters: jobs that run again only if somebody asks for it; and whether what they are about knows of it.

use chrono::{DateTime, Utc};
use entities::{JobId, TeamId};
use sea_orm::{ConnectionTrait, QueryResult};

use super::{Payload, store::DEAD_LETTER};
use crate::{
    database::{Database, Sql},
    error::Outcome,
    values,
};

/// Makes a job a dead letter in the transaction in which what it is about learns of it. False if it is no longer held.
pub(crate) async fn dead_letter_told(
    connection: &impl ConnectionTrait,
    job: (JobId, i64),
    reason: &str,
    now: DateTime<Utc>,
) -> Outcome<bool> {
    let sql =
        format!("{DEAD_LETTER}, parked_told_at = $2 WHERE id = $3 AND fence = $4 AND status = 'RUNNING'");
    Ok(connection.run(&sql, values![reason, now, job.0, job.1]).await? > 0)
}

/// A dead-lettered job of which nobody has told what it is about.
pub(crate) struct Untold {
    pub id: JobId,
    pub team: Option<TeamId>,
    /// None: this version cannot read it.
    pub payload: Option<Payload>,
    pub reason: String,
}

pub(crate) async fn untold(db: &Database, limit: usize) -> Outcome<Vec<Untold>> {
    let sql = format!(
        "SELECT id, team_id, payload, last_error FROM jobs WHERE status = 'DEAD' AND parked_told_at IS NULL \
         ORDER BY id LIMIT {limit}"
    );
    let rows = db.connection().rows(&sql, vec![]).await?;
    let read = |row: &QueryResult| -> Outcome<Untold> {
        let payload: serde_json::Value = row.try_get_by_index(2)?;
        Ok(Untold {
            id: row.try_get_by_index(0)?,
            team: row.try_get_by_index(1)?,
            payload: serde_json::from_value(payload).ok(),
            reason: row.try_get_by_index::<Option<String>>(3)?.unwrap_or_default(),
        })
    };
    rows.iter().map(read).collect()
}

/// Notes that what a dead-lettered job is about knows it. False if somebody else has done so, or the job runs again.
pub(crate) async fn note_told(
    connection: &impl ConnectionTrait,
    job: JobId,
    now: DateTime<Utc>,
) -> Outcome<bool> {
    let sql =
        "UPDATE jobs SET parked_told_at = $1 WHERE id = $2 AND status = 'DEAD' AND parked_told_at IS NULL";
    Ok(connection.run(sql, values![now, job]).await? > 0)
}

/// Whether another job is to do the same for the same subject.
pub(crate) async fn is_done_by_another(connection: &impl ConnectionTrait, job: JobId) -> Outcome<bool> {
    let sql = "SELECT 1 FROM jobs j JOIN jobs o ON o.subject = j.subject AND o.kind = j.kind AND o.id <> j.id \
               AND o.status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING') WHERE j.id = $1";
    Ok(connection.row(sql, values![job]).await?.is_some())
}
