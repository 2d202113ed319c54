//! Which media types a client can read and which one it has sent: GraphQL over HTTP knows a JSON of
//! its own, the plain JSON of older clients, and event streams for subscriptions.

use axum::http::{HeaderMap, StatusCode, header};

use super::refusal::{Refusal, codes};

/// The JSON of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status tells whether the request was executed.
    GraphqlResponse,
    /// `application/json`: 200 for every well-formed request.
    LegacyJson,
}

impl Media {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::LegacyJson => "application/json; charset=utf-8",
        }
    }
}

/// What the client would like best; at least one of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    json: Option<(Media, u16)>,
    /// Only if it is named: `*/*` does not ask for a stream.
    events: Option<u16>,
}

impl Accepted {
    pub fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut ranges = Vec::new();
        for value in headers.get_all(header::ACCEPT) {
            let text = value.to_str().unwrap_or_default();
            ranges.extend(
                text.split(',')
                    .filter(|range| !range.trim().is_empty())
                    .filter_map(Range::parse),
            );
        }
        let named = headers
            .get_all(header::ACCEPT)
            .iter()
            .any(|value| !value.as_bytes().trim_ascii().is_empty());
        if !named {
            return Ok(Self {
                json: Some((Media::LegacyJson, 1000)),
                events: None,
            });
        }
        let accepted = Self {
            json: preferred_json(&ranges),
            events: Range::best(&ranges, "text", "event-stream")
                .filter(|best| best.specificity == 2 && best.quality > 0)
                .map(|best| best.quality),
        };
        if accepted.json.is_none() && accepted.events.is_none() {
            return Err(Refusal::http(
                StatusCode::NOT_ACCEPTABLE,
                codes::BAD_REQUEST,
                "Accept application/graphql-response+json, application/json or text/event-stream.",
            ));
        }
        Ok(accepted)
    }

    /// The JSON for what cannot be told in a stream.
    pub fn media(self) -> Media {
        self.json.map_or(Media::LegacyJson, |(media, _)| media)
    }

    /// Whether a query, a mutation or a refusal goes out as a stream.
    pub fn prefers_events(self) -> bool {
        self.events > self.json.map(|(_, quality)| quality)
    }

    pub fn takes_events(self) -> bool {
        self.events.is_some()
    }
}

/// At equal quality the client has the one that it names; the newer one if it names both, the older
/// one if it names neither.
fn preferred_json(ranges: &[Range<'_>]) -> Option<(Media, u16)> {
    let rank = |media, subtype| {
        let best = Range::best(ranges, "application", subtype).filter(|best| best.quality > 0)?;
        let newer_if_named = (best.specificity == 2) == (media == Media::GraphqlResponse);
        Some(((best.quality, best.specificity, newer_if_named), media))
    };
    let newer = rank(Media::GraphqlResponse, "graphql-response+json");
    let older = rank(Media::LegacyJson, "json");
    let ((quality, ..), media) = newer.into_iter().chain(older).max_by_key(|(rank, _)| *rank)?;
    Some((media, quality))
}

#[derive(Debug, Clone, Copy)]
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths.
    quality: u16,
    specificity: u8,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut quality = 1000;
        for parameter in parts {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("q") {
                quality = thousandths(value)?;
            } else if name.eq_ignore_ascii_case("charset") && !is_utf8(value) {
                return None;
            }
        }
        let specificity = match (kind, subtype) {
            ("*", "*") => 0,
            (_, "*") => 1,
            _ => 2,
        };
        Some(Self {
            kind,
            subtype,
            quality,
            specificity,
        })
    }

    /// The most specific range that covers a media type, which alone decides about it.
    fn best(ranges: &[Range<'a>], kind: &str, subtype: &str) -> Option<Range<'a>> {
        let covers = |own: &str, wanted: &str| own == "*" || own.eq_ignore_ascii_case(wanted);
        ranges
            .iter()
            .filter(|range| covers(range.kind, kind) && covers(range.subtype, subtype))
            .max_by_key(|range| (range.specificity, range.quality))
            .copied()
    }
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value = format!("{whole}{fraction:0<3}").parse().ok()?;
    (value <= 1000).then_some(value)
}

fn is_utf8(charset: &str) -> bool {
    let name = charset.trim_matches('"');
    name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8")
}

/// A body is `application/json` in UTF-8 and nothing else: what a web page may send elsewhere
/// without asking first (text, forms) never reaches an execution.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = || {
        Refusal::http(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            codes::BAD_REQUEST,
            "Send the request as application/json in UTF-8.",
        )
    };
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(unsupported());
    };
    let mut parts = value
        .to_str()
        .map_err(|_| unsupported())?
        .split(';')
        .map(str::trim);
    let media = parts.next().unwrap_or_default();
    let charset = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().to_owned())
    };
    let foreign_charset = parts.filter_map(charset).any(|charset| !is_utf8(&charset));
    let encoded = headers.contains_key(header::CONTENT_ENCODING);
    if !media.eq_ignore_ascii_case("application/json") || foreign_charset || encoded {
        return Err(unsupported());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{Accepted, Media};

    #[test]
    fn the_client_gets_what_it_likes_best() {
        const NEW: &str = "application/graphql-response+json";
        let cases = [
            (None, Some(Media::LegacyJson), false),
            (Some(""), Some(Media::LegacyJson), false),
            (Some("*/*"), Some(Media::LegacyJson), false),
            (Some("application/*"), Some(Media::LegacyJson), false),
            (Some("application/json"), Some(Media::LegacyJson), false),
            (Some(NEW), Some(Media::GraphqlResponse), false),
            (
                Some("application/json, application/graphql-response+json"),
                Some(Media::GraphqlResponse),
                false,
            ),
            (
                Some("application/graphql-response+json;q=0.5, application/json"),
                Some(Media::LegacyJson),
                false,
            ),
            (
                Some("application/graphql-response+json, */*"),
                Some(Media::GraphqlResponse),
                false,
            ),
            (Some("application/json, */*"), Some(Media::LegacyJson), false),
            (
                Some("application/json;q=0, */*"),
                Some(Media::GraphqlResponse),
                false,
            ),
            (
                Some("APPLICATION/JSON; charset=UTF-8"),
                Some(Media::LegacyJson),
                false,
            ),
            (Some("text/html, */*;q=0.8"), Some(Media::LegacyJson), false),
            (Some("text/event-stream"), None, true),
            (
                Some("text/event-stream, application/json"),
                Some(Media::LegacyJson),
                false,
            ),
            (
                Some("text/event-stream, application/json;q=0.9"),
                Some(Media::LegacyJson),
                true,
            ),
        ];
        for (accept, media, events) in cases {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            }
            let accepted = Accepted::read(&headers).expect("one of them is acceptable");
            assert_eq!(
                (accepted.json.map(|json| json.0), accepted.prefers_events()),
                (media, events),
                "{accept:?}"
            );
        }
    }

    #[test]
    fn what_we_cannot_write_is_refused() {
        for accept in [
            "text/html",
            "text/*",
            "application/json;q=0",
            "application/json;charset=latin1",
            "image/*;q=x",
            "a",
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert!(Accepted::read(&headers).is_err(), "{accept}");
        }
    }
}
