//! Addresses of IPv6 in brackets, and sockets in the file system: real servers behind each.

use serde_json::json;
use tests::{
    servers::{bucket::TestBucket, door::Door, postgres::Postgres, redis::Redis},
    stage::Stage,
};

use super::{address_of, asked_at, by_way_of, kept_at, ping};
use crate::refunds::{GATEWAYS, accepted, buy, status};

#[tokio::test]
async fn postgres_is_reached_by_ipv6_and_by_a_socket() {
    let sockets = tempfile::tempdir().expect("a folder");
    let folder = sockets.path().to_str().expect("a plain path").to_owned();
    // The server does not run as root.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&folder, open).expect("rights");
    let options: [&'static str; 3] = [
        "listen_addresses=::1",
        "fsync=off",
        Box::leak(format!("unix_socket_directories={folder}").into_boxed_str()),
    ];
    let postgres = Postgres::start(Box::leak(Box::new(options))).expect("PostgreSQL");
    let (port, encoded) = (postgres.port(), folder.replace('/', "%2F"));
    for url in [
        format!("postgres://postgres@[::1]:{port}/postgres"),
        format!("postgresql://postgres@[0:0:0:0:0:0:0:1]:{port}/postgres"),
        format!("postgres:///postgres?host=::1&port={port}&user=postgres"),
        format!("postgres://postgres@{encoded}:{port}/postgres"),
        format!("postgres:///postgres?host={folder}&port={port}&user=postgres"),
        // TLS is not spoken on sockets, whatever the address wants.
        format!("postgres://postgres@{encoded}:{port}/postgres?sslmode=require"),
    ] {
        assert_eq!(asked_at(&url).await, Ok(1), "{url}");
    }
}

#[tokio::test]
async fn redis_is_reached_by_ipv6_and_by_a_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("redis.sock").display().to_string();
    let options = ["--bind", "::1", "--unixsocket", &socket].map(str::to_owned);
    let redis = Redis::with(|_| options.into()).expect("Redis");
    for url in [
        format!("redis://[::1]:{}/", redis.port()),
        format!("redis+unix://{socket}"),
        format!("unix://{socket}?db=1"),
    ] {
        assert_eq!(ping(&url).await.as_deref(), Ok("PONG"), "{url}");
    }
}

#[tokio::test]
async fn a_bucket_is_reached_by_ipv6() {
    let bucket = TestBucket::start().await.expect("a bucket");
    let door = Door::open("::1", bucket.address(), None).await.expect("a door");
    let files = bucket.by_way_of(&format!("http://{}", door.address), "six");
    assert_eq!(kept_at(&files).await, Ok(()));
}

#[tokio::test]
async fn gateways_are_reached_by_ipv6() {
    let mut stage = Stage::new().await;
    let (stripe, mercado_pago) = (
        address_of(stage.sandbox.stripe.base_url()),
        address_of(stage.sandbox.mercado_pago.base_url()),
    );
    let stripe = Door::open("::1", stripe, None).await.expect("a door");
    let mercado_pago = Door::open("::1", mercado_pago, None).await.expect("a door");
    let at = |door: &Door| format!("http://{}", door.address);
    by_way_of(&mut stage, &at(&stripe), &at(&mercado_pago));
    for (number, gateway) in (1..).zip(GATEWAYS) {
        let bought = buy(&stage, gateway, number).await;
        let refund = accepted(&stage, &bought.purchase, json!({})).await;
        stage.run_jobs().await;
        assert_eq!(status(&stage, &refund).await, "SUCCEEDED", "{gateway}");
    }
    stage.hear_gateways().await;
    stage.end().await;
}
