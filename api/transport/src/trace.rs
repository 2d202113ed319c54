//! The id that a client can quote to support: it is in every response, every masked error and every
//! line of the log that belongs to the request.

use std::fmt;

use axum::http::HeaderMap;

/// A W3C trace id: 32 hexadecimal digits. Resolvers find it in the data of their execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceId(String);

impl TraceId {
    /// Continues the trace of a valid `traceparent` header, else begins one.
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(parent_trace)
            .map_or_else(Self::generate, |id| Self(id.to_owned()))
    }

    /// A trace of its own, as for each operation on a WebSocket.
    pub fn generate() -> Self {
        Self(hex::encode(rand::random::<[u8; 16]>()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// <https://www.w3.org/TR/trace-context/#traceparent-header>: version 00 has exactly four parts,
/// later versions may append some.
fn parent_trace(header: &str) -> Option<&str> {
    let hexadecimal = |part: &str, len: usize| {
        part.len() == len
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = header.trim().split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let shaped =
        hexadecimal(version, 2) && hexadecimal(trace, 32) && hexadecimal(parent, 16) && hexadecimal(flags, 2);
    let complete = version != "00" || parts.next().is_none();
    let valid = shaped
        && complete
        && version != "ff"
        && [trace, parent].iter().all(|id| id.bytes().any(|b| b != b'0'));
    valid.then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::parent_trace;

    #[test]
    fn only_a_valid_traceparent_is_continued() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let cases = [
            (format!("00-{trace}-b7ad6b7169203331-01"), true),
            (format!("01-{trace}-b7ad6b7169203331-01-later"), true),
            (format!("00-{trace}-b7ad6b7169203331-01-later"), false),
            (format!("ff-{trace}-b7ad6b7169203331-01"), false),
            (format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)), false),
            (format!("00-{trace}-{}-01", "0".repeat(16)), false),
            (format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()), false),
            ("00".to_owned(), false),
            (String::new(), false),
        ];
        for (header, valid) in cases {
            assert_eq!(parent_trace(&header), valid.then_some(trace), "{header}");
        }
    }
}
