//! How long a client may keep a connection waiting, and how many there may be.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use ipnet::IpNet;

/// Every number of the connections. Settings are the two bounds and, with the trusted proxies, `unbounded`.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// Connections at once. Fewer, if the process may not open so many files.
    pub total: usize,
    /// Of these, from one address; IPv6 by /64. At most half of `total`.
    pub per_address: usize,
    /// Addresses that stand for many clients: the operator's own proxies. Only `total` bounds them.
    pub unbounded: Vec<IpNet>,
    /// For a new connection's first request, and for a head from its first byte on.
    pub head_time: Duration,
    /// Between requests. Longer than proxies keep theirs (a minute, as a rule): else they would send a request into
    /// a connection that is being closed.
    pub idle_time: Duration,
    /// For a request's body: so long, and as much longer as it takes at `slowest_bytes`.
    pub body_time: Duration,
    /// For reading an answer, likewise.
    pub write_time: Duration,
    /// Bytes a second that a client sends or reads at least.
    pub slowest_bytes: u64,
    /// For what has begun when the process is told to stop.
    pub grace: Duration,
    /// Bytes of a request's head, with all its headers.
    pub head_bytes: usize,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// Bytes that an HTTP/2 client may send before somebody reads them.
    pub window_bytes: u32,
    /// Between pings on HTTP/2 connections; who does not answer within `head_time` is gone.
    pub ping_every: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            total: 10_000,
            per_address: 1_000,
            unbounded: Vec::new(),
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            body_time: Duration::from_secs(10),
            write_time: Duration::from_secs(30),
            slowest_bytes: 16 * 1024,
            grace: Duration::from_secs(9),
            head_bytes: 64 * 1024,
            streams: 100,
            window_bytes: 256 * 1024,
            ping_every: Duration::from_secs(20),
        }
    }
}

impl ConnectionLimits {
    /// No more than the process may have open beside its database, its files and its calls to the outside.
    pub(super) fn within_open_files(mut self) -> Self {
        if let Ok((open_files, _)) = rlimit::getrlimit(rlimit::Resource::NOFILE) {
            let most = connections_of(open_files);
            if most < self.total {
                tracing::info!(
                    open_files,
                    connections = most,
                    "fewer connections than set: raise the limit of open files"
                );
                self.total = most;
            }
        }
        self.per_address = self.per_address.min(self.total.div_ceil(2)).max(1);
        self
    }

    /// Whom a connection is counted for. None: nobody in particular.
    pub(super) fn counted_for(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if self.unbounded.iter().any(|net| net.contains(&peer)) {
            return None;
        }
        Some(match peer {
            IpAddr::V4(_) => peer,
            // Whoever has one address of a /64 has all of them.
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        })
    }

    /// How long it may take to send or to read so many bytes, beside the usual time.
    pub(super) fn allowance(&self, bytes: u64) -> Duration {
        Duration::from_millis(bytes.saturating_mul(1000) / self.slowest_bytes.max(1))
    }
}

/// A quarter is kept for everything else, but not more than a thousand.
fn connections_of(open_files: u64) -> usize {
    let kept = (open_files / 4).clamp(64, 1024).min(open_files / 2);
    usize::try_from(open_files - kept).unwrap_or(usize::MAX).max(1)
}

/// Lets the process open as many files as it may allow itself: many systems begin with 1,024.
pub fn raise_open_files() {
    // Whatever is the case afterwards is what the bounds go by.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_with_its_network() {
        let limits = ConnectionLimits {
            unbounded: ["10.0.0.0/8", "fd00::/8"]
                .map(|net| net.parse().expect(net))
                .into(),
            ..ConnectionLimits::default()
        };
        for (peer, expected) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("10.1.2.3", None),
            ("::ffff:10.1.2.3", None),
            ("fd00::1", None),
        ] {
            let counted = limits.counted_for(peer.parse().expect(peer));
            assert_eq!(counted.map(|ip| ip.to_string()).as_deref(), expected, "{peer}");
        }
    }

    #[test]
    fn some_files_are_kept_for_the_rest_of_the_process() {
        for (open_files, connections) in [(0, 1), (64, 32), (256, 192), (1024, 768), (1_048_576, 1_047_552)] {
            assert_eq!(connections_of(open_files), connections, "{open_files}");
        }
    }
}
