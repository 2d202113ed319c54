//! Browsers let any page open a WebSocket to anywhere and send what they know about us with it, so
//! the origin of the page is checked here.

use axum::http::{header, request::Parts, uri::Authority};
use url::Url;

/// Programs send no origin and are welcome. A page must come from the host that it calls, or from an
/// origin of the list.
pub(super) fn allowed(parts: &Parts, list: &[String]) -> bool {
    let mut origins = parts.headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    if origins.next().is_some() {
        return false;
    }
    let Ok(origin) = origin.to_str() else { return false };
    let listed = list
        .iter()
        .any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin));
    listed || is_same_host(origin, parts)
}

fn is_same_host(origin: &str, parts: &Parts) -> bool {
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(Authority::as_str));
    let (Ok(origin), Some(host)) = (Url::parse(origin), host) else {
        return false;
    };
    // The page's scheme tells which port a bare host means.
    let Ok(called) = Url::parse(&format!("{}://{host}", origin.scheme())) else {
        return false;
    };
    origin.host().is_some()
        && origin.host() == called.host()
        && origin.port_or_known_default() == called.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::allowed;

    #[test]
    fn pages_of_other_hosts_are_refused() {
        let list = ["https://app.example.com".to_owned()];
        let cases = [
            (None, "api.example.com", true),
            (Some("https://api.example.com"), "api.example.com", true),
            (Some("https://api.example.com"), "api.example.com:443", true),
            (Some("http://api.example.com:8080"), "api.example.com:8080", true),
            (Some("http://api.example.com:8080"), "api.example.com", false),
            (Some("https://app.example.com"), "api.example.com", true),
            (
                Some("https://app.example.com.evil.test"),
                "api.example.com",
                false,
            ),
            (Some("https://evil.test"), "api.example.com", false),
            (Some("null"), "api.example.com", false),
            (Some(""), "api.example.com", false),
        ];
        for (origin, host, expected) in cases {
            let mut request = Request::builder().uri("/graphql").header("host", host);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let (parts, ()) = request.body(()).expect("a request").into_parts();
            assert_eq!(allowed(&parts, &list), expected, "{origin:?} to {host}");
        }
    }
}
