//! The contract's scalars.

use std::borrow::Cow;

use async_graphql::{
    InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value, registry::Registry,
};
use chrono::{NaiveDate, Utc};
use domain::{Refusal, input};

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
        let time = Written::read(value)
            .map_err(InputValueError::propagate)?
            .time("at");
        time.map(Self)
            .map_err(|_| InputValueError::custom("not a time such as 2026-11-20T09:30:00.000Z"))
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_) | Value::Number(_))
    }

    fn to_value(&self) -> Value {
        Value::String(domain::clock::written(self.0))
    }
}

/// A `DateTime` as a client has written it. Whether it is one, the use case says, with the field's name and in the
/// viewer's language.
#[derive(Clone, Debug)]
pub struct Written(String);

impl Written {
    fn read(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(InputValueError::custom(format!("{other} is no time"))),
        }
    }

    pub fn time(&self, field: &'static str) -> Result<chrono::DateTime<Utc>, Refusal> {
        input::time(field, &self.0)
    }

    /// The time, if one is given.
    pub fn optional(
        this: Option<&Self>,
        field: &'static str,
    ) -> Result<Option<chrono::DateTime<Utc>>, Refusal> {
        this.map(|written| written.time(field)).transpose()
    }

    /// When something ends. None: it does not.
    pub fn end(this: Option<&Self>, field: &'static str) -> Result<Option<chrono::DateTime<Utc>>, Refusal> {
        input::end(field, this.map(|written| written.0.as_str()))
    }
}

/// The same type in the schema as the `DateTime` of answers.
impl InputType for Written {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <DateTime as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <DateTime as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        Self::read(value.unwrap_or_default()).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// An `Int` of any size. What it may be, the use case says, with the field's name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whole(pub i64);

impl InputType for Whole {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <i64 as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <i32 as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let number = <i64 as InputType>::parse(value).map_err(InputValueError::propagate)?;
        Ok(Self(number))
    }

    fn to_value(&self) -> Value {
        self.0.into()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl From<i32> for Whole {
    fn from(number: i32) -> Self {
        Self(number.into())
    }
}

impl From<Whole> for i64 {
    fn from(number: Whole) -> Self {
        number.0
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
            Value::String(text) => Ok(Self(text.trim().to_owned())),
            Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_) | Value::Number(_))
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

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}
