//! Where a web page comes from. Browsers let any page open a WebSocket to anywhere, so the origin is checked there
//! as well as in preflights.

use std::fmt;

use axum::http::{header, request::Parts, uri::Authority};
use url::{Host, Url};

/// An origin as browsers write it in the header `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads what a person has written: a scheme and a host, with or without a port. Case, the scheme's own port,
    /// letters beyond ASCII and a slash at the end make no difference. None if it is anything else: a pattern, a
    /// path, `null`.
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && !text.contains('*');
        let host = url.host().filter(|_| bare)?;
        if matches!(&host, Host::Domain(name) if name.is_empty()) || url.scheme() == "file" {
            return None;
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self(format!("{}://{host}{port}", url.scheme())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a browser's `Origin` is one of the list.
pub fn is_listed(origin: &str, list: &[Origin]) -> bool {
    list.iter().any(|known| known.0.eq_ignore_ascii_case(origin))
}

/// Whether a request may open a socket. Programs send no origin and are welcome. A page must come from the host that
/// it calls, or from an origin of the list.
pub(super) fn allowed(parts: &Parts, list: &[Origin]) -> bool {
    let mut origins = parts.headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    if origins.next().is_some() {
        return false;
    }
    let Ok(origin) = origin.to_str() else { return false };
    is_listed(origin, list) || is_same_host(origin, parts)
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

    use super::{Origin, allowed};

    #[test]
    fn pages_of_other_hosts_are_refused() {
        let list = [Origin::read("https://app.example.com/").expect("an origin")];
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
    #[test]
    fn an_origin_is_read_as_browsers_write_it() {
        for (written, read) in [
            ("https://app.example.com", Some("https://app.example.com")),
            ("https://app.example.com/", Some("https://app.example.com")),
            (" HTTPS://App.Example.com:443 ", Some("https://app.example.com")),
            ("http://localhost:5173", Some("http://localhost:5173")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("https://müller.example", Some("https://xn--mller-kva.example")),
            // Pages inside of programs.
            ("capacitor://localhost", Some("capacitor://localhost")),
            ("*", None),
            ("null", None),
            ("https://*.example.com", None),
            ("https://*", None),
            ("https://", None),
            ("https://app.example.com/path", None),
            ("https://app.example.com?query", None),
            ("https://app.example.com#part", None),
            ("https://user:password@app.example.com", None),
            ("app.example.com", None),
            ("localhost:5173", None),
            ("//app.example.com", None),
            ("file:///home", None),
            ("data:,x", None),
            ("", None),
        ] {
            let origin = Origin::read(written);
            assert_eq!(origin.as_ref().map(Origin::as_str), read, "{written:?}");
        }
    }
}
