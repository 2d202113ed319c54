//! What a session is, and how long somebody has read: time that two sessions share is one reader's time and
//! counts once (S0.24).

use chrono::{DateTime, TimeDelta, Utc};
use entities::{ProductId, UserId};

/// No session is longer. So whatever overlaps a moment has begun at most this long before.
pub const LONGEST: TimeDelta = TimeDelta::hours(24);

/// S0.16: reading now, or so lately that it counts as now.
const ACTIVE_WITHIN: TimeDelta = TimeDelta::hours(2);

/// One session of one reader with one title, as all its reports together tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadingSession {
    pub user: UserId,
    pub product: ProductId,
    pub started_at: DateTime<Utc>,
    /// None while it goes on, or if the device never said.
    pub ended_at: Option<DateTime<Utc>>,
    /// Time spent reading; breaks make it shorter than the session.
    pub seconds: i64,
    pub percent_read: f64,
    pub device: Option<String>,
}

impl ReadingSession {
    /// The same session after one more report. It never runs backwards, so reports may come in any order; it has not
    /// ended before what was read in it.
    #[must_use]
    pub fn after(&self, report: &Self) -> Self {
        let started_at = self.started_at.min(report.started_at);
        let seconds = self.seconds.max(report.seconds);
        let ended_at = self.ended_at.max(report.ended_at);
        Self {
            user: self.user,
            product: self.product,
            started_at,
            ended_at: ended_at.map(|end| end.max(started_at + TimeDelta::seconds(seconds))),
            seconds,
            percent_read: self.percent_read.max(report.percent_read),
            device: report.device.clone().or_else(|| self.device.clone()),
        }
    }

    /// Whether it lasted longer than any session does, breaks included.
    pub fn is_too_long(&self) -> bool {
        self.seconds > LONGEST.num_seconds()
            || self.ended_at.is_some_and(|end| end - self.started_at > LONGEST)
    }

    /// The last moment of which this says that somebody was reading: what was read takes up that time at least.
    pub fn last_read_at(&self) -> DateTime<Utc> {
        let read = self.started_at + TimeDelta::seconds(self.seconds);
        self.ended_at.map_or(read, |end| end.max(read))
    }

    /// Whether somebody was reading just before `now`, when a report has made of `before`, known since `told_at`, what
    /// this is. The seconds of an open session leave its breaks out, so they do not say when it was read last. But what
    /// they have grown by was read since `told_at`, if there was time enough for it; if there was not, a device tells
    /// late what it has kept.
    pub fn was_read_just_now(&self, before: &Self, told_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let grown = TimeDelta::seconds(self.seconds - before.seconds);
        let is_open = self.ended_at.is_none() && now - self.started_at <= LONGEST;
        is_open && grown > TimeDelta::zero() && grown <= now - told_at
    }

    /// The time that it takes up in the reader's total.
    pub fn span(&self) -> TimeSpan {
        TimeSpan::new(self.started_at, self.seconds)
    }
}

/// Whether somebody who has read last at that time counts as reading.
pub fn is_active(last_read_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_read_at.is_some_and(|at| at >= now - ACTIVE_WITHIN)
}

/// A stretch of time in whole seconds since 1970, without its end: sums of it are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan {
    pub from: i64,
    pub until: i64,
}

impl TimeSpan {
    pub fn new(start: DateTime<Utc>, seconds: i64) -> Self {
        let from = start.timestamp();
        Self {
            from,
            until: from + seconds,
        }
    }

    fn is_empty(self) -> bool {
        self.until <= self.from
    }
}

/// Overlapping and touching spans made one; in order, without the empty ones.
fn union(spans: impl IntoIterator<Item = TimeSpan>) -> Vec<TimeSpan> {
    let mut spans: Vec<TimeSpan> = spans.into_iter().filter(|span| !span.is_empty()).collect();
    spans.sort_unstable();
    let mut merged: Vec<TimeSpan> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ => merged.push(span),
        }
    }
    merged
}

/// How many seconds the spans take up together, each second once.
pub fn covered(spans: impl IntoIterator<Item = TimeSpan>) -> i64 {
    union(spans).iter().map(|span| span.until - span.from).sum()
}

/// When a session must have started to overlap one of these spans: outside of it nobody has to look.
pub fn neighbourhoods(spans: impl IntoIterator<Item = TimeSpan>) -> Vec<TimeSpan> {
    let reach = LONGEST.num_seconds();
    union(
        spans
            .into_iter()
            .filter(|span| !span.is_empty())
            .map(|span| TimeSpan {
                from: span.from - reach,
                until: span.until,
            }),
    )
}

/// By how much the total changes when `before` become `after` amid `neighbours`: those that overlap any of
/// them, and as many others as one likes.
pub fn growth(neighbours: &[TimeSpan], before: &[TimeSpan], after: &[TimeSpan]) -> i64 {
    let with = |changed: &[TimeSpan]| covered(neighbours.iter().chain(changed).copied());
    with(after) - with(before)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
