//! One program, two ways to run: everything in one process, or each part by itself.

mod commands;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "embedded")]
mod known_payments;
pub mod parts;
mod serve;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio_util::sync::CancellationToken;
use transport::connections::raise_open_files;

#[cfg(feature = "embedded")]
use entities::Currency;

#[cfg(feature = "embedded")]
use self::embedded::beside;
use crate::settings::{NAMES, Settings, Source, is_about_a_setting};

/// Everything that happens after a sale: refunds, access, support, for staff, customers and partners.
///
/// Without a command it runs embedded: one process with a SQLite database in ./data, workers, simulated
/// payment gateways, a local mailbox and a demo team. Nothing needs to be installed or configured.
#[derive(Parser)]
#[command(name = "postventa", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve GraphQL, webhooks and pages; as many processes as wanted
    Serve,
    /// Do background work; as many processes as wanted
    Worker,
    /// Bring the database's tables up to date
    Migrate,
    /// Fill a database with people, purchases and reading, the same for the same seed
    Seed(SeedArgs),
    /// Print the GraphQL schema
    Schema,
    /// Check the promises on the live database; changes nothing, names every violation
    Verify(VerifyArgs),
    /// Look after teams and their administrators
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Serve the simulated Stripe and MercadoPago by themselves
    #[cfg(feature = "embedded")]
    Sandbox(sandbox::SandboxArgs),
}

#[derive(Args)]
struct SeedArgs {
    /// How many users
    #[arg(long, default_value_t = 1000)]
    users: u64,
    /// The same seed gives the same data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The new team's name; several teams take several runs
    #[arg(long, default_value = "Seeded")]
    team: String,
}

#[derive(Args)]
struct VerifyArgs {
    /// Also ask the gateways about up to so many refunds
    #[arg(long, default_value_t = 0)]
    gateway: u64,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make an administrator, or set the password of the one with this address
    Create {
        /// The team; it is made if there is none of this name
        #[arg(long)]
        team: String,
        #[arg(long)]
        email: String,
        /// Made up and printed if left out
        #[arg(long)]
        password: Option<String>,
        /// Language of the administrator, and of a new team: en, es or pt
        #[arg(long, default_value = "en")]
        locale: String,
        /// IANA time zone of a new team
        #[arg(long, default_value = "UTC")]
        time_zone: String,
        /// ISO 4217 currency of a new team
        #[arg(long, default_value = "EUR")]
        currency: String,
    },
}

/// Runs the program as the command line says.
pub fn run() -> ExitCode {
    let lines: Vec<String> = NAMES
        .iter()
        .map(|(name, what)| format!("  {name:<30} {what}"))
        .collect();
    let help = format!(
        "Settings, from the environment or a TOML file:\n{}",
        lines.join("\n")
    );
    let cli = Cli::command().after_help(help).get_matches();
    let cli = match Cli::from_arg_matches(&cli) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let settings = match Source::read().and_then(|source| Settings::from(&source)) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("postventa: {error:#}");
            return ExitCode::from(2);
        }
    };
    start_logging(&settings);
    raise_open_files();
    // The one provider that is built in; it can be set once only.
    let _ = rustls::crypto::ring::default_provider().install_default();
    domain::adapters::tls::trust(&settings.authorities);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ran = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let ran = runtime.block_on(dispatch(cli, settings));
        // Nothing that matters is left: a stuck name resolution must not hold up the end.
        runtime.shutdown_background();
        ran
    });
    match ran {
        Ok(code) => code,
        Err(error) => {
            eprintln!("postventa: {error:#}");
            if is_about_a_setting(&error) {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

async fn dispatch(cli: Cli, settings: Settings) -> anyhow::Result<ExitCode> {
    match cli.command {
        #[cfg(feature = "embedded")]
        None => embedded::run(settings, stop_signal())
            .await
            .map(|()| ExitCode::SUCCESS),
        #[cfg(not(feature = "embedded"))]
        None => anyhow::bail!("this build has no embedded mode: choose a command, see --help"),
        Some(Command::Serve) => serve::serve(settings, stop_signal())
            .await
            .map(|()| ExitCode::SUCCESS),
        #[cfg(feature = "worker")]
        Some(Command::Worker) => serve::work(settings, stop_signal())
            .await
            .map(|()| ExitCode::SUCCESS),
        #[cfg(not(feature = "worker"))]
        Some(Command::Worker) => anyhow::bail!("this build has no workers"),
        Some(Command::Migrate) => commands::migrate(settings).await,
        Some(Command::Seed(args)) => commands::seed(settings, args).await,
        Some(Command::Schema) => {
            print!("{}", crate::graphql::sdl());
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Verify(args)) => commands::verify(beside(settings)?, args).await,
        Some(Command::Admin(command)) => commands::admin(beside(settings)?, command).await,
        #[cfg(feature = "embedded")]
        Some(Command::Sandbox(args)) => sandbox(args, settings).await.map(|()| ExitCode::SUCCESS),
    }
}

/// Made-up payments are what the installation's purchases say, if there is one.
#[cfg(feature = "embedded")]
async fn sandbox(args: sandbox::SandboxArgs, settings: Settings) -> anyhow::Result<()> {
    if args
        .unknown_currency
        .to_ascii_uppercase()
        .parse::<Currency>()
        .is_err()
    {
        anyhow::bail!("--unknown-currency must be an ISO 4217 code such as EUR");
    }
    let known = if args.accept_unknown_payments {
        known_payments::of(&beside(settings)?).await?
    } else {
        None
    };
    sandbox::serve_standalone(args, known).await
}

/// A build without the embedded mode has nothing in its data folder.
#[cfg(not(feature = "embedded"))]
fn beside(settings: Settings) -> anyhow::Result<Settings> {
    Ok(settings)
}

/// Cancelled by SIGTERM and Ctrl-C. A second signal ends the process at once.
fn stop_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        wait_for_signal().await;
        tracing::info!("stopping");
        cancelled.cancel();
        wait_for_signal().await;
        std::process::exit(130);
    });
    stop
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn start_logging(settings: &Settings) {
    let filter = tracing_subscriber::EnvFilter::new(&settings.log);
    let json = settings
        .log_json
        .unwrap_or_else(|| !std::io::stderr().is_terminal());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start in one process is a test's: it keeps the first one's.
    let _ = if json {
        builder.json().try_init()
    } else {
        builder.compact().try_init()
    };
}
