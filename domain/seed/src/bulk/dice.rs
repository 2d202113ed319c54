//! Chance that falls the same way in every run, on every machine and with every version of every library.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, throw: u64) -> Self {
        let mut dice = Self(seed ^ throw.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, but not including, `end`.
    pub fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % end.max(1).unsigned_abs()).unwrap_or(0)
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let choice = self.next() % choices.len().max(1) as u64;
        &choices[usize::try_from(choice).unwrap_or(0)]
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }

    /// A UUIDv7 that stands at a time.
    pub fn id(&mut self, at: DateTime<Utc>, order: u16) -> Uuid {
        let mut bytes = [0; 10];
        // The first twelve bits order what has the same time.
        bytes[..2].copy_from_slice(&order.to_be_bytes());
        bytes[2..].copy_from_slice(&self.next().to_be_bytes());
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}

/// The seed of a team: two teams from the same seed share no ids.
pub fn seed_of(seed: u64, team: &str) -> u64 {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(format!("{seed}/{team}"));
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first)
}
