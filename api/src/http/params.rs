//! The four parameters of a GraphQL request, from a JSON body, a URL or a WebSocket's message, with
//! a plain word about the one that is wrong.

use async_graphql::{Extensions, Variables};
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
            variables: object("variables", body.variables.map(RawValue::get), limits)?,
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
            variables: object("variables", variables.as_deref(), limits)?,
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
    serde_json::from_str(json)
        .map_err(|_| Refusal::malformed(format!("The parameter \"{name}\" must be a string.")))
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
    serde_json::from_str(json).map_err(|_| wrong())
}
