//! The scaled way: a process that serves, a process that works.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use domain::App;
use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use transport::{
    Limits,
    connections::{self, ConnectionLimits},
};

use super::parts;
use crate::{
    pages::first_steps::first_steps,
    server::{self, Server},
    settings::Settings,
};

/// Serves GraphQL and webhooks until `stop`.
pub async fn serve(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let parts = parts::scaled(&settings).await?;
    parts::prepare_files(&parts.app).await?;
    let listener = TcpListener::bind(settings.bind)
        .await
        .with_context(|| format!("POSTVENTA_BIND {}", settings.bind))?;
    let app = parts.app.clone();
    let server = Server {
        app: parts.app,
        limits: Limits {
            allowed_origins: settings.allowed_origins.clone(),
            ..Limits::default()
        },
        trusted_proxies: settings.trusted_proxies.clone(),
        introspection: settings.introspection,
        tabs: first_steps("you@example.com", "", None),
        mailbox: false,
        metrics: parts::metrics(),
        ready: Arc::new(|| true),
        shutdown: stop.clone(),
    };
    tracing::info!(address = %listener.local_addr()?, "serving");
    let watching = tokio::spawn(watch(app));
    connections::serve(listener, server.router()?, limits(&settings), stop).await;
    watching.abort();
    Ok(())
}

/// Finds out before anybody else whether the database still takes what is written: connections that no longer do are
/// let go with it.
async fn watch(app: App) {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.can_write().await;
    }
}

/// How many connections there may be. A proxy's are those of many.
pub(super) fn limits(settings: &Settings) -> ConnectionLimits {
    let (total, per_address) = settings.connections;
    ConnectionLimits {
        total,
        per_address,
        unbounded: settings.trusted_proxies.clone(),
        ..ConnectionLimits::default()
    }
}

/// Does background work until `stop`. Health and metrics are served on the configured address, if it is free.
#[cfg(feature = "worker")]
pub async fn work(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let parts = parts::scaled(&settings).await?;
    parts::prepare_writing(&parts.app).await?;
    let worker = worker::WorkerSettings {
        concurrency: settings.concurrency.iter().copied().collect(),
        host: host_name(),
        redis: parts.redis.clone(),
        ..worker::WorkerSettings::default()
    };
    let health = Arc::clone(&worker.health);
    match TcpListener::bind(settings.bind).await {
        Ok(listener) => {
            let router = server::probes(
                parts.app.clone(),
                parts::metrics(),
                Arc::new(move || health.is_ready()),
                stop.clone(),
            );
            tokio::spawn(connections::serve(
                listener,
                router,
                limits(&settings),
                stop.clone(),
            ));
        }
        Err(error) => {
            tracing::warn!(%error, address = %settings.bind, "health and metrics are not served: set POSTVENTA_BIND");
        }
    }
    if settings.smtp.is_none() {
        tracing::warn!(
            "SMTP_HOST is not set: mails are kept in the table and marked as sent, but go nowhere"
        );
    }
    tracing::info!("working");
    worker::run(
        parts.app,
        parts.wake_ups,
        worker::Handlers::default(),
        worker,
        stop,
    )
    .await
}

/// How operators recognise this process.
#[cfg(feature = "worker")]
pub(super) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    format!(
        "{}:{}",
        if name.is_empty() { "localhost" } else { name },
        std::process::id()
    )
}
