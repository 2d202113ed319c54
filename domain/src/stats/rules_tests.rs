//! Reading time, as tables of cases and as a law.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const HOUR: i64 = 3600;

fn span((from, until): (i64, i64)) -> TimeSpan {
    TimeSpan { from, until }
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a time")
}

fn session(start: i64, end: Option<i64>, seconds: i64, percent_read: f64) -> ReadingSession {
    ReadingSession {
        user: UserId(Uuid::nil()),
        product: ProductId(Uuid::nil()),
        started_at: time(start),
        ended_at: end.map(time),
        seconds,
        percent_read,
        device: None,
    }
}

#[test]
fn shared_time_counts_once() {
    for (spans, total) in [
        (vec![], 0),
        (vec![(0, 0)], 0),
        (vec![(0, 10)], 10),
        (vec![(0, 10), (20, 30)], 20),
        (vec![(0, 10), (10, 30)], 30),
        (vec![(0, 10), (5, 15)], 15),
        (vec![(0, 100), (20, 30), (40, 50)], 100),
        (vec![(20, 30), (0, 25), (0, 25)], 30),
        (vec![(-10, 5), (3, 4), (5, 5)], 15),
    ] {
        assert_eq!(covered(spans.iter().copied().map(span)), total, "{spans:?}");
    }
}

#[test]
fn only_the_neighbourhood_is_looked_at() {
    let day = 24 * HOUR;
    for (spans, windows) in [
        (vec![], vec![]),
        (vec![(5, 5)], vec![]),
        (vec![(day, day + 60)], vec![(0, day + 60)]),
        (
            vec![(day, day + 60), (day + HOUR, day + HOUR + 5)],
            vec![(0, day + HOUR + 5)],
        ),
        (
            vec![(9 * day, 9 * day + 1), (day, day + 60)],
            vec![(0, day + 60), (8 * day, 9 * day + 1)],
        ),
    ] {
        let found = neighbourhoods(spans.iter().copied().map(span));
        assert_eq!(
            found,
            windows.into_iter().map(span).collect::<Vec<_>>(),
            "{spans:?}"
        );
    }
}

#[test]
fn a_change_counts_only_what_nothing_else_covers() {
    for (neighbours, before, after, by) in [
        (vec![], None, (0, 10), 10),
        (vec![(0, 10)], None, (0, 10), 0),
        (vec![(5, 10)], None, (0, 10), 5),
        (vec![], Some((0, 10)), (0, 25), 15),
        (vec![(10, 20)], Some((0, 10)), (0, 25), 5),
        // It began earlier than was known, where somebody else has read already.
        (vec![(0, 10)], Some((10, 20)), (0, 10), -10),
    ] {
        let neighbours: Vec<TimeSpan> = neighbours.into_iter().map(span).collect();
        let before: Vec<TimeSpan> = before.into_iter().map(span).collect();
        assert_eq!(
            growth(&neighbours, &before, &[span(after)]),
            by,
            "{neighbours:?} {before:?} {after:?}"
        );
    }
}

#[test]
fn a_session_never_runs_backwards() {
    let known = session(100, Some(400), 200, 40.0);
    for (report, result) in [
        (session(100, Some(500), 300, 50.0), (100, Some(500), 300, 50.0)),
        (session(100, None, 50, 10.0), (100, Some(400), 200, 40.0)),
        (session(50, Some(300), 250, 39.0), (50, Some(400), 250, 40.0)),
        (session(200, Some(300), 10, 90.0), (100, Some(400), 200, 90.0)),
        // More was read than fits before the end that was told.
        (session(100, None, 350, 40.0), (100, Some(450), 350, 40.0)),
    ] {
        let (start, end, seconds, percent) = result;
        assert_eq!(known.after(&report), session(start, end, seconds, percent));
        assert_eq!(report.after(&known), session(start, end, seconds, percent));
    }
}

#[test]
fn the_last_reader_of_two_hours_is_still_reading() {
    let now = time(100 * HOUR);
    for (last, active) in [
        (None, false),
        (Some(now), true),
        (Some(now + TimeDelta::minutes(5)), true),
        (Some(now - TimeDelta::hours(2)), true),
        (Some(now - TimeDelta::hours(2) - TimeDelta::seconds(1)), false),
    ] {
        assert_eq!(is_active(last, now), active, "{last:?}");
    }
    assert_eq!(session(10, None, 5, 0.0).last_read_at(), time(15));
    assert_eq!(session(10, Some(90), 5, 0.0).last_read_at(), time(90));
    // A device counts the second that has begun.
    assert_eq!(session(10, Some(14), 5, 0.0).last_read_at(), time(15));
}

