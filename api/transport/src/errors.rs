//! The one boundary where errors are told apart: those that a resolver meant for the client keep
//! their code, those of a document get one, and everything else is logged once and shown only as a
//! trace id.

use std::{any::Any, sync::Arc};

use async_graphql::{
    Pos, Response, ServerError, Value,
    parser::types::{Field, Selection, SelectionSet},
};
use axum::http::StatusCode;

use super::{
    answer::{Answer, CostReport, set_code},
    documents::Document,
    nulls::FieldTypes,
    refusal::{Refusal, codes},
    trace::TraceId,
};

/// A document can be wrong in a thousand places; nobody reads on.
const MOST_VALIDATION_ERRORS: usize = 20;

/// What is needed to understand the responses of one operation.
pub(super) struct Understanding {
    pub document: Arc<Document>,
    pub operation_name: Option<String>,
    pub types: Arc<FieldTypes>,
    pub trace: TraceId,
}

impl Understanding {
    /// Makes an answer of what the executor says.
    ///
    /// async-graphql does not mark what comes from where. An error of a resolver has a path, always;
    /// an error of validation has none, and then there is no data either.
    pub fn answer(&self, mut response: Response, cost: Option<CostReport>) -> Answer {
        let failed = !response.errors.is_empty();
        let validated = response.data != Value::Null
            || !failed
            || response.errors.iter().any(|error| !error.path.is_empty());
        if validated {
            self.document.set_validated();
        } else {
            response.errors.truncate(MOST_VALIDATION_ERRORS);
        }
        for error in &mut response.errors {
            if validated {
                classify_resolver_error(error, &self.trace);
                name_argument(error, &self.document);
            } else if code_of(error).is_none() {
                set_code(error, validation_code(error, &self.document));
            }
        }
        // Scalars of ours are read by the resolver that takes them. If nothing at all was resolved,
        // the variables were at fault, which is an error of the request.
        let nothing_resolved = failed && response.data == Value::Null;
        let executed = validated && !(nothing_resolved && response.errors.iter().all(is_input_error));
        if failed && executed {
            self.put_nulls(&mut response);
        }
        if executed && let Ok(selected) = self.document.select(self.operation_name.as_deref()) {
            selected.order.apply(&mut response.data);
        }
        let cost = cost.map(|cost| CostReport {
            complexity: complexity(&mut response),
            ..cost
        });
        Answer {
            response,
            executed,
            status: None,
            cost,
        }
    }

    fn put_nulls(&self, response: &mut Response) {
        if let Ok(selected) = self.document.select(self.operation_name.as_deref()) {
            let ast = &self.document.ast;
            self.types
                .propagate(&mut response.data, &response.errors, ast, selected.definition);
        }
    }
}

/// A resolver has panicked: the client learns the trace id, the log the rest.
pub(super) fn panicked(panic: &(dyn Any + Send), trace: &TraceId) -> Answer {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text");
    tracing::error!(trace_id = %trace, panic = text, "a resolver panicked");
    let mut error = ServerError::new("", None);
    mask(&mut error, trace);
    Answer {
        response: Response::from_errors(vec![error]),
        executed: false,
        status: Some(StatusCode::INTERNAL_SERVER_ERROR),
        cost: None,
    }
}

/// The time of a request is over. 504 in both media types: to a gateway in between it is what it is.
pub(super) fn timed_out(trace: &TraceId) -> Answer {
    tracing::warn!(trace_id = %trace, "a request took too long and was dropped");
    Answer::refused(&Refusal::http(
        StatusCode::GATEWAY_TIMEOUT,
        codes::TIMEOUT,
        "The request took too long. If it was a mutation, look up whether it took effect.",
    ))
}

fn classify_resolver_error(error: &mut ServerError, trace: &TraceId) {
    match code_of(error) {
        Some(code) if code != codes::INTERNAL_SERVER_ERROR => {}
        None if is_coercion(error) => set_code(error, codes::BAD_USER_INPUT),
        _ => {
            let path: Vec<_> = error.path.iter().map(segment).collect();
            tracing::error!(trace_id = %trace, path = path.join("."), error = error.message, "a resolver failed");
            mask(error, trace);
        }
    }
}

