//! A GraphQL client as a front end has it.

use serde_json::{Value, json};

/// Somebody who calls, with or without a token.
#[derive(Clone, Debug)]
pub struct Client {
    pub url: String,
    pub token: Option<String>,
    pub language: Option<&'static str>,
    http: reqwest::Client,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// A mutation's payload.
#[derive(Clone, Debug)]
pub struct Payload(pub Value);

impl Client {
    pub fn new(url: &str, token: Option<String>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url: url.to_owned(),
            token,
            language: None,
            http: reqwest::Client::new(),
        }
    }

    /// Signs in as a person would.
    pub async fn sign_in(url: &str, email: &str, password: &str) -> Self {
        let anonymous = Self::new(url, None);
        let input = json!({ "email": email, "password": password });
        let payload = anonymous
            .mutate("signIn", "SignInInput", input, "accessToken")
            .await
            .accepted();
        Self {
            token: payload["accessToken"].as_str().map(str::to_owned),
            ..anonymous
        }
    }

    /// The connections underneath.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The same caller, who prefers this language.
    #[must_use]
    pub fn speaking(&self, language: &'static str) -> Self {
        Self {
            language: Some(language),
            ..self.clone()
        }
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.try_ask(query, variables).await.expect("an answer in JSON")
    }

    /// The same, where there may be nobody to answer.
    pub async fn try_ask(&self, query: &str, variables: Value) -> reqwest::Result<Answer> {
        let mut request = self
            .http
            .post(format!("{}/graphql", self.url))
            .header("accept", "application/graphql-response+json")
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(language) = self.language {
            request = request.header("accept-language", language);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok(Answer {
            status,
            body: response.json().await?,
        })
    }

    /// Posts something that is no GraphQL, as a gateway does. The answer's status.
    pub async fn post(&self, path: &str, headers: &[(&'static str, String)], body: &str) -> u16 {
        let url = format!("{}{path}", self.url);
        let mut request = self.http.post(url).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = request.body(body.to_owned()).send().await.expect("an answer");
        answer.status().as_u16()
    }

    /// Calls a mutation that takes one input and selects what is asked for beside `userErrors`.
    pub async fn mutate(&self, field: &str, input_type: &str, input: Value, selection: &str) -> Payload {
        let answer = self.try_mutate(field, input_type, input, selection).await;
        Payload(answer.data()[field].clone())
    }

    /// The same, where the answer may be a top-level error.
    pub async fn try_mutate(&self, field: &str, input_type: &str, input: Value, selection: &str) -> Answer {
        let query = format!(
            "mutation($input: {input_type}!) {{ {field}(input: $input) {{ {selection} userErrors {{ code message field }} }} }}"
        );
        self.ask(&query, json!({ "input": input })).await
    }
}

impl Answer {
    /// The data of an answer without errors.
    pub fn data(&self) -> Value {
        assert!(self.body.get("errors").is_none(), "{:#}", self.body);
        self.body["data"].clone()
    }

    /// The code of the first top-level error.
    pub fn code(&self) -> String {
        self.body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no error: {:#}", self.body))
            .into()
    }
}

impl Payload {
    /// The payload of a mutation that was accepted.
    pub fn accepted(&self) -> Value {
        assert_eq!(self.0["userErrors"], json!([]), "{:#}", self.0);
        self.0.clone()
    }

    /// The codes of the refusals, with the last part of the field's path: `["INVALID amount"]`.
    pub fn refusals(&self) -> Vec<String> {
        let errors = self.0["userErrors"].as_array().expect("userErrors");
        let read = |error: &Value| {
            let field = error["field"]
                .as_array()
                .and_then(|path| path.last())
                .and_then(Value::as_str);
            let code = error["code"].as_str().expect("a code");
            field.map_or_else(|| code.to_owned(), |field| format!("{code} {field}"))
        };
        errors.iter().map(read).collect()
    }
}

impl Payload {
    /// The same with the whole path: `["INVALID input.sessions.3.endedAt"]`.
    pub fn refused_at(&self) -> Vec<String> {
        let errors = self.0["userErrors"].as_array().expect("userErrors");
        let read = |error: &Value| {
            let path = error["field"].as_array().into_iter().flatten();
            let path: Vec<&str> = path.filter_map(Value::as_str).collect();
            format!("{} {}", error["code"].as_str().expect("a code"), path.join("."))
        };
        errors.iter().map(read).collect()
    }
}

/// A subscription as `text/event-stream` has it.
pub struct Followed {
    response: reqwest::Response,
    read: String,
}

impl Client {
    /// Starts a subscription.
    pub async fn follow(&self, query: &str) -> Followed {
        let mut request = self
            .http
            .post(format!("{}/graphql", self.url))
            .header("accept", "text/event-stream")
            .json(&json!({ "query": query }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        Followed {
            response: request.send().await.expect("an answer"),
            read: String::new(),
        }
    }
}

impl Followed {
    /// The next message whole, comments left out; empty when the stream has ended. Safe to give up and ask again.
    pub async fn next_message(&mut self) -> String {
        loop {
            if let Some((message, rest)) = self.read.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.read = rest;
                if !message.starts_with(':') {
                    return message;
                }
                continue;
            }
            match self.response.chunk().await.expect("the stream goes on") {
                Some(chunk) => self.read.push_str(&String::from_utf8_lossy(&chunk)),
                None => return std::mem::take(&mut self.read),
            }
        }
    }
}
