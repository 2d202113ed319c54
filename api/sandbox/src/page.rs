//! The simulator's front page: says what it is and shows its journal to a person.

use std::fmt::Write;

use axum::extract::State;
use axum::response::Html;

use super::clock::iso;
use super::simulator::Simulator;

/// A page stays readable; the whole journal is at `/_control/journal`.
const ROWS: usize = 200;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;\
    padding:0 1rem;color:#222}table{border-collapse:collapse;width:100%;margin-bottom:2rem}\
    th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid #ddd}\
    .note{background:#fff3cd;padding:.8rem 1rem;border-radius:.4rem}";

pub(super) async fn show(State(it): State<Simulator>) -> Html<String> {
    let name = it.gateway.provider.name();
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <title>Simulated {name}</title><style>{STYLE}</style><h1>Simulated {name}</h1>\
         <p class=\"note\">This is a simulation on this computer. No money moves, and {name} has \
         nothing to do with it.</p>"
    );
    refunds(&mut page, &it);
    payments(&mut page, &it);
    subscriptions(&mut page, &it);
    requests(&mut page, &it);
    Html(page)
}

fn refunds(page: &mut String, it: &Simulator) {
    let inner = it.gateway.inner();
    let rows = inner.store.refunds.iter().rev().take(ROWS).map(|refund| {
        vec![
            iso(refund.created_ms),
            refund.id.clone(),
            refund.payment.clone(),
            format!("{} {}", refund.amount, refund.currency),
            format!("{:?}", refund.status),
            refund.key.clone().unwrap_or_default(),
        ]
    });
    let head = [
        "At",
        "Refund",
        "Payment",
        "Amount (minor units)",
        "Status",
        "Idempotency key",
    ];
    table(page, "Refunds", inner.store.refunds.len(), &head, rows);
}

fn payments(page: &mut String, it: &Simulator) {
    let inner = it.gateway.inner();
    let rows = inner.store.payments.values().take(ROWS).map(|payment| {
        vec![
            payment.id.clone(),
            format!("{} {}", payment.amount, payment.currency),
            inner.store.refunded(&payment.id).to_string(),
            if payment.disputed { "disputed" } else { "captured" }.to_owned(),
        ]
    });
    let head = ["Payment", "Amount (minor units)", "Refunded", "State"];
    table(page, "Payments", inner.store.payments.len(), &head, rows);
}

fn subscriptions(page: &mut String, it: &Simulator) {
    let inner = it.gateway.inner();
    let rows = inner.store.subscriptions.values().take(ROWS).map(|subscription| {
        vec![
            subscription.id.clone(),
            subscription.status.clone(),
            subscription.paused.clone().unwrap_or_default(),
        ]
    });
    let head = ["Subscription", "Status", "Paused"];
    table(
        page,
        "Subscriptions",
        inner.store.subscriptions.len(),
        &head,
        rows,
    );
}

fn requests(page: &mut String, it: &Simulator) {
    let inner = it.gateway.inner();
    let rows = inner.store.requests.iter().rev().take(ROWS).map(|request| {
        vec![
            iso(request.at_ms),
            format!("{} {}", request.method, request.path),
            request.idempotency_key.clone().unwrap_or_default(),
            request.answered.map(|it| it.to_string()).unwrap_or_default(),
            request.fault.clone().unwrap_or_default(),
        ]
    });
    let head = ["At", "Request", "Idempotency key", "Answer", "Fault"];
    table(page, "Requests", inner.store.requests.len(), &head, rows);
}

fn table(
    page: &mut String,
    title: &str,
    total: usize,
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) {
    let _ = write!(page, "<h2>{title} ({total})</h2><table><tr>");
    for cell in head {
        let _ = write!(page, "<th>{cell}</th>");
    }
    page.push_str("</tr>");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "<td>{}</td>", escape(&cell));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
