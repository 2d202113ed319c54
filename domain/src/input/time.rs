//! Times as programs write them: RFC 3339, and what the usual libraries make of ISO 8601.

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use crate::{error::Refusal, message::Message};

/// From this year on an end means that there is none: programs say "never" with their last time. With the year that
/// grace may last, every time that is stored has four digits for its year, on both databases and in JavaScript.
const NEVER: i64 = 9999;

/// A time, to the microsecond: what both databases keep.
pub fn time(field: &'static str, text: &str) -> Result<DateTime<Utc>, Refusal> {
    match read(text) {
        Some(Read::At(time)) => Ok(time),
        Some(Read::Before | Read::Never) => Err(refused(field, "invalid-time-range")),
        None => Err(refused(field, "invalid-time")),
    }
}

/// When something ends. None: it does not, which is also what the year 9999 says.
pub fn end(field: &'static str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    match read(text) {
        Some(Read::Never) => Ok(None),
        _ => time(field, text).map(Some),
    }
}

fn refused(field: &'static str, sentence: &str) -> Refusal {
    Refusal::invalid(field, Message::key(sentence))
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    At(DateTime<Utc>),
    /// Before the year 1.
    Before,
    Never,
}

fn read(text: &str) -> Option<Read> {
    let text = text.trim().replace('\u{2212}', "-");
    // RFC 9557 puts the zone's name behind the offset, which has said everything.
    let text = text.split_once('[').map_or(text.as_str(), |(time, _)| time);
    let mut left = Left(text);
    let sign = left.one_of("+-");
    let year: i64 = left
        .digits(4, if sign.is_some() { 10 } else { 4 })?
        .parse()
        .ok()?;
    let dash = left.one_of("-").is_some();
    let month = left.two()?;
    let day = if dash == left.one_of("-").is_some() {
        left.two()?
    } else {
        return None;
    };
    let clock = left.clock()?;
    let offset = left.offset()?;
    let in_calendar = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !left.0.is_empty() || !in_calendar {
        return None;
    }
    if sign == Some('-') || year == 0 {
        return Some(Read::Before);
    }
    if year > NEVER {
        return Some(Read::Never);
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let local = match clock {
        TimeOfDay::At(time) => date.and_time(time),
        TimeOfDay::EndOfDay => date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN),
    };
    let time = NaiveDateTime::checked_sub_offset(local, offset)?.and_utc();
    Some(match i64::from(time.year()) {
        ..1 => Read::Before,
        NEVER.. => Read::Never,
        _ => Read::At(time),
    })
}

enum TimeOfDay {
    At(NaiveTime),
    /// 24:00, which is 00:00 of the next day.
    EndOfDay,
}

/// What is left to be read.
struct Left<'a>(&'a str);

