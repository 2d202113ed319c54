//! The messages of `graphql-transport-ws`, read strictly and written by hand.

use std::borrow::Cow;

use axum::extract::ws::Message;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Close;
use crate::{answer::Answer, limits::Limits, params::Params, refusal::Refusal};

#[derive(Debug)]
pub(super) enum ClientMessage {
    ConnectionInit {
        /// From the payload; what is not a string there counts as a credential that is wrong.
        credential: Option<String>,
    },
    /// With the payload that goes back in the pong.
    Ping(Option<Box<RawValue>>),
    Pong,
    Subscribe {
        id: String,
        params: Result<Params, Refusal>,
    },
    Complete {
        id: String,
    },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(rename = "Authorization")]
    upper: Option<String>,
    #[serde(rename = "authorization")]
    lower: Option<String>,
    #[serde(rename = "accessToken")]
    token: Option<String>,
}

const NOT_JSON: Close = Close::InvalidMessage("Invalid message received");

impl ClientMessage {
    pub fn read(text: &str, limits: &Limits) -> Result<Self, Close> {
        let Envelope { kind, id, payload } = serde_json::from_str(text).map_err(|_| NOT_JSON)?;
        match &*kind {
            "connection_init" => Ok(Self::ConnectionInit {
                credential: credential(payload)?,
            }),
            "ping" => Ok(Self::Ping(object(payload)?.map(ToOwned::to_owned))),
            "pong" => object(payload).map(|_| Self::Pong),
            "subscribe" => {
                let payload = object(payload)?.ok_or(Close::InvalidMessage("Subscribe has no payload"))?;
                let params = Params::from_json(payload.get().as_bytes(), limits);
                if params.as_ref().is_err_and(Refusal::is_malformed) {
                    return Err(Close::InvalidMessage("Subscribe has an invalid payload"));
                }
                Ok(Self::Subscribe {
                    id: required(id)?,
                    params,
                })
            }
            "complete" => Ok(Self::Complete { id: required(id)? }),
            _ => Err(Close::InvalidMessage("Unknown type of message")),
        }
    }
}

fn required(id: Option<Cow<'_, str>>) -> Result<String, Close> {
    id.filter(|id| !id.is_empty())
        .map(Cow::into_owned)
        .ok_or(Close::InvalidMessage("Message has no id"))
}

fn object(payload: Option<&RawValue>) -> Result<Option<&RawValue>, Close> {
    let is_object = payload.is_none_or(|payload| payload.get().starts_with('{'));
    if is_object {
        Ok(payload)
    } else {
        Err(Close::InvalidMessage("Payload is not an object"))
    }
}

fn credential(payload: Option<&RawValue>) -> Result<Option<String>, Close> {
    let Some(payload) = object(payload)? else {
        return Ok(None);
    };
    let given: Credentials = serde_json::from_str(payload.get())
        .map_err(|_| Close::InvalidMessage("The credential in the payload is not a string"))?;
    let text = given.upper.or(given.lower).or(given.token);
    Ok(text.map(|text| {
        let text = text.trim();
        let bare = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        bare.map_or(text, |(_, token)| token.trim_start()).to_owned()
    }))
}

#[derive(Serialize)]
struct Reply<'a, P> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<P>,
}

fn reply<P: Serialize>(kind: &'static str, id: Option<&str>, payload: Option<P>) -> Message {
    let text = serde_json::to_string(&Reply { id, kind, payload }).unwrap_or_else(|error| {
        tracing::error!(%error, kind, "a message cannot be written as JSON");
        r#"{"type":"ping"}"#.to_owned()
    });
    Message::Text(text.into())
}

pub(super) fn ack() -> Message {
    reply::<()>("connection_ack", None, None)
}

pub(super) fn ping() -> Message {
    reply::<()>("ping", None, None)
}

pub(super) fn pong(payload: Option<&RawValue>) -> Message {
    reply("pong", None, payload)
}

pub(super) fn next(id: &str, answer: &Answer) -> Message {
    reply("next", Some(id), Some(answer))
}

/// The operation was not executed, or did not come to an end.
pub(super) fn error(id: &str, answer: &Answer) -> Message {
    reply("error", Some(id), Some(&answer.response.errors))
}

pub(super) fn complete(id: &str) -> Message {
    reply::<()>("complete", Some(id), None)
}

#[cfg(test)]
mod tests {
    use super::{ClientMessage, Limits};

    #[test]
    fn the_credential_may_have_three_names_and_a_scheme() {
        let cases = [
            (r#"{"type":"connection_init"}"#, None),
            (r#"{"type":"connection_init","payload":{}}"#, None),
            (
                r#"{"type":"connection_init","payload":{"Authorization":"Bearer x"}}"#,
                Some("x"),
            ),
            (
                r#"{"type":"connection_init","payload":{"authorization":"x"}}"#,
                Some("x"),
            ),
            (
                r#"{"type":"connection_init","payload":{"accessToken":"bearer  x"}}"#,
                Some("x"),
            ),
            (
                r#"{"type":"connection_init","payload":{"accessToken":""}}"#,
                Some(""),
            ),
        ];
        for (text, expected) in cases {
            match ClientMessage::read(text, &Limits::default()) {
                Ok(ClientMessage::ConnectionInit { credential }) => {
                    assert_eq!(credential.as_deref(), expected, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
