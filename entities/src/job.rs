//! A piece of background work.

use sea_orm::entity::prelude::*;

use crate::{
    id::{JobId, TeamId, WorkerId},
    vocabulary::JobStatus,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    pub team_id: Option<TeamId>,
    pub queue: String,
    pub kind: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub subject_id: Option<String>,
    /// While a job with this key is unfinished there is no second one.
    pub unique_key: Option<String>,
    pub status: JobStatus,
    pub run_at: DateTimeUtc,
    pub attempts: i64,
    pub max_attempts: i64,
    pub crash_count: i64,
    /// Counts claims: a write that carries an older number is from a worker that has lost the job.
    pub fence: i64,
    pub leased_by: Option<WorkerId>,
    pub lease_expires_at: Option<DateTimeUtc>,
    pub last_error: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
