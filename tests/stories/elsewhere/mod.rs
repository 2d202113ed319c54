//! Running it elsewhere: other servers' addresses, and whom is trusted behind them.

mod addresses;
mod kinds_of_redis;
mod trust;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use domain::{
    App, Services,
    adapters::{
        files::FilesAt,
        redis::{PATIENCE, RedisSettings},
    },
    database::{Database, DatabaseSettings, Sql},
    vault::Vault,
};
use futures::{StreamExt, stream};
use gateways::GatewayEndpoints;
use tests::stage::Stage;

/// Asks PostgreSQL or SQLite for something. The error says everything.
async fn asked_at(url: &str) -> Result<i64, String> {
    let settings = DatabaseSettings::new(url, 1);
    let db = Database::connect(&settings).await;
    let db = db.map_err(|error| format!("{error:#}"))?;
    let count = db
        .connection()
        .count("SELECT count(*) FROM (SELECT 1) one", vec![]);
    count.await.map_err(|error| error.to_string())
}

async fn ping(url: &str) -> Result<String, String> {
    let settings = RedisSettings::new(url).map_err(|error| error.to_string())?;
    let connected = settings.connect(PATIENCE).await;
    let mut connection = connected.map_err(|error| error.to_string())?;
    let answer = redis::cmd("PING").query_async(&mut connection).await;
    answer.map_err(|error| error.to_string())
}

/// Keeps a file, finds it and takes it away.
async fn kept_at(files: &FilesAt) -> Result<(), String> {
    let store = files.open().expect("settings that fit");
    let piece = stream::iter([Ok("content".into())]).boxed();
    let put = store.put("exports/a", piece).await;
    put.map_err(|error| format!("{error:#}"))?;
    assert_eq!(store.keys("exports").await.expect("keys"), ["exports/a"]);
    store
        .delete("exports/a")
        .await
        .map_err(|error| format!("{error:#}"))
}

/// From now on this stage reaches its gateways at these addresses.
fn by_way_of(stage: &mut Stage, stripe: &str, mercado_pago: &str) {
    let services: &Services = &stage.app;
    let endpoints = GatewayEndpoints {
        stripe_api_base: Some(stripe.parse().expect("an address")),
        mercado_pago_api_base: Some(mercado_pago.parse().expect("an address")),
        timeout: Duration::from_secs(5),
    };
    stage.app = App::new(Services {
        db: services.db.clone(),
        clock: Arc::clone(&services.clock),
        ids: Arc::clone(&services.ids),
        wake_ups: Arc::clone(&services.wake_ups),
        bus: Arc::clone(&services.bus),
        gateways: gateways::all(endpoints).expect("the gateway clients"),
        mail: Arc::clone(&services.mail),
        files: Arc::clone(&services.files),
        // The stage's own.
        vault: Vault::new(&[7; 32]),
        settings: services.settings.clone(),
    });
}

/// Where a simulated gateway listens.
fn address_of(url: &str) -> SocketAddr {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    address.parse().expect("an address")
}
