//! The four parameters of a GraphQL request, from a JSON body, a URL or a WebSocket's message, with
//! a plain word about the one that is wrong.

use std::borrow::Cow;

use async_graphql::{Extensions, Number, Value, Variables};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    limits::{Limits, nesting::json_depth},
    refusal::{Refusal, codes},
};

#[derive(Debug, Default)]
pub(super) struct Params {
    pub query: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Variables,
    pub extensions: Extensions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

/// In a URL.
const NAMES: [&str; 4] = ["query", "operationName", "variables", "extensions"];

impl Params {
    pub fn from_json(body: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(body).map_err(|_| Refusal::malformed("The body is not UTF-8."))?;
        match text.trim_ascii_start().bytes().next() {
            None => return Err(Refusal::malformed("The body is empty.")),
            Some(b'[') => {
                return Err(Refusal::malformed(
                    "Batches are not supported: send each operation in its own request.",
                ));
            }
            Some(_) => {}
        }
        let body: Body<'_> = serde_json::from_str(text).map_err(|error| {
            Refusal::malformed(format!(
                "The body is not the JSON object of a GraphQL request: {error}."
            ))
        })?;
        let params = Self {
            query: body.query.map(|raw| string("query", raw.get())).transpose()?,
            operation_name: body
                .operation_name
                .map(|raw| string("operationName", raw.get()))
                .transpose()?,
            variables: variables(body.variables.map(RawValue::get), limits)?,
            extensions: object("extensions", body.extensions.map(RawValue::get), limits)?,
        };
        Ok(params.without_empty())
    }

    /// The query string of a GET; `variables` and `extensions` are JSON in it.
    pub fn from_query_string(query: &str, limits: &Limits) -> Result<Self, Refusal> {
        let mut found: [Option<String>; 4] = Default::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let Some(index) = NAMES.iter().position(|known| *known == name) else {
                continue;
            };
            if found[index].replace(value.into_owned()).is_some() {
                return Err(Refusal::malformed(format!(
                    "The parameter \"{name}\" is given twice."
                )));
            }
        }
        let [query, operation_name, variables, extensions] =
            found.map(|value| value.filter(|text| !text.is_empty()));
        Ok(Self {
            query,
            operation_name,
            variables: self::variables(variables.as_deref(), limits)?,
            extensions: object("extensions", extensions.as_deref(), limits)?,
        })
    }

    /// Clients send an empty string for "none", in URLs anyway.
    fn without_empty(mut self) -> Self {
        self.query = self.query.filter(|text| !text.is_empty());
        self.operation_name = self.operation_name.filter(|text| !text.is_empty());
        self
    }
}

fn string(name: &str, json: &str) -> Result<String, Refusal> {
    serde_json::from_str(&without_halves(json))
        .map_err(|_| Refusal::malformed(format!("The parameter \"{name}\" must be a string.")))
}

/// With numbers as JSON means them: 1.0 and 1e3 are whole. GraphQL tells `Int` from `Float` by how a document writes
/// them; in JSON they are one type, and what is written depends on the client's language.
fn variables(json: Option<&str>, limits: &Limits) -> Result<Variables, Refusal> {
    let mut variables: Variables = object("variables", json, limits)?;
    variables.values_mut().for_each(make_whole);
    Ok(variables)
}

fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(whole) = number.as_f64().and_then(whole) {
                *number = Number::from(whole);
            }
        }
        Value::List(items) => items.iter_mut().for_each(make_whole),
        Value::Object(fields) => fields.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// Where a float is still exact.
#[expect(clippy::cast_possible_truncation, reason = "it is whole, and within 53 bits")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

/// Half of a character outside of the first plane is none, though JavaScript keeps it in a string that was cut in the
/// middle of one: it becomes U+FFFD, as browsers write it.
fn without_halves(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut halves, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        at += match (bytes[at], unit(at)) {
            (b'\\', Some(0xd800..0xdc00)) if matches!(unit(at + 6), Some(0xdc00..0xe000)) => 12,
            (b'\\', Some(0xd800..0xe000)) => {
                halves.push(at);
                6
            }
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    if halves.is_empty() {
        return Cow::Borrowed(json);
    }
    let mut mended = json.to_owned();
    for at in halves {
        mended.replace_range(at..at + 6, "\\ufffd");
    }
    Cow::Owned(mended)
}

fn object<T: DeserializeOwned + Default>(
    name: &str,
    json: Option<&str>,
    limits: &Limits,
) -> Result<T, Refusal> {
    let Some(json) = json.map(str::trim_ascii).filter(|json| *json != "null") else {
        return Ok(T::default());
    };
    if json_depth(json) > limits.variables_depth {
        let message = format!(
            "The parameter \"{name}\" nests more than {} levels.",
            limits.variables_depth
        );
        return Err(Refusal::document(codes::QUERY_TOO_DEEP, message));
    }
    let wrong = || Refusal::malformed(format!("The parameter \"{name}\" must be a JSON object."));
    if !json.starts_with('{') {
        return Err(wrong());
    }
    serde_json::from_str(&without_halves(json)).map_err(|error| {
        Refusal::malformed(format!(
            "The parameter \"{name}\" is not JSON that can be read: {error}."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<String, String> {
        let body = format!(r#"{{"query":"{{ a }}","variables":{json}}}"#);
        let params = Params::from_json(body.as_bytes(), &Limits::default());
        let read = params.map(|params| serde_json::to_string(&params.variables).expect("JSON"));
        read.map_err(|refusal| format!("{refusal:?}"))
    }

    #[test]
    fn numbers_are_what_they_are_and_halves_of_characters_are_none() {
        for (sent, taken) in [
            (
                r#"{"a":1.0,"b":[1e3,-0.0],"c":{"d":2.5}}"#,
                r#"{"a":1,"b":[1000,0],"c":{"d":2.5}}"#,
            ),
            (
                r#"{"a":9007199254740993,"b":1e300}"#,
                r#"{"a":9007199254740993,"b":1e+300}"#,
            ),
            (r#"{"a":"\ud83e\udd8a"}"#, "{\"a\":\"🦊\"}"),
            (r#"{"a":"Ana \ud83e"}"#, "{\"a\":\"Ana \u{fffd}\"}"),
            (
                r#"{"a":"\udd8a\ud83e\ud83e\udd8a"}"#,
                "{\"a\":\"\u{fffd}\u{fffd}🦊\"}",
            ),
            (r#"{"a":"\\ud83e"}"#, r#"{"a":"\\ud83e"}"#),
        ] {
            assert_eq!(read(sent).as_deref(), Ok(taken), "{sent}");
        }
        let refused = read(r#"{"a":1e400}"#).expect_err("no number");
        assert!(
            refused.contains("variables") && refused.contains("out of range"),
            "{refused}"
        );
    }
}
