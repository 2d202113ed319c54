//! Processes are killed, and what they held when they died is counted.

use std::time::Duration;

use domain::{App, database::Sql, values};
use tokio::time::{Instant, sleep_until};

use super::fleet::Fleet;

/// What a round of killing has cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Toll {
    pub kills: usize,
    /// Of these, how many had refunds under way.
    pub at_work: usize,
    /// The refunds that were torn away.
    pub refunds: i64,
}

/// Kills one of `victims` after the other, one each `pause`, and starts it again at once, for as long as
/// `goes_on`.
pub async fn kill_in_turn(
    fleet: &mut Fleet,
    app: &App,
    victims: &[usize],
    pause: Duration,
    mut goes_on: impl FnMut() -> bool,
) -> Toll {
    let mut toll = Toll::default();
    let mut next = Instant::now() + pause;
    for victim in victims.iter().cycle() {
        sleep_until(next).await;
        next += pause;
        if !goes_on() {
            break;
        }
        let held = kill(fleet, app, *victim).await;
        toll.kills += 1;
        toll.at_work += usize::from(held > 0);
        toll.refunds += held;
        fleet.restart(*victim);
    }
    toll
}

/// Kills a process. How many refunds it held: its leases are still there.
pub async fn kill(fleet: &mut Fleet, app: &App, victim: usize) -> i64 {
    let pid = fleet.program(victim).pid();
    fleet.program(victim).kill().await;
    held(app, pid).await
}

/// How many refunds a process has in its hands.
pub async fn held(app: &App, pid: u32) -> i64 {
    let sql = "SELECT count(*) FROM jobs j JOIN worker_processes w ON w.id = j.leased_by \
               WHERE j.status = 'RUNNING' AND j.kind = 'process_refund' AND w.host LIKE $1";
    let host = format!("%:{pid}");
    let row = app
        .db
        .connection()
        .row(sql, values![host])
        .await
        .expect("a query");
    row.expect("a count").try_get_by_index(0).expect("a number")
}
