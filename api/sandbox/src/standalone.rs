//! The sandbox as a process of its own, for drills that kill workers while the gateway stays up.

use std::path::PathBuf;
use std::time::Duration;

use super::{GatewayConfig, PaymentsKnown, Sandbox, SandboxConfig};

/// Arguments of `postventa sandbox`.
#[derive(Debug, Clone, clap::Args)]
pub struct SandboxArgs {
    /// Port of the simulated Stripe on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 12111)]
    pub stripe_port: u16,
    /// Port of the simulated MercadoPago on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 12112)]
    pub mercado_pago_port: u16,
    /// Folder for the two journals; without it the gateways forget when they end
    #[arg(long)]
    pub journal_dir: Option<PathBuf>,
    /// The Stripe secret key that is accepted
    #[arg(long, default_value = "sk_test_sandbox")]
    pub stripe_key: String,
    /// The MercadoPago access token that is accepted
    #[arg(long, default_value = "TEST-sandbox")]
    pub mercado_pago_token: String,
    /// Signs Stripe's webhooks
    #[arg(long, default_value = "whsec_sandbox")]
    pub stripe_webhook_secret: String,
    /// Signs MercadoPago's webhooks
    #[arg(long, default_value = "sandbox-webhook-secret")]
    pub mercado_pago_webhook_secret: String,
    /// Where Stripe's webhooks go
    #[arg(long)]
    pub stripe_webhook_url: Option<String>,
    /// Where MercadoPago's webhooks go
    #[arg(long)]
    pub mercado_pago_webhook_url: Option<String>,
    /// What /_control wants in x-control-token
    #[arg(long)]
    pub control_token: Option<String>,
    /// Make up unknown payments on first sight: with the amount and currency of the purchases that name them, if there
    /// is a database (POSTGRES_URL, or the embedded installation's)
    #[arg(long)]
    pub accept_unknown_payments: bool,
    /// The currency of made-up payments that no purchase names
    #[arg(long, default_value = "USD")]
    pub unknown_currency: String,
    /// Their amount, in minor units
    #[arg(long, default_value_t = 100_000_000)]
    pub unknown_amount: i64,
    /// Pending refunds succeed after so many milliseconds
    #[arg(long)]
    pub settle_after_ms: Option<u64>,
}

impl SandboxArgs {
    fn config(self, known: Option<PaymentsKnown>) -> anyhow::Result<SandboxConfig> {
        let currency = self.unknown_currency.to_ascii_uppercase();
        if let Some(folder) = &self.journal_dir {
            std::fs::create_dir_all(folder)?;
        }
        let journal = |name: &str| self.journal_dir.as_ref().map(|folder| folder.join(name));
        let common = |config: GatewayConfig| GatewayConfig {
            control_token: self.control_token.clone(),
            accept_unknown_payments: self.accept_unknown_payments,
            unknown_amount: self.unknown_amount,
            unknown_currency: currency.clone(),
            payments_known: known.clone(),
            settle_after: self.settle_after_ms.map(Duration::from_millis),
            ..config
        };
        Ok(SandboxConfig {
            stripe: common(GatewayConfig {
                port: self.stripe_port,
                webhook_url: self.stripe_webhook_url.clone(),
                journal: journal("stripe.jsonl"),
                ..GatewayConfig::new(&self.stripe_key, &self.stripe_webhook_secret)
            }),
            mercado_pago: common(GatewayConfig {
                port: self.mercado_pago_port,
                webhook_url: self.mercado_pago_webhook_url.clone(),
                journal: journal("mercado_pago.jsonl"),
                ..GatewayConfig::new(&self.mercado_pago_token, &self.mercado_pago_webhook_secret)
            }),
            ..SandboxConfig::default()
        })
    }
}

/// Serves until the process is told to end (Ctrl-C, SIGTERM) or killed. Prints the two addresses as
/// one line of JSON when it is ready, so that a drill can read them.
#[expect(clippy::print_stdout, reason = "the addresses are this command's output")]
pub async fn serve_standalone(args: SandboxArgs, known: Option<PaymentsKnown>) -> anyhow::Result<()> {
    let running = Sandbox::start(args.config(known)?).await?;
    let addresses = serde_json::json!({
        "stripe": running.sandbox.stripe.base_url(),
        "mercado_pago": running.sandbox.mercado_pago.base_url(),
    });
    println!("{addresses}");
    asked_to_end().await?;
    running.stop().await;
    Ok(())
}

async fn asked_to_end() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
