//! Asks in turns, here a few times and there a few times, so that whatever else the machine does falls on all alike.

use std::{
    fs,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::{installation::Installation, questions::Question};

const TURNS: usize = 10;
/// Askings of one turn, unless they take longer than this.
const TURN: usize = 20;
const LONG: Duration = Duration::from_millis(700);

/// Microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub latency: f64,
    pub cpu: f64,
}

/// What one question took with one size.
pub struct Times {
    pub request: Cost,
    pub sql: Cost,
    pub statements: usize,
}

impl Times {
    pub fn median(&self) -> f64 {
        self.request.latency
    }
}

/// One question of one installation under way.
struct Asking<'a> {
    installation: &'a Installation,
    question: &'a Question,
    /// For each of its variables.
    statements: Vec<Vec<Statement>>,
    requests: Series,
    sql: Series,
}

#[derive(Default)]
struct Series {
    latencies: Vec<Duration>,
    cpu: Duration,
}

pub async fn side_by_side(
    installations: &[Installation],
    questions: &[Vec<Question>],
    at: usize,
) -> Vec<Times> {
    let mut askings = Vec::new();
    for (installation, questions) in installations.iter().zip(questions) {
        askings.push(Asking::begin(installation, &questions[at]).await);
    }
    let turns = if questions[0][at].once { 1 } else { TURNS };
    for _ in 0..turns {
        for asking in &mut askings {
            asking.requests().await;
            asking.statements().await;
        }
    }
    askings.into_iter().map(Asking::end).collect()
}

impl<'a> Asking<'a> {
    /// Asks everything before anything is measured: twice where the statements are heard, of which the second time
    /// counts, and once of the program that is measured. So caches are as full as in an installation that has run
    /// for a while.
    async fn begin(installation: &'a Installation, question: &'a Question) -> Self {
        let mut heard = Vec::new();
        for variables in question.variables.iter().filter(|_| !question.once) {
            let ask = || installation.heard.ask(&question.query, variables.clone());
            ask().await.data();
            installation.statements.take_whole();
            ask().await.data();
            let statements = installation.statements.take_whole().into_iter();
            heard.push(statements.filter(|it| !it.sql.contains("api_keys")).collect());
            installation
                .caller
                .ask(&question.query, variables.clone())
                .await
                .data();
        }
        Self {
            installation,
            question,
            statements: heard,
            requests: Series::default(),
            sql: Series::default(),
        }
    }

    async fn requests(&mut self) {
        let pid = self.installation.program.pid();
        let (cpu, began) = (cpu_of(pid), Instant::now());
        let turn = if self.question.once {
            self.question.variables.len()
        } else {
            TURN
        };
        for _ in 0..turn {
            let at = self.requests.latencies.len() % self.question.variables.len();
            let took = ask(
                self.installation,
                &self.question.query,
                &self.question.variables[at],
            )
            .await;
            self.requests.latencies.push(took);
            if began.elapsed() > LONG && !self.question.once {
                break;
            }
        }
        self.requests.cpu += cpu_of(pid).saturating_sub(cpu);
    }

    /// The same SQL, one statement after the other, through a pool of its own.
    async fn statements(&mut self) {
        let connection = self.installation.db.connection();
        let (cpu, began) = (cpu_of(std::process::id()), Instant::now());
        for _ in 0..TURN {
            if self.statements.is_empty() {
                return;
            }
            let at = self.sql.latencies.len() % self.statements.len();
            let asked = Instant::now();
            for statement in &self.statements[at] {
                connection.query_all_raw(statement.clone()).await.expect("rows");
            }
            self.sql.latencies.push(asked.elapsed());
            if began.elapsed() > LONG {
                break;
            }
        }
        self.sql.cpu += cpu_of(std::process::id()).saturating_sub(cpu);
    }

    fn end(self) -> Times {
        Times {
            statements: self.statements.first().map_or(0, Vec::len),
            request: self.requests.cost(),
            sql: self.sql.cost(),
        }
    }
}

impl Series {
    fn cost(mut self) -> Cost {
        let count = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        self.latencies.sort_unstable();
        let Some(median) = self.latencies.get(self.latencies.len() / 2) else {
            return Cost::default();
        };
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        Cost {
            latency: micros(*median),
            cpu: micros(self.cpu) / f64::from(count),
        }
    }
}

/// From the first byte of the request to the last one of the answer.
async fn ask(installation: &Installation, query: &str, variables: &Value) -> Duration {
    let caller = &installation.caller;
    let token = caller.token.as_deref().unwrap_or_default();
    let request = caller
        .http()
        .post(format!("{}/graphql", caller.url))
        .bearer_auth(token)
        .json(&json!({ "query": query, "variables": variables }));
    let began = Instant::now();
    let answer = request
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    let took = began.elapsed();
    let body: Value = serde_json::from_slice(&answer).expect("JSON");
    assert!(body.get("errors").is_none(), "{body}");
    took
}

/// CPU time of a process so far, in the kernel's nanoseconds.
fn cpu_of(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process's threads");
    let nanos = tasks.flatten().filter_map(|task| {
        let spent = fs::read_to_string(task.path().join("schedstat")).ok()?;
        spent.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