#[test]
fn what_an_open_session_has_grown_by_was_read_since_it_was_told_of() {
    let (before, told_at) = (session(0, None, 3000, 10.0), time(HOUR));
    for (name, after, now, was_read_just_now) in [
        (
            "after a break of three hours",
            session(0, None, 3600, 10.0),
            5 * HOUR,
            true,
        ),
        (
            "all the time",
            session(0, None, 3000 + HOUR, 10.0),
            2 * HOUR,
            true,
        ),
        (
            "more than there was time for: told late",
            session(0, None, 3001 + HOUR, 10.0),
            2 * HOUR,
            false,
        ),
        ("at the same moment", session(0, None, 3600, 10.0), HOUR, false),
        ("nothing more", session(0, None, 3000, 90.0), 5 * HOUR, false),
        (
            "it has ended",
            session(0, Some(HOUR), 3600, 10.0),
            5 * HOUR,
            false,
        ),
        ("in a day", session(0, None, 3600, 10.0), 24 * HOUR, true),
        (
            "no session is longer",
            session(0, None, 3600, 10.0),
            24 * HOUR + 1,
            false,
        ),
    ] {
        assert_eq!(
            after.was_read_just_now(&before, told_at, time(now)),
            was_read_just_now,
            "{name}"
        );
    }
}

/// Which session a report is of, and what it says.
fn reports() -> impl Strategy<Value = Vec<(u8, ReadingSession)>> {
    let start = prop_oneof![0..3 * HOUR, 0..90 * HOUR];
    let seconds = prop_oneof![Just(0), 0..HOUR, 0..=24 * HOUR];
    let report = (0_u8..6, start, seconds, 0.0..100.0)
        .prop_map(|(key, start, seconds, percent)| (key, session(start, None, seconds, percent)));
    prop::collection::vec(report, 0..30)
}

/// The book as the database keeps it: a batch sees only its neighbourhood.
#[derive(Default)]
struct Book {
    sessions: BTreeMap<u8, ReadingSession>,
    total: i64,
}

impl Book {
    fn record(&mut self, batch: &[(u8, ReadingSession)]) {
        let mut changed = BTreeMap::<u8, ReadingSession>::new();
        for (key, report) in batch {
            let known = changed.get(key).or_else(|| self.sessions.get(key));
            let next = known.map_or_else(|| report.clone(), |known| known.after(report));
            changed.insert(*key, next);
        }
        let before: Vec<TimeSpan> = changed
            .keys()
            .filter_map(|key| self.sessions.get(key))
            .map(ReadingSession::span)
            .collect();
        let after: Vec<TimeSpan> = changed.values().map(ReadingSession::span).collect();
        let windows = neighbourhoods(before.iter().chain(&after).copied());
        let neighbours: Vec<TimeSpan> = self
            .sessions
            .iter()
            .filter(|(key, _)| !changed.contains_key(key))
            .map(|(_, session)| session.span())
            .filter(|span| windows.iter().any(|w| w.from <= span.from && span.from < w.until))
            .collect();
        self.total += growth(&neighbours, &before, &after);
        self.sessions.extend(changed);
    }
}

proptest! {
    #[test]
    fn the_total_is_the_union_whatever_the_order_and_however_often(
        (reports, shuffled, size) in reports().prop_flat_map(|reports| {
            let twice: Vec<_> = reports.iter().chain(&reports).cloned().collect();
            (Just(reports), Just(twice).prop_shuffle(), 1_usize..8)
        })
    ) {
        let mut book = Book::default();
        for batch in reports.chunks(size) {
            book.record(batch);
            prop_assert_eq!(book.total, covered(book.sessions.values().map(ReadingSession::span)));
        }
        let mut other = Book::default();
        for report in &shuffled {
            other.record(std::slice::from_ref(report));
        }
        prop_assert_eq!(&other.sessions, &book.sessions);
        prop_assert_eq!(other.total, book.total);
    }
}