fn segment(segment: &async_graphql::PathSegment) -> String {
    match segment {
        async_graphql::PathSegment::Field(name) => name.clone(),
        async_graphql::PathSegment::Index(index) => index.to_string(),
    }
}

fn mask(error: &mut ServerError, trace: &TraceId) {
    error.message = format!("Something went wrong on our side. Quote {trace} to support.");
    error.source = None;
    let mut shown = async_graphql::ErrorExtensionValues::default();
    shown.set("code", codes::INTERNAL_SERVER_ERROR);
    shown.set("traceId", trace.as_str());
    error.extensions = Some(shown);
}

fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        Value::Enum(code) => Some(code),
        _ => None,
    }
}

fn is_input_error(error: &ServerError) -> bool {
    code_of(error) == Some(codes::BAD_USER_INPUT) && is_coercion(error)
}

/// Whose value could not be taken: the executor knows it by its place only.
fn name_argument(error: &mut ServerError, document: &Document) {
    if !is_input_error(error) {
        return;
    }
    let named = fields(document).find_map(|field| {
        let arguments = field.arguments.iter();
        let mut at = arguments.filter(|(name, value)| {
            error.locations.contains(&name.pos) || error.locations.contains(&value.pos)
        });
        at.next().map(|(name, _)| name.node.clone())
    });
    if let Some(name) = named {
        error.message = format!("Invalid value for argument \"{name}\": {}", error.message);
    }
}

/// The ways in which `InputValueError` words itself, and we after it; errors of resolvers have a source as a rule.
fn is_coercion(error: &ServerError) -> bool {
    let worded = [
        "Failed to parse \"",
        "Expected input type \"",
        "Invalid value for argument \"",
    ]
    .iter()
    .any(|start| error.message.starts_with(start));
    worded && error.source.is_none()
}

fn validation_code(error: &ServerError, document: &Document) -> &'static str {
    let message = error.message.as_str();
    if message == "Query is too complex." {
        codes::QUERY_TOO_COMPLEX
    } else if message == "Query is nested too deep."
        || message.starts_with("The recursion depth of the query")
    {
        codes::QUERY_TOO_DEEP
    } else if message.starts_with("The number of directives on the field") {
        codes::QUERY_TOO_COMPLEX
    } else if message.starts_with("Invalid value for argument") && holds_variable(document, &error.locations)
    {
        codes::BAD_USER_INPUT
    } else if message.starts_with("Failed to parse \"") {
        // The complexity of a field reads its arguments, too.
        codes::BAD_USER_INPUT
    } else {
        codes::VALIDATION_FAILED
    }
}

/// Whether the argument at one of these places is a variable, or has one inside: then its value came
/// with the request, not with the document.
fn holds_variable(document: &Document, places: &[Pos]) -> bool {
    fields(document).any(|field| {
        let mut arguments = field.arguments.iter();
        arguments.any(|(name, value)| places.contains(&name.pos) && value.node.clone().into_const().is_none())
    })
}

/// All fields that are selected anywhere in a document.
fn fields(document: &Document) -> impl Iterator<Item = &Field> {
    fn gather<'a>(set: &'a SelectionSet, found: &mut Vec<&'a Field>) {
        for selection in &set.items {
            let inside = match &selection.node {
                Selection::Field(field) => {
                    found.push(&field.node);
                    &field.node.selection_set
                }
                Selection::InlineFragment(inline) => &inline.node.selection_set,
                Selection::FragmentSpread(_) => continue,
            };
            gather(&inside.node, found);
        }
    }
    let operations = document
        .ast
        .operations
        .iter()
        .map(|(_, operation)| &operation.node.selection_set);
    let fragments = document
        .ast
        .fragments
        .values()
        .map(|fragment| &fragment.node.selection_set);
    let mut found = Vec::new();
    for set in operations.chain(fragments) {
        gather(&set.node, &mut found);
    }
    found.into_iter()
}

/// What async-graphql's `Analyzer` adds, if the schema has it, belongs to the cost.
fn complexity(response: &mut Response) -> Option<Value> {
    match response.extensions.remove("analyzer")? {
        Value::Object(mut analysis) => analysis.swap_remove("complexity"),
        _ => None,
    }
}
