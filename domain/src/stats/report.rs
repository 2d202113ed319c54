//! Believing a reading device: what it reports must be possible.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use entities::{ProductId, UserId};

use super::rules::{LONGEST, ReadingSession};
use crate::{
    error::{Outcome, Refusal, Refusals},
    input,
    message::Message,
};

/// How far ahead of ours a device's clock may be.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// A session as a device reports it, again and again. The same `external_id` is the same session.
#[derive(Clone, Debug)]
pub struct SessionReport {
    pub external_id: String,
    pub user: Result<UserId, Refusal>,
    pub product: Result<ProductId, Refusal>,
    pub started_at: Result<DateTime<Utc>, Refusal>,
    pub ended_at: Result<Option<DateTime<Utc>>, Refusal>,
    pub seconds: i64,
    pub percent_read: f64,
    pub device: Option<String>,
}

/// A report that is possible in itself, with its place in the batch.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub index: usize,
    pub external_id: String,
    pub session: ReadingSession,
}

/// Checks everything that takes no look at what is stored.
pub(super) fn check(index: usize, report: &SessionReport, now: DateTime<Utc>) -> Outcome<Entry> {
    let mut refusals = Refusals::default();
    let (started_at, ended_at) = (report.started_at.clone(), report.ended_at.clone());
    if let (Ok(started_at), Ok(ended_at)) = (&started_at, &ended_at) {
        check_times(*started_at, *ended_at, report.seconds, now, &mut refusals);
    }
    if !(0.0..=100.0).contains(&report.percent_read) {
        let message = Message::key("invalid-range").with("min", 0).with("max", 100);
        refusals.add(Refusal::invalid("percentRead", message));
    }
    let (external_id, user, product, device, started_at, ended_at) = refusals.values((
        input::reference("externalId", &report.external_id, input::LINE),
        report.user.clone(),
        report.product.clone(),
        input::optional_line("device", report.device.as_deref(), input::LINE),
        started_at,
        ended_at,
    ))?;
    let session = ReadingSession {
        user,
        product,
        // What both databases can keep.
        started_at: started_at.trunc_subsecs(6),
        ended_at: ended_at.map(|end| end.trunc_subsecs(6)),
        seconds: report.seconds,
        percent_read: report.percent_read,
        device,
    };
    Ok(Entry {
        index,
        external_id,
        session,
    })
}

