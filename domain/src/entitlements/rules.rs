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
    /// Behind a gap, when nothing is given.
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

    /// The run that counts now: the next one from its start on, and also while nothing else is used any more.
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
    fn status(&self, now: DateTime<Utc>) -> EntitlementStatus {
        match (self.expires_at, self.grace_ends_at) {
            _ if now < self.starts_at => EntitlementStatus::Scheduled,
            (None, _) => EntitlementStatus::Active,
            (Some(end), _) if now < end => EntitlementStatus::Active,
            (Some(_), Some(end)) if now < end => EntitlementStatus::GracePeriod,
            (Some(_), _) => EntitlementStatus::Expired,
        }
    }

    /// Whether neither it nor its tolerance lasts any longer.
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.grace_ends_at
            .or(self.expires_at)
            .is_some_and(|end| end <= now)
    }

    fn covers(&self, time: DateTime<Utc>) -> bool {
        self.starts_at <= time && self.expires_at.is_none_or(|end| time < end)
    }
}

/// The grants that still stand, joined where they overlap or touch, in the order of their starts.
fn runs(grants: &[entitlement_grant::Model]) -> Vec<Run> {
    let mut standing: Vec<_> = grants.iter().filter(|grant| grant.revoked_at.is_none()).collect();
    standing.sort_by_key(|grant| grant.starts_at);
    let mut runs: Vec<Run> = Vec::new();
    for grant in standing {
        match runs.last_mut() {
            Some(run) if run.expires_at.is_none_or(|end| grant.starts_at <= end) => {
                run.expires_at = run
                    .expires_at
                    .zip(grant.expires_at)
                    .map(|(one, other)| one.max(other));
            }
            _ => runs.push(Run {
                starts_at: grant.starts_at,
                expires_at: grant.expires_at,
                grace_ends_at: None,
            }),
        }
    }
    runs
}

/// What the grants that still stand give together (S0.45), as it counts at `now`: the run that lasts or is
/// tolerated, else the one to come, else the last one. None if nothing stands.
///
/// `told` is what the entitlement has said so far: a grace period that has begun lasts as long as it was said to.
pub fn span(
    grants: &[entitlement_grant::Model],
    grace_days: i64,
    told: Option<Run>,
    now: DateTime<Utc>,
) -> Option<Schedule> {
    let mut runs = runs(grants);
    for run in &mut runs {
        let begun = told.filter(|told| told.expires_at == run.expires_at && run.expires_at <= Some(now));
        run.grace_ends_at = match begun {
            Some(told) if run.expires_at.is_some() => told.grace_ends_at,
            // It has had its tolerance, or has lost what made it last longer: neither is a natural end now.
            _ if is_past(run, told, now) => None,
            _ => grace(run.expires_at, grace_days),
        };
    }
    let counts = |(i, run): &(usize, &Run)| {
        let next_has_begun = runs.get(i + 1).is_some_and(|next| next.starts_at <= now);
        !run.is_over(now) && !next_has_begun
    };
    let (i, run) = runs
        .iter()
        .enumerate()
        .find(counts)
        .or(runs.iter().enumerate().next_back())?;
    Some(Schedule {
        run: *run,
        next: runs.get(i + 1).copied(),
    })
}

