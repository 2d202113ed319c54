//! What a user may use, decided from the clock and from what has been granted.
//!
//! scheduled ─▶ active ─▶ grace period ─▶ expired        any of the first three ──▶ revoked
//!
//! What staff revoked by hand stays revoked (S4.15), and so does what was taken for fraud. What another refund took
//! is given back if that refund fails: `entitlements::restore`.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{EntitlementStatus, GrantSource, entitlement, entitlement_grant};

/// Time in which something may be used, without a gap in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub starts_at: DateTime<Utc>,
    /// For life if none.
    pub expires_at: Option<DateTime<Utc>>,
    /// S4.22: tolerance after a natural end.
    pub grace_ends_at: Option<DateTime<Utc>>,
}

/// The run of an entitlement that counts, and the one after it, if there is a gap and more behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub run: Run,
    /// What follows behind a gap, in which nothing is given.
    pub next: Option<Run>,
}

/// S4.22: computed whenever it is asked for, so that no worker has to be on time.
pub fn status(row: &entitlement::Model, now: DateTime<Utc>) -> EntitlementStatus {
    if row.revoked_at.is_some() {
        return EntitlementStatus::Revoked;
    }
    Schedule::of(row).status(now)
}

impl Schedule {
    /// As it stands in a row.
    pub fn of(row: &entitlement::Model) -> Self {
        Self {
            run: Run {
                starts_at: row.starts_at,
                expires_at: row.expires_at,
                grace_ends_at: row.grace_ends_at,
            },
            next: row.next_starts_at.map(|starts_at| Run {
                starts_at,
                expires_at: row.next_expires_at,
                grace_ends_at: row.next_grace_ends_at,
            }),
        }
    }

    /// When it goes on behind a gap; None if nothing follows.
    pub fn resumes_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let run = self.at(now);
        let next = self.next.map(|next| next.starts_at);
        next.filter(|starts_at| *starts_at > run.starts_at)
    }

    /// The run that counts now: the next one once it has begun, and also as soon as the one before it is over.
    pub fn at(&self, now: DateTime<Utc>) -> Run {
        let next = self
            .next
            .filter(|next| next.starts_at <= now || self.run.is_over(now));
        next.unwrap_or(self.run)
    }

    pub fn status(&self, now: DateTime<Utc>) -> EntitlementStatus {
        self.at(now).status(now)
    }

    /// When the status changes by itself.
    pub fn until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let run = self.at(now);
        match run.status(now) {
            EntitlementStatus::Scheduled => Some(run.starts_at),
            EntitlementStatus::Active => run.expires_at,
            // Tolerance ends where the next run begins.
            EntitlementStatus::GracePeriod => {
                let next = self.next.map(|next| next.starts_at).filter(|at| *at > now);
                [run.grace_ends_at, next].into_iter().flatten().min()
            }
            EntitlementStatus::Expired | EntitlementStatus::Revoked => None,
        }
    }
}

impl Run {
    pub fn status(&self, now: DateTime<Utc>) -> EntitlementStatus {
        match (self.expires_at, self.grace_ends_at) {
            _ if now < self.starts_at => EntitlementStatus::Scheduled,
            (None, _) => EntitlementStatus::Active,
            (Some(end), _) if now < end => EntitlementStatus::Active,
            (Some(_), Some(end)) if now < end => EntitlementStatus::GracePeriod,
            (Some(_), _) => EntitlementStatus::Expired,
        }
    }

    /// When neither it nor its tolerance lasts any longer; None if it is for life.
    pub fn over_at(&self) -> Option<DateTime<Utc>> {
        self.grace_ends_at.or(self.expires_at)
    }

    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.over_at().is_some_and(|end| end <= now)
    }

    fn covers(&self, time: DateTime<Utc>) -> bool {
        self.starts_at <= time && self.expires_at.is_none_or(|end| time < end)
    }

    /// Whether there is no gap between the two.
    pub fn meets(&self, other: &Self) -> bool {
        self.expires_at.is_none_or(|end| other.starts_at <= end)
            && other.expires_at.is_none_or(|end| self.starts_at <= end)
    }

    /// Whether a grant is a part of it.
    pub fn contains(&self, grant: &entitlement_grant::Model) -> bool {
        self.starts_at <= grant.starts_at
            && self
                .expires_at
                .is_none_or(|end| grant.expires_at.is_some_and(|grant| grant <= end))
    }

    fn of(grant: &entitlement_grant::Model) -> Self {
        Self {
            starts_at: grant.starts_at,
            expires_at: grant.expires_at,
            grace_ends_at: grant.grace_ends_at,
        }
    }

    /// Joins another one that meets it. The grace period is that of the later end.
    fn join(&mut self, other: &Self) {
        match self.expires_at.zip(other.expires_at) {
            Some((end, later)) if later > end => {
                (self.expires_at, self.grace_ends_at) = (other.expires_at, other.grace_ends_at);
            }
            Some((end, same)) if same == end => {
                self.grace_ends_at = self.grace_ends_at.max(other.grace_ends_at);
            }
            Some(_) => {}
            None => (self.expires_at, self.grace_ends_at) = (None, None),
        }
    }
}

