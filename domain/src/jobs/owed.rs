//! What waits has a job: each kind of work says which rows wait for it, and `verify` holds the jobs against them.

/// The rows that wait for a job of one kind. Their job is written in the transaction that makes them wait.
#[derive(Clone, Copy, Debug)]
pub struct Owed {
    pub table: &'static str,
    /// Of a row that waits.
    pub condition: &'static str,
    /// The column with the time of the last change: what has changed just now may be between two jobs.
    pub since: &'static str,
    /// Whether a row still waits, for a person, when its job was dead-lettered. Else it has learned of it and waits no
    /// more.
    pub outlives_its_job: bool,
}

impl Owed {
    /// The rows that wait for a job and have none, for the rules of `verify`.
    pub(crate) fn sql(&self, kind: &str) -> String {
        let Self {
            table,
            condition,
            since,
            ..
        } = self;
        let dead = if self.outlives_its_job {
            ""
        } else {
            " AND j.parked_told_at IS NULL"
        };
        format!(
            "SELECT id, 'waits for {kind}, and there is no such job' FROM {table} WHERE {condition} \
             AND {since} < $quiet_since AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.subject = {table}.id \
             AND j.kind = '{kind}' AND (j.status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING') \
             OR j.finished_at > $quiet_since OR (j.status = 'DEAD'{dead})))"
        )
    }
}
