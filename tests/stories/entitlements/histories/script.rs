//! What happens in a story of random histories, made from a seed.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::model::{HOUR, Tick};

/// What the gateway makes of a refund.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Done,
    Refused,
    /// Told later.
    Pending,
}

/// What is done to one user's access to one product. Ticks are counted from the moment of doing it.
#[derive(Clone, Debug)]
pub enum Step {
    Rest,
    Buy {
        since: Tick,
        until: Option<Tick>,
    },
    Give {
        from: Option<Tick>,
        until: Option<Tick>,
    },
    Extend {
        until: Tick,
    },
    Revoke,
    Refund {
        which: usize,
        reason: &'static str,
        part: bool,
        fate: Fate,
    },
    /// The gateway says what has become of a refund, or takes one back that had succeeded.
    Settle {
        which: usize,
        fails: bool,
    },
    Grace {
        days: i64,
    },
    Suspend {
        active: bool,
    },
}

#[derive(Clone, Debug)]
pub struct Round {
    pub passes: Tick,
    /// Whether a worker tells of what has happened by itself before anybody does anything.
    pub announced: bool,
}

/// Several histories that share nothing but the time.
#[derive(Clone, Debug)]
pub struct Script {
    pub rounds: Vec<Round>,
    /// The product's grace days, and a step for each round.
    pub lanes: Vec<(i64, Vec<Step>)>,
}

impl Script {
    pub fn new(seed: u64, lanes: usize, rounds: usize) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let rounds: Vec<Round> = (0..rounds)
            .map(|_| Round {
                passes: HOUR * [0, 0, 0, 1, 2, 5, 13, 24, 40][dice.random_range(0..9)],
                announced: dice.random_bool(0.6),
            })
            .collect();
        let lane = |_| {
            let days = [0, 1, 1, 2][dice.random_range(0..4)];
            (days, rounds.iter().map(|_| step(&mut dice)).collect())
        };
        let lanes = (0..lanes).map(lane).collect();
        Self { rounds, lanes }
    }
}

fn step(dice: &mut StdRng) -> Step {
    let which = dice.random_range(0..20);
    match dice.random_range(0..100) {
        0..24 => {
            // Now and then in a moment, by the store's clock.
            let soon = dice.random_bool(0.2);
            let since = if soon { 1 } else { -HOUR * dice.random_range(0..60) };
            let until = since + HOUR * dice.random_range(1..90);
            Step::Buy {
                since,
                until: dice.random_bool(0.9).then_some(until),
            }
        }
        24..36 => {
            let from = HOUR * dice.random_range(0..30);
            let until = from + HOUR * dice.random_range(1..40);
            Step::Give {
                from: dice.random_bool(0.7).then_some(from),
                until: dice.random_bool(0.9).then_some(until),
            }
        }
        36..40 => Step::Extend {
            until: HOUR * dice.random_range(1..60),
        },
        40..43 => Step::Revoke,
        43..70 => {
            let reason = ["DUPLICATE", "REQUESTED_BY_CUSTOMER", "DUPLICATE", "FRAUDULENT"];
            Step::Refund {
                which,
                reason: reason[dice.random_range(0..4) * usize::from(dice.random_bool(0.8))],
                part: dice.random_bool(0.2),
                fate: [Fate::Done, Fate::Refused, Fate::Pending][dice.random_range(0..3)],
            }
        }
        70..84 => Step::Settle {
            which,
            fails: dice.random_bool(0.7),
        },
        84..89 => Step::Grace {
            days: dice.random_range(0..3),
        },
        89..93 => Step::Suspend {
            active: dice.random_bool(0.6),
        },
        _ => Step::Rest,
    }
}
