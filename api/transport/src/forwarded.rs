//! Whose request it is behind proxies: the limits of sign-in and the audit log want the client's address, not
//! that of the operator's own proxy.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

use crate::ClientIp;

/// The operator's own proxies: only what they say of a client is believed.
pub type Proxies = Arc<[IpNet]>;

/// Tells the transport the client's address where the peer is a trusted proxy.
pub async fn recognise(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(client) = peer.and_then(|peer| client(&proxies, peer.0.ip(), request.headers())) {
        request.extensions_mut().insert(ClientIp(client));
    }
    next.run(request).await
}

/// The last address in `X-Forwarded-For` that is no proxy of ours. Whatever stands further left may be the
/// client's invention. None if the peer is not a proxy of ours, or says nothing that makes sense.
fn client(proxies: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let ours = |ip: IpAddr| proxies.iter().any(|proxy| proxy.contains(&ip));
    if !ours(peer.to_canonical()) {
        return None;
    }
    let mut found = None;
    let hops = headers.get_all("x-forwarded-for").iter().rev();
    for hop in hops.flat_map(|header| header.to_str().unwrap_or_default().rsplit(',')) {
        let Some(ip) = address(hop.trim()) else { break };
        found = Some(ip);
        if !ours(ip) {
            break;
        }
    }
    found
}

/// With or without a port, IPv6 in brackets or not. A zone means something to the proxy only.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches('"');
    let zone_from = hop.find('%').unwrap_or(hop.len());
    let zone_to = hop.find(']').unwrap_or(hop.len()).max(zone_from);
    let hop = &format!("{}{}", &hop[..zone_from], &hop[zone_to..]);
    let ip = hop.parse::<IpAddr>().ok();
    let ip = ip.or_else(|| hop.parse::<SocketAddr>().ok().map(|it| it.ip()));
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    Some(ip.or_else(bracketed)?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let ours: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"]
            .map(|net| net.parse().expect(net))
            .into();
        let cases: &[(&str, &[&str], Option<&str>)] = &[
            ("10.0.0.1", &["203.0.113.7"], Some("203.0.113.7")),
            ("::ffff:10.0.0.1", &["203.0.113.7:4711"], Some("203.0.113.7")),
            (
                "10.0.0.1",
                &["1.1.1.1, 203.0.113.7, 10.2.2.2"],
                Some("203.0.113.7"),
            ),
            (
                "10.0.0.1",
                &["1.1.1.1", "203.0.113.7, 10.2.2.2"],
                Some("203.0.113.7"),
            ),
            ("fd00::1", &["[2001:db8::1]:443"], Some("2001:db8::1")),
            ("fd00::1", &["[2001:db8::1]"], Some("2001:db8::1")),
            ("fd00::1", &["\"[2001:db8::1]:443\""], Some("2001:db8::1")),
            ("fd00::1", &["[fe80::1%eth0]:443, [fd00::2]:80"], Some("fe80::1")),
            ("fd00::1", &["fe80::1%eth0"], Some("fe80::1")),
            ("fd00::1", &["[::ffff:203.0.113.7]:443"], Some("203.0.113.7")),
            ("fd00::1", &["[::1]:1234"], Some("::1")),
            ("fd00::1", &["]%["], None),
            ("10.0.0.1", &["10.2.2.2"], Some("10.2.2.2")),
            // What is left of nonsense was said by nobody whom we know.
            ("10.0.0.1", &["1.1.1.1, unknown"], None),
            ("10.0.0.1", &["1.1.1.1, unknown, 10.2.2.2"], Some("10.2.2.2")),
            ("10.0.0.1", &[], None),
            ("203.0.113.9", &["1.1.1.1"], None),
        ];
        for (peer, said, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in *said {
                headers.append("x-forwarded-for", value.parse().expect(value));
            }
            let found = client(&ours, peer.parse().expect(peer), &headers);
            assert_eq!(
                found.map(|ip| ip.to_string()).as_deref(),
                *expected,
                "{peer} {said:?}"
            );
        }
    }
}
