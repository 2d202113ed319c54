//! Servers with TLS behind an authority of one's own: they are refused until it is trusted, and then all of them are
//! reached. Whoever shows the papers of another, or old ones, is refused in words that say so.

use serde_json::json;
use tests::{
    servers::{
        authority::{Authority, Papers},
        bucket::TestBucket,
        door::Door,
        postgres::Postgres,
        redis::Redis,
    },
    stage::Stage,
};

use super::{address_of, asked_at, by_way_of, kept_at, ping};
use crate::refunds::{GATEWAYS, accepted, buy, status};

const HERE: [&str; 2] = ["127.0.0.1", "::1"];
const STRANGER: &str = "UnknownIssuer";

fn refused<T: std::fmt::Debug>(asked: Result<T, String>, why: &str) {
    let said = asked.expect_err("it is not trusted");
    assert!(said.contains(why), "{said}");
}

#[tokio::test]
async fn postgres() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stranger = Authority::new().expect("an authority");
    let papers = stranger.issue(&HERE).expect("papers");
    let files = [
        ("server.crt", papers.certificate.as_str()),
        ("server.key", papers.key.as_str()),
    ];
    let server = Postgres::with_files(&["ssl=on", "fsync=off"], &files).expect("PostgreSQL");
    let url = |host: &str, more: &str| {
        format!(
            "postgres://postgres@{host}:{}/postgres?sslmode=verify-full{more}",
            server.port()
        )
    };
    refused(asked_at(&url("127.0.0.1", "")).await, STRANGER);
    // The address's own file still counts, beside everybody else's.
    let named = format!("&sslrootcert={}", stranger.file().display());
    assert_eq!(asked_at(&url("127.0.0.1", &named)).await, Ok(1));
    refused(asked_at(&url("127.0.0.1", "&sslrootcert=system")).await, STRANGER);
    stranger.trust().expect("trusted");
    assert_eq!(asked_at(&url("127.0.0.1", "")).await, Ok(1));
    assert_eq!(asked_at(&url("127.0.0.1", "&sslrootcert=system")).await, Ok(1));
    refused(asked_at(&url("localhost", "")).await, "not valid for name");
}

/// A Redis that speaks nothing but TLS.
fn redis_with(papers: &Papers, folder: &std::path::Path) -> Redis {
    let (certificate, key) = papers.write(folder).expect("files");
    let redis = Redis::with(|port| {
        let port = port.to_string();
        let options = [
            "--port",
            "0",
            "--tls-port",
            &port,
            "--bind",
            "127.0.0.1 ::1",
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &certificate,
            "--tls-auth-clients",
            "no",
        ];
        options.map(str::to_owned).into()
    });
    redis.expect("Redis")
}

#[tokio::test]
async fn redis() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new().expect("an authority");
    let server = redis_with(&authority.issue(&HERE).expect("papers"), folder.path());
    let url = |host: &str| format!("rediss://{host}:{}/", server.port());
    refused(ping(&url("127.0.0.1")).await, STRANGER);
    authority.trust().expect("trusted");
    for host in ["127.0.0.1", "[::1]"] {
        assert_eq!(ping(&url(host)).await.as_deref(), Ok("PONG"), "{host}");
    }
    refused(ping(&url("localhost")).await, "not valid for name");
    let old = authority.issue_expired(&HERE).expect("papers");
    let folder = tempfile::tempdir().expect("a folder");
    let server = redis_with(&old, folder.path());
    refused(
        ping(&format!("rediss://127.0.0.1:{}/", server.port())).await,
        "expired",
    );
}

#[tokio::test]
async fn a_bucket() {
    let bucket = TestBucket::start().await.expect("a bucket");
    let authority = Authority::new().expect("an authority");
    let door = async |papers: Papers| {
        let door = Door::open("127.0.0.1", bucket.address(), Some(&papers)).await;
        let door = door.expect("a door");
        let files = bucket.by_way_of(&format!("https://{}", door.address), "safe");
        // The door is open until it is done.
        let kept = kept_at(&files).await;
        drop(door);
        kept
    };
    let papers = || authority.issue(&HERE).expect("papers");
    refused(door(papers()).await, STRANGER);
    authority.trust().expect("trusted");
    assert_eq!(door(papers()).await, Ok(()));
    let old = authority.issue_expired(&HERE).expect("papers");
    refused(door(old).await, "expired");
    let others = authority.issue(&["s3.example"]).expect("papers");
    refused(door(others).await, "not valid for name");
}

#[tokio::test]
async fn gateways() {
    let mut stage = Stage::new().await;
    let authority = Authority::new().expect("an authority");
    let papers = authority.issue(&HERE).expect("papers");
    let (stripe, mercado_pago) = (
        address_of(stage.sandbox.stripe.base_url()),
        address_of(stage.sandbox.mercado_pago.base_url()),
    );
    let stripe = Door::open("::1", stripe, Some(&papers)).await.expect("a door");
    let mercado_pago = Door::open("127.0.0.1", mercado_pago, Some(&papers)).await;
    let mercado_pago = mercado_pago.expect("a door");
    let at = |door: &Door| format!("https://{}", door.address);
    by_way_of(&mut stage, &at(&stripe), &at(&mercado_pago));
    let mut refunds = Vec::new();
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let bought = buy(&stage, gateway, number).await;
        refunds.push(accepted(&stage, &bought.purchase, json!({})).await);
    }
    stage.run_jobs().await;
    for refund in &refunds {
        assert_ne!(status(&stage, refund).await, "SUCCEEDED");
    }
    authority.trust().expect("trusted");
    by_way_of(&mut stage, &at(&stripe), &at(&mercado_pago));
    stage.until_quiet().await;
    for refund in &refunds {
        assert_eq!(status(&stage, refund).await, "SUCCEEDED");
    }
    stage.end().await;
}
