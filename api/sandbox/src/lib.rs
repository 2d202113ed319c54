//! A simulated Stripe and a simulated MercadoPago on loopback, built from the providers' documentation,
//! for the demonstration, the tests and the drills. They keep their own books, so that what the product
//! believes can be compared with what "the gateway" did.

mod answer;
mod clock;
mod config;
mod control;
mod faults;
mod gateway;
mod mercado_pago;
mod page;
mod provider;
mod records;
mod server;
mod simulator;
mod standalone;
mod store;
mod stripe;
#[cfg(test)]
mod tests;
mod webhooks;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::routing::get;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower_http::set_header::SetResponseHeaderLayer;

pub use clock::SandboxClock;
pub use config::{GatewayConfig, PaymentsKnown, SandboxConfig};
pub use faults::{CREATE_REFUND, Fault, FaultKind};
pub use provider::Provider;
pub use records::{Delivery, Notification, Payment, Refund, RefundStatus, Request, Subscription};
pub use simulator::{Journal, MercadoPagoSimulator, Simulator, StripeSimulator};
pub use standalone::{SandboxArgs, serve_standalone};
pub use webhooks::WebhookFaults;

use gateway::Gateway;

/// The two simulated gateways. Clones are the same gateways.
#[derive(Clone)]
pub struct Sandbox {
    pub stripe: StripeSimulator,
    pub mercado_pago: MercadoPagoSimulator,
}

/// The sandbox while it serves; dropping it ends both gateways like a kill.
pub struct RunningSandbox {
    pub sandbox: Sandbox,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Reads the journals back, binds both gateways and serves them in the background.
    pub async fn start(config: SandboxConfig) -> anyhow::Result<RunningSandbox> {
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let mut tasks = Vec::new();
        let SandboxConfig {
            stripe,
            mercado_pago,
            clock,
        } = config;
        let mut start = async |provider, config: GatewayConfig| {
            let (listener, address) = server::bind(config.port).await?;
            let gateway = Gateway::open(provider, config, clock.clone(), stop.clone())?;
            let simulator = Simulator {
                gateway,
                base_url: format!("http://{address}"),
            };
            tasks.push(tokio::spawn(webhooks::deliver(Arc::downgrade(
                &simulator.gateway,
            ))));
            let served = server::serve(listener, router(&simulator), stop.clone());
            tasks.push(tokio::spawn(served));
            anyhow::Ok(simulator)
        };
        let sandbox = Self {
            stripe: start(Provider::Stripe, stripe).await?,
            mercado_pago: start(Provider::MercadoPago, mercado_pago).await?,
        };
        guard.disarm();
        Ok(RunningSandbox { sandbox, stop, tasks })
    }
}

impl RunningSandbox {
    /// Ends both gateways; returns when their ports are free. What the journals have is written.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn router(simulator: &Simulator) -> Router {
    let gateway = Arc::clone(&simulator.gateway);
    let endpoints = match gateway.provider {
        Provider::Stripe => stripe::router(),
        Provider::MercadoPago => mercado_pago::router(),
    };
    let label = SetResponseHeaderLayer::overriding(
        HeaderName::from_static("x-simulated"),
        HeaderValue::from_static("true"),
    );
    endpoints
        .with_state(gateway)
        .merge(control::router(simulator.clone()))
        .merge(
            Router::new()
                .route("/", get(page::show))
                .with_state(simulator.clone()),
        )
        .layer(label)
}
