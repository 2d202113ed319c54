//! What must hold of work: what runs is held, and once.

use crate::promises::{Promises, rule};

pub(crate) const PROMISES: Promises = Promises {
    rules: &[
        rule(
            "job-lease",
            "A running job's lease has not been over for a minute: a sweeper is at work.",
            "job",
            "SELECT id, kind || ' is held by nobody' FROM jobs WHERE status = 'RUNNING' \
             AND (lease_expires_at IS NULL OR lease_expires_at < {a_minute_ago})",
        ),
        rule(
            "job-once",
            "There is one unfinished job for each key.",
            "job",
            "SELECT j.id, 'shares ' || j.unique_key FROM jobs j JOIN (SELECT unique_key FROM jobs WHERE unique_key IS NOT NULL \
             AND status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING') GROUP BY unique_key HAVING count(*) > 1) d \
             ON d.unique_key = j.unique_key WHERE j.status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING')",
        ),
    ],
    references: &[],
};
