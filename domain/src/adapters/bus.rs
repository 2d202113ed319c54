//! The event bus within one process.

use entities::TeamId;
use tokio::sync::broadcast;

use crate::events::EventBus;

/// Announcements that a listener has not taken yet. One that falls behind reads the table anyway.
const CAPACITY: usize = 1024;

/// Passes announcements on within the process.
#[derive(Clone)]
pub struct LocalBus(broadcast::Sender<(TeamId, i64)>);

impl Default for LocalBus {
    fn default() -> Self {
        Self(broadcast::channel(CAPACITY).0)
    }
}

impl LocalBus {
    /// How many listen at the moment.
    pub fn listeners(&self) -> usize {
        self.0.receiver_count()
    }
}

impl EventBus for LocalBus {
    fn announce(&self, team: TeamId, position: i64) {
        // Nobody listening is no error.
        let _ = self.0.send((team, position));
    }

    fn listen(&self) -> broadcast::Receiver<(TeamId, i64)> {
        self.0.subscribe()
    }
}
