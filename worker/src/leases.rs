//! What this process holds: jobs whose leases are renewed until they have ended or are found lost.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{Outcome, jobs::store};
use entities::JobId;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

/// Leases renewed by one statement.
const BATCH: usize = 1000;

/// The jobs that this process holds.
#[derive(Default)]
pub(crate) struct Leases(Mutex<HashMap<(JobId, i64), Arc<Lease>>>);

#[derive(Default)]
struct Lease {
    lost: CancellationToken,
    /// Its end is being written: not finding it running any more is no loss.
    ending: AtomicBool,
}

/// One job in this process's hands. Dropped, it is no longer renewed: whoever sweeps gives it to another.
pub(crate) struct Hold {
    leases: Arc<Leases>,
    lease: Arc<Lease>,
    job: (JobId, i64),
}

impl Leases {
    /// Begins to hold a job that was claimed with this fence.
    pub fn hold(self: &Arc<Self>, job: (JobId, i64)) -> Hold {
        let lease = Arc::new(Lease::default());
        self.0
            .lock()
            .expect("no panic while held")
            .insert(job, lease.clone());
        Hold {
            leases: self.clone(),
            lease,
            job,
        }
    }

    fn held(&self) -> Vec<((JobId, i64), Arc<Lease>)> {
        let held = self.0.lock().expect("no panic while held");
        held.iter().map(|(job, lease)| (*job, lease.clone())).collect()
    }
}

impl Hold {
    pub fn job(&self) -> (JobId, i64) {
        self.job
    }

    /// Waits until the job turns out to be somebody else's.
    pub async fn lost(&self) {
        self.lease.lost.cancelled().await;
    }

    pub fn is_lost(&self) -> bool {
        self.lease.lost.is_cancelled()
    }

    /// From here on the job may stop running at any moment, by our own hand.
    pub fn ending(&self) {
        self.lease.ending.store(true, Ordering::Release);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.leases
            .0
            .lock()
            .expect("no panic while held")
            .remove(&self.job);
    }
}

/// Renews everything that is held, and tells the jobs that were taken away.
pub(crate) async fn renew(engine: Arc<Engine>) -> Outcome<()> {
    for batch in engine.leases.held().chunks(BATCH) {
        let jobs: Vec<(JobId, i64)> = batch.iter().map(|(job, _)| *job).collect();
        let ours: HashSet<JobId> = store::renew(&engine.app.db, &jobs).await?.into_iter().collect();
        if ours.len() == jobs.len() {
            continue;
        }
        for ((job, _), lease) in batch {
            if !ours.contains(job) && !lease.ending.load(Ordering::Acquire) {
                lease.lost.cancel();
            }
        }
    }
    Ok(())
}