impl<'a> Left<'a> {
    fn one_of(&mut self, these: &str) -> Option<char> {
        let c = self.0.chars().next().filter(|c| these.contains(*c))?;
        self.0 = &self.0[c.len_utf8()..];
        Some(c)
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<&'a str> {
        let digits = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, left) = self
            .0
            .split_at_checked(digits)
            .filter(|(digits, _)| digits.len() >= least)?;
        self.0 = left;
        Some(digits)
    }

    fn two(&mut self) -> Option<u32> {
        self.digits(2, 2)?.parse().ok()
    }

    /// Seconds and fractions may be left out: Java does, if they are zero. Beyond microseconds they are cut off.
    fn clock(&mut self) -> Option<TimeOfDay> {
        self.one_of("Tt ")?;
        let hour = self.two()?;
        let colon = self.one_of(":").is_some();
        let minute = self.two()?;
        let has_seconds = if colon {
            self.one_of(":").is_some()
        } else {
            self.0.starts_with(|c: char| c.is_ascii_digit())
        };
        let second = if has_seconds { self.two()? } else { 0 };
        let mut micros = 0;
        if has_seconds && self.one_of(".,").is_some() {
            let digits = self.digits(1, 30)?;
            micros = format!("{digits:0<6.6}").parse().ok()?;
        }
        if (hour, minute, second, micros) == (24, 0, 0, 0) {
            return Some(TimeOfDay::EndOfDay);
        }
        // No second 60: a leap second is on nobody's clock, and JavaScript cannot read it.
        let time = NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?;
        (time.nanosecond() < 1_000_000_000).then_some(TimeOfDay::At(time))
    }

    /// `Z`, `+02:00`, `+0200` or `+02`, perhaps behind a space. Without one nobody knows which moment is meant.
    fn offset(&mut self) -> Option<FixedOffset> {
        self.one_of(" ");
        for zone in ["Z", "z", "UTC", "GMT"] {
            if let Some(left) = self.0.strip_prefix(zone) {
                self.0 = left;
                return FixedOffset::east_opt(0);
            }
        }
        let west = self.one_of("+-")? == '-';
        let hours = self.two()?;
        let minutes = if self.one_of(":").is_some() || !self.0.is_empty() {
            self.two()?
        } else {
            0
        };
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        FixedOffset::east_opt(if west { -seconds } else { seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let time = time("at", text).ok()?;
        Some(time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
    }

    #[test]
    fn times_are_read_as_the_usual_libraries_write_them() {
        for (text, expected) in [
            ("2026-11-20T09:30:00Z", "2026-11-20T09:30:00.000000Z"),
            ("2026-11-20T09:30:00.123Z", "2026-11-20T09:30:00.123000Z"),
            ("2026-11-20t09:30:00,5z", "2026-11-20T09:30:00.500000Z"),
            (
                "2026-11-20T09:30:00.123456789+02:00",
                "2026-11-20T07:30:00.123456Z",
            ),
            ("2026-11-20T09:30:00.0000000Z", "2026-11-20T09:30:00.000000Z"),
            ("2026-11-20T09:30:00+0200", "2026-11-20T07:30:00.000000Z"),
            ("2026-11-20 09:30:00+00", "2026-11-20T09:30:00.000000Z"),
            ("2026-11-20 09:30:00 UTC", "2026-11-20T09:30:00.000000Z"),
            ("2026-11-20 09:30:00 -0300", "2026-11-20T12:30:00.000000Z"),
            ("2026-11-20T09:30:00\u{2212}03:00", "2026-11-20T12:30:00.000000Z"),
            ("2026-11-20T09:30Z", "2026-11-20T09:30:00.000000Z"),
            (
                "2026-11-20T09:30+01:00[Europe/Madrid]",
                "2026-11-20T08:30:00.000000Z",
            ),
            ("20261120T093000Z", "2026-11-20T09:30:00.000000Z"),
            ("+002026-11-20T09:30:00.000Z", "2026-11-20T09:30:00.000000Z"),
            (" 2026-12-31T24:00:00Z\n", "2027-01-01T00:00:00.000000Z"),
            ("2028-02-29T00:00:00-00:00", "2028-02-29T00:00:00.000000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("2038-01-19T03:14:08Z", "2038-01-19T03:14:08.000000Z"),
            ("9998-12-31T23:59:59.999999Z", "9998-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_by_name() {
        for text in [
            "",
            "never",
            "infinity",
            "2026-11-20",
            "2026-11-20T09:30:00",
            "2026-11-20T09:30:60Z",
            "2016-12-31T23:59:60.5Z",
            "2026-11-20T24:00:01Z",
            "2026-11-20T25:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-1-1T00:00:00Z",
            "2026-1120T09:30:00Z",
            "2026-11-20T09:30:00.Z",
            "2026-11-20T09:30:00+24:00",
            "2026-11-20T09:30:00ZZ",
            "2026-W47-5T09:30:00Z",
            "1763631000",
            "20 November 2026",
            "2026-11-20T09:30:00\0Z",
            "２０２６-11-20T09:30:00Z",
            "🕘",
            "2026-11-20T09:30:00+1",
            "-2026-11-20",
            "2026-11-20T0Z",
        ] {
            let refused = time("at", text).expect_err(text);
            assert_eq!(
                refused,
                Refusal::invalid("at", Message::key("invalid-time")),
                "{text}"
            );
        }
        for text in [
            "0000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+02:00",
            "9999-01-01T00:00:00Z",
            "+275760-09-13T00:00:00.000Z",
        ] {
            let refused = time("at", text).expect_err(text);
            assert_eq!(
                refused,
                Refusal::invalid("at", Message::key("invalid-time-range")),
                "{text}"
            );
        }
    }

    #[test]
    fn the_last_times_of_programs_mean_that_there_is_no_end() {
        for never in [
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.9999999Z",
            "9999-01-01T00:00:00+00:00",
            "+10000-01-01T00:00:00Z",
            "+275760-09-13T00:00:00.000Z",
            "+999999999-12-31T23:59:59.999999999Z",
            "9999-12-31T23:59:59-12:00",
        ] {
            assert_eq!(end("endsAt", Some(never)), Ok(None), "{never}");
        }
        assert_eq!(end("endsAt", None), Ok(None));
        assert!(end("endsAt", Some("9998-12-31T23:59:59Z")).is_ok_and(|end| end.is_some()));
        assert!(end("endsAt", Some("9999-12-31")).is_err());
    }
}
