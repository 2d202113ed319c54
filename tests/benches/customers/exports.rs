//! Everybody as a spreadsheet: how long it takes, and how much memory the worker that writes it needs.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::json;
use tests::drill::{program::Program, until};

use crate::installation::Installation;

/// How much more memory a worker may need for a hundred times as many rows.
const MOST_MEMORY: f64 = 1.5;
const PATIENCE: Duration = Duration::from_mins(15);

/// The promises that were broken.
pub async fn measure(installations: &[Installation]) -> Vec<String> {
    println!("\ncustomers as a spreadsheet, by a worker that has just started");
    println!(
        "{:>40}{:>9}{:>11}{:>11}{:>9}{:>9}",
        "users", "rows", "bytes", "seconds", "rows/s", "peak MB"
    );
    let mut peaks = Vec::new();
    for installation in installations {
        peaks.push(export(installation).await);
    }
    let growth = peaks.last().unwrap_or(&1.0) / peaks.first().unwrap_or(&1.0);
    println!("{:<40}{growth:>9.2} times the memory", "");
    let broken = format!("an export: {growth:.2} times the memory with more rows");
    Vec::from_iter((growth > MOST_MEMORY).then_some(broken))
}

/// The worker's peak, in megabytes.
async fn export(installation: &Installation) -> f64 {
    let worker = Program::start(
        "worker",
        &["worker"],
        &installation.settings,
        installation.folder.path(),
    );
    let caller = &installation.caller;
    let input = json!({ "segment": "CUSTOMER" });
    let asked = caller
        .mutate("usersExport", "UsersExportInput", input, "export { id }")
        .await;
    let id = asked.accepted()["export"]["id"].clone();
    let query = "query($id: ID!) { node(id: $id) { ... on Export { status done sizeBytes } } }";
    let began = Instant::now();
    let mut export = json!(null);
    until("the export ends", PATIENCE, async || {
        export = caller.ask(query, json!({ "id": id })).await.data()["node"].clone();
        !["QUEUED", "RUNNING"].contains(&export["status"].as_str().unwrap_or_default())
    })
    .await;
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(export["status"], "READY", "{export}");
    let peak = peak_of(&worker);
    let rows = export["done"].as_f64().unwrap_or_default();
    println!(
        "{:>40}{rows:>9}{:>11}{seconds:>11.1}{:>9.0}{peak:>9.1}",
        installation.users,
        export["sizeBytes"],
        rows / seconds,
    );
    peak
}

fn peak_of(program: &Program) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.pid())).expect("the worker runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: f64 = kilobytes
        .and_then(|number| number.parse().ok())
        .expect("a number");
    kilobytes / 1000.0
}
