//! The event bus, and the one within a process.

use entities::TeamId;
use tokio::sync::broadcast;

/// Announcements that a listener has not taken yet. One that falls behind reads the table anyway.
const CAPACITY: usize = 1024;

/// Tells whoever waits that a team has new events. Losing one costs time, never an event.
pub trait EventBus: Send + Sync {
    /// Says, to every process, that the team's events have come as far as `position`.
    fn announce(&self, team: TeamId, position: i64);

    /// Hears what is announced in this process.
    fn listen(&self) -> broadcast::Receiver<(TeamId, i64)>;
}

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
