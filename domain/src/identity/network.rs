//! Where a request comes from, as limits count it: whoever has one address of a network has its others, too.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The range in which one sender can change addresses: an IPv4 address, or an IPv6 network of 64 bits, which even the
/// smallest connection has for itself. Every limit by origin counts these; what is shown and kept is the whole address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {
    /// Also where it is written as, or was translated to, an IPv6 address.
    V4(Ipv4Addr),
    /// The first 64 bits; the others are zero.
    V6(Ipv6Addr),
}

impl Network {
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => embedded(v6).map_or_else(|| Self::V6(prefix(v6)), Self::V4),
        }
    }

    /// The network of an address as it is written down, with or without brackets and a zone.
    pub fn read(address: &str) -> Option<Self> {
        let bare = address.trim().trim_start_matches('[').trim_end_matches(']');
        let bare = bare.split('%').next().unwrap_or(bare);
        bare.parse().ok().map(Self::of)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(prefix) => write!(f, "{prefix}/64"),
        }
    }
}

fn prefix(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))
}

/// The IPv4 address of a client that reaches us by IPv6. Without it one network of a translator (RFC 6052, RFC 7755)
/// would be all of IPv4, and one IPv4 address would have the 65,536 networks of its tunnel (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let v4_at = |shift: u32| {
        let [a, b, c, d, ..] = (bits << shift).to_be_bytes();
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // ::ffff:192.0.2.1, and the same behind a translator that says so: ::ffff:0:192.0.2.1 (RFC 2765).
        // 64:ff9b::192.0.2.1, and the prefix that networks use among themselves (RFC 8215).
        [0, 0, 0, 0, 0, 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..]
        | [0x64, 0xff9b, 1, ..] => v4_at(96),
        // 2002:c000:201::
        [0x2002, ..] => v4_at(16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_one_address_has_its_network() {
        for (address, network) in [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:0:192.0.2.1", "192.0.2.1"),
            ("64:ff9b::192.0.2.1", "192.0.2.1"),
            ("64:ff9b:1:abcd::192.0.2.1", "192.0.2.1"),
            ("2002:c000:201::1", "192.0.2.1"),
            ("2002:c000:201:ffff::1", "192.0.2.1"),
            ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
        ] {
            let found = Network::read(address).map(|it| it.to_string());
            assert_eq!(found.as_deref(), Some(network), "{address}");
        }
        for nonsense in ["", "unknown", "192.0.2.1:443", "2001:db8::/64"] {
            assert_eq!(Network::read(nonsense), None, "{nonsense}");
        }
    }
}
