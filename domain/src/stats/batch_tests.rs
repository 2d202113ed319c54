//! Taking reports in, as a law: whatever the order and the batches, a title's totals end alike.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const USER: UserId = UserId(Uuid::nil());
const TITLE: ProductId = ProductId(Uuid::nil());

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("a time")
}

/// Reports of a few sessions, open ones and such as have ended, none of which together lasts for a day.
fn reports() -> impl Strategy<Value = Vec<Entry>> {
    let report = (
        0..4_u8,
        0..10_000_i64,
        0..7_000_i64,
        prop::option::of(0..7_000_i64),
    );
    let entry = report.prop_map(|(key, start, seconds, pause)| Entry {
        index: 0,
        external_id: key.to_string(),
        session: ReadingSession {
            user: USER,
            product: TITLE,
            started_at: time(start),
            ended_at: pause.map(|pause| time(start + seconds + pause)),
            seconds,
            percent_read: 1.0,
            device: None,
        },
    });
    prop::collection::vec(entry, 1..20)
}

/// The totals as the database keeps them.
fn totals(batches: &[&[Entry]]) -> TitleGain {
    let mut stored = HashMap::<String, Stored>::new();
    let mut totals: Option<TitleGain> = None;
    for entries in batches {
        let known = Known {
            users: HashSet::from([USER]),
            products: HashSet::from([TITLE]),
            sessions: stored.clone(),
        };
        let mut batch = ReportBatch::new(known, time(30_000));
        for entry in *entries {
            batch.take(entry).expect("a report that is believed");
        }
        let changes = batch.changes();
        for change in &changes {
            let session = Stored {
                id: ReadingSessionId(Uuid::nil()),
                session: change.after.clone(),
                reported_at: time(30_000),
            };
            stored.insert(change.external_id.to_owned(), session);
        }
        for gain in title_gains(&changes).into_values() {
            totals = Some(totals.map_or(gain, |known| TitleGain {
                sessions: known.sessions + gain.sessions,
                seconds: known.seconds + gain.seconds,
                percent_read: known.percent_read.max(gain.percent_read),
                first_read_at: known.first_read_at.min(gain.first_read_at),
                last_read_at: known.last_read_at.max(gain.last_read_at),
            }));
        }
    }
    totals.expect("at least one report")
}

proptest! {
    #[test]
    fn a_titles_totals_do_not_depend_on_the_order_of_its_reports(
        (reports, shuffled, size) in reports().prop_flat_map(|reports| {
            let twice: Vec<_> = reports.iter().chain(&reports).cloned().collect();
            (Just(reports), Just(twice).prop_shuffle(), 1_usize..8)
        })
    ) {
        let at_once = totals(&[&reports]);
        prop_assert_eq!(totals(&reports.chunks(size).collect::<Vec<_>>()), at_once);
        prop_assert_eq!(totals(&shuffled.chunks(1).collect::<Vec<_>>()), at_once);
        let told = reports.iter().map(|report| {
            let read = report.session.started_at + TimeDelta::seconds(report.session.seconds);
            report.session.ended_at.map_or(read, |end| end.max(read))
        });
        prop_assert_eq!(Some(at_once.last_read_at), told.max());
    }
}
