//! MercadoPago's refunds.

use serde_json::{Value, json};

use super::{client, mp_refund, sandbox, send};
use crate::{Payment, RefundStatus, Simulator};

fn get(mp: &Simulator, path: &str) -> reqwest::RequestBuilder {
    client()
        .get(format!("{}{path}", mp.base_url()))
        .bearer_auth("TEST-sandbox")
}

#[tokio::test]
async fn a_part_and_then_the_rest_is_refunded() {
    let running = sandbox().await;
    let mp = &running.sandbox.mercado_pago;
    let (status, part) = send(mp_refund(mp, "1001", "a", json!({"amount": 12.34}))).await;
    assert_eq!(
        (status, &part["status"], &part["amount"]),
        (201, &json!("approved"), &json!(12.34))
    );
    assert!(part["id"].is_u64());
    let again = send(mp_refund(mp, "1001", "a", json!({"amount": 12.34}))).await;
    assert_eq!(again, (201, part));
    let (_, payment) = send(get(mp, "/v1/payments/1001")).await;
    assert_eq!(payment["transaction_amount_refunded"], json!(12.34));
    assert_eq!(payment["status"], "approved");
    let (_, rest) = send(mp_refund(mp, "1001", "b", json!({}))).await;
    assert_eq!(rest["amount"], json!(87.66));
    let (_, payment) = send(get(mp, "/v1/payments/1001")).await;
    assert_eq!(
        (&payment["status"], &payment["currency_id"]),
        (&json!("refunded"), &json!("BRL"))
    );
    let (_, refunds) = send(get(mp, "/v1/payments/1001/refunds")).await;
    assert_eq!(refunds.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn wrong_requests_have_their_codes() {
    let running = sandbox().await;
    let mp = &running.sandbox.mercado_pago;
    let mut old = Payment::new("1003", 100, "BRL");
    old.too_old = true;
    let mut whole = Payment::new("1004", 100, "BRL");
    whole.only_whole = true;
    mp.add_payments([old, whole]);
    let cases: [(&str, Value, u16, u32); 7] = [
        ("1001", json!({"amount": 0}), 401, 4040),
        ("1001", json!({"amount": "12"}), 401, 4041),
        ("1001", json!({"amount": 1.001}), 401, 4041),
        ("1001", json!({"amount": 100.01}), 400, 2063),
        ("9", json!({}), 404, 2000),
        ("1003", json!({}), 404, 2024),
        ("1004", json!({"amount": 0.5}), 404, 3024),
    ];
    for (payment, body, status, code) in cases {
        let (got, answer) = send(mp_refund(mp, payment, "k", body)).await;
        assert_eq!(
            (got, &answer["cause"][0]["code"]),
            (status, &json!(code)),
            "{payment}"
        );
    }
    let (status, answer) = send(get(mp, "/v1/payments/1001/refunds/77")).await;
    assert_eq!((status, &answer["cause"][0]["code"]), (404, &json!(2032)));
    let url = format!("{}/v1/payments/1001/refunds", mp.base_url());
    let (status, answer) = send(client().post(&url).bearer_auth("TEST-sandbox")).await;
    assert_eq!((status, &answer["cause"][0]["code"]), (400, &json!(4292)));
    assert_eq!(send(client().post(&url).bearer_auth("other")).await.0, 401);
    assert_eq!(mp.journal().refunds.len(), 0);
}

#[tokio::test]
async fn a_slow_refund_is_shown_only_to_those_who_ask_for_it() {
    let running = sandbox().await;
    let mp = &running.sandbox.mercado_pago;
    let url = format!("{}/v1/payments/1002/refunds", mp.base_url());
    let plain = client()
        .post(&url)
        .bearer_auth("TEST-sandbox")
        .header("x-idempotency-key", "a")
        .json(&json!({"amount": 10}));
    assert_eq!(send(plain).await.0, 400);
    assert_eq!(mp.journal().refunds.len(), 1, "accepted nevertheless");

    let (status, refund) = send(mp_refund(mp, "1002", "b", json!({"amount": 20}))).await;
    assert_eq!((status, &refund["status"]), (201, &json!("in_process")));
    let shown = |refunds: Value| refunds.as_array().map(Vec::len);
    assert_eq!(shown(send(get(mp, "/v1/payments/1002/refunds")).await.1), Some(0));
    let asking = get(mp, "/v1/payments/1002/refunds").header("x-render-in-process-refunds", "true");
    assert_eq!(shown(send(asking).await.1), Some(2));

    let id = refund["id"].to_string();
    mp.settle(&id, RefundStatus::Succeeded, None).expect("known");
    let (_, refund) = send(get(mp, &format!("/v1/payments/1002/refunds/{id}"))).await;
    assert_eq!(refund["status"], "approved");
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let running = sandbox().await;
    let mp = &running.sandbox.mercado_pago;
    send(mp_refund(mp, "1001", "a", json!({"amount": 1}))).await;
    let (status, body) = send(mp_refund(mp, "1001", "a", json!({"amount": 2}))).await;
    assert_eq!(
        (status, &body["error"]),
        (409, &json!("idempotency_key_already_used"))
    );
}

#[tokio::test]
async fn a_preapproval_is_paused() {
    let running = sandbox().await;
    let mp = &running.sandbox.mercado_pago;
    mp.add_subscription("2c938084726fca480172750000000000", "BRL");
    let path = "/preapproval/2c938084726fca480172750000000000";
    let request = client()
        .put(format!("{}{path}", mp.base_url()))
        .bearer_auth("TEST-sandbox")
        .json(&json!({"status": "paused"}));
    assert_eq!(send(request).await.1["status"], "paused");
    assert_eq!(send(get(mp, path)).await.1["status"], "paused");
}
