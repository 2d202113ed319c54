//! The contract's scalars.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, NaiveDate, Timelike, Utc};

/// A stored number in the 32 bits that GraphQL has for one (GraphQL specification, section 3.5.1).
pub fn int(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A point in time: RFC 3339 in UTC with three digits of fraction, e.g. `2026-11-20T09:30:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// A point in time: RFC 3339 in UTC with three digits of fraction, e.g. `2026-11-20T09:30:00.000Z`.
#[Scalar(
    name = "DateTime",
    specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let time = chrono::DateTime::parse_from_rfc3339(text)
            .ok()
            // A leap second: nobody's clock has it, and JavaScript cannot read it.
            .filter(|time| time.nanosecond() < 1_000_000_000)
            .ok_or_else(|| {
                InputValueError::custom("not an RFC 3339 time such as 2026-11-20T09:30:00.000Z")
            })?;
        let time = time.to_utc();
        // Beyond, a time has no form that sorts as it should, and nothing could be reckoned from it.
        if !(1..=9990).contains(&time.year()) {
            return Err(InputValueError::custom("not a time between the years 1 and 9990"));
        }
        Ok(Self(time))
    }

    fn to_value(&self) -> Value {
        Value::String(domain::clock::written(self.0))
    }
}

impl From<chrono::DateTime<Utc>> for DateTime {
    fn from(time: chrono::DateTime<Utc>) -> Self {
        Self(time)
    }
}

/// A calendar day in the team's time zone, e.g. `2026-11-20`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub NaiveDate);

/// A calendar day in the team's time zone, e.g. `2026-11-20`.
#[Scalar(name = "Date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        text.parse()
            .map(Self)
            .map_err(|_| InputValueError::custom("not a day such as 2026-11-20"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An exact decimal number, as a string: `"12.50"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(pub String);

/// An exact decimal number, as a string: `"12.50"`.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            // Whether it fits the currency is for the use case to say, with the field and in the viewer's language.
            Value::String(text) if text.len() <= 64 => Ok(Self(text.trim().to_owned())),
            Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// An absolute URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub String);

/// An absolute URL.
#[Scalar(name = "URL", specified_by_url = "https://url.spec.whatwg.org/")]
impl ScalarType for Url {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_taken_only_if_everybody_can_read_it_back() {
        let read = |text: &str| {
            DateTime::parse(Value::from(text))
                .ok()
                .map(|time| time.to_value())
        };
        for (text, shown) in [
            ("2026-11-20T09:30:59Z", Some("2026-11-20T09:30:59.000Z")),
            ("2026-11-20T09:30:59.999+02:00", Some("2026-11-20T07:30:59.999Z")),
            ("2026-11-20T10:07:60Z", None),
            ("2016-12-31T23:59:60.500Z", None),
            ("2026-11-20T09:30:61Z", None),
            ("2026-11-20", None),
            ("9991-01-01T00:00:00Z", None),
        ] {
            assert_eq!(read(text), shown.map(Value::from), "{text}");
        }
    }
}