/// The grants that still stand, joined where they overlap or touch, in the order of their starts. A run is tolerated
/// as the grant is with which it ends, but only if that was its natural end (S4.22): where a refund has taken what
/// lasted longer, access has ended with that.
pub fn runs(grants: &[entitlement_grant::Model]) -> Vec<Run> {
    let mut standing: Vec<_> = grants.iter().filter(|grant| grant.revoked_at.is_none()).collect();
    standing.sort_by_key(|grant| grant.starts_at);
    let mut runs: Vec<Run> = Vec::new();
    for grant in standing.into_iter().map(Run::of) {
        match runs.last_mut() {
            Some(run) if run.meets(&grant) => run.join(&grant),
            _ => runs.push(grant),
        }
    }
    let taken = grants.iter().filter_map(gave_until).max();
    for run in &mut runs {
        if run.expires_at.is_some_and(|end| taken > Some(end)) {
            run.grace_ends_at = None;
        }
    }
    runs
}

/// Until when a grant that was revoked has given access; None if it stands, or was revoked before it began.
fn gave_until(grant: &entitlement_grant::Model) -> Option<DateTime<Utc>> {
    let taken = grant.revoked_at.filter(|at| *at > grant.starts_at)?;
    Some(grant.expires_at.map_or(taken, |end| end.min(taken)))
}

/// What the grants that still stand give together (S0.45) from `now` on: first the run that lasts or is tolerated,
/// else the one to come, else the last one; then all behind it. Empty if nothing stands.
pub fn ahead(grants: &[entitlement_grant::Model], now: DateTime<Utc>) -> Vec<Run> {
    let mut runs = runs(grants);
    let counts = |i: &usize| {
        let next_has_begun = runs.get(i + 1).is_some_and(|next| next.starts_at <= now);
        !runs[*i].is_over(now) && !next_has_begun
    };
    let first = (0..runs.len()).find(counts);
    runs.drain(..first.unwrap_or(runs.len().saturating_sub(1)));
    runs
}

/// The first two of them, which a row has room for.
pub fn span(grants: &[entitlement_grant::Model], now: DateTime<Utc>) -> Option<Schedule> {
    let mut runs = ahead(grants, now).into_iter();
    Some(Schedule {
        run: runs.next()?,
        next: runs.next(),
    })
}

/// The row as its grants have it at `now`. Without any that stands it stays as it is.
pub fn with_grants(
    mut row: entitlement::Model,
    grants: &[entitlement_grant::Model],
    now: DateTime<Utc>,
) -> entitlement::Model {
    let Some(span) = span(grants, now) else {
        return row;
    };
    row.starts_at = span.run.starts_at;
    row.expires_at = span.run.expires_at;
    row.grace_ends_at = span.run.grace_ends_at;
    row.next_starts_at = span.next.map(|next| next.starts_at);
    row.next_expires_at = span.next.and_then(|next| next.expires_at);
    row.next_grace_ends_at = span.next.and_then(|next| next.grace_ends_at);
    row.announced_status = span.status(now);
    row.updated_at = now;
    row
}

/// What still gives access, now or later, else what is tolerated: a purchase rather than a grant by hand.
pub fn lasting(grants: &[entitlement_grant::Model], now: DateTime<Utc>) -> Option<GrantSource> {
    let standing = || grants.iter().filter(|grant| grant.revoked_at.is_none());
    let bought = |sources: Vec<GrantSource>| {
        let bought = sources.iter().find(|source| **source == GrantSource::Purchase);
        bought.or(sources.first()).copied()
    };
    let lasts = standing().filter(|grant| grant.expires_at.is_none_or(|end| end > now));
    let tolerated = standing().filter(|grant| grant.grace_ends_at.is_some_and(|end| end > now));
    bought(lasts.map(|grant| grant.source).collect())
        .or_else(|| bought(tolerated.map(|grant| grant.source).collect()))
}

/// S4.11: whether access by hand is refused because there is access already: now, or when it would begin. A gap
/// between two grants can be filled, tolerance can be made good, and what begins later can be had earlier.
pub fn is_taken(
    row: &entitlement::Model,
    grants: &[entitlement_grant::Model],
    starts_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> bool {
    match status(row, now) {
        EntitlementStatus::Active => true,
        EntitlementStatus::GracePeriod | EntitlementStatus::Scheduled => {
            runs(grants).iter().any(|run| run.covers(starts_at.max(now)))
        }
        EntitlementStatus::Expired | EntitlementStatus::Revoked => false,
    }
}

/// S4.22: until when an end is tolerated.
pub fn grace(expires_at: Option<DateTime<Utc>>, days: i64) -> Option<DateTime<Utc>> {
    expires_at
        .filter(|_| days > 0)
        .map(|end| end + TimeDelta::days(days))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
