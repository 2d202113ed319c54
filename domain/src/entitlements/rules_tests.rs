//! What grants give, as tables of cases.

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

/// A grant whose end is tolerated for so many days.
fn tolerated(from: i64, to: i64, days: i64) -> entitlement_grant::Model {
    entitlement_grant::Model {
        grace_ends_at: grace(Some(at(to)), days),
        ..granted(from, Some(to))
    }
}

fn taken(grant: entitlement_grant::Model, hour: i64) -> entitlement_grant::Model {
    entitlement_grant::Model {
        revoked_at: Some(at(hour)),
        ..grant
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
        grace_ends_at: None,
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
        let found = span(&grants, at(now)).expect("something stands");
        assert_eq!((found.run, found.next), (first, next), "{now}");
    }
    let for_life = [tolerated(1, 10, 3), granted(4, None), granted(30, Some(40))];
    assert_eq!(
        span(&for_life, at(0)),
        Some(Schedule {
            run: run(1, None, None),
            next: None
        })
    );
    assert_eq!(span(&[], at(0)), None);
}

/// What is used at an hour, and until when.
fn seen(grants: &[entitlement_grant::Model], hour: i64) -> (EntitlementStatus, Option<i64>) {
    let span = span(grants, at(hour)).expect("something stands");
    let until = span.until(at(hour));
    let hours = until.map(|until| (until - DateTime::UNIX_EPOCH).num_hours());
    (span.status(at(hour)), hours)
}

#[test]
fn s4_22_a_grace_period_belongs_to_the_grant_whose_end_it_follows() {
    use EntitlementStatus::{Expired, GracePeriod};
    let (noon, one) = (tolerated(0, 12, 1), tolerated(0, 13, 1));
    for (grants, expected) in [
        (vec![noon.clone(), one.clone()], (GracePeriod, Some(37))),
        (
            vec![taken(noon.clone(), 14), one.clone()],
            (GracePeriod, Some(37)),
        ),
        // Access had not ended at noon, so that no grace period began then.
        (vec![noon.clone(), taken(one.clone(), 14)], (Expired, None)),
        (
            vec![noon.clone(), taken(tolerated(0, 99, 1), 13)],
            (Expired, None),
        ),
        (vec![noon.clone(), taken(granted(0, None), 13)], (Expired, None)),
        // What was taken before it began, or before the others ended, has not made them last longer.
        (
            vec![noon.clone(), taken(granted(13, None), 13)],
            (GracePeriod, Some(36)),
        ),
        (
            vec![noon.clone(), taken(granted(0, None), 11)],
            (GracePeriod, Some(36)),
        ),
        // Two that end together.
        (vec![taken(one.clone(), 14), one.clone()], (GracePeriod, Some(37))),
        (
            vec![tolerated(0, 13, 2), one.clone(), noon],
            (GracePeriod, Some(61)),
        ),
    ] {
        assert_eq!(seen(&grants, 14), expected, "{grants:#?}");
    }
}

#[test]
fn s4_22_a_grace_period_lasts_beside_what_is_still_to_begin() {
    use EntitlementStatus::{Active, GracePeriod, Scheduled};
    let (over, soon) = (tolerated(0, 12, 1), granted(20, None));
    for (grants, hour, expected) in [
        (vec![over.clone(), soon.clone()], 14, (GracePeriod, Some(20))),
        (vec![soon.clone(), over.clone()], 14, (GracePeriod, Some(20))),
        (vec![over.clone(), soon.clone()], 20, (Active, None)),
        (
            vec![taken(over.clone(), 14), soon.clone()],
            14,
            (Scheduled, Some(20)),
        ),
        (
            vec![over.clone(), taken(soon.clone(), 14)],
            14,
            (GracePeriod, Some(36)),
        ),
        // Access that has begun since does not lead back into an earlier grace period when it is taken.
        (
            vec![over, taken(soon, 21)],
            22,
            (EntitlementStatus::Expired, None),
        ),
    ] {
        assert_eq!(seen(&grants, hour), expected, "{hour} {grants:#?}");
    }
}

#[test]
fn s4_25_what_lies_ahead_begins_with_what_counts() {
    let grants = [granted(0, Some(10)), granted(20, Some(30)), granted(40, None)];
    let starts = |hour: i64| -> Vec<i64> {
        let ahead = ahead(&grants, at(hour)).into_iter();
        ahead
            .map(|run| (run.starts_at - DateTime::UNIX_EPOCH).num_hours())
            .collect()
    };
    assert_eq!(
        [0, 5, 10, 25, 50].map(starts),
        [
            vec![0, 20, 40],
            vec![0, 20, 40],
            vec![20, 40],
            vec![20, 40],
            vec![40]
        ]
    );
}
