//! What the parts of one worker process share.

use std::{sync::Arc, time::Duration};

use domain::{App, adapters::outage::Outage};
use entities::WorkerId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    completion::Ended,
    handlers::Handlers,
    health::Health,
    leases::{Hold, Leases},
    pools::Pools,
    suspects::Suspects,
};

pub(crate) struct Engine {
    pub app: App,
    pub handlers: Handlers,
    /// New at each start: a process that comes back is another one.
    pub worker: WorkerId,
    pub host: String,
    pub pools: Pools,
    pub suspects: Arc<Suspects>,
    pub leases: Arc<Leases>,
    pub finisher: mpsc::Sender<(Ended, Hold)>,
    /// How often the table is looked at without a wake-up.
    pub relay: Duration,
    pub health: Arc<Health>,
    pub database: Outage,
    /// Nothing more is begun.
    pub stop: CancellationToken,
    /// What still runs is given back.
    pub cut: CancellationToken,
    /// What is done is written, then all ends.
    pub closing: CancellationToken,
}
