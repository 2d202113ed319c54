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
    /// The prefix of the public id of what it is about.
    pub subject_kind: Option<String>,
    pub subject: Option<Uuid>,
    /// While a job with this key is unfinished there is no second one.
    pub unique_key: Option<String>,
    pub status: JobStatus,
    pub run_at: DateTimeUtc,
    pub attempts: i64,
    pub max_attempts: i64,
    /// Workers that have died of it, or with it, since it last lived to its end.
    pub crash_count: i64,
    /// Of these, how many died while it was the only suspect in them.
    pub lonely_crashes: i64,
    /// By the database's clock: not before this time, after a worker has died.
    pub rests_until: Option<DateTimeUtc>,
    /// When what it is about has learned that it was dead-lettered.
    pub parked_told_at: Option<DateTimeUtc>,
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
