//! Who gets in: how many at once, how many of one address, and who has to go when it is full.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

use super::{ConnectionLimits, standing::Standing};

/// Between two complaints that it is full.
const QUIET: Duration = Duration::from_mins(1);
/// For connections that are cut to be gone.
const CUT: Duration = Duration::from_millis(500);

pub(super) struct Door {
    limits: Arc<ConnectionLimits>,
    inside: Mutex<Inside>,
    connections: TaskTracker,
}

#[derive(Default)]
struct Inside {
    next: u64,
    all: HashMap<u64, Connection>,
    by_address: HashMap<IpAddr, HashSet<u64>>,
    complained: Option<Instant>,
    /// How many the machine has room for, as it has turned out, and until when that is believed.
    room: Option<(usize, Instant)>,
}

struct Connection {
    address: Option<IpAddr>,
    standing: Arc<Standing>,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    door: Arc<Door>,
    id: u64,
    standing: Arc<Standing>,
    _open: TaskTrackerToken,
}

impl Place {
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.door.inside().remove(self.id);
    }
}

impl Door {
    pub fn new(limits: Arc<ConnectionLimits>) -> Self {
        Self {
            limits,
            inside: Mutex::default(),
            connections: TaskTracker::new(),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection of this address. None if nobody inside waits for their client.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let address = self.limits.counted_for(peer);
        let mut inside = self.inside();
        let of_address = address.and_then(|address| inside.by_address.get(&address));
        let mut fits = true;
        if of_address.map_or(0, HashSet::len) >= self.limits.per_address {
            inside.complain(&format!("too many connections from {peer}"));
            fits = inside.send_away(address);
        }
        let total = self.limits.total.min(inside.room());
        if fits && inside.all.len() >= total {
            inside.complain("too many connections");
            fits = inside.send_away(None);
        }
        if !fits {
            metrics::counter!("http_connections_refused_total").increment(1);
            return None;
        }
        let standing = Arc::new(Standing::new());
        let id = inside.add(address, &standing);
        Some(Place {
            door: Arc::clone(self),
            id,
            standing,
            _open: self.connections.token(),
        })
    }

    /// The machine has nothing left for another connection.
    pub fn make_room(&self, error: &io::Error) {
        let mut inside = self.inside();
        inside.complain(&format!("a connection could not be accepted: {error}"));
        // Some of it for the rest of the process, which has nothing left either.
        let room = inside.all.len() - inside.all.len().div_ceil(4);
        inside.room = Some((room.max(1), Instant::now() + QUIET));
        while inside.all.len() > room && inside.send_away(None) {}
    }

    /// Waits until all are gone, but no longer than they may take.
    pub async fn close(&self) {
        self.connections.close();
        let gone = self.connections.wait();
        if tokio::time::timeout(self.limits.grace, gone).await.is_ok() {
            return;
        }
        let left: Vec<Arc<Standing>> = {
            let inside = self.inside();
            let left = inside.all.values();
            left.map(|connection| Arc::clone(&connection.standing)).collect()
        };
        tracing::warn!(connections = left.len(), "cut, because they did not end in time");
        for standing in left {
            standing.given_up.cancel();
        }
        // Who is in the middle of something that does not yield ends with the process.
        let _ = tokio::time::timeout(CUT, self.connections.wait()).await;
    }
}

impl Inside {
    fn add(&mut self, address: Option<IpAddr>, standing: &Arc<Standing>) -> u64 {
        let id = self.next;
        self.next += 1;
        let standing = Arc::clone(standing);
        self.all.insert(id, Connection { address, standing });
        if let Some(address) = address {
            self.by_address.entry(address).or_default().insert(id);
        }
        id
    }

    fn remove(&mut self, id: u64) -> Option<Connection> {
        let connection = self.all.remove(&id)?;
        if let Some(address) = connection.address
            && let Some(ids) = self.by_address.get_mut(&address)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_address.remove(&address);
            }
        }
        Some(connection)
    }

    /// Closes the connection, of this address if there is one, that has waited longest for its client. False if none
    /// waits.
    fn send_away(&mut self, of: Option<IpAddr>) -> bool {
        let waits = |id: &u64| Some((self.all.get(id)?.standing.waits_since()?, *id));
        let longest = match of.and_then(|address| self.by_address.get(&address)) {
            Some(ids) => ids.iter().filter_map(waits).min(),
            None => self.all.keys().filter_map(waits).min(),
        };
        let Some(connection) = longest.and_then(|(_, id)| self.remove(id)) else {
            return false;
        };
        connection.standing.given_up.cancel();
        metrics::counter!("http_connections_sent_away_total").increment(1);
        true
    }

    fn room(&mut self) -> usize {
        self.room = self.room.filter(|(_, until)| *until > Instant::now());
        self.room.map_or(usize::MAX, |(room, _)| room)
    }

    fn complain(&mut self, what: &str) {
        let now = Instant::now();
        if self.complained.is_none_or(|at| now.duration_since(at) >= QUIET) {
            self.complained = Some(now);
            tracing::warn!("{what}; those that wait longest for their clients make room");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::InWork;

    fn door(total: usize, per_address: usize) -> Arc<Door> {
        Arc::new(Door::new(Arc::new(ConnectionLimits {
            total,
            per_address,
            unbounded: vec!["10.0.0.0/8".parse().expect("a network")],
            ..ConnectionLimits::default()
        })))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[tokio::test]
    async fn whoever_waits_longest_makes_room() {
        let door = door(4, 2);
        let first = door.admit(ip("192.0.2.1")).expect("room");
        let second = door.admit(ip("192.0.2.1")).expect("room");
        let busy = InWork::begin(first.standing(), false);
        let third = door.admit(ip("192.0.2.1")).expect("the second goes");
        assert!(second.standing.given_up.is_cancelled() && !first.standing.given_up.is_cancelled());
        let other = InWork::begin(third.standing(), false);
        assert!(door.admit(ip("192.0.2.1")).is_none(), "both are at work");
        let elsewhere = door.admit(ip("192.0.2.2"));
        assert!(elsewhere.is_some(), "others are not concerned");
        other.is_dispensable(true);
        let fourth = door.admit(ip("192.0.2.1"));
        assert!(fourth.is_some() && third.standing.given_up.is_cancelled());
        drop((busy, second, first));
        assert_eq!(door.inside().by_address[&ip("192.0.2.1")].len(), 1);
    }

    #[tokio::test]
    async fn a_proxy_is_bounded_by_the_whole_only() {
        let door = door(3, 1);
        let places: Vec<_> = (0..3)
            .map(|_| door.admit(ip("10.0.0.1")).expect("room"))
            .collect();
        let work: Vec<_> = places
            .iter()
            .map(|it| InWork::begin(it.standing(), false))
            .collect();
        assert!(door.admit(ip("10.0.0.1")).is_none());
        drop((work, places));
        let again = door.admit(ip("10.0.0.1"));
        assert!(again.is_some() && door.inside().all.len() == 1);
    }
}
