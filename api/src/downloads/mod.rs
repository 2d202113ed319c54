//! `/exports/…`: files by signed links, whole or in part, streamed.

mod range;

use axum::{
    Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use domain::{
    App, Outcome,
    exports::download::{self, Asked, Closed, Opened},
    language,
};
use entities::Locale;
use serde::Deserialize;

use self::range::{Wanted, wanted};
use transport::client_ip;

pub fn routes(app: App) -> Router {
    Router::new()
        .route("/exports/{export}/{file}", get(fetch))
        .with_state(app)
}

#[derive(Deserialize)]
struct Signed {
    expires: i64,
    #[serde(rename = "for")]
    reader: String,
    through: Option<String>,
    signature: String,
}

async fn fetch(
    State(app): State<App>,
    Path((export, file)): Path<(String, String)>,
    request: Parts,
) -> Response {
    let locale = reader_language(&request.headers);
    match serve(&app, &export, file, &request).await {
        Ok(Ok(response)) => response,
        Ok(Err(closed)) => page(closed, locale),
        Err(error) => {
            tracing::error!(error = ?error, "a file could not be handed out");
            guarded(StatusCode::SERVICE_UNAVAILABLE.into_response())
        }
    }
}

async fn serve(app: &App, export: &str, file: String, request: &Parts) -> Outcome<Result<Response, Closed>> {
    let signed = Query::<Signed>::try_from_uri(&request.uri);
    let (Ok(export), Ok(Query(signed))) = (export.parse(), signed) else {
        return Ok(Err(Closed::NotYours));
    };
    let Ok(through) = signed.through.map(|user| user.parse()).transpose() else {
        return Ok(Err(Closed::NotYours));
    };
    let asked = Asked {
        export,
        file,
        expires: signed.expires,
        reader: signed.reader,
        through,
    };
    let opened = match download::open(app, &asked, &signed.signature).await? {
        Ok(opened) => opened,
        Err(closed) => return Ok(Err(closed)),
    };
    let range = wanted(usable_range(&request.headers, &opened), opened.size);
    let bytes = match &range {
        Wanted::Whole => 0..opened.size,
        Wanted::Part(bytes) => bytes.clone(),
        Wanted::Unsatisfiable => return Ok(Ok(unsatisfiable(opened.size))),
    };
    let length = bytes.end - bytes.start;
    let body = if request.method == Method::HEAD {
        Body::empty()
    } else {
        let Some(pieces) = opened.read(app, bytes.clone()).await? else {
            return Ok(Err(Closed::Over));
        };
        let ip = client_ip(request).map(|ip| ip.to_string());
        opened.note(app, ip).await?;
        Body::from_stream(pieces)
    };
    let mut response = guarded(Response::new(body));
    let headers = response.headers_mut();
    describe(headers, &opened);
    headers.insert(header::CONTENT_LENGTH, length.into());
    if let Wanted::Part(bytes) = range {
        let (first, last) = (bytes.start, bytes.end - 1);
        insert(
            headers,
            header::CONTENT_RANGE,
            &format!("bytes {first}-{last}/{}", opened.size),
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(Ok(response))
}

/// A range of another file than the one that is here now is none.
fn usable_range<'a>(headers: &'a HeaderMap, opened: &Opened) -> Option<&'a str> {
    let same = headers
        .get(header::IF_RANGE)
        .is_none_or(|tag| tag.as_bytes() == etag(opened).as_bytes());
    let range = headers.get(header::RANGE).filter(|_| same)?;
    range.to_str().ok()
}

fn etag(opened: &Opened) -> String {
    format!("\"{}\"", opened.sha256)
}

fn describe(headers: &mut HeaderMap, opened: &Opened) {
    insert(headers, header::CONTENT_TYPE, opened.media_type);
    insert(headers, header::ETAG, &etag(opened));
    insert(headers, header::ACCEPT_RANGES, "bytes");
    insert(headers, header::CONTENT_DISPOSITION, &disposition(&opened.name));
}

/// RFC 6266: a plain name for the oldest programs, and the name as it is (RFC 8187).
fn disposition(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let plain = name.replace(|c| !is_plain(c), "_");
    let encoded: String = name
        .bytes()
        .map(|byte| match char::from(byte) {
            c if is_plain(c) => c.to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn unsatisfiable(size: u64) -> Response {
    let mut response = guarded(StatusCode::RANGE_NOT_SATISFIABLE.into_response());
    insert(
        response.headers_mut(),
        header::CONTENT_RANGE,
        &format!("bytes */{size}"),
    );
    response
}

/// Nobody keeps it, nobody guesses what it is, and the link stays where it was followed.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    insert(headers, header::CACHE_CONTROL, "private, no-store");
    insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    insert(headers, header::REFERRER_POLICY, "no-referrer");
    insert(
        headers,
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    );
    response
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn reader_language(headers: &HeaderMap) -> Locale {
    let header = headers.get(header::ACCEPT_LANGUAGE);
    header
        .and_then(|header| header.to_str().ok())
        .and_then(language::negotiate)
        .unwrap_or(Locale::En)
}

const STYLE: &str = "body{font:17px/1.6 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1.5rem;color:#1d2433;\
background:#f6f7fb}h1{font-size:1.5rem;line-height:1.3}";

/// What a person reads who has followed a link that leads to nothing. It says the same of all files.
fn page(closed: Closed, locale: Locale) -> Response {
    let (status, key) = match closed {
        Closed::NotYours => (StatusCode::FORBIDDEN, "download-not-yours"),
        Closed::Over => (StatusCode::GONE, "download-over"),
        Closed::NotThere => (StatusCode::NOT_FOUND, "download-not-there"),
    };
    let title = language::text(locale, key, &[]);
    let why = language::text(locale, &format!("{key}-why"), &[]);
    let tag = language::tag_of(locale);
    let html = format!(
        "<!doctype html><html lang={tag}><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{why}</p></html>"
    );
    let mut response = guarded((status, Html(html)).into_response());
    insert(response.headers_mut(), header::CONTENT_LANGUAGE, tag);
    insert(response.headers_mut(), header::VARY, "Accept-Language");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        for (name, expected) in [
            (
                "leads-2026.xlsx",
                "attachment; filename=\"leads-2026.xlsx\"; filename*=UTF-8''leads-2026.xlsx",
            ),
            (
                "a\"; b\r\né.zip",
                "attachment; filename=\"a___b___.zip\"; filename*=UTF-8''a%22%3B%20b%0D%0A%C3%A9.zip",
            ),
        ] {
            assert_eq!(disposition(name), expected);
        }
    }
}