/// The row as its grants have it at `now`. Without any that stands it stays as it is.
pub fn with_grants(
    mut row: entitlement::Model,
    grants: &[entitlement_grant::Model],
    grace_days: i64,
    now: DateTime<Utc>,
) -> entitlement::Model {
    let Some(span) = span(grants, grace_days, Some(Schedule::of(&row).run), now) else {
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

/// Whether it was over before the end that was told.
fn is_past(run: &Run, told: Option<Run>, now: DateTime<Utc>) -> bool {
    let earlier = |end| told.is_some_and(|told| told.expires_at.is_none_or(|told| end < told));
    run.expires_at.is_some_and(|end| end <= now && earlier(end))
}

/// What still gives access, now or later: a purchase rather than a grant by hand. Tolerance gives none.
pub fn lasting(grants: &[entitlement_grant::Model], now: DateTime<Utc>) -> Option<GrantSource> {
    let standing = grants.iter().filter(|grant| grant.revoked_at.is_none());
    let lasting = standing.filter(|grant| grant.expires_at.is_none_or(|end| end > now));
    let sources: Vec<_> = lasting.map(|grant| grant.source).collect();
    let bought = sources.iter().find(|source| **source == GrantSource::Purchase);
    bought.or(sources.first()).copied()
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

/// Whether a grant joins what the others give, or gives access at a time of its own.
pub fn joins(grants: &[entitlement_grant::Model], new: &entitlement_grant::Model) -> bool {
    let touches = |run: &Run| {
        run.expires_at.is_none_or(|end| new.starts_at <= end)
            && new.expires_at.is_none_or(|end| run.starts_at <= end)
    };
    runs(grants).iter().any(touches)
}

/// S4.22: until when an end is tolerated.
fn grace(expires_at: Option<DateTime<Utc>>, days: i64) -> Option<DateTime<Utc>> {
    expires_at
        .filter(|_| days > 0)
        .map(|end| end + TimeDelta::days(days))
}

#[cfg(test)]
mod tests {
    use entities::{EntitlementId, GrantId, TeamId};
    use uuid::Uuid;

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn run(starts_at: i64, expires_at: Option<i64>, grace_ends_at: Option<i64>) -> Run {
        Run {
            starts_at: at(starts_at),
            expires_at: expires_at.map(at),
            grace_ends_at: grace_ends_at.map(at),
        }
    }

    fn granted(from: i64, to: Option<i64>) -> entitlement_grant::Model {
        entitlement_grant::Model {
            id: GrantId(Uuid::nil()),
            team_id: TeamId(Uuid::nil()),
            entitlement_id: EntitlementId(Uuid::nil()),
            source: GrantSource::Manual,
            purchase_id: None,
            granted_by: None,
            starts_at: at(from),
            expires_at: to.map(at),
            revoked_at: None,
            revoked_by_refund: None,
            created_at: at(0),
        }
    }

    #[test]
    fn s4_22_the_status_follows_the_clock() {
        let span = Schedule {
            run: run(1, Some(3), Some(5)),
            next: None,
        };
        for (hour, status, until) in [
            (0, EntitlementStatus::Scheduled, Some(1)),
            (1, EntitlementStatus::Active, Some(3)),
            (2, EntitlementStatus::Active, Some(3)),
            (3, EntitlementStatus::GracePeriod, Some(5)),
            (5, EntitlementStatus::Expired, None),
        ] {
            assert_eq!(
                (span.status(at(hour)), span.until(at(hour))),
                (status, until.map(at)),
                "{hour}"
            );
        }
        let for_life = Schedule {
            run: run(1, None, None),
            next: None,
        };
        assert_eq!(
            (for_life.status(at(999)), for_life.until(at(999))),
            (EntitlementStatus::Active, None)
        );
        let no_grace = Schedule {
            run: run(1, Some(3), None),
            next: None,
        };
        assert_eq!(no_grace.status(at(3)), EntitlementStatus::Expired);
    }

    #[test]
    fn s4_22_a_gap_between_two_runs_gives_nothing() {
        let span = |next: i64| Schedule {
            run: run(1, Some(3), Some(5)),
            next: Some(run(next, Some(9), None)),
        };
        for (next, hour, status, until) in [
            (7, 2, EntitlementStatus::Active, Some(3)),
            (7, 3, EntitlementStatus::GracePeriod, Some(5)),
            (7, 5, EntitlementStatus::Scheduled, Some(7)),
            (7, 7, EntitlementStatus::Active, Some(9)),
            (7, 9, EntitlementStatus::Expired, None),
            (4, 3, EntitlementStatus::GracePeriod, Some(4)),
            (4, 4, EntitlementStatus::Active, Some(9)),
        ] {
            let span = span(next);
            assert_eq!(
                (span.status(at(hour)), span.until(at(hour))),
                (status, until.map(at)),
                "{next} {hour}"
            );
        }
    }

    #[test]
    fn s0_45_grants_that_meet_are_one_run_and_the_one_that_counts_is_told() {
        let grants = [
            granted(30, Some(40)),
            granted(1, Some(10)),
            granted(10, Some(20)),
            granted(2, Some(5)),
        ];
        for (now, first, next) in [
            (0, run(1, Some(20), None), Some(run(30, Some(40), None))),
            (19, run(1, Some(20), None), Some(run(30, Some(40), None))),
            (20, run(30, Some(40), None), None),
            (99, run(30, Some(40), None), None),
        ] {
            let found = span(&grants, 0, None, at(now)).expect("something stands");
            assert_eq!((found.run, found.next), (first, next), "{now}");
        }
        let for_life = [granted(1, Some(10)), granted(4, None), granted(30, Some(40))];
        assert_eq!(
            span(&for_life, 3, None, at(0)),
            Some(Schedule {
                run: run(1, None, None),
                next: None
            })
        );
        assert_eq!(span(&[], 3, None, at(0)), None);
    }

    #[test]
    fn s4_22_what_was_over_before_the_run_that_was_told_of_is_not_tolerated_again() {
        let grants = [granted(0, Some(10)), granted(30, Some(40))];
        let told = Some(run(30, Some(40), None));
        let found = span(&grants, 2, told, at(12)).expect("something stands");
        assert_eq!(
            found.run,
            run(30, Some(40), Some(88)),
            "not the first for two days more"
        );
    }

    #[test]
    fn s4_22_an_end_that_comes_too_late_to_be_natural_is_not_tolerated() {
        // A refund has taken what lasted until 50, or for life.
        let grants = [granted(0, Some(10)), granted(60, None)];
        for told in [run(0, Some(50), Some(98)), run(0, None, None)] {
            let found = span(&grants, 2, Some(told), at(12)).expect("something stands");
            assert_eq!(found.status(at(12)), EntitlementStatus::Scheduled);
        }
    }

    #[test]
    fn s4_22_a_grace_period_that_has_begun_lasts_as_long_as_was_said() {
        let grants = [granted(0, Some(10))];
        let told = Some(run(0, Some(10), Some(20)));
        for (days, told, now, grace) in [
            (1, told, 9, Some(34)),
            (0, told, 9, None),
            (1, told, 11, Some(20)),
            (0, told, 11, Some(20)),
            (1, None, 11, Some(34)),
            // An end that was moved since is another end.
            (1, Some(run(0, Some(8), None)), 11, Some(34)),
        ] {
            let found = span(&grants, days, told, at(now)).expect("something stands");
            assert_eq!(found.run.grace_ends_at, grace.map(at), "{days} {now}");
        }
    }
}
