//! The mailbox of the embedded mode: what customers would have received.

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use domain::{App, mails::outbox};
use entities::{MailId, mail};

use super::base;

/// `/mailbox` and its mails.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/mailbox", get(list))
        .route("/mailbox/{id}", get(one))
        .route("/mailbox/{id}/html", get(body))
        .with_state(app)
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;\
color:#1d2433;background:#f6f7fb}h1{font-size:1.4rem}a{color:#2c4391}table{width:100%;border-collapse:collapse;\
background:#fff;border-radius:8px;overflow:hidden}td,th{padding:.6rem .8rem;text-align:left;border-bottom:1px solid #e6e8f0;\
vertical-align:top}th{font-size:.8rem;color:#667}iframe{width:100%;height:46rem;border:1px solid #e6e8f0;border-radius:8px;\
background:#fff}pre{white-space:pre-wrap;background:#fff;padding:1rem;border-radius:8px}.s{color:#667;font-size:.85rem}";

async fn list(State(app): State<App>) -> Response {
    let Ok(mails) = outbox::latest(&app, 200).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let base = base(&app.settings.public_url);
    let row = |mail: &mail::Model| {
        format!(
            "<tr><td>{}</td><td>{}</td><td><a href=\"{base}/mailbox/{}\">{}</a><div class=s>{} · {}</div></td></tr>",
            mail.created_at.format("%Y-%m-%d %H:%M:%S"),
            escape(&mail.to_address),
            mail.id,
            escape(&mail.subject),
            escape(&mail.template),
            mail.status,
        )
    };
    let rows: String = mails.iter().map(row).collect();
    let rows = if rows.is_empty() {
        "<tr><td colspan=3>No mail yet.</td></tr>".to_owned()
    } else {
        rows
    };
    page(
        "Mailbox",
        &format!(
            "<p class=s>The mails of this installation, newest first. Without SMTP_HOST none of them has left this machine.</p>\
             <table><tr><th>Written (UTC)</th><th>To</th><th>Subject</th></tr>{rows}</table>"
        ),
    )
}

async fn one(State(app): State<App>, Path(id): Path<String>) -> Response {
    let Some(mail) = find(&app, &id).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let base = base(&app.settings.public_url);
    page(
        &mail.subject,
        &format!(
            "<p><a href=\"{base}/mailbox\">← Mailbox</a></p><p class=s>From {} · To {} · {} · {}</p>\
             <iframe sandbox src=\"{base}/mailbox/{}/html\" title=\"The mail as HTML\"></iframe><h2>Plain text</h2><pre>{}</pre>",
            escape(&mail.from_address),
            escape(&mail.to_address),
            mail.created_at.format("%Y-%m-%d %H:%M:%S UTC"),
            escape(&mail.message_id),
            mail.id,
            escape(&mail.plain),
        ),
    )
}

async fn body(State(app): State<App>, Path(id): Path<String>) -> Response {
    let Some(mail) = find(&app, &id).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    protected(
        Html(mail.html).into_response(),
        "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    )
}

async fn find(app: &App, id: &str) -> Option<mail::Model> {
    let id: MailId = id.parse().ok()?;
    outbox::by_id(app, id).await.ok().flatten()
}

fn page(title: &str, content: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title} · Postventa</title><style>{STYLE}</style><h1>{title}</h1>{content}</html>"
    );
    protected(
        Html(html).into_response(),
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'",
    )
}

fn protected(mut response: Response, policy: &'static str) -> Response {
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
