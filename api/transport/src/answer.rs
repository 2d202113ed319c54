//! What a client gets to read: a GraphQL response, with or without `data`, and the HTTP status that
//! belongs to it.

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response as HttpResponse,
};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeStruct},
};

use super::{
    limits::{Limits, cost::Cost},
    negotiation::Media,
    refusal::{Refusal, codes},
};

/// A response that may leave the house: every error has a code and none shows internals.
#[derive(Debug)]
pub(super) struct Answer {
    pub response: Response,
    /// Whether it came to execution. Only then does the answer have an entry `data`, which may be null.
    pub executed: bool,
    /// See [`Refusal::status`].
    pub status: Option<StatusCode>,
    pub cost: Option<CostReport>,
}

/// What the document was measured at, for clients that want to stay within the limits.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CostReport {
    pub fields: u32,
    pub depth: u32,
    pub max_fields: u32,
    pub max_depth: u32,
    /// As the schema weighs lists, if it was asked to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Value>,
}

impl CostReport {
    pub fn new(cost: &Cost, limits: &Limits) -> Self {
        Self {
            fields: cost.fields,
            depth: cost.depth,
            max_fields: limits.fields,
            max_depth: limits.depth,
            complexity: None,
        }
    }
}

impl Answer {
    pub fn refused(refusal: &Refusal) -> Self {
        let mut error = ServerError::new(refusal.message.clone(), None);
        error.locations.clone_from(&refusal.locations);
        set_code(&mut error, refusal.code);
        Self {
            response: Response::from_errors(vec![error]),
            executed: false,
            status: refusal.status,
            cost: None,
        }
    }

    /// The credential of an open stream has ended.
    pub fn credential_ended() -> Self {
        Self::refused(&Refusal::document(
            codes::UNAUTHENTICATED,
            "The credential has expired or was revoked.",
        ))
    }

    fn status(&self, media: Media) -> StatusCode {
        match (self.status, self.executed, media) {
            (Some(status), ..) => status,
            (None, true, _) | (None, false, Media::LegacyJson) => StatusCode::OK,
            (None, false, Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
        }
    }

    pub fn into_http(mut self, media: Media) -> HttpResponse {
        let headers = std::mem::take(&mut self.response.http_headers);
        let mut response = HttpResponse::new(Body::from(self.to_json()));
        *response.status_mut() = self.status(media);
        response.headers_mut().extend(headers);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(media.content_type()),
        );
        response
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| {
            tracing::error!(%error, "an answer cannot be written as JSON");
            format!(
                r#"{{"errors":[{{"message":"Internal error.","extensions":{{"code":"{}"}}}}]}}"#,
                codes::INTERNAL_SERVER_ERROR
            )
        })
    }
}

pub(super) fn set_code(error: &mut ServerError, code: &str) {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set("code", code);
}

/// A refusal over HTTP, with the headers that belong to its status.
pub(super) fn refuse(refusal: &Refusal, media: Media) -> HttpResponse {
    let mut response = Answer::refused(refusal).into_http(media);
    let headers = response.headers_mut();
    if let Some(allow) = refusal.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    if let Some(seconds) = refusal.retry_after_secs {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refusal.status == Some(StatusCode::UNAUTHORIZED) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_struct("Response", 3)?;
        if !self.response.errors.is_empty() {
            answer.serialize_field("errors", &self.response.errors)?;
        }
        if self.executed {
            answer.serialize_field("data", &self.response.data)?;
        }
        if self.cost.is_some() || !self.response.extensions.is_empty() {
            answer.serialize_field("extensions", &Extensions(self))?;
        }
        answer.end()
    }
}

struct Extensions<'a>(&'a Answer);

impl Serialize for Extensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.0.response.extensions {
            map.serialize_entry(name, value)?;
        }
        if let Some(cost) = &self.0.cost {
            map.serialize_entry("cost", cost)?;
        }
        map.end()
    }
}
