//! What staff and integrations ask most, with few customers and with a million: how long it takes and what it
//! costs, beside the same SQL by itself in the same run. Ends with an error if a promise about growth is broken.
//!
//! `tests/bench customers` runs it. `POSTVENTA_BENCH_USERS=1000,20000` makes a short run of it;
//! `POSTVENTA_BENCH_ONLY=search` asks only what has this in its name.

mod exports;
mod installation;
mod measure;
mod questions;

use std::process::ExitCode;

use tests::servers::setting;

use crate::{
    installation::Installation,
    measure::{Cost, Times},
    questions::{Kind, Question},
};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much longer something may take with a hundred times as many users.
const MOST_GROWTH: f64 = 2.0;
/// How much longer a page far inside a list may take than the first one.
const MOST_DEPTH: f64 = 1.5;

#[tokio::main]
async fn main() -> ExitCode {
    let sizes = setting("POSTVENTA_BENCH_USERS").unwrap_or_else(|| "10000,1000000".to_owned());
    let sizes: Vec<u64> = sizes
        .split(',')
        .map(|size| size.parse().expect("numbers of users"))
        .collect();
    let server = installation::server();
    let mut installations = Vec::new();
    for users in sizes {
        installations.push(Installation::open(&server, users).await);
    }
    let only = setting("POSTVENTA_BENCH_ONLY").unwrap_or_default();
    let mut questions: Vec<Vec<Question>> = Vec::new();
    for installation in &installations {
        let asked = questions::all(installation).await.into_iter();
        questions.push(asked.filter(|question| question.name.contains(&only)).collect());
    }
    println!();
    println!(
        "median latency and CPU of the server, one request after the other, against the same SQL by itself;"
    );
    println!("PostgreSQL with {}", installation::OPTIONS.join(" "));
    println!(
        "{:<40}{:>9}{:>11}{:>11}{:>7}{:>9}{:>9}{:>7}{:>5}{:>9}",
        "", "users", "latency µs", "SQL µs", "ratio", "CPU µs", "SQL µs", "ratio", "SQL", "growth"
    );
    let mut broken = Vec::new();
    let mut first_page = None;
    for at in 0..questions[0].len() {
        let times = measure::side_by_side(&installations, &questions, at).await;
        let kind = questions[0][at].kind;
        let name = &questions[0][at].name;
        let growth = times.last().map_or(1.0, |last| last.median() / times[0].median());
        for (installation, times) in installations.iter().zip(&times) {
            row(name, installation.users, times, growth);
        }
        if kind != Kind::Count && growth > MOST_GROWTH {
            broken.push(format!("{name}: {growth:.2} times as long with more users"));
        }
        let latency = times.last().map(Times::median);
        match kind {
            Kind::FirstPage => first_page = latency,
            Kind::DeepPage => {
                let ratio = latency.unwrap_or(0.0) / first_page.or(latency).unwrap_or(1.0);
                println!("{:<40}{ratio:>9.2} times the first page", "");
                if ratio > MOST_DEPTH {
                    broken.push(format!("{name}: {ratio:.2} times as long as the first page"));
                }
            }
            Kind::Count | Kind::Other => {}
        }
    }
    if "exports".contains(&only) {
        broken.extend(exports::measure(&installations).await);
    }
    drop(installations);
    server.stop().expect("PostgreSQL ends");
    for promise in &broken {
        println!("BROKEN  {promise}");
    }
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn row(name: &str, users: u64, times: &Times, growth: f64) {
    let ratio = |of: f64, to: f64| {
        if to > 0.0 {
            format!("{:.1}", of / to)
        } else {
            String::new()
        }
    };
    let Cost { latency, cpu } = times.sql;
    println!(
        "{name:<40}{users:>9}{:>11.0}{latency:>11.0}{:>7}{:>9.0}{cpu:>9.0}{:>7}{:>5}{growth:>9.2}",
        times.median(),
        ratio(times.median(), latency),
        times.request.cpu,
        ratio(times.request.cpu, cpu),
        times.statements,
    );
}
