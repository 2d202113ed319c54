//! Commands that do one thing and end.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    identity::staff,
    operations,
    teams::{self, NewTeam},
};
use rand::RngExt;
use secrecy::SecretString;
use seed::BulkOptions;

use super::{AdminCommand, SeedArgs, VerifyArgs, parts};
use crate::settings::Settings;

pub async fn migrate(settings: Settings) -> anyhow::Result<ExitCode> {
    let db = parts::database(&settings, None).await?;
    parts::make_tables(&db)
        .await
        .context("cannot migrate the database")?;
    eprintln!("The tables are up to date.");
    Ok(ExitCode::SUCCESS)
}

/// Commands that hand out or open no secrets work without the installation's key.
async fn app(settings: &Settings) -> anyhow::Result<domain::App> {
    let key = settings.secret_key.clone().unwrap_or_else(|| vec![0; 32]);
    let db = parts::database(settings, None).await?;
    Ok(parts::assemble(settings, db, None, &key)?.app)
}

pub(super) async fn seed(settings: Settings, args: SeedArgs) -> anyhow::Result<ExitCode> {
    let app = app(&settings).await?;
    parts::make_tables(&app.db)
        .await
        .context("cannot migrate the database")?;
    let progress = |it: seed::Progress| eprint!("\r{} of {} users, {} rows ", it.users, it.of, it.rows);
    let options = BulkOptions {
        team: args.team,
        users: args.users,
        seed: args.seed,
        progress: Some(Box::new(progress)),
    };
    let filled = seed::bulk(&app, options).await?;
    let seconds = filled.seconds;
    eprintln!("\r{} rows in {seconds:.1} s.                    ", filled.rows);
    println!(
        "administrator  {}, password {}",
        filled.admin,
        seed::bulk::PASSWORD
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn verify(settings: Settings, args: VerifyArgs) -> anyhow::Result<ExitCode> {
    if args.gateway > 0 && settings.secret_key.is_none() {
        bail!("POSTVENTA_SECRET_KEY is needed to ask the gateways");
    }
    let app = app(&settings).await?;
    let mut violations = operations::verify(&app).await?;
    if args.gateway > 0 {
        violations.extend(operations::verify_with_gateway(&app, args.gateway).await?);
    }
    for note in operations::notes(&app).await? {
        println!("note: {}: {}", note.subject, note.detail);
    }
    for violation in &violations {
        println!("{}: {}: {}", violation.rule, violation.subject, violation.detail);
    }
    let rules = operations::rules().count();
    if violations.is_empty() {
        println!("All {rules} rules hold.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} violations of {rules} rules.", violations.len());
    Ok(ExitCode::FAILURE)
}

pub(super) async fn admin(settings: Settings, command: AdminCommand) -> anyhow::Result<ExitCode> {
    let AdminCommand::Create {
        team,
        email,
        password,
        locale,
        time_zone,
        currency,
    } = command;
    let locale = locale
        .to_uppercase()
        .parse()
        .map_err(|_| anyhow!("--locale must be en, es or pt"))?;
    let currency = currency
        .parse()
        .map_err(|_| anyhow!("--currency must be an ISO 4217 code such as EUR"))?;
    let time_zone = teams::time_zone(&time_zone)
        .map_err(|_| anyhow!("--time-zone must be an IANA name such as Europe/Madrid"))?;
    let app = app(&settings).await?;
    let known = teams::by_name(&app, &team).await?;
    let is_new = known.is_none();
    let team = match known {
        Some(team) => team,
        None => {
            let new = NewTeam {
                name: team,
                default_locale: locale,
                time_zone,
                currency,
                support_address: String::new(),
            };
            teams::create(&app, new).await?
        }
    };
    let made_up = password.is_none();
    let password =
        password.unwrap_or_else(|| BASE64_URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 15]>()));
    staff::create_admin(
        &app,
        team.id,
        &email,
        &SecretString::from(password.clone()),
        locale,
    )
    .await
    .map_err(|error| match error {
        domain::Error::Refused(refusals) => {
            let said: Vec<_> = refusals
                .iter()
                .map(|refusal| refusal.message.render(locale))
                .collect();
            anyhow!(said.join(" "))
        }
        other => other.into(),
    })?;
    println!(
        "team      {} ({}){}",
        team.name,
        team.id,
        if is_new { ", new" } else { "" }
    );
    println!("address   {email}");
    if made_up {
        println!("password  {password}");
    }
    Ok(ExitCode::SUCCESS)
}