fn check_times(
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    seconds: i64,
    now: DateTime<Utc>,
    refusals: &mut Refusals,
) {
    let latest = now + CLOCK_SKEW;
    let mut invalid =
        |field: &'static str, key: &str| refusals.add(Refusal::invalid(field, Message::key(key)));
    if started_at > latest {
        return invalid("startedAt", "invalid-date-future");
    }
    // No device has read before the clocks began, and not every database can tell such a time.
    if started_at < DateTime::UNIX_EPOCH {
        return invalid("startedAt", "invalid-date-too-early");
    }
    if let Some(end) = ended_at {
        if end > latest {
            return invalid("endedAt", "invalid-date-future");
        }
        if end < started_at {
            return invalid("endedAt", "invalid-date-order");
        }
        if end - started_at > LONGEST {
            return invalid("endedAt", "invalid-session-too-long");
        }
    }
    if let Err(refusal) = input::within("seconds", seconds, 0, LONGEST.num_seconds()) {
        return refusals.add(refusal);
    }
    let lasted = ended_at.unwrap_or(latest) - started_at;
    // A device rounds: a second that has begun may be counted.
    if TimeDelta::seconds(seconds) >= lasted + TimeDelta::seconds(1) {
        invalid("seconds", "invalid-seconds-beyond-clock");
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::error::Error;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_750_000_000, 0).expect("a time")
    }

    fn good() -> SessionReport {
        SessionReport {
            external_id: "tablet-1".into(),
            user: Ok(UserId(Uuid::nil())),
            product: Ok(ProductId(Uuid::nil())),
            started_at: Ok(now() - TimeDelta::hours(2)),
            ended_at: Ok(Some(now() - TimeDelta::hours(1))),
            seconds: 3600,
            percent_read: 12.5,
            device: None,
        }
    }

    fn move_start(report: &mut SessionReport, by: TimeDelta) {
        report.started_at = report.started_at.clone().map(|start| start + by);
    }

    fn fields(report: &SessionReport) -> Vec<String> {
        match check(0, report, now()) {
            Ok(_) => Vec::new(),
            Err(Error::Refused(refusals)) => refusals.iter().map(|refusal| refusal.field.join(".")).collect(),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn s0_24_what_cannot_be_is_not_believed() {
        type Change = fn(&mut SessionReport);
        let cases: [(&str, Change, &[&str]); 23] = [
            ("good", |_| {}, &[]),
            ("nothing read", |r| r.seconds = 0, &[]),
            (
                "an instant",
                |r| {
                    r.seconds = 0;
                    r.ended_at = Ok(r.started_at.clone().ok());
                },
                &[],
            ),
            (
                "late by a year",
                |r| {
                    move_start(r, -TimeDelta::days(365));
                    r.ended_at = Ok(None);
                },
                &[],
            ),
            ("still open", |r| r.ended_at = Ok(None), &[]),
            (
                "a clock ahead",
                |r| {
                    r.started_at = Ok(now() + TimeDelta::minutes(4));
                    r.ended_at = Ok(None);
                    r.seconds = 30;
                },
                &[],
            ),
            (
                "a rounded second",
                |r| move_start(r, TimeDelta::milliseconds(900)),
                &[],
            ),
            ("longer than the clock", |r| r.seconds = 3601, &["seconds"]),
            (
                "longer than until now",
                |r| {
                    r.ended_at = Ok(None);
                    r.seconds = 3 * 3600;
                },
                &["seconds"],
            ),
            ("negative", |r| r.seconds = -1, &["seconds"]),
            ("far too long", |r| r.seconds = i64::MAX, &["seconds"]),
            (
                "longer than a day",
                |r| {
                    move_start(r, -TimeDelta::days(1));
                },
                &["endedAt"],
            ),
            ("negative percent", |r| r.percent_read = -0.1, &["percentRead"]),
            ("more than all", |r| r.percent_read = 100.1, &["percentRead"]),
            ("no number", |r| r.percent_read = f64::NAN, &["percentRead"]),
            (
                "tomorrow",
                |r| {
                    r.started_at = Ok(now() + TimeDelta::days(1));
                    r.ended_at = Ok(None);
                },
                &["startedAt"],
            ),
            (
                "ends in the future",
                |r| r.ended_at = Ok(Some(now() + TimeDelta::minutes(6))),
                &["endedAt"],
            ),
            (
                "ends before it starts",
                |r| {
                    let start = r.started_at.clone().ok();
                    r.ended_at = Ok(start.map(|start| start - TimeDelta::seconds(1)));
                },
                &["endedAt"],
            ),
            (
                "before all clocks",
                |r| r.started_at = Ok(DateTime::<Utc>::MIN_UTC),
                &["startedAt"],
            ),
            (
                "no times",
                |r| {
                    r.started_at = input::time("startedAt", "today");
                    r.ended_at = Err(Refusal::invalid("endedAt", Message::key("invalid-time")));
                    r.percent_read = -1.0;
                },
                &["startedAt", "endedAt", "percentRead"],
            ),
            ("no name", |r| r.external_id = " ".into(), &["externalId"]),
            (
                "a long name",
                |r| r.external_id = "x".repeat(201),
                &["externalId"],
            ),
            (
                "several",
                |r| {
                    r.device = Some("x".repeat(201));
                    r.seconds = -1;
                    r.percent_read = f64::INFINITY;
                },
                &["device", "seconds", "percentRead"],
            ),
        ];
        for (name, change, expected) in cases {
            let mut report = good();
            change(&mut report);
            assert_eq!(fields(&report), expected, "{name}");
        }
    }
}
