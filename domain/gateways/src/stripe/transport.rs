//! async-stripe's requests over our own pool.
//!
//! async-stripe's stock client opens a connection for each request, has no limit for connecting, hides
//! `Retry-After`, and reports a refused connection like a cut one. Its trait for clients is made for this.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use stripe_client_core::{CustomizedStripeRequest, StripeClient, StripeClientErr, StripeMethod, VERSION};
use tokio_util::bytes::Bytes;
use url::Url;

use super::errors;
use crate::http::{self, Answer, Undelivered};
use domain::adapters::gateways::{OrderError, Unanswered, Unsendable};

pub(super) struct StripeTransport {
    http: reqwest::Client,
    base: String,
    authorization: HeaderValue,
}

impl StripeTransport {
    pub fn new(http: reqwest::Client, base: &Url, secret: &SecretString) -> Result<Self, Unsendable> {
        Ok(Self {
            http,
            base: http::base_of(base),
            authorization: http::bearer(secret)?,
        })
    }
}

/// A call that brought nothing. What that means depends on whether it was an order or a question.
#[derive(Debug)]
pub(super) enum Failure {
    Undelivered(Undelivered),
    Answered(Answer),
    /// A success that cannot be read: something was done, and nobody knows what.
    Unreadable(String),
}

impl StripeClientErr for Failure {
    fn deserialize_err(message: impl std::fmt::Display) -> Self {
        Self::Unreadable(format!("an answer that cannot be read: {message}"))
    }
}

impl From<Failure> for OrderError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Undelivered(undelivered) => undelivered.into(),
            Failure::Answered(answer) => errors::of_an_order(&answer),
            Failure::Unreadable(detail) => Self::Unknown { detail },
        }
    }
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Undelivered(undelivered) => undelivered.into(),
            Failure::Answered(answer) => errors::of_a_question(&answer),
            Failure::Unreadable(detail) => Self::Unknown { detail },
        }
    }
}

impl StripeClient for StripeTransport {
    type Err = Failure;

    /// Sends once: the strategy gives the key and nothing else, as async-stripe's retries carry random keys or none.
    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, Failure> {
        let (request, options) = request.into_pieces();
        let mut url = format!("{}/v1{}", self.base, request.path);
        if let Some(query) = &request.query {
            url = format!("{url}?{query}");
        }
        let method = match request.method {
            StripeMethod::Get => reqwest::Method::GET,
            StripeMethod::Post => reqwest::Method::POST,
            StripeMethod::Delete => reqwest::Method::DELETE,
        };
        let mut http = self
            .http
            .request(method, url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header("stripe-version", VERSION.as_str());
        if let Some(key) = options.request_strategy.and_then(|it| it.get_key()) {
            http = http.header("idempotency-key", key.as_str());
        }
        if let Some(body) = request.body {
            http = http
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body);
        }
        let answer = http::send(http).await.map_err(Failure::Undelivered)?;
        if (200..300).contains(&answer.status) {
            Ok(answer.body)
        } else {
            Err(Failure::Answered(answer))
        }
    }
}
